"""
Requests: what a storage says to its Cassandra, at its consistency.

A write is an unlogged batch of a few rows, written out and prepared as one statement, for the node that keeps the first
copy of all of them: the driver takes 100 microseconds for a request, whatever is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any

from ..chunks import chunks
from . import cql
from .connections import Connection, Request

__all__ = [
    "ASKED",
    "ASKED_TIMELINES",
    "ROWS_OF_ONE",
    "ROWS_OF_ONE_MANAGED",
    "Requests",
    "parts",
    "rows_at_once",
]

ROWS = 10
BYTES = 5 * 1_024
"""Of one batch for several timelines: beyond these the server warns, and the driver logs that for each batch."""

ROWS_OF_ONE = 50
BYTES_OF_ONE = 64 * 1_024
"""Of one batch for one timeline, which is a single write, and which the server does not warn of."""

ROWS_OF_ONE_MANAGED = 30
"""Amazon Keyspaces takes no more statements in a batch."""

ASKED = 100
"""Entries of a timeline that one query asks for, or removes."""

ASKED_TIMELINES = 50
QUERIES = 8
"""Queries that are under way at once, and of how many timelines each: all their rows are read, on several nodes."""

OF_A_ROW = 150
"""Bytes of a row beside its body, as the server counts them: key, id, digests, arrival."""

Row = tuple[Any, ...]
"""What is bound to one statement of a batch."""


class Requests:
    """Reads and writes over one connection, at one consistency each."""

    def __init__(self, connection: Connection, read_at: int, write_at: int) -> None:
        self.connection = connection
        self.read_at, self.write_at = read_at, write_at

    # Read

    def ask(self, text: str, *arguments: Any) -> list[Row]:
        """The rows that answer this query."""
        rows: list[Row] = self.connection.execute(self.connection.prepared(text, self.read_at), arguments).all()
        return rows

    def ask_many(self, text: str, arguments: Iterable[Sequence[Any]]) -> Iterator[list[Row]]:
        """The rows that answer this query with each of these arguments, in their order."""
        statement = self.connection.prepared(text, self.read_at)
        for rows in self.connection.execute_many(((statement, each) for each in arguments), QUERIES):
            yield rows.all()

    # Written

    def write(self, text: str, arguments: Iterable[Sequence[Any]]) -> None:
        """Say this with each of these arguments."""
        statement = self.connection.prepared(text, self.write_at)
        self.connection.write((statement, each) for each in arguments)

    def write_each(self, text: str, names: Sequence[str], row: Row, at_time: int, at_once: int = ROWS) -> None:
        """Say this row of each timeline, of several in a request that one node can answer, and to all nodes in turn."""
        nodes = [chunks(some, at_once) for some in self.connection.by_first_replica(names)]
        parts = filter(None, chain.from_iterable(zip_longest(*nodes)))
        self.connection.write(self._repeated(text, at_time, row, part) for part in parts)

    def write_batches(self, text: str, at_time: int, batches: Iterable[Sequence[Row]]) -> None:
        """Say this of each row of these batches, as if at this time."""
        self.connection.write(self._batch(text, at_time, rows) for rows in batches)

    def _repeated(self, text: str, at_time: int, row: Row, names: Sequence[str]) -> Request:
        arguments: list[Any] = [at_time]
        for name in names:  # most of what a fan-out does here
            arguments += row
            arguments.append(name)
        return self.connection.prepared(cql.batch(text, len(names)), self.write_at), arguments

    def _batch(self, text: str, at_time: int, rows: Sequence[Row]) -> Request:
        statement = self.connection.prepared(cql.batch(text, len(rows)), self.write_at)
        return statement, (at_time, *chain.from_iterable(rows))


def rows_at_once(size: int) -> int:
    """How many rows with bodies of so many bytes go into one batch for several timelines."""
    return max(min(ROWS, BYTES // (size + OF_A_ROW)), 1)


def parts(items: Sequence[Any], sizes: Sequence[int], most: int = ROWS_OF_ONE) -> Iterator[Sequence[Any]]:
    """These rows, with bodies of so many bytes, in parts that one batch for one timeline takes, `most` at a time."""
    if most * (max(sizes, default=0) + OF_A_ROW) <= BYTES_OF_ONE:
        yield from chunks(items, most)
        return
    part: list[Any] = []
    room = BYTES_OF_ONE
    for item, size in zip(items, sizes, strict=True):
        if part and (len(part) == most or size + OF_A_ROW > room):
            yield part
            part, room = [], BYTES_OF_ONE
        part.append(item)
        room -= size + OF_A_ROW
    yield part
