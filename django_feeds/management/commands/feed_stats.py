from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.core.management.base import CommandParser
from django.db.models import Count, F, Q

from ... import conf
from ...feeds import Feed
from ...ids import MAX_ID
from ...models import ActivityRecord, Follow
from ...verbs import verb_or_placeholder
from ..base import FeedsCommand, many, name_of, positive
from .trim_feeds import owners_of

KEYS = 500


class Lengths(NamedTuple):
    """The timelines of one feed."""

    timelines: int = 0
    entries: int = 0
    longest: int = 0
    full: int = 0

    def __str__(self) -> str:
        if not self.timelines:
            return "no timelines"
        average = self.entries / self.timelines
        return (
            f"{many(self.timelines, 'timeline')}, {many(self.entries, 'entry', 'entries')}, "
            f"{average:,.1f} on average, {self.longest:,} in the longest, {self.full:,} full"
        )


class Command(FeedsCommand):
    help = """
Count what there is: timelines and their entries, activities by verb, follows.

Says how many activities wait for their delivery, so that a number that grows tells of a worker or
storage that is down (deliver_feeds resumes them), and who is followed most, which is what fan-out costs.
""".strip()
    writes = False

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--feed", nargs="+", metavar="ALIAS", help="Only these feeds (all of the settings).")
        parser.add_argument("--top", type=positive, default=5, metavar="N", help="How many of the most followed (5).")

    def handle(self, *args: Any, **options: Any) -> None:
        for alias in options["feed"] or conf.get("FEEDS"):
            feed_class, manager = self.feed_named(alias)
            self._feed(alias, feed_class, owners_of(feed_class, manager))
        self._activities()
        self._follows(options["top"])

    def _feed(self, alias: str, feed_class: type[Feed], owners: Iterator[str]) -> None:
        storage = feed_class.get_storage()
        lengths = Lengths()
        with self.bar(alias) as bar:
            while keys := [feed_class.key_for(owner) for owner in islice(owners, KEYS)]:
                lengths = self._measured(feed_class, keys, lengths)
                bar.advance(len(keys))
        self.say(
            f"{alias}: {_class_of(feed_class)} in {feed_class.storage} ({type(storage).__name__}), "
            f"at most {feed_class.max_length:,} each"
        )
        self.say(f"  {lengths}")

    def _measured(self, feed_class: type[Feed], keys: list[str], lengths: Lengths) -> Lengths:
        storage, bound = feed_class.get_storage(), feed_class.max_length
        for key, part in storage.slice_many(keys, limit=1).items():
            if part.floor != MAX_ID:
                count = storage.count_beyond(key, max_length=bound)
                lengths = Lengths(
                    lengths.timelines + 1,
                    lengths.entries + count,
                    max(lengths.longest, count),
                    lengths.full + (count >= bound),
                )
        return lengths

    def _activities(self) -> None:
        undelivered = Q(delivered_version__lt=F("version"))
        counts = ActivityRecord.objects.aggregate(
            standing=Count("pk", filter=Q(published=True)),
            over=Count("pk", filter=Q(published=False)),
            waiting=Count("pk", filter=undelivered),
            failed=Count("pk", filter=undelivered & ~Q(delivery_error="")),
        )
        self.say(
            f"Activities: {counts['standing']:,} published, {counts['over']:,} taken back, "
            f"{counts['waiting']:,} not delivered ({counts['failed']:,} with an error)"
        )
        by_verb = ActivityRecord.objects.filter(published=True).values_list("verb_id").annotate(number=Count("pk"))
        for verb_id, number in by_verb.order_by("-number", "verb_id"):
            self.say(f"  {verb_or_placeholder(verb_id)} ({verb_id}): {number:,}")

    def _follows(self, top: int) -> None:
        follows = Follow.objects.aggregate(number=Count("pk"), users=Count("user", distinct=True))
        self.say(f"Follows: {follows['number']:,} by {many(follows['users'], 'user')}")
        most = Follow.objects.values_list("target").annotate(number=Count("pk")).order_by("-number", "target")
        for target, number in most[:top]:
            self.say(f"  {name_of(target)}: {many(number, 'follower')}")


def _class_of(feed_class: type[Feed]) -> str:
    """The class as its author knows it, not the one that the registry made of it."""
    known = next(cls for cls in feed_class.__mro__ if cls.__module__ != "django_feeds.registry")
    return f"{known.__module__}.{known.__qualname__}"
