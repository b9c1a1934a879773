"""
The database storage on SQLite and on PostgreSQL, beside what is possible, beside the goals.

    python -m benchmarks.database              all of it, some minutes
    python -m benchmarks.database --quick      smaller sizes, a minute
    python -m benchmarks.database --check      exit 1 where a goal is missed

Needs nothing but the [test] extra: PostgreSQL comes as a wheel. Commits wait for no disk, on either side of a
comparison, since the ratios are the point. Figures are medians; goals compare first quartiles, which is what the
work takes where nothing else disturbs it. "Bare" is one statement through Django's cursor by one who knows the
timelines' integer ids, and reads ids as UUIDs; it knows no floors and cuts nothing.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from benchmarks.figures import Table, p50, p95, quiet, rounds
from tests import servers

DATABASES = ("sqlite", "postgresql")
BATCH = 1_000
BOUND = 1_000
FOLLOWED = (100, 1_000, 10_000)
ROUNDS_BETWEEN_VACUUMS = 4
"""Half of the fifth by which a table grows until PostgreSQL vacuums it of its own."""


def configure(folder: Path) -> None:
    sqlite = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / "benchmark.sqlite3"),
        "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"},
    }
    postgresql = {**servers.get("postgresql").settings("postgres")}
    backend = "django_feeds.storage.database.DatabaseStorage"
    settings.configure(
        DATABASES={"default": sqlite, "sqlite": sqlite, "postgresql": postgresql},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_feeds"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        DJANGO_FEEDS={
            "TASKS": "inline",
            "STORAGES": {using: {"BACKEND": backend, "OPTIONS": {"DATABASE": using}} for using in DATABASES},
        },
    )
    django.setup()


class Pushing:
    """The three ways to put ten activities on many timelines, one after the other, 1,000 timelines at a time."""

    numbers = count(1_000_000)

    def __init__(self, using: str, owners: Sequence[str]) -> None:
        from django_feeds.feeds import Feed
        from django_feeds.models import Timeline

        self.using = using
        self.feed = type("BenchmarkFeed", (Feed,), {"storage": using, "max_length": BOUND})
        self.owners = owners
        self.keys = [self.feed.key_for(owner) for owner in owners]
        pks = dict(Timeline.objects.using(using).values_list("key", "id"))
        self.pks = [pks[key] for key in self.keys]

    def new_ids(self) -> list[UUID]:
        """Ten ids, after one of which the storage counts timelines: that is how many do, on average."""
        from benchmarks.rows import activity_id
        from django_feeds.storage.base import Entry
        from django_feeds.storage.cuts import due_for_cut

        wanted = {True: 1, False: 9}
        ids = []
        while len(ids) < 10:
            id = activity_id(next(self.numbers))
            counted = bool(due_for_cut(self.keys, [Entry(id)], BOUND))
            if wanted[counted]:
                wanted[counted] -= 1
                ids.append(id)
        return ids

    def push(self, ids: list[UUID]) -> None:
        from django_feeds.storage import Entry

        for id in ids:
            for owners in batches(self.owners):
                self.feed.push(owners, [Entry(id)])

    def bare(self, ids: list[UUID]) -> None:
        from benchmarks.rows import E, execute

        for id in ids:
            for pks in batches(self.pks):
                text = f"INSERT INTO {E} (timeline_id, activity_id) SELECT "
                if self.using == "sqlite":
                    text += "value, %s FROM json_each(%s) WHERE true ON CONFLICT DO NOTHING"
                    execute(self.using, text, [id.bytes, json.dumps(pks)])
                else:
                    text += "t, %s::uuid FROM unnest(%s::bigint[]) t ON CONFLICT DO NOTHING"
                    execute(self.using, text, [id, list(pks)])

    def bulk_create(self, ids: list[UUID]) -> None:
        from django_feeds.models import TimelineEntry

        for id in ids:
            for pks in batches(self.pks):
                rows = [TimelineEntry(timeline_id=pk, activity_id=id) for pk in pks]
                TimelineEntry.objects.using(self.using).bulk_create(rows, ignore_conflicts=True)

    def take_back(self) -> None:
        """What was pushed, so that feeds stay below their bound."""
        from benchmarks.rows import E, activity_id, execute, id_param, settle

        first = id_param(self.using, activity_id(1_000_000))
        for pks in batches(self.pks):
            among = "(SELECT value FROM json_each(%s))" if self.using == "sqlite" else "(SELECT unnest(%s::bigint[]))"
            param = json.dumps(pks) if self.using == "sqlite" else list(pks)
            execute(self.using, f"DELETE FROM {E} WHERE timeline_id IN {among} AND activity_id >= %s", [param, first])
        settle(self.using)

    def measured(self, number: int) -> dict[str, list[float]]:
        """The seconds that a tenth of each round took: one activity to all of them."""
        from benchmarks.rows import settle

        ways: dict[str, Callable[[list[UUID]], None]]
        ways = {"push": self.push, "bare": self.bare, "bulk_create": self.bulk_create}
        for way in ways.values():
            way(self.new_ids()[:1])
        times: dict[str, list[float]] = {name: [] for name in ways}
        for start in range(0, number, ROUNDS_BETWEEN_VACUUMS):
            settle(self.using)
            some = rounds(ways, min(ROUNDS_BETWEEN_VACUUMS, number - start), self.new_ids)
            for name, taken in some.items():
                times[name] += [each / 10 for each in taken]
        self.take_back()
        return times


def batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def owners(kind: str, number: int) -> list[str]:
    return [f"{kind}:{place}" for place in range(number)]


def show_pushes(table: Table, name: str, number: int, times: dict[str, list[float]]) -> None:
    for way, taken in times.items():
        table.figure(f"{name}: {way}, rows/s", f"{number / p50(taken):,.0f}")


def pushes(table: Table, using: str, sizes: Sequence[int]) -> list[float]:
    """Fills the tables step by step; returns push / bare for the first step's feeds at each step."""
    from benchmarks import rows

    same: list[float] = []
    held: dict[str, int] = {}
    total = 0
    for size in sizes:
        number = max(16_000 // size, 4)
        for kind, wanted in (("short", size), ("full", size // 2)):
            new = [f"feed:{owner}" for owner in owners(kind, wanted)[held.get(kind, 0) :]]
            total += rows.timelines(using, new, kind == "full")
            held[kind] = wanted
        rows.settle(using)
        table.heading(f"{using}: Feed.push to {size:,} feeds, {total:,} rows in the table")
        times = Pushing(using, owners("short", size)).measured(number)
        show_pushes(table, "feeds below their bound", size, times)
        table.goal("  push / bare statement", quiet(times["bare"]) / quiet(times["push"]), ">=", 0.6)
        half = owners("short", size // 2) + owners("full", size // 2)
        times = Pushing(using, half).measured(number)
        show_pushes(table, "half of them at their bound, cuts included", size, times)
        wanted = 2 if using == "postgresql" else 1
        table.goal("  push / bulk_create", quiet(times["bulk_create"]) / quiet(times["push"]), ">=", wanted)
        again = Pushing(using, owners("short", sizes[0])).measured(12)
        same.append(quiet(again["bare"]) / quiet(again["push"]))
    return same


def pages(table: Table, using: str, number: int) -> None:
    """The first and the tenth page of ids, beside the bare query for the same rows and beside the pull query."""
    from benchmarks.rows import E
    from django_feeds.feeds import Feed
    from django_feeds.ids import MAX_ID
    from django_feeds.models import Follow, RecordSource, Timeline

    feed_class = type("BenchmarkFeed", (Feed,), {"storage": using, "max_length": BOUND})
    source, follow = RecordSource._meta.db_table, Follow._meta.db_table
    read_id: Callable[[Any], UUID] = (lambda value: UUID(bytes=value)) if using == "sqlite" else (lambda id: id)
    write_id: Callable[[UUID], Any] = (lambda id: id.bytes) if using == "sqlite" else (lambda id: id)

    def fetch(text: str, params: Sequence[Any]) -> list[UUID]:
        with connections[using].cursor() as cursor:
            cursor.execute(text, params)
            return [read_id(row[0]) for row in cursor.fetchall()]

    def page(owner: str, before: UUID | None) -> None:
        assert len(feed_class(owner).entries(limit=25, before=before)) == 25

    def bare(pk: int, before: UUID) -> None:
        text = f"SELECT activity_id FROM {E} WHERE timeline_id = %s AND activity_id < %s"
        assert len(fetch(f"{text} ORDER BY activity_id DESC LIMIT 25", [pk, write_id(before)])) == 25

    def pulled(reader: int, before: UUID, limit: int) -> list[UUID]:
        text = (
            f"SELECT s.activity_id FROM {source} s JOIN {follow} f ON f.target = s.owner"
            " WHERE f.user_id = %s AND s.activity_id < %s ORDER BY s.activity_id DESC LIMIT %s"
        )
        return fetch(text, [reader, write_id(before), limit])

    def pull(reader: int, before: UUID) -> None:
        assert len(pulled(reader, before, 25)) == 25

    table.heading(f"{using}: a page of 25 ids, ms (p50 / p95)")
    for reader, followed in enumerate(FOLLOWED, 1):
        owner = str(reader)
        pk = Timeline.objects.using(using).get(key=feed_class(owner).key).pk
        tenth = feed_class(owner).entries(1, offset=224)[0].id
        # The pull query's rows are others, so its tenth page begins elsewhere.
        pulled_tenth = pulled(reader, MAX_ID, 225)[-1]
        for name, cursor, pull_cursor in (("first", None, MAX_ID), ("tenth", tenth, pulled_tenth)):
            ways = {"Feed": partial(page, owner, cursor), "bare query": partial(bare, pk, cursor or MAX_ID)}
            rounds(ways, 10)
            times = rounds(ways, number)
            # By itself, since it leaves no cache as it was.
            times |= rounds({"pull query": partial(pull, reader, pull_cursor)}, number)
            for way, taken in times.items():
                figure = f"{p50(taken) * 1e3:.3f} / {p95(taken) * 1e3:.3f}"
                table.figure(f"{followed:>6,} followed, {name} page: {way}", figure)
            table.goal("  page / bare query", quiet(times["Feed"]) / quiet(times["bare query"]), "<=", 1.5)


def one_page(using: str, number: int) -> float:
    """The first page of one feed, beside the least that this database can be asked."""
    from benchmarks.rows import execute
    from django_feeds.feeds import Feed

    feed_class = type("BenchmarkFeed", (Feed,), {"storage": using, "max_length": BOUND})
    ways = {"page": lambda: feed_class("1").entries(limit=25), "least": lambda: execute(using, "SELECT 1")}
    rounds(ways, 20)
    times = rounds(ways, number)
    return quiet(times["page"]) / quiet(times["least"])


def run(table: Table, using: str, quick: bool) -> None:
    from benchmarks import rows

    call_command("migrate", database=using, verbosity=0)
    sizes = (1_000, 2_000) if quick else (1_000, 10_000)
    reads = 200 if quick else 400
    rows.timelines(using, [f"feed:{reader}" for reader in range(1, len(FOLLOWED) + 1)], full=True)
    rows.graph(using, FOLLOWED, activities=10)
    rows.settle(using)
    before = one_page(using, reads)
    same = pushes(table, using, sizes)
    pages(table, using, reads)
    table.heading(f"{using}: growth with the rows of other feeds")
    table.goal("first page, with everybody else's rows / without", one_page(using, reads) / before, "<=", 1.5)
    name = f"push / bare statement to the same {sizes[0]:,} feeds, large table / small"
    table.goal(name, same[-1] / same[0], ">=", 0.75)


def main() -> int:
    parser = argparse.ArgumentParser(description="The database storage beside its goals.")
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--check", action="store_true", help="exit 1 where a goal is missed")
    parser.add_argument("--database", choices=DATABASES, action="append", help="only this one")
    options = parser.parse_args()
    # Asked to end, it stops the server on the way out, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    table = Table()
    with TemporaryDirectory(prefix="feeds-benchmark-") as folder:
        configure(Path(folder))
        for using in options.database or DATABASES:
            if using in servers.DATABASES:
                servers.get(using).start()
            run(table, using, options.quick)
            connections[using].close()
    print(f"\n{len(table.short)} goals missed" + "".join(f"\n  {name.strip()}" for name in table.short))
    return 1 if options.check and table.short else 0


if __name__ == "__main__":
    sys.exit(main())
