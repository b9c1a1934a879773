"""What lies in Cassandra's files: what cuts leave for reads to step over, and the bytes that an entry takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from random import Random
from uuid import UUID

from django.utils import timezone

from benchmarks import cassandra_data as data
from benchmarks.cassandra_reads import PAGE, ReadFeed, activities, timed
from benchmarks.figures import Table
from django_feeds.feeds import Feed
from django_feeds.ids import MIN_ID
from django_feeds.storage.cassandra import CassandraStorage, cql


class CutFeed(Feed):
    key_format = "cut:%(user_id)s"
    max_length = 200


FEEDS = 20
PUSHED = 10
"""Entries that come onto a feed between two cuts."""


def cuts(table: Table, number: int, reads: int) -> None:
    """So many cuts of feeds that overflow again and again; beside feeds that were filled with them and never cut."""
    storage = data.storage()
    cut, whole = ([f"{name}{place}" for place in range(FEEDS)] for name in ("cut", "whole"))
    keys = [CutFeed.key_for(owner) for owner in cut]
    brought = data.history(CutFeed.max_length)
    entries = [CutFeed.entry(activity) for activity in brought]
    all_keys = keys + [CutFeed.key_for(owner) for owner in whole]
    storage.add(all_keys, entries, max_length=CutFeed.max_length, floor=MIN_ID, bodies=data.bodies_of(brought))
    for _round in range(number // FEEDS):
        brought = [data.now() for _ in range(PUSHED)]
        entries, at = [CutFeed.entry(activity) for activity in brought], timezone.now()
        storage.add(keys, entries, max_length=storage.longest, bodies=data.bodies_of(brought), at=at, create=False)
        storage.trim(keys, CutFeed.max_length)
    assert {CutFeed(owner).count() for owner in cut + whole} == {CutFeed.max_length}
    last = {owner: CutFeed(owner).entries(CutFeed.max_length - PAGE)[-1].id for owner in cut + whole}
    ways: dict[str, Callable[[int], None]] = {
        "first page, not cut": lambda place: activities(CutFeed(whole[place])),
        "first page, cut": lambda place: activities(CutFeed(cut[place])),
        "last page, not cut": lambda place: activities(CutFeed(whole[place]), last[whole[place]]),
        "last page, cut": lambda place: activities(CutFeed(cut[place]), last[cut[place]]),
    }
    for state in ("in memory", "in files"):
        if state == "in files":
            data.flush(storage.server.connection.keyspace)
        table.heading(f"Pages of {FEEDS} feeds after {number:,} cuts, which lie {state}, ms (p50 / p95 / p99)")
        before, after, *_ = timed(table, ways, reads, partial(Random(1).randrange, FEEDS))
        table.goal("  first page: cut / not cut", after / before, "<=", 1.2)
        first = max(tombstones(CutFeed.key_for(owner)) for owner in cut)
        table.goal("  first page: tombstones met", first, "<=", 2, unit=" ")
        at_end = max(tombstones(CutFeed.key_for(owner), last[owner]) for owner in cut)
        table.figure("  last page: tombstones met", str(at_end))


def tombstones(key: str, *before: UUID) -> int:
    """How many the server met where it read this page."""
    connection = data.storage().server.connection
    statement = connection.prepared(cql.page(bool(before), False, False, True), data.LEVEL)
    result = connection.session.execute(statement, (key, *before, PAGE + 1), trace=True)
    told = [event.description for event in result.get_query_trace(max_wait_sec=10).events]
    met = [int(found[1]) for text in told if (found := re.search(r"and (\d+) tombstone cells", text))]
    assert met, told
    return sum(met)


def sizes(table: Table, feeds: int) -> None:
    """What an entry takes in the files, when all is compacted; each kind of entry is in a keyspace of its own."""
    table.heading(f"Bytes on disk of an entry of {feeds} feeds of {min(data.SIZES)} to {max(data.SIZES):,}, compacted")
    kinds = {"ids": None, "bodies without an extra context": 0, f"bodies of {data.BODY}": data.BODY}
    entries = {}
    for name, size in kinds.items():
        storage = CassandraStorage("default", {**data.storage().options, "KEYSPACE": keyspace_of(size)})
        data.provide(storage)
        entries[name] = data.fill(storage, ReadFeed, data.owners(feeds), size)
    data.node().nodetool("flush")
    for name, size in kinds.items():
        data.node().nodetool("compact", keyspace_of(size), "timelines")
        files = data.node().folder.glob(f"data/{keyspace_of(size)}/timelines-*/*-Data.db")
        table.figure(name, f"{sum(path.stat().st_size for path in files) / entries[name]:.1f}")


def keyspace_of(size: int | None) -> str:
    return "ids" if size is None else f"bodies_{size}"
