"""PostgreSQL: many keys are one array."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from ...ids import MAX_ID
from ..base import Entry
from .plain import Range, digests
from .sql import SQLDialect

__all__ = ["PostgreSQLDialect"]


class PostgreSQLDialect(SQLDialect):
    """Rows are locked in the order in which they are sorted."""

    chunk = 2_000

    def id_param(self, id: UUID) -> Any:
        return id

    read_id = id_param

    def among(self, keys: Collection[str]) -> tuple[str, list[Any]]:
        return "= ANY(%s::text[])", [list(keys)]

    def create(self, keys: Collection[str], floor: UUID) -> None:
        self.execute(
            f"INSERT INTO {self.t} ({self.key}, floor, grouped) SELECT k, %s::uuid, false FROM unnest(%s::text[]) k"
            " ON CONFLICT DO NOTHING",
            [floor, sorted(keys)],
        )

    def insert(self, keys: Sequence[str], entries: Sequence[Entry]) -> Collection[str]:
        ids = [entry.id for entry in entries]
        actors, groups = map(list, zip(*map(digests, entries), strict=True))
        written = self.execute(
            f"INSERT INTO {self.e} AS e (timeline_id, activity_id, {self.digests})"
            f" SELECT t.id, v.id, v.actor, v.grp FROM {self.t} t"
            " JOIN unnest(%s::uuid[], %s::bigint[], %s::bigint[]) v(id, actor, grp) ON v.id > t.floor"
            f" WHERE t.{self.key} = ANY(%s::text[]){self.ready(entries)} ORDER BY t.id, v.id"
            f" ON CONFLICT (timeline_id, activity_id) DO UPDATE SET actor = excluded.actor,"
            f" {self.group} = excluded.{self.group} WHERE (e.actor, e.{self.group})"
            f" IS DISTINCT FROM (excluded.actor, excluded.{self.group})",
            [ids, actors, groups, list(keys)],
        )
        return () if written == len(keys) * len(entries) else self.missing(keys, entries)

    def lower(self, keys: Collection[str], floor: UUID) -> None:
        self.execute(
            f"WITH due AS (SELECT id FROM {self.t} WHERE {self.key} = ANY(%s::text[]) AND floor > %s"
            f" ORDER BY id FOR UPDATE) UPDATE {self.t} t SET floor = %s FROM due WHERE t.id = due.id",
            [list(keys), floor, floor],
        )

    def raise_floors(self, cuts: Sequence[tuple[int, Any]]) -> None:
        timelines, floors = zip(*cuts, strict=True)
        self.execute(
            f"WITH due AS (SELECT t.id, v.floor FROM {self.t} t"
            " JOIN unnest(%s::bigint[], %s::uuid[]) v(id, floor) ON v.id = t.id ORDER BY t.id FOR UPDATE OF t),"
            f" raised AS (UPDATE {self.t} t SET floor = due.floor FROM due"
            " WHERE t.id = due.id AND t.floor < due.floor)"
            f" DELETE FROM {self.e} e USING due WHERE e.timeline_id = due.id AND e.activity_id <= due.floor",
            [list(timelines), list(floors)],
        )

    def remove(self, keys: Collection[str], ids: Collection[UUID]) -> None:
        self.execute(
            f"WITH gone AS (SELECT e.timeline_id, e.activity_id FROM {self.t} t JOIN {self.e} e ON e.timeline_id = t.id"
            f" WHERE t.{self.key} = ANY(%s::text[]) AND e.activity_id = ANY(%s::uuid[]) ORDER BY 1, 2 FOR UPDATE OF e)"
            f" DELETE FROM {self.e} e USING gone"
            " WHERE e.timeline_id = gone.timeline_id AND e.activity_id = gone.activity_id",
            [list(keys), list(ids)],
        )

    def page(self, key: str, part: Range) -> tuple[UUID | None, list[Entry]]:
        rows = self.fetch(self.page_text(part), [*self.bounds(part), part.limit, part.offset, key])
        if not rows:
            return MAX_ID, []
        floor, grouped, ids = rows[0]
        if grouped:
            return self.pages([key], part).get(key, (MAX_ID, []))
        new = tuple.__new__  # half the time of Entry(), which is Python
        return floor, [new(Entry, (id, 0, 0)) for id in ids]

    def new_page_text(self, part: Range) -> str:
        """The ids as one array: to plan, send and read one row takes a third less than a join of 25."""
        ids = self.part_of(part, "e.activity_id")
        return f"SELECT t.floor, t.grouped, ARRAY({ids}) FROM {self.t} t WHERE t.{self.key} = %s"

    def pages(self, keys: Sequence[str], part: Range) -> dict[str, tuple[UUID, list[Entry]]]:
        entries = self.part_of(part, f"e.activity_id, e.actor, e.{self.group}")
        rows = self.fetch(
            f"SELECT t.{self.key}, t.floor, e.* FROM {self.t} t LEFT JOIN LATERAL ({entries}) e ON true"
            f" WHERE t.{self.key} = ANY(%s::text[])",
            [*self.bounds(part), part.limit, part.offset, list(keys)],
        )
        pages: dict[str, tuple[UUID, list[Entry]]] = {}
        for key, floor, id, actor, group in rows:
            page = pages.setdefault(key, (floor, []))
            if id is not None:
                page[1].append(Entry(id, actor or 0, group or 0))
        return pages

    def part_of(self, part: Range, columns: str) -> str:
        """The select of this part of the timeline `t`; a plain join would be sorted as a whole."""
        low, high, order = self.range(part)
        return (
            f"SELECT {columns} FROM {self.e} e WHERE e.timeline_id = t.id"
            f" AND e.activity_id > {low}{high} ORDER BY e.activity_id {order} LIMIT %s OFFSET %s"
        )
