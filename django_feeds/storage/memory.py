"""The storage that lives in this process: for tests and experiments."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from time import time
from typing import Any
from uuid import UUID

from ..ids import MIN_ID, before
from .base import BaseStorage, Entry, Mark, Slice

__all__ = ["MemoryStorage"]


@dataclass
class _Timeline:
    floor: UUID
    ids: list[UUID] = field(default_factory=list)
    """Ascending, so that bisect finds a place and the newest is appended."""
    entries: dict[UUID, Entry] = field(default_factory=dict)


class _Store:
    def __init__(self) -> None:
        self.lock = RLock()
        self.timelines: dict[str, _Timeline] = {}
        self.bodies: dict[UUID, str] = {}
        self.marks: dict[str, dict[int, Mark]] = {}


# One store for each name, shared by the threads of the process, as in django.core.cache.backends.locmem.
_stores: dict[str, _Store] = {}


class MemoryStorage(BaseStorage):
    """Keeps everything in this process, and loses it with it. Option NAME: which store (default: the alias)."""

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        self.store = _stores.setdefault(options.get("NAME", alias), _Store())

    def clear(self) -> None:
        """Forget everything, as tests do between cases."""
        with self.store.lock:
            self.store.timelines.clear()
            self.store.bodies.clear()
            self.store.marks.clear()

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
        now = int(time() * 1_000)
        entries = [entry._replace(arrived=(entry.arrived or now) if arrivals else 0) for entry in entries]
        first_floor = before(min(entry.id for entry in entries)) if floor is None else floor
        with self.store.lock:
            for key in keys if create or floor is not None else [key for key in keys if key in self.store.timelines]:
                timeline = self.store.timelines.setdefault(key, _Timeline(first_floor))
                if floor is not None:
                    timeline.floor = min(timeline.floor, floor)
                for entry in entries:
                    self._insert(timeline, entry)
                self._cut(timeline, max_length)

    def _insert(self, timeline: _Timeline, entry: Entry) -> None:
        if entry.id <= timeline.floor:
            return
        former = timeline.entries.get(entry.id)
        if former is None:
            timeline.ids.insert(bisect_left(timeline.ids, entry.id), entry.id)
        elif former.arrived:
            entry = entry._replace(arrived=former.arrived)
        timeline.entries[entry.id] = entry

    def _cut(self, timeline: _Timeline, length: int) -> None:
        surplus = len(timeline.ids) - length
        if surplus > 0:
            timeline.floor = timeline.ids[surplus - 1]
            for id in timeline.ids[:surplus]:
                del timeline.entries[id]
            del timeline.ids[:surplus]

    def remove(self, keys: Sequence[str], ids: Collection[UUID], *, at: datetime | None = None) -> None:
        with self.store.lock:
            for timeline in self._present(keys):
                for id in ids:
                    if timeline.entries.pop(id, None):
                        del timeline.ids[bisect_left(timeline.ids, id)]

    def trim(self, keys: Sequence[str], length: int, *, at: datetime | None = None) -> None:
        with self.store.lock:
            for timeline in self._present(keys):
                self._cut(timeline, length)

    def delete(self, keys: Sequence[str], *, at: datetime | None = None) -> None:
        with self.store.lock:
            for key in keys:
                self.store.timelines.pop(key, None)

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
        with self.store.lock:
            timeline = self.store.timelines.get(key)
            if timeline is None:
                return Slice([])
            ids = timeline.ids
            start = bisect_right(ids, after or MIN_ID)
            stop = bisect_left(ids, before) if before else len(ids)
            if oldest_first:
                chosen = ids[start:stop][offset : offset + limit]
            else:
                chosen = ids[start:stop][::-1][offset : offset + limit]
            return Slice([timeline.entries[id] for id in chosen], timeline.floor)

    def count(self, key: str, *, max_length: int) -> int:
        with self.store.lock:
            timeline = self.store.timelines.get(key)
            return min(len(timeline.ids), max_length) if timeline else 0

    def rank(self, key: str, id: UUID, *, max_length: int) -> int | None:
        with self.store.lock:
            timeline = self.store.timelines.get(key)
            if timeline is None or id not in timeline.entries:
                return None
            rank = len(timeline.ids) - 1 - bisect_left(timeline.ids, id)
            return rank if rank < max_length else None

    def mark(self, key: str, marks: Mapping[int, Mark], *, forget: Collection[int] = ()) -> None:
        with self.store.lock:
            known = self.store.marks.setdefault(key, {})
            for group in forget:
                known.pop(group, None)
            for group, mark in marks.items():
                before = known.get(group, Mark())
                known[group] = Mark(max(mark.seen, before.seen), max(mark.read, before.read))

    def marks(self, key: str) -> dict[int, Mark]:
        with self.store.lock:
            return dict(self.store.marks.get(key, {}))

    def unmark(self, keys: Sequence[str]) -> None:
        with self.store.lock:
            for key in keys:
                self.store.marks.pop(key, None)

    def put(self, bodies: Mapping[UUID, str], *, at: datetime | None = None) -> None:
        with self.store.lock:
            self.store.bodies.update(bodies)

    def get(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        with self.store.lock:
            return {id: self.store.bodies[id] for id in ids if id in self.store.bodies}

    def forget(self, ids: Iterable[UUID]) -> None:
        with self.store.lock:
            for id in ids:
                self.store.bodies.pop(id, None)

    def _present(self, keys: Sequence[str]) -> list[_Timeline]:
        return [self.store.timelines[key] for key in keys if key in self.store.timelines]
