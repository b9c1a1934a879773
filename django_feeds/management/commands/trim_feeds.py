from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.core.management.base import CommandParser

from ... import conf, rebuilding
from ...feeds import Feed
from ...managers import Manager
from ..base import FeedsCommand, many, positive

KEYS = 500
"""Timelines cut by one call of the storage."""


class Command(FeedsCommand):
    help = """
Cut timelines to their length, in the storage too.

Readers never see more than MAX_LENGTH activities of a feed, but the database storage may keep a tenth
more between cuts, and Cassandra half. After MAX_LENGTH was lowered, or before a backup, this frees what
nobody sees.

A --length under MAX_LENGTH frees more, for as long as nobody reads on: a feed that a reader finds too
short is filled up again. To have shorter feeds for good, lower MAX_LENGTH.
""".strip()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--feed", nargs="+", metavar="ALIAS", help="Only these feeds (all of the settings).")
        parser.add_argument(
            "--owner", nargs="+", metavar="OWNER", help="Only those of these: pks or names of users, or app.Model:pk."
        )
        parser.add_argument("--length", type=positive, metavar="N", help="Keep the newest N (each feed's MAX_LENGTH).")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = {alias: self.feed_named(alias) for alias in options["feed"] or conf.get("FEEDS")}
        owners = [self.owner_named(text) for text in options["owner"] or ()]
        if options["dry_run"]:
            self.say("Dry run: nothing is changed.")
        for alias, (feed_class, manager) in chosen.items():
            length = options["length"] or feed_class.max_length
            found = iter(owners) if owners else owners_of(feed_class, manager)
            work = self._count if options["dry_run"] else self._trim
            self.say(f"{alias}: {work(alias, feed_class, found, length)}.")

    def _trim(self, alias: str, feed_class: type[Feed], owners: Iterator[str], length: int) -> str:
        storage, done = feed_class.get_storage(), 0
        with self.bar(alias) as bar:
            while keys := [feed_class.key_for(owner) for owner in islice(owners, KEYS)]:
                storage.trim(keys, length)
                done += len(keys)
                bar.advance(len(keys))
        return f"{many(done, 'owner')}, cut to {length:,}"

    def _count(self, alias: str, feed_class: type[Feed], owners: Iterator[str], length: int) -> str:
        storage, done, longer, surplus = feed_class.get_storage(), 0, 0, 0
        with self.bar(alias) as bar:
            for owner in owners:
                # More than any feed holds, since what lies unseen beyond the bound is what is cut.
                extra = storage.count_beyond(feed_class.key_for(owner), max_length=2**31) - length
                done += 1
                longer += extra > 0
                surplus += max(extra, 0)
                bar.advance(1)
        return f"{many(done, 'owner')}, {many(longer, 'timeline')} longer than {length:,}, by {surplus:,} in all"


def owners_of(feed_class: type[Feed], manager: Manager | None) -> Iterator[str]:
    """Who may have such a feed: whoever did or had something done to it, for own feeds; else every user."""
    if manager is not None and feed_class is manager.user_feed_class:
        return rebuilding.owners().iterator(chunk_size=2_000)
    return map(str, rebuilding.readers().values_list("pk", flat=True).iterator(chunk_size=2_000))
