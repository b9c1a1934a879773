"""MySQL and MariaDB: many rows in one VALUES list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from ...models import Timeline
from ..base import Entry
from .plain import Range, kept
from .sql import SQLDialect, uuid_of

__all__ = ["MySQLDialect"]


class MySQLDialect(SQLDialect):
    """
    Asks for ids and floors first: INSERT ... SELECT would lock the timelines that it reads.

    MariaDB has no LATERAL, so that many pages are one UNION of limited selects.
    """

    chunk = 1_000
    now = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000"
    pages_per_query = 100

    def create(self, keys: Collection[str], floor: UUID) -> None:
        rows = [Timeline(key=key, floor=floor) for key in sorted(keys)]
        Timeline.objects.using(self.using).bulk_create(rows, ignore_conflicts=True)

    def insert(self, keys: Sequence[str], entries: Sequence[Entry], arrivals: bool) -> Collection[str]:
        timelines = self.found(keys, self.ready(entries, arrivals))
        ordered = [(entry.id.bytes, kept(entry, arrivals)) for entry in sorted(entries)]
        values = [(timeline, id, *rest) for timeline, _, floor in timelines for id, rest in ordered if id > floor]
        if values:
            arrived, value, first = "", "", ""
            if arrivals:
                arrived, value = ", arrived", f", COALESCE(%s, {self.now})"
                first = ", arrived = COALESCE(arrived, VALUES(arrived))"
            rows = ", ".join([f"(%s, %s, %s, %s{value})"] * len(values))
            self.execute(
                f"INSERT INTO {self.e} (timeline_id, activity_id, {self.digests}{arrived}) VALUES {rows}"
                f" ON DUPLICATE KEY UPDATE actor = VALUES(actor), {self.group} = VALUES({self.group}){first}",
                [value for row in values for value in row],
            )
        return set(keys).difference(key for _, key, _ in timelines)

    def found(self, keys: Collection[str], ready: str = "") -> list[tuple[int, str, bytes]]:
        """(id, key, floor) of those that are there, by id."""
        test, params = self.among(keys)
        key = f"t.{self.key}"
        return self.fetch(
            f"SELECT t.id, {key}, t.floor FROM {self.t} t WHERE {key} {test}{ready} ORDER BY t.id", params
        )

    def pages(self, keys: Sequence[str], part: Range) -> dict[str, tuple[UUID, list[Entry]]]:
        pages: dict[str, tuple[UUID, list[Entry]]] = {}
        keys = list(keys)
        for start in range(0, len(keys), self.pages_per_query):
            pages.update(self.united(self.found(keys[start : start + self.pages_per_query]), part))
        return pages

    def united(self, timelines: list[tuple[int, str, bytes]], part: Range) -> dict[str, tuple[UUID, list[Entry]]]:
        """The pages of these timelines, by key."""
        before = "" if part.before is None else " AND activity_id < %s"
        one = (
            f"(SELECT timeline_id, activity_id, {self.digests}, arrived FROM {self.e}"
            f" WHERE timeline_id = %s AND activity_id > %s{before} ORDER BY activity_id DESC LIMIT %s)"
        )
        bounds = [part.before.bytes] if part.before else []
        params = [value for id, _, floor in timelines for value in (id, floor, *bounds, part.limit)]
        entries: dict[int, list[Entry]] = {id: [] for id, _, _ in timelines}
        for timeline, id, actor, group, arrived in (
            self.fetch(" UNION ALL ".join([one] * len(timelines)), params) if params else ()
        ):
            entries[timeline].append(Entry(uuid_of(id), actor or 0, group or 0, arrived or 0))
        return {key: (uuid_of(floor), sorted(entries[id], reverse=True)) for id, key, floor in timelines}
