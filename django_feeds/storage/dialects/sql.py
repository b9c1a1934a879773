"""Timelines in SQL, for databases that know LIMIT: less to compile than through the ORM, and one index range."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, SafeUUID

from ...models import Timeline, TimelineEntry
from ..base import Entry
from .plain import Dialect, Range, more_than_ids

__all__ = ["SQLDialect", "uuid_of"]


def uuid_of(data: bytes) -> UUID:
    """`UUID(bytes=data)`, in a quarter of the time."""
    id = object.__new__(UUID)
    object.__setattr__(id, "int", int.from_bytes(data, "big"))
    object.__setattr__(id, "is_safe", SafeUUID.unknown)
    return id


def entries_of(rows: Iterable[Sequence[Any]]) -> list[Entry]:
    """
    The entries of rows of anything, an id as bytes, and two digests and an arrival or None.

    Making objects takes longer than the query of a page does in SQLite, hence `uuid_of` once more, in the loop.
    """
    new, new_entry, put = object.__new__, tuple.__new__, object.__setattr__
    number, unknown = int.from_bytes, SafeUUID.unknown
    entries = []
    for _, data, actor, group, arrived in rows:
        id = new(UUID)
        put(id, "int", number(data, "big"))
        put(id, "is_safe", unknown)
        entries.append(new_entry(Entry, (id, actor or 0, group or 0, arrived or 0)))
    return entries


class SQLDialect(Dialect):
    """One statement for each question, with ids as bytes. Says nothing yet about many keys at once."""

    greatest = "GREATEST"
    now: str
    """The present in Unix milliseconds, by the clock of the database."""

    def __init__(self, using: str) -> None:
        super().__init__(using)
        quote = self.connection.ops.quote_name
        self.t = quote(Timeline._meta.db_table)
        self.e = quote(TimelineEntry._meta.db_table)
        self.key = quote("key")
        self.group = quote("group")
        self.digests = f"actor, {self.group}"
        self.visible = f"{self.t} t JOIN {self.e} e ON e.timeline_id = t.id AND e.activity_id >"
        self.page_texts: dict[tuple[bool, bool, bool], str] = {}

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

    def read_id(self, value: Any) -> UUID:
        """An id as the driver gives it."""
        return uuid_of(value)

    def among(self, keys: Collection[str]) -> tuple[str, list[Any]]:
        """The test that follows a key where it must be one of these, and its parameters."""
        return f"IN ({', '.join(['%s'] * len(keys))})", list(keys)

    # Written

    def arrival(self, arrivals: bool, row: str) -> tuple[str, str, str, str]:
        """
        What an insert of the values `v` also says where arrivals are kept, each after what it says of the digests.

        The column; its value; what a `row` that is there has afterwards; and the test whether that is to be written.
        """
        if not arrivals:
            return "", "", "", ""
        return (
            ", arrived",
            f", COALESCE(v.arrived, {self.now})",
            f", arrived = COALESCE({row}.arrived, excluded.arrived)",
            f" OR {row}.arrived IS NULL",
        )

    def ready(self, entries: Sequence[Entry], arrivals: bool) -> str:
        """The test whether a timeline may take these entries."""
        return " AND t.grouped" if more_than_ids(entries, arrivals) else ""

    def missing(self, keys: Collection[str], entries: Sequence[Entry], arrivals: bool) -> Collection[str]:
        """Those of the keys that have no timeline, or none that is marked for these entries."""
        test, params = self.among(keys)
        text = f"SELECT t.{self.key} FROM {self.t} t WHERE t.{self.key} {test}{self.ready(entries, arrivals)}"
        found = self.fetch(text, params)
        return set(keys).difference(key for (key,) in found)

    def cut(self, keys: Collection[str], length: int) -> None:
        """
        Looks first, and writes where there is something to cut.

        What happens in between does no harm: the floor only rises, and to an id that had `length` entries above it.
        """
        test, params = self.among(keys)
        rows = self.fetch(
            f"SELECT t.id, (SELECT e.activity_id FROM {self.e} e WHERE e.timeline_id = t.id"
            " AND e.activity_id > t.floor ORDER BY e.activity_id DESC LIMIT 1 OFFSET %s)"
            f" FROM {self.t} t WHERE t.{self.key} {test}",
            [length, *params],
        )
        cuts = sorted((timeline, highest) for timeline, highest in rows if highest is not None)
        if cuts:
            self.raise_floors(cuts)

    def raise_floors(self, cuts: Sequence[tuple[int, Any]]) -> None:
        """Raise the floors of these timelines to these ids, and take what lies at or under them."""
        with self.atomic(), self.connection.cursor() as cursor:
            raised = [(highest, timeline, highest) for timeline, highest in cuts]
            cursor.executemany(f"UPDATE {self.t} SET floor = %s WHERE id = %s AND floor < %s", raised)
            cursor.executemany(f"DELETE FROM {self.e} WHERE timeline_id = %s AND activity_id <= %s", cuts)

    # Read

    def floors(self, keys: Collection[str]) -> Mapping[str, UUID]:
        test, params = self.among(keys)
        rows = self.fetch(f"SELECT {self.key}, floor FROM {self.t} WHERE {self.key} {test}", params)
        return {key: self.read_id(floor) for key, floor in rows}

    def page(self, key: str, part: Range) -> tuple[UUID | None, list[Entry]]:
        rows = self.fetch(self.page_text(part), [*self.bounds(part), key, part.limit, part.offset])
        return (uuid_of(rows[0][0]) if rows else None), entries_of(rows)

    def page_text(self, part: Range) -> str:
        """The query of a page: eight of them, each made once."""
        shape = part.after is None, part.before is None, part.oldest_first
        if shape not in self.page_texts:
            self.page_texts[shape] = self.new_page_text(part)
        return self.page_texts[shape]

    def new_page_text(self, part: Range) -> str:
        low, high, order = self.range(part)
        return (
            f"SELECT t.floor, e.activity_id, e.actor, e.{self.group}, e.arrived FROM {self.visible} {low}{high}"
            f" WHERE t.{self.key} = %s ORDER BY e.activity_id {order} LIMIT %s OFFSET %s"
        )

    def range(self, part: Range) -> tuple[str, str, str]:
        """The lower bound, the test for the upper one, and the order of this part."""
        # One lower bound, not two: a database takes one for its index range and sifts by the other.
        low = "t.floor" if part.after is None else f"{self.greatest}(t.floor, %s)"
        high = "" if part.before is None else " AND e.activity_id < %s"
        return low, high, "ASC" if part.oldest_first else "DESC"

    def bounds(self, part: Range) -> list[Any]:
        """The parameters of `range`."""
        return [self.id_param(id) for id in (part.after, part.before) if id is not None]

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
