"""What `benchmarks.cassandra` works on: feeds, activities with their bodies, and statements that are said by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from itertools import chain, count
from random import Random
from typing import Any
from uuid import UUID

from cassandra import ConsistencyLevel
from cassandra.concurrent import execute_concurrent_with_args

from django_feeds import serializers
from django_feeds.activity import Activity
from django_feeds.feeds import Feed
from django_feeds.ids import MIN_ID
from django_feeds.storage import get_storage
from django_feeds.storage.cassandra import CassandraStorage
from django_feeds.storage.cassandra.connections import Connection, Request
from example_project.pins.feeds import PinVerb
from tests import servers
from tests.servers.cassandra import Cassandra, CassandraNode

BOUND = 1_000
SIZES = range(BOUND // 2, BOUND + 1, 10)
"""The lengths of timelines."""

BODY = 200
"""Characters of a body."""

IN_FLIGHT = 32
"""Bare statements that are under way at once."""

Row = tuple[Any, ...]

INSERT = "INSERT INTO {keyspace}.timelines (digests, body, id, feed) VALUES (?, ?, ?, ?);"
DELETE = "DELETE FROM {keyspace}.timelines WHERE feed = ? AND id = ?;"
DELETE_MANY = "DELETE FROM {keyspace}.timelines WHERE feed = ? AND id IN ?"
SELECT_IDS = "SELECT id FROM {keyspace}.timelines WHERE feed = ? LIMIT ?"
CUT = (
    "BEGIN UNLOGGED BATCH DELETE FROM {keyspace}.timelines WHERE feed = ? AND id <= ?; "
    "UPDATE {keyspace}.timelines SET floor = ? WHERE feed = ?; APPLY BATCH"
)
SELECT_PAGE = "SELECT floor, id, digests, arrived, body FROM {keyspace}.timelines WHERE feed = ? LIMIT ?"
SELECT_OLDER = "SELECT floor, id, digests, arrived, body FROM {keyspace}.timelines WHERE feed = ? AND id < ? LIMIT ?"
SELECT_WINDOW = "SELECT floor, id, digests, arrived FROM {keyspace}.timelines WHERE feed = ? LIMIT ?"


def storage() -> CassandraStorage:
    found = get_storage("default")
    assert isinstance(found, CassandraStorage)
    return found


def node() -> CassandraNode:
    server = servers.get("cassandra")
    assert isinstance(server, Cassandra)
    return server.nodes[0]


def flush(keyspace: str) -> None:
    """Have what is in memory written to files."""
    node().nodetool("flush", keyspace, "timelines")


def provide(some: CassandraStorage) -> Connection:
    """Make its keyspace and tables; returns its connection, which bare statements take too."""
    for statement in some.lacks():
        some.provide(statement)
    return some.server.connection


def owners(number: int) -> list[str]:
    """As many users, with pks of six digits."""
    return [str(100_000 + place) for place in range(number)]


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


# Activities

WORDS = (
    "harbour lantern violet maple copper winter garden letter bridge pepper marble saddle canvas thunder ribbon "
    "kettle orchard feather mirror island pocket velvet candle meadow hammer silver basket cotton turtle window"
).split()
START = datetime(2024, 3, 1, tzinfo=timezone.utc)

random = Random(1)
numbers = count()


def activity(time: datetime, size: int = BODY) -> Activity:
    """Someone pinned something; with as many words that the body has this size, or as few as there can be."""
    number = next(numbers)
    about = (("pins.Pin", 1_000_000 + number), ("pins.Board", 10_000 + number * 31 % 10_000))
    made = Activity(("auth.User", 100_000 + number * 7919 % 100_000), PinVerb, *about, time)
    missing = size - len(serializers.dumps(made)) - len(',{"note":""}')
    if missing > 0:
        note = " ".join(random.choices(WORDS, k=missing // 4))[:missing]
        made = Activity(made.actor_reference, PinVerb, *about, time, {"note": note})
    return made


def now() -> Activity:
    return activity(datetime.now(timezone.utc))


def history(number: int, size: int = BODY) -> list[Activity]:
    """Activities of months ago, a minute apart, the newest first."""
    return [activity(START - timedelta(minutes=place, microseconds=place), size) for place in range(number)]


def bodies_of(activities: Iterable[Activity]) -> dict[UUID, str]:
    return {activity.id: serializers.dumps(activity) for activity in activities}


def fill(some: CassandraStorage, feed_class: type[Feed], owners: Sequence[str], size: int | None = BODY) -> int:
    """Timelines of 500 to 1,000 entries for all of them, with bodies of this size or none; returns their number."""
    entries = 0
    for place, part in enumerate(batches(owners, 10)):
        brought = history(SIZES[place * 7 % len(SIZES)], size or 0)
        some.add(
            [feed_class.key_for(owner) for owner in part],
            [feed_class.entry(activity) for activity in brought],
            max_length=BOUND,
            floor=MIN_ID,
            bodies=None if size is None else bodies_of(brought),
        )
        entries += len(brought) * len(part)
    return entries


# Statements by hand

LEVEL = ConsistencyLevel.LOCAL_QUORUM


def batch(text: str, rows: int) -> str:
    return f"BEGIN UNLOGGED BATCH {text * rows} APPLY BATCH"


def requests(connection: Connection, text: str, rows: Sequence[Row], at_once: int) -> list[Request]:
    """So many rows in each batch, prepared, with all arguments made."""
    return [
        (connection.prepared(batch(text, len(some)), LEVEL), tuple(chain.from_iterable(some)))
        for some in batches(rows, at_once)
    ]


def one_by_one(connection: Connection, text: str, rows: Iterable[Row]) -> list[Request]:
    statement = connection.prepared(text, LEVEL)
    return [(statement, row) for row in rows]


def send(connection: Connection, some: Iterable[Request]) -> None:
    """Say all this, so many at once."""
    execute, waiting = connection.session.execute_async, deque[Any]()
    for statement, arguments in some:
        if len(waiting) == IN_FLIGHT:
            waiting.popleft().result()
        waiting.append(execute(statement, arguments))
    for future in waiting:
        future.result()


SINGLES = "execute_concurrent_with_args, single rows"

SOME = 4
"""One row in so many is enough where each takes so long."""


def send_singles(connection: Connection, text: str, rows: Sequence[Row]) -> None:
    """As the driver does it by itself: a hundred at once."""
    statement = connection.prepared(text, LEVEL)
    execute_concurrent_with_args(connection.session, statement, rows)


def warm(connection: Connection, number: int) -> None:
    """Say so much that a server has compiled what it does again and again."""
    id = history(1)[0].id
    rows = [(b"", "", id, f"warm:{place}") for place in range(number)]
    for _ in range(10):
        send_singles(connection, INSERT, rows[: number // 10])
        send(connection, requests(connection, INSERT, rows, 10))
