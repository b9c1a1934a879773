"""
The storage in Apache Cassandra, for feeds that one machine's memory no longer holds.

A timeline is a partition, its entries are rows, newest first, each with its activity's body: a page is one query. A
write looks at nothing. It says the time at which its step began, and of two the later one wins, so that it may come
twice, late, or in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from time import time
from typing import Any, TypeVar
from uuid import UUID

from django.core.checks import CheckMessage

from ...ids import MAX_ID, MIN_ID, before
from ..base import BaseStorage, Entry, Mark, Slice
from ..chunks import chunks
from ..cuts import due_for_cut
from . import connections, cql, options, schema
from .requests import (
    ASKED,
    ASKED_TIMELINES,
    ROWS_OF_ONE,
    ROWS_OF_ONE_MANAGED,
    Requests,
    Row,
    parts,
    rows_at_once,
)
from .rows import arrival_cell, body_cell, digests_cell, entry_of, write_time

__all__ = ["CassandraStorage"]

Method = TypeVar("Method", bound=Callable[..., Any])


def reaching(method: Method) -> Method:
    """Raise StorageUnavailable where Cassandra did not answer, or fewer nodes than are asked for."""

    @wraps(method)
    def reach(self: CassandraStorage, *args: Any, **kwargs: Any) -> Any:
        with connections.translated(self.alias):
            return method(self, *args, **kwargs)

    return reach  # type: ignore[return-value]


class CassandraStorage(BaseStorage):
    """
    Keeps timelines in Cassandra. `manage.py sync_feed_storages` makes its keyspace and tables.

    Options: CONTACT_POINTS (and PORT), or BUNDLE, the secure connect bundle of a managed one; KEYSPACE; REPLICATION, of
    a keyspace that is to be made; CONSISTENCY; PREFIX of all keys; USERNAME and PASSWORD; LOCAL_DC; TIMEOUT and
    SPECULATIVE_DELAY in seconds; IN_FLIGHT, batches at once; KEYSPACES, for Amazon's; CLUSTER, arguments of the driver.

    A timeline is there when its floor is. Rows at or under it are skipped: nobody looked when they were written.
    """

    offset_limit: int = 1_000
    keeps_bodies = False
    bodies_in_rows = True
    looks_to_create = True
    longest = 1_000_000

    def check(self) -> list[CheckMessage]:
        return list(options.check(self.alias, self.options))

    def identity(self) -> tuple[Any, ...]:
        return (CassandraStorage, *options.place(self.options), self.prefix)

    @property
    def prefix(self) -> str:
        """What the keys of all timelines begin with there."""
        prefix: str = self.options.get("PREFIX", "")
        return prefix

    @property
    def managed(self) -> bool:
        """Is it Amazon Keyspaces, which lacks some of CQL?"""
        return bool(self.options.get("KEYSPACES"))

    @property
    def rows_of_one(self) -> int:
        return ROWS_OF_ONE_MANAGED if self.managed else ROWS_OF_ONE

    @property
    def server(self) -> Requests:
        """Looked up each time, since this object may have come through a fork."""
        levels = (options.consistency(self.options, what) for what in ("READ", "WRITE"))
        return Requests(connections.connect(self.alias, self.options), *levels)

    # The schema

    @reaching
    def lacks(self) -> list[str]:
        connection = self.server.connection
        replication = self.options.get("REPLICATION")
        return list(schema.missing(connection.session, connection.keyspace, replication, managed=self.managed))

    @reaching
    def provide(self, statement: str) -> None:
        schema.provide(self.server.connection.session, statement, managed=self.managed)

    # Timelines, written

    @reaching
    def add(
        self,
        keys: Sequence[str],
        entries: Sequence[Entry],
        *,
        max_length: int,
        floor: UUID | None = None,
        bodies: Mapping[UUID, str] | None = None,
        at: datetime | None = None,
        arrivals: bool = False,
        create: bool = True,
    ) -> None:
        if not entries and floor is None:
            return
        server, names, at_time = self.server, self._names(keys), write_time(at)
        entries = sorted({entry.id: entry for entry in entries}.values(), reverse=True)
        new_floor = floor or before(entries[-1].id)
        lowered: Sequence[str] = ()
        if floor is not None:
            lowered = self._forget_unseen(server, names, floor, at_time)
        elif create:
            floors = self._floors(server, names)
            lowered = [name for name in names if name not in floors]
        self._insert(server, names, entries, bodies or {}, at_time, arrivals)
        # Nobody sees the lower floor before the entries that make it true.
        server.write_each(cql.SET_FLOOR, lowered, (new_floor,), at_time)
        due = (
            names
            if floor is not None
            else due_for_cut(names, entries, max_length, max_length if self.managed else CUTS_PER_LENGTH)
        )
        self._cut(server, due, max_length, max(at_time + 1, write_time(None)))

    @reaching
    def begin(self, keys: Sequence[str], *, max_length: int, at: datetime | None = None) -> None:
        """Forgets nothing: another may have begun them meanwhile, and have put something on them."""
        self.server.write_each(cql.SET_FLOOR, self._names(keys), (MIN_ID,), write_time(at))

    def _forget_unseen(self, server: Requests, names: Sequence[str], floor: UUID, at_time: int) -> list[str]:
        """
        Those whose floor is to come down to this one, or that are missing; without what lay unseen under their floors.

        It was not swept along with what the reader sees, and would come to light.
        """
        floors = self._floors(server, names)
        missing = [name for name in names if name not in floors]
        higher = [name for name in names if name in floors and floors[name] > floor]
        # A range would be met by whoever reads the timeline, and the end of a partition is not.
        server.write(cql.DELETE, ((at_time - 1, name) for name in missing))
        server.write(cql.FORGET_UP_TO, ((at_time - 1, name, floors[name]) for name in higher))
        return missing + higher

    def _insert(
        self,
        server: Requests,
        names: Sequence[str],
        entries: Sequence[Entry],
        bodies: Mapping[UUID, str],
        at_time: int,
        arrivals: bool,
    ) -> None:
        now = int(time() * 1_000)
        said = [body_cell(bodies.get(entry.id)) for entry in entries]
        sizes = [size for _body, size in said]
        rows: list[Row] = [
            (digests_cell(entry), body, *([arrival_cell(at_time, entry.arrived or now)] if arrivals else []), entry.id)
            for entry, (body, _size) in zip(entries, said, strict=True)
        ]
        statement = cql.ADD_ARRIVING if arrivals else cql.ADD
        if len(rows) == 1:
            server.write_each(statement, names, rows[0], at_time, rows_at_once(sizes[0]))
        elif rows:
            some = list(parts(rows, sizes, self.rows_of_one))
            server.write_batches(
                statement, at_time, ([(*row, name) for row in part] for name in names for part in some)
            )

    @reaching
    def remove(self, keys: Sequence[str], ids: Collection[UUID], *, at: datetime | None = None) -> None:
        """One microsecond later than its step: it wins over an add of the same."""
        server, names, some, at_time = self.server, self._names(keys), sorted(set(ids)), write_time(at) + 1
        if len(some) == 1:
            server.write_each(cql.REMOVE, names, (some[0],), at_time)
        elif self.managed:  # it has no IN for what deletes
            rows = ([(id, name) for id in part] for name in names for part in chunks(some, self.rows_of_one))
            server.write_batches(cql.REMOVE, at_time, rows)
        else:
            server.write(cql.REMOVE_MANY, ((at_time, name, part) for name in names for part in chunks(some, ASKED)))

    @reaching
    def trim(self, keys: Sequence[str], length: int, *, at: datetime | None = None) -> None:
        self._cut(self.server, self._names(keys), length, write_time(at))

    def _cut(self, server: Requests, names: Sequence[str], length: int, at_time: int) -> None:
        """
        One range tombstone for all that goes, and the floor at its upper end; always both, at one time.

        Not where the floor was set later than this began: it says that what is above it is there. What lies on
        a timeline that is not there goes too, and then nobody who began earlier can say that it is there.
        """
        asked = server.ask_many(cql.IDS, ((name, length + 1) for name in names))
        surplus = {name: rows[length][0] for name, rows in zip(names, asked, strict=True) if len(rows) > length}
        floors = server.ask_many(cql.FLOOR_SET, ((name,) for name in surplus))

        def cuts() -> Iterator[tuple[Any, ...]]:
            for (name, newest), rows in zip(surplus.items(), floors, strict=True):
                # No row where there were too many: it was deleted meanwhile, or two copies differ.
                floor, set_at = rows[0] if rows else (None, at_time)
                if newest is not None and (set_at is None or set_at < at_time):
                    yield at_time, name, newest, MAX_ID if floor is None else max(newest, floor), name

        server.write(cql.CUT, cuts())

    @reaching
    def delete(self, keys: Sequence[str], *, at: datetime | None = None) -> None:
        at_time = write_time(at)
        self.server.write(cql.DELETE, ((at_time, name) for name in self._names(keys)))

    # Timelines, read

    @reaching
    def slice(
        self,
        key: str,
        *,
        limit: int,
        before: UUID | None = None,
        after: UUID | None = None,
        offset: int = 0,
        oldest_first: bool = False,
        with_bodies: bool = False,
    ) -> Slice:
        if offset:
            self.check_offset(offset + limit)
        server, name, wanted = self.server, self.prefix + key, offset + limit
        seen: list[tuple[Any, ...]] = []
        floor, asked = None, wanted
        while wanted > len(seen):
            text = cql.page(before is not None, after is not None, oldest_first, with_bodies)
            bounds = [id for id in (before, after) if id is not None]
            rows = server.ask(text, name, *bounds, asked)
            if not rows:
                break
            floor, last = rows[0][0], rows[-1][1]
            if floor is None or floor == MAX_ID:
                return Slice([])
            seen += visible(rows, floor)
            if len(rows) < asked or last is None or (last <= floor and not oldest_first):
                break
            # Go on behind what is not to be seen.
            before, after = (before, max(last, floor)) if oldest_first else (last, after)
            asked = max(wanted - len(seen), AT_LEAST)
        if floor is None and (wanted < 1 or before or after):
            # Nothing between these ids came with it.
            floor = self._floors(server, [name]).get(name)
        seen = seen[offset:wanted]
        bodies = {row[1]: row[4] for row in seen} if with_bodies else {}
        return Slice([entry_of(*row[1:4]) for row in seen], floor or MAX_ID, bodies)

    @reaching
    def slice_many(self, keys: Sequence[str], *, limit: int, before: UUID | None = None) -> dict[str, Slice]:
        if limit < 1 or self.managed:
            return super().slice_many(keys, limit=limit, before=before)
        server, slices = self.server, {}
        named = dict(zip(self._names(keys), dict.fromkeys(keys), strict=True))
        some = list(chunks(list(named), ASKED_TIMELINES))
        bounds = (before,) if before else ()
        asked = server.ask_many(cql.MANY_OLDER if before else cql.MANY, ((part, *bounds, limit) for part in some))
        for part, answer in zip(some, asked, strict=True):
            found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in part}
            for row in answer:
                found[row[-1]].append(row)
            empty = [name for name in part if not found[name]]
            floors = {name: rows[0][0] for name, rows in found.items() if rows}
            floors |= self._floors(server, empty) if before and empty else {}
            for name, rows in found.items():
                key, floor = named[name], floors.get(name) or MAX_ID
                seen = visible(rows, floor)
                if len(seen) < limit == len(rows) and rows[-1][1] and rows[-1][1] > floor:
                    # Some of them were not to be seen, and there may be others behind them.
                    slices[key] = self.slice(key, limit=limit, before=before)
                else:
                    slices[key] = Slice([entry_of(*row[1:4]) for row in seen], floor)
        return slices

    def count(self, key: str, *, max_length: int) -> int:
        return len(self.slice(key, limit=min(max_length, self.offset_limit)).entries)

    def rank(self, key: str, id: UUID, *, max_length: int) -> int | None:
        reach = min(max_length, self.offset_limit)
        ids = [entry.id for entry in self.slice(key, limit=reach, after=before(id)).entries]
        if id in ids[-1:]:
            return len(ids) - 1
        if len(ids) == reach < max_length:
            self.check_offset(reach + 1)
        return None

    @reaching
    def row_bodies(self, key: str, ids: Sequence[UUID]) -> dict[UUID, str]:
        name = self.prefix + key
        asked = self.server.ask_many(cql.BODIES, ((name, part) for part in chunks(ids, ASKED)))
        return {id: body for rows in asked for id, body in rows if body is not None}

    def _floors(self, server: Requests, names: Sequence[str]) -> dict[str, UUID]:
        """The floors of those timelines that are there."""
        if self.managed:
            asked = server.ask_many(cql.FLOOR, ((name,) for name in names))
        else:
            asked = server.ask_many(cql.FLOORS, ((part,) for part in chunks(names, ASKED_TIMELINES)))
        return {name: floor for rows in asked for name, floor in rows if floor is not None and floor != MAX_ID}

    def _names(self, keys: Sequence[str]) -> list[str]:
        """What these timelines are called there, each once."""
        prefix = self.prefix
        return [prefix + key for key in dict.fromkeys(keys)]

    # Marks

    @reaching
    def mark(self, key: str, marks: Mapping[int, Mark], *, forget: Collection[int] = ()) -> None:
        """The highest arrival counts, so that nobody lowers another's; those under it go."""
        server, name = self.server, self.prefix + key
        if forget and self.managed:
            groups = [(name, digest) for digest in sorted(forget)]
            server.write_batches(cql.UNMARK_GROUP, write_time(None), chunks(groups, self.rows_of_one))
        elif forget:
            at_time = write_time(None)
            server.write(cql.UNMARK_GROUPS, ((at_time, name, part) for part in chunks(sorted(forget), ASKED)))
        known = self.marks(key) if marks else {}
        rows = [
            (name, digest, kind, arrival) * 2
            for digest, mark in marks.items()
            for kind, arrival in mark._asdict().items()
            if arrival > getattr(known.get(digest, Mark()), kind)
        ]
        server.write_batches(cql.RAISE, write_time(None), chunks(rows, self.rows_of_one // 2))

    @reaching
    def marks(self, key: str) -> dict[int, Mark]:
        marks: dict[int, Mark] = {}
        for digest, kind, arrival in self.server.ask(cql.SEEN_AND_READ, self.prefix + key):
            mark = marks.get(digest, Mark())
            marks[digest] = mark._replace(**{kind: max(arrival, getattr(mark, kind))})
        return marks

    @reaching
    def unmark(self, keys: Sequence[str]) -> None:
        at_time = write_time(None)
        self.server.write(cql.UNMARK, ((at_time, name) for name in self._names(keys)))


def visible(rows: Sequence[tuple[Any, ...]], floor: UUID) -> list[tuple[Any, ...]]:
    """
    Those of these rows that are above the floor and that an add wrote.

    What writes to another cell, later than the row was removed, makes a row again, and no entry.
    """
    there = [row for row in rows if row[2] is not None]
    if there and min(there[0][1], there[-1][1]) > floor:  # they are in order
        return there
    return [row for row in there if row[1] > floor]


CUTS_PER_LENGTH = 2
"""
All ids of a timeline are read to count it: so two are, on average, for each entry that comes by itself.

Ten, as in a database, would cost as much as writing the entry. Amazon Keyspaces deletes no range of more than 1,000
rows: there a timeline is counted as often as any may be.
"""

AT_LEAST = 25
"""Rows that are asked for where some were not to be seen: there may be more of them."""
