"""Timelines in SQL, for databases that know LIMIT: less to compile than through the ORM, and one index range."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID, SafeUUID

from ...models import Timeline, TimelineEntry
from ..base import Entry
from .plain import Dialect, Range

__all__ = ["SQLDialect", "uuid_of"]


def uuid_of(data: bytes) -> UUID:
    """`UUID(bytes=data)` in a quarter of the time, which is most of what a page of ids takes in Python."""
    id = object.__new__(UUID)
    object.__setattr__(id, "int", int.from_bytes(data, "big"))
    object.__setattr__(id, "is_safe", SafeUUID.unknown)
    return id


class SQLDialect(Dialect):
    """One statement for each question, with ids as bytes. Says nothing yet about many keys at once."""

    greatest = "GREATEST"

    def __init__(self, using: str) -> None:
        super().__init__(using)
        quote = self.connection.ops.quote_name
        self.t = quote(Timeline._meta.db_table)
        self.e = quote(TimelineEntry._meta.db_table)
        self.key = quote("key")
        self.group = quote("group")
        self.digests = f"actor, {self.group}"
        self.visible = f"{self.t} t JOIN {self.e} e ON e.timeline_id = t.id AND e.activity_id >"

    def execute(self, text: str, params: Sequence[Any] = ()) -> int:
        """Run a statement; returns how many rows it wrote."""
        with self.connection.cursor() as cursor:
            cursor.execute(text, params)
            return cursor.rowcount

    def fetch(self, text: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(text, params)
            return cursor.fetchall()

    def id_param(self, id: UUID) -> Any:
        """An id as the driver takes it."""
        return id.bytes

    def among(self, keys: Collection[str]) -> tuple[str, list[Any]]:
        """The test that follows a key where it must be one of these, and its parameters."""
        return f"IN ({', '.join(['%s'] * len(keys))})", list(keys)

    # Written

    def missing(self, keys: Collection[str]) -> Collection[str]:
        """Those of the keys that have no timeline."""
        test, params = self.among(keys)
        found = self.fetch(f"SELECT {self.key} FROM {self.t} WHERE {self.key} {test}", params)
        return set(keys).difference(key for (key,) in found)

    def cut(self, keys: Collection[str], length: int) -> None:
        """
        Looks first, then writes what was found.

        The floor only rises, and only to an id that had `length` entries above it, whatever happens in between.
        """
        test, params = self.among(keys)
        rows = self.fetch(
            f"SELECT t.id, t.floor, (SELECT e.activity_id FROM {self.e} e WHERE e.timeline_id = t.id"
            " AND e.activity_id > t.floor ORDER BY e.activity_id DESC LIMIT 1 OFFSET %s)"
            f" FROM {self.t} t WHERE t.{self.key} {test} ORDER BY t.id",
            [length, *params],
        )
        self.raise_floors([(timeline, floor, beyond) for timeline, floor, beyond in rows])

    def raise_floors(self, cuts: Sequence[tuple[int, Any, Any]]) -> None:
        """Write (timeline, floor, newest id to go or None): raise the floors, take what lies at or under them."""
        raised = [(beyond, timeline, beyond) for timeline, _, beyond in cuts if beyond is not None]
        taken = [(timeline, floor if beyond is None else beyond) for timeline, floor, beyond in cuts]
        with self.atomic(), self.connection.cursor() as cursor:
            if raised:
                cursor.executemany(f"UPDATE {self.t} SET floor = %s WHERE id = %s AND floor < %s", raised)
            if taken:
                cursor.executemany(f"DELETE FROM {self.e} WHERE timeline_id = %s AND activity_id <= %s", taken)

    # Read

    def page(self, key: str, part: Range) -> tuple[UUID | None, list[Entry]]:
        low, before, order, bounds = self.range(part)
        rows = self.fetch(
            f"SELECT t.floor, e.activity_id, e.actor, e.{self.group} FROM {self.visible} {low}{before}"
            f" WHERE t.{self.key} = %s ORDER BY e.activity_id {order} LIMIT %s OFFSET %s",
            [*bounds, key, part.limit, part.offset],
        )
        floor = uuid_of(rows[0][0]) if rows else None
        return floor, [Entry(uuid_of(id), actor or 0, group or 0) for _, id, actor, group in rows]

    def range(self, part: Range) -> tuple[str, str, str, list[Any]]:
        """The lower bound, the test for the upper one, the order, and the parameters of both bounds."""
        bounds = [self.id_param(id) for id in (part.after, part.before) if id is not None]
        # One lower bound, not two: a database takes one for its index range and sifts by the other.
        low = "t.floor" if part.after is None else f"{self.greatest}(t.floor, %s)"
        before = "" if part.before is None else " AND e.activity_id < %s"
        return low, before, "ASC" if part.oldest_first else "DESC", bounds

    def count(self, key: str, limit: int) -> int:
        inner = f"SELECT 1 FROM {self.visible} t.floor WHERE t.{self.key} = %s LIMIT %s"
        return self.fetch(f"SELECT COUNT(*) FROM ({inner}) counted", [key, limit])[0][0]

    def rank(self, key: str, id: UUID, limit: int) -> int | None:
        newer = f"SELECT 1 FROM {self.visible} %s WHERE t.{self.key} = %s LIMIT %s"
        rows = self.fetch(
            f"SELECT (SELECT COUNT(*) FROM ({newer}) newer)"
            f" FROM {self.visible} t.floor WHERE t.{self.key} = %s AND e.activity_id = %s",
            [self.id_param(id), key, limit, key, self.id_param(id)],
        )
        return rows[0][0] if rows else None
