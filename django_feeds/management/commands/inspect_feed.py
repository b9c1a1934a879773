from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from ... import hydration, records
from ...feeds import AggregatedFeed, Feed, NotificationFeed
from ...ids import MAX_ID, MIN_ID, id_time
from ...managers import Manager
from ...reader import sources_of
from ...rebuilding import compare
from ...storage import Slice
from ..base import FeedsCommand, many, name_of, positive

SHOWN_SOURCES = 10


class Command(FeedsCommand):
    help = """
Show one feed as it is stored, and whether it is what its sources bring.

For "why does she not see it?": the timeline's key and floor, whom the owner follows, the newest entries
with their times, and every difference from the same feed read slowly from its sources.

  manage.py inspect_feed timeline ann
  manage.py inspect_feed user pins.Board:5 --limit 3
""".strip()
    writes = False

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("alias", help="Which feed: an alias of the settings, or the dotted path of a class.")
        parser.add_argument("owner", help="Whose: the pk or name of a user, or app.Model:pk.")
        parser.add_argument("--limit", type=positive, default=10, metavar="N", help="Entries to show (10).")
        parser.add_argument("--manager", help="Who fills it, an alias or dotted path, where the settings do not say.")

    def handle(self, *args: Any, **options: Any) -> None:
        feed_class, manager = self.feed_named(options["alias"])
        if options["manager"]:
            manager = self.manager_named(options["manager"])
        owner = self._owner(feed_class, options["owner"])
        part = feed_class.get_storage().slice(feed_class.key_for(owner), limit=options["limit"])
        self._describe(options["alias"], feed_class(owner), part)
        if manager is not None:
            self._sources(manager, feed_class, owner)
        self._list(f"Newest {many(len(part.entries), 'entry', 'entries')}:", [entry.id for entry in part.entries])
        if manager is None:
            self.say("No manager fills it, so there is nothing to compare it with.")
        else:
            self._compare(manager, feed_class, owner, options["limit"])

    def _owner(self, feed_class: type[Feed], text: str) -> str:
        try:
            return self.owner_named(text)
        except CommandError:
            if feed_class(text).floor() is None:
                raise
            return text  # the row is gone, and its timeline is what there is to see

    def _describe(self, alias: str, feed: Feed, part: Slice) -> None:
        storage = feed.get_storage()
        self._line("Feed", f"{alias} of {name_of(feed.owner)}")
        self._line("Key", f"{feed.key} in {feed.storage} ({type(storage).__name__})")
        entries = storage.count_beyond(feed.key, max_length=feed.max_length)
        self._line("Entries", f"{entries:,} of at most {feed.max_length:,}")
        if isinstance(feed, AggregatedFeed):
            self._line("Groups", _groups(feed))
        if part.floor == MAX_ID:
            self._line("Floor", "there is no timeline")
        elif part.floor == MIN_ID:
            self._line("Floor", "none, it is complete")
        else:
            self._line("Floor", f"complete after {_time(part.floor)}")

    def _sources(self, manager: Manager, feed_class: type[Feed], owner: str) -> None:
        sources = sources_of(manager, feed_class, owner)
        if sources is None:
            self._line("Sources", f"not known: {type(manager).__name__} has no get_user_following()")
            return
        owners = sources.owners
        if feed_class is manager.notification_feed_class:
            self._line("Sources", "what its owner is told")
            return
        shown = ", ".join(map(name_of, sorted(owners)[:SHOWN_SOURCES]))
        more = f", and {len(owners) - SHOWN_SOURCES:,} more" if len(owners) > SHOWN_SOURCES else ""
        self._line("Sources", f"{len(owners):,}: {shown}{more}" if owners else "none")

    def _compare(self, manager: Manager, feed_class: type[Feed], owner: str, limit: int) -> None:
        difference = compare(manager, feed_class, owner)
        if difference is None:
            return
        wrong, below = bool(difference.missing or difference.surplus), len(difference.below)
        if not wrong:
            self.say("Above its floor it is what its sources bring." if below else "It is what its sources bring.")
        for ids, what in ((difference.missing, "missing"), (difference.surplus, "too many")):
            if ids:
                self._list(f"{many(len(ids), 'entry', 'entries')} {what}:", ids[:limit], len(ids) - limit)
        if below:
            self.say(f"Below its floor, pages read {many(below, 'activity', 'activities')} from the sources.")
        if wrong:
            self.say(f"To mend it: manage.py rebuild_feeds --manager {manager.name} --owner {owner}")

    def _line(self, name: str, value: str) -> None:
        self.say(f"{name:<9}{value}")

    def _list(self, title: str, ids: list[UUID], more: int = 0) -> None:
        self.say(title if ids else "It is empty.")
        activities = records.load(ids)
        hydration.hydrate(activities.values())
        for id in ids:
            self.say(f"  {_time(id)}  {activities.get(id, 'taken back')}  [{id}]")
        if more > 0:
            self.say(f"  and {more:,} more")


def _groups(feed: AggregatedFeed) -> str:
    text = f"{feed.count():,} by {type(feed.get_aggregator()).__name__}"
    if not isinstance(feed, NotificationFeed):
        return text
    counts = feed.counts()
    return f"{text}, {counts['unseen']:,} unseen, {counts['unread']:,} unread"


def _time(id: UUID) -> str:
    return timezone.localtime(id_time(id)).strftime("%Y-%m-%d %H:%M:%S")
