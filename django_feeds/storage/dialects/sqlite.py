"""SQLite: many keys are one JSON array, which `json_each` makes into rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from ..base import Entry
from .plain import kept
from .sql import SQLDialect

__all__ = ["SQLiteDialect"]


class SQLiteDialect(SQLDialect):
    """
    Every transaction begins with a write.

    One that reads first may not write any more once another process has written ("database is locked", at once,
    whatever the timeout).
    """

    chunk = 2_000
    entry_chunk = 240
    """Four parameters each; some builds of SQLite take 999."""

    greatest = "MAX"
    now = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS integer)"

    def among(self, keys: Collection[str]) -> tuple[str, list[Any]]:
        return "IN (SELECT value FROM json_each(%s))", [json.dumps(list(keys))]

    def create(self, keys: Collection[str], floor: UUID) -> None:
        self.execute(
            f"INSERT INTO {self.t} ({self.key}, floor, grouped) SELECT value, %s, false FROM json_each(%s) WHERE true"
            " ON CONFLICT DO NOTHING",
            [floor.bytes, json.dumps(sorted(keys))],
        )

    def insert(self, keys: Sequence[str], entries: Sequence[Entry], arrivals: bool) -> Collection[str]:
        test, params = self.among(keys)
        test += self.ready(entries, arrivals)
        values = [value for entry in entries for value in (entry.id.bytes, *kept(entry, arrivals))]
        rows = ", ".join(["(%s, %s, %s, %s)" if arrivals else "(%s, %s, %s)"] * len(entries))
        arrived, value, first, lacking = self.arrival(arrivals, self.e)
        written = self.execute(
            f"WITH v(id, actor, grp{arrived}) AS (VALUES {rows})"
            f" INSERT INTO {self.e} (timeline_id, activity_id, {self.digests}{arrived})"
            f" SELECT t.id, v.id, v.actor, v.grp{value} FROM {self.t} t JOIN v ON v.id > t.floor"
            f" WHERE t.{self.key} {test}"
            f" ON CONFLICT DO UPDATE SET actor = excluded.actor, {self.group} = excluded.{self.group}{first}"
            f" WHERE {self.e}.actor IS NOT excluded.actor OR {self.e}.{self.group} IS NOT excluded.{self.group}"
            f"{lacking}",
            [*values, *params],
        )
        return () if written == len(keys) * len(entries) else self.missing(keys, entries, arrivals)

    def lower(self, keys: Collection[str], floor: UUID) -> None:
        test, params = self.among(keys)
        text = f"UPDATE {self.t} SET floor = %s WHERE {self.key} {test} AND floor > %s"
        self.execute(text, [floor.bytes, *params, floor.bytes])

    def remove(self, keys: Collection[str], ids: Collection[UUID]) -> None:
        test, params = self.among(keys)
        marks = ", ".join(["%s"] * len(ids))
        self.execute(
            f"DELETE FROM {self.e} WHERE timeline_id IN (SELECT id FROM {self.t} WHERE {self.key} {test})"
            f" AND activity_id IN ({marks})",
            [*params, *(id.bytes for id in ids)],
        )

    def delete(self, keys: Collection[str]) -> None:
        test, params = self.among(keys)
        timelines = f"SELECT id FROM {self.t} WHERE {self.key} {test}"
        with self.atomic():
            self.execute(f"DELETE FROM {self.e} WHERE timeline_id IN ({timelines})", params)
            self.execute(f"DELETE FROM {self.t} WHERE {self.key} {test}", params)
