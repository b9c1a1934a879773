"""Every method of a storage that asks its server for feeds, and what the tests of Cassandra have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django_feeds.ids import MIN_ID
from django_feeds.storage import BaseStorage, Mark
from django_feeds.storage.cassandra import CassandraStorage, connections
from django_feeds.testing.contract.case import entries, entry

READS: dict[str, Callable[[BaseStorage], Any]] = {
    "slice": lambda storage: storage.slice("home", limit=5),
    "slice with bodies": lambda storage: storage.slice("home", limit=5, with_bodies=True),
    "slice of what is older": lambda storage: storage.slice("home", limit=5, before=entry(9).id),
    "slice from the end": lambda storage: storage.slice("home", limit=5, oldest_first=True),
    "slice_many of what is older": lambda storage: storage.slice_many(["home", "other"], limit=5, before=entry(9).id),
    "slice_many": lambda storage: storage.slice_many(["home", "other"], limit=5),
    "count": lambda storage: storage.count("home", max_length=5),
    "rank": lambda storage: storage.rank("home", entry(1).id, max_length=5),
    "row_bodies": lambda storage: storage.row_bodies("home", [entry(1).id]),
    "marks": lambda storage: storage.marks("home"),
}
WRITES: dict[str, Callable[[BaseStorage], Any]] = {
    "add": lambda storage: storage.add(["home"], entries(1), max_length=5),
    "add with a floor": lambda storage: storage.add(["home"], entries(1), max_length=5, floor=MIN_ID),
    "add to those that are there": lambda storage: storage.add(["home"], entries(1), max_length=5, create=False),
    "add with arrivals": lambda storage: storage.add(["home"], entries(1), max_length=5, arrivals=True),
    "begin": lambda storage: storage.begin(["another"], max_length=5),
    "remove": lambda storage: storage.remove(["home"], [entry(1).id]),
    "remove many": lambda storage: storage.remove(["home"], [entry(1).id, entry(2).id]),
    "trim": lambda storage: storage.trim(["home"], 5),
    "delete": lambda storage: storage.delete(["home"]),
    "mark": lambda storage: storage.mark("home", {7: Mark(1, 1)}, forget=[8]),
    "unmark": lambda storage: storage.unmark(["home"]),
}
EVERYTHING = {**READS, **WRITES}


@contextmanager
def requests(storage: CassandraStorage) -> Iterator[list[Any]]:
    """`with requests(storage) as made: ...`; then `len(made)` are the requests that the driver sent."""
    session = storage.server.connection.session
    made: list[Any] = []
    session.add_request_init_listener(made.append)
    try:
        yield made
    finally:
        session.remove_request_init_listener(made.append)


def prepare(storage: CassandraStorage) -> None:
    """Make its keyspace and tables."""
    for statement in storage.lacks():
        storage.provide(statement)


def sessions() -> int:
    """How many this process has opened."""
    return len(connections._connections)
