"""Reads of feeds in Cassandra: pages, and the windows of grouped feeds, beside bare queries."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

from benchmarks import cassandra_data as data
from benchmarks.cassandra_data import BOUND
from benchmarks.figures import Table, p50, p95, p99, rounds
from django_feeds import hydration
from django_feeds.feeds import AggregatedFeed, Feed
from django_feeds.ids import MIN_ID
from django_feeds.storage.cassandra import CUTS_PER_LENGTH

PAGE = 25


class ReadFeed(Feed):
    key_format = "read:%(user_id)s"
    max_length = BOUND


class GroupedFeed(AggregatedFeed):
    key_format = "grouped:%(user_id)s"
    max_length = BOUND


def activities(feed: Feed, before: UUID | None = None) -> None:
    """What a page does, without rows of models: one entry too many tells whether there are more."""
    part = feed.get_storage().slice(feed.key, limit=PAGE + 1, before=before, with_bodies=True)
    ids = [entry.id for entry in part.entries[:PAGE]]
    found = hydration.activities(feed.get_storage(), ids, part.bodies, feed.activity_class)
    assert len([found[id] for id in ids]) == PAGE


def pages(table: Table, feeds: int, number: int) -> None:
    storage, connection = data.storage(), data.storage().server.connection
    owners, pick = data.owners(feeds), Random(1).choice
    data.fill(storage, ReadFeed, owners)
    data.flush(connection.keyspace)
    tenths = {owner: ReadFeed(owner).entries(9 * PAGE)[-1].id for owner in owners}
    page, older = (connection.prepared(text, data.LEVEL) for text in (data.SELECT_PAGE, data.SELECT_OLDER))

    def ask(statement: Any, *arguments: Any) -> None:
        assert len(connection.session.execute(statement, arguments).all()) == PAGE

    ways: dict[str, Callable[[str], None]] = {
        "first page: feed, activities": lambda owner: activities(ReadFeed(owner)),
        "first page: bare query": lambda owner: ask(page, ReadFeed.key_for(owner), PAGE),
        "tenth page: feed, activities": lambda owner: activities(ReadFeed(owner), tenths[owner]),
        "tenth page: bare query": lambda owner: ask(older, ReadFeed.key_for(owner), tenths[owner], PAGE),
    }
    table.heading(f"A page of {PAGE} of {feeds} feeds, with bodies of {data.BODY}, ms (p50 / p95 / p99)")
    first, bare, tenth, _bare = timed(table, ways, number, lambda: pick(owners))
    table.goal("  first page: activities / bare query", first / bare, "<=", 1.4)
    table.goal("  tenth page / first page", tenth / first, "<=", 1.2)


def windows(table: Table, feeds: int, number: int) -> None:
    storage, connection = data.storage(), data.storage().server.connection
    owners, pick = data.owners(feeds), Random(1).choice
    keys = [GroupedFeed.key_for(owner) for owner in owners]
    brought = data.history(BOUND)
    entries = [GroupedFeed.entry(activity) for activity in brought]
    storage.add(keys, entries, max_length=BOUND, floor=MIN_ID, bodies=data.bodies_of(brought))
    window = connection.prepared(data.SELECT_WINDOW, data.LEVEL)

    def groups(owner: str) -> None:
        assert GroupedFeed(owner)._window().groups

    ways: dict[str, Callable[[str], None]] = {
        "the feed's groups": groups,
        "of that, its entries": lambda owner: GroupedFeed(owner).entries(BOUND),
        "counted, as for a cut": lambda owner: storage.trim([GroupedFeed.key_for(owner)], BOUND),
        "bare query": lambda owner: connection.session.execute(window, (GroupedFeed.key_for(owner), BOUND)).all(),
    }
    table.heading(f"A grouped feed's window of {BOUND:,} entries, ms (p50 / p95 / p99)")
    groups_taken, _entries, counted, bare = timed(table, ways, number, lambda: pick(owners))
    table.figure("  groups / bare query", f"{groups_taken / bare:.2f}x")
    table.figure(
        f"  of a count, for each of {BOUND // CUTS_PER_LENGTH} entries that came, microseconds",
        f"{counted / (BOUND // CUTS_PER_LENGTH) * 1e6:.0f}",
    )


def timed(table: Table, ways: dict[str, Callable[..., None]], number: int, prepare: Callable[[], Any]) -> list[float]:
    """The medians of these ways, which are printed."""
    rounds(ways, number // 4, prepare)
    times = rounds(ways, number, prepare)
    for way, taken in times.items():
        table.figure(way, " / ".join(f"{each(taken) * 1e3:.2f}" for each in (p50, p95, p99)))
    return [p50(taken) for taken in times.values()]
