"""What feeds in Redis take: memory for entries and activities, and time for pages, beside the bare commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from benchmarks import redis_data as data
from benchmarks.figures import Table, p50, p95, p99, quiet, rounds
from benchmarks.redis_data import BOUND, client, feed_class, storage
from django_feeds import hydration, serializers
from django_feeds.activity import Activity
from django_feeds.cursors import Cursor
from django_feeds.ids import MIN_ID, digest48, pack
from django_feeds.registry import get_feed
from django_feeds.storage import Entry
from django_feeds.storage.redis import RedisStorage

PAGE = 25
FEEDS = 200


def memory_of_entries(table: Table, timelines: int) -> None:
    """Timelines that were pushed to, one activity after the other, as fan-out does."""
    table.heading(
        f"Memory of {timelines:,} timelines of {min(data.SIZES)} to {max(data.SIZES):,} entries, keys included"
    )
    keys = [feed_class.key_for(owner) for owner in data.owners(timelines)]
    for kind, wanted in (("flat", 18), ("grouped", 30), ("grouped, with arrivals", None)):
        before = data.used_memory()
        entries = 0
        for place, id in enumerate(data.clock.new_ids(BOUND)):
            due = [key for number, key in enumerate(keys) if place >= BOUND - data.SIZES[number % len(data.SIZES)]]
            entries += len(due)
            digests = () if kind == "flat" else (digest48(f"actor {place}"), digest48(f"group {place}"))
            entry, arrivals = Entry(id, *digests), kind.endswith("arrivals")
            storage().add(due, [entry], max_length=BOUND, at=timezone.now(), arrivals=arrivals)
        taken = (data.used_memory() - before) / entries
        if wanted is None:
            table.figure(f"{kind}: bytes per entry", f"{taken:.2f}B")
        else:
            table.goal(f"{kind}: bytes per entry", taken, "<=", wanted, unit="B")
        data.empty()


def memory_of_activities(table: Table, activities: Sequence[Activity]) -> None:
    """With room for a million, as is the default; and with room for just these, so that buckets are full."""
    number = len(activities)
    table.heading(f"Memory of {number:,} activities: auth.User:123456 pinned pins.Pin:1234567 to pins.Board:12345")
    bodies = {activity.id: serializers.dumps(activity) for activity in activities}
    length = sum(map(len, bodies.values())) / number
    table.figure("characters of a body", f"{length:.1f}")
    full = RedisStorage("default", {**storage().options, "BODIES": number})
    for name, kept in (("room for a million", storage()), ("as many as there is room for", full)):
        before = data.used_memory()
        kept.put(bodies)
        there = len(kept.get(bodies))
        table.goal(f"{name}: bytes per activity", (data.used_memory() - before) / there, "<=", 113, unit="B")
        table.figure(f"{name}: activities kept", f"{there / number:.2%}")
        data.empty()


class Place(NamedTuple):
    """Where a page begins."""

    owner: str
    before: UUID | None
    offset: int


class Pages:
    """Ways to read a page of 25 of one of many feeds."""

    def __init__(self, activities: Sequence[Activity]) -> None:
        self.random = Random(1)
        self.owners = data.owners(FEEDS)
        bodies = {activity.id: serializers.dumps(activity) for activity in activities}
        storage().put(bodies)
        for some in data.batches(list(bodies.items())):
            client().mset({b"body:" + pack(id): body for id, body in some})
        for number, owner in enumerate(self.owners):
            chosen = self.random.sample(activities, data.SIZES[number % len(data.SIZES)])
            entries = feed_class.entries_for([activity.id for activity in chosen])
            feed_class.fill([owner], entries, floor=MIN_ID, at=timezone.now())
        self.tenths = {owner: feed_class(owner).entries(1, offset=9 * PAGE - 1)[0].id for owner in self.owners}

    def first(self) -> Place:
        return Place(self.random.choice(self.owners), None, 0)

    def tenth(self) -> Place:
        owner = self.random.choice(self.owners)
        return Place(owner, self.tenths[owner], 9 * PAGE)

    def activities(self, place: Place) -> None:
        """What a page does, without rows: one entry too many tells whether there are more."""
        feed = feed_class(place.owner)
        part = feed.get_storage().slice(feed.key, limit=PAGE + 1, before=place.before, with_bodies=True)
        ids = [entry.id for entry in part.entries[:PAGE]]
        found = hydration.activities(feed.get_storage(), ids, part.bodies, feed.activity_class)
        assert len([found[id] for id in ids]) == PAGE

    def rows(self, place: Place) -> None:
        """A page as a view reads it."""
        feed = get_feed("timeline", place.owner)
        after = str(Cursor(place.before, place.offset)) if place.before else None
        assert len(feed.page(after, PAGE)) == PAGE

    def hashes(self, place: Place) -> None:
        with client().pipeline(transaction=False) as pipeline:
            for line in self._lines(place):
                pipeline.hget(storage()._bucket(line), line[:12])
            assert all(pipeline.execute())

    def strings(self, place: Place) -> None:
        assert all(client().mget([b"body:" + line[:12] for line in self._lines(place)]))

    def _lines(self, place: Place) -> list[bytes]:
        key = storage().timelines + feed_class.key_for(place.owner)
        return client().lrange(key, place.offset, place.offset + PAGE - 1)


def pages(table: Table, activities: Sequence[Activity], number: int) -> None:
    reading = Pages(activities)
    table.heading(f"A page of {PAGE} of {FEEDS} feeds, ms (p50 / p95 / p99)")
    ways = {
        "feed, activities": reading.activities,
        "bare LRANGE, then a pipeline of 25 HGET": reading.hashes,
        "bare LRANGE, then MGET of plain keys": reading.strings,
        "feed.page(25), with rows of users, pins and boards": reading.rows,
    }
    prepares: Mapping[str, Callable[[], Place]] = {"first": reading.first, "tenth": reading.tenth}
    for name, prepare in prepares.items():
        rounds(ways, 20, prepare)
        times = rounds(ways, number, prepare)
        for way, taken in times.items():
            figures = " / ".join(f"{each(taken) * 1e3:.2f}" for each in (p50, p95, p99))
            table.figure(f"{name} page: {way}", figures)
        ours, bare, *_ = map(quiet, times.values())
        table.goal(f"  {name} page: activities / bare LRANGE and HGET", ours / bare, "<=", 1.5)
    data.empty()
