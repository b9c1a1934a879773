"""PostgreSQL: many keys are one array."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from ..base import Entry
from .plain import Range
from .sql import SQLDialect

__all__ = ["PostgreSQLDialect"]


class PostgreSQLDialect(SQLDialect):
    """Locks rows in the order in which they are sorted; each statement is a transaction of its own."""

    chunk = 2_000

    def id_param(self, id: UUID) -> Any:
        return id

    def among(self, keys: Collection[str]) -> tuple[str, list[Any]]:
        return "= ANY(%s::text[])", [list(keys)]

    def create(self, keys: Collection[str], floor: UUID) -> None:
        self.execute(
            f"INSERT INTO {self.t} ({self.key}, floor) SELECT k, %s::uuid FROM unnest(%s::text[]) k"
            " ON CONFLICT DO NOTHING",
            [floor, sorted(keys)],
        )

    def insert(self, keys: Sequence[str], entries: Sequence[Entry]) -> Collection[str]:
        ids = [entry.id for entry in entries]
        actors = [entry.actor or None for entry in entries]
        groups = [entry.group or None for entry in entries]
        written = self.execute(
            f"INSERT INTO {self.e} AS e (timeline_id, activity_id, {self.digests})"
            f" SELECT t.id, v.id, v.actor, v.grp FROM {self.t} t"
            " JOIN unnest(%s::uuid[], %s::bigint[], %s::bigint[]) v(id, actor, grp) ON v.id > t.floor"
            f" WHERE t.{self.key} = ANY(%s::text[]) ORDER BY t.id, v.id"
            f" ON CONFLICT (timeline_id, activity_id) DO UPDATE SET actor = excluded.actor,"
            f" {self.group} = excluded.{self.group} WHERE (e.actor, e.{self.group})"
            f" IS DISTINCT FROM (excluded.actor, excluded.{self.group})",
            [ids, actors, groups, list(keys)],
        )
        return () if written == len(keys) * len(entries) else self.missing(keys)

    def lower(self, keys: Collection[str], floor: UUID) -> None:
        self.execute(
            f"WITH due AS (SELECT id FROM {self.t} WHERE {self.key} = ANY(%s::text[]) AND floor > %s"
            f" ORDER BY id FOR UPDATE) UPDATE {self.t} t SET floor = %s FROM due WHERE t.id = due.id",
            [list(keys), floor, floor],
        )

    def cut(self, keys: Collection[str], length: int) -> None:
        self.execute(
            f"WITH due AS (SELECT id, floor FROM {self.t} WHERE {self.key} = ANY(%s::text[]) ORDER BY id FOR UPDATE),"
            " cut AS (SELECT due.id, beyond.activity_id, COALESCE(beyond.activity_id, due.floor) AS bottom FROM due"
            f" LEFT JOIN LATERAL (SELECT activity_id FROM {self.e} e WHERE e.timeline_id = due.id"
            " AND e.activity_id > due.floor ORDER BY e.activity_id DESC LIMIT 1 OFFSET %s) beyond ON true),"
            f" raised AS (UPDATE {self.t} t SET floor = cut.activity_id FROM cut"
            " WHERE t.id = cut.id AND cut.activity_id IS NOT NULL)"
            f" DELETE FROM {self.e} e USING cut WHERE e.timeline_id = cut.id AND e.activity_id <= cut.bottom",
            [list(keys), length],
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
        entries, params = self.lateral(part)
        # The floor as text: drivers make a UUID of each row's, and one is wanted.
        rows = self.fetch(
            f"SELECT t.floor::text, e.* FROM {self.t} t CROSS JOIN LATERAL ({entries}) e WHERE t.{self.key} = %s",
            [*params, key],
        )
        floor = UUID(rows[0][0]) if rows else None
        return floor, [Entry(id, actor or 0, group or 0) for _, id, actor, group in rows]

    def pages(self, keys: Sequence[str], part: Range) -> dict[str, tuple[UUID, list[Entry]]]:
        entries, params = self.lateral(part)
        rows = self.fetch(
            f"SELECT t.{self.key}, t.floor, e.* FROM {self.t} t LEFT JOIN LATERAL ({entries}) e ON true"
            f" WHERE t.{self.key} = ANY(%s::text[])",
            [*params, list(keys)],
        )
        pages: dict[str, tuple[UUID, list[Entry]]] = {}
        for key, floor, id, actor, group in rows:
            page = pages.setdefault(key, (floor, []))
            if id is not None:
                page[1].append(Entry(id, actor or 0, group or 0))
        return pages

    def lateral(self, part: Range) -> tuple[str, list[Any]]:
        """The select of this part of the timeline `t`, and its parameters."""
        low, before, order, bounds = self.range(part)
        text = (
            f"SELECT e.activity_id, e.actor, e.{self.group} FROM {self.e} e WHERE e.timeline_id = t.id"
            f" AND e.activity_id > {low}{before} ORDER BY e.activity_id {order} LIMIT %s OFFSET %s"
        )
        return text, [*bounds, part.limit, part.offset]
