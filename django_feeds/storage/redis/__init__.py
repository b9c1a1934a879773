"""
The storage in Redis: alone, behind Sentinel, or a Redis Cluster.

A timeline is a list of entries of fixed size, newest first, and behind them its floor; scripts write to a thousand of
them in one call. Bodies are a cache: hashes of a few dozen each, which forget the oldest.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from time import time
from typing import Any
from uuid import UUID

from django.core.checks import CheckMessage

from ...exceptions import ForeignData, StorageUnavailable
from ...ids import pack
from ..base import BaseStorage, Entry, Mark, Slice
from ..chunks import chunks
from ..live import Hub
from . import connections, options
from .layout import (
    LAYOUT,
    bodies_of,
    encoded,
    line,
    marks_of,
    packed,
    packed_group,
    packed_mark,
    parts,
    slice_of,
)
from .live import hub_of
from .scripts import script

__all__ = ["RedisStorage"]

logger = logging.getLogger(__name__)

KEYS_PER_CALL = 1_000
LATE_KEYS_PER_CALL = 50
"""Entries that are not the newest are searched and inserted, and nobody else is served while a script runs."""

LATE = 60
"""Seconds after which an activity probably is not the newest one any more."""

BODIES_PER_BUCKET = 50
"""On average, when as many are kept as BODIES says. Redis keeps a hash of few small fields in one piece."""

BUCKET_ROOM = 100
"""When a bucket has more, its oldest go: rarely before there are twice as many as BODIES says."""

ENTRIES_PER_CALL = 10_000
"""Read of many timelines at once."""


class RedisStorage(BaseStorage):
    """
    Keeps timelines and bodies in Redis. Nothing is to be prepared there, and what it loses comes back from the records.

    Options: one of CACHE (an alias of CACHES, of django-redis), URL (as redis-py takes it) and CLUSTER (the URL of any
    node of a Redis Cluster); PREFIX of all keys; CLIENT, arguments of redis-py's client, for URL and CLUSTER; BODIES,
    how many activities to keep at least, where there are as many: at most about twice that.
    """

    def __init__(self, alias: str, settings: Mapping[str, Any]) -> None:
        super().__init__(alias, settings)
        prefix = f"{options.prefix(settings)}:{LAYOUT}"
        self.timelines, self.bodies, self.marked = f"{prefix}:t:", f"{prefix}:a:", f"{prefix}:m:"
        """What the keys of timelines, of buckets of bodies and of the marks of timelines begin with."""
        self.live = f"{prefix}:live"
        """The sorted set of timelines that are listened to, and the channel on which listeners hear."""

    def check(self) -> list[CheckMessage]:
        return list(options.check(self.alias, self.options))

    def identity(self) -> tuple[Any, ...]:
        return (RedisStorage, options.place(self.options), self.timelines)

    @cached_property
    def connection(self) -> connections.Connection:
        return connections.connect(self.alias, self.options)

    @cached_property
    def buckets(self) -> int:
        return -(-int(self.options.get("BODIES", options.BODIES)) // BODIES_PER_BUCKET)

    # Timelines, written

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
        entries = sorted({entry.id: entry for entry in entries}.values(), reverse=True)
        foreign: set[str] = set()
        for some, below, vouched, above in parts(entries, floor):
            lines = [line(entry, arrivals) for entry in some]
            arguments = (max_length, pack(below), vouched, above, int(create), *lines)
            foreign.update(self._write("add", keys, arguments, _keys_per_call([entry.id for entry in some])))
        self._complain(foreign)

    def remove(self, keys: Sequence[str], ids: Collection[UUID], *, at: datetime | None = None) -> None:
        if ids:
            lines = sorted(map(pack, set(ids)), reverse=True)
            self._complain(self._write("remove", keys, lines, _keys_per_call(ids)))

    def trim(self, keys: Sequence[str], length: int, *, at: datetime | None = None) -> None:
        self._complain(self._write("trim", keys, (length,)))

    def delete(self, keys: Sequence[str], *, at: datetime | None = None) -> None:
        self._complain(self._write("delete", keys))

    def _write(
        self, name: str, keys: Sequence[str], arguments: Sequence[Any] = (), at_once: int = KEYS_PER_CALL
    ) -> list[str]:
        """Run a script on all of these timelines; returns the keys under which something else is kept."""
        foreign: list[str] = []
        for some in chunks(keys, at_once):
            foreign += self._run_on(name, some, [self.timelines + key for key in some], arguments)
        return foreign

    # Timelines, read

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
        arguments = [limit, packed(before), packed(after), offset, int(oldest_first)]
        if with_bodies and self.connection.one_server:
            arguments += [self.bodies, self.buckets]
        part = slice_of(self._ask("slice", [key], arguments)[0])
        if part is None:
            raise self._foreign([key])
        return part

    def slice_many(self, keys: Sequence[str], *, limit: int, before: UUID | None = None) -> dict[str, Slice]:
        slices: dict[str, Slice] = {}
        for some in chunks(list(dict.fromkeys(keys)), max(ENTRIES_PER_CALL // max(limit, 1), 1)):
            for key, reply in zip(some, self._ask("slice", some, (limit, packed(before), "", 0, 0)), strict=True):
                part = slice_of(reply)
                if part is None:
                    logger.error("%s", self._foreign([key]))
                slices[key] = part or Slice([])
        return slices

    def count(self, key: str, *, max_length: int) -> int:
        count = self._ask("count", [key])[0]
        if count == -1:
            raise self._foreign([key])
        return min(count, max_length)

    def rank(self, key: str, id: UUID, *, max_length: int) -> int | None:
        rank = self._ask("rank", [key], (pack(id),))[0]
        if rank == -1:
            raise self._foreign([key])
        return rank if rank is not None and rank < max_length else None

    # Marks

    def mark(self, key: str, marks: Mapping[int, Mark], *, forget: Collection[int] = ()) -> None:
        forgotten = [packed_group(group) for group in forget]
        each = [part for group, mark in marks.items() for part in (packed_group(group), packed_mark(mark))]
        if each or forgotten:
            arguments = (len(forgotten), *forgotten, *each)
            self._complain(self._run_on("mark", [key], [self.marked + key], arguments), self.marked)

    def marks(self, key: str) -> dict[int, Mark]:
        reply = self._run("marks", [self.marked + key])[0][0]
        if reply == 0:
            raise self._foreign([key], self.marked)
        return marks_of(reply)

    def unmark(self, keys: Sequence[str]) -> None:
        foreign: list[str] = []
        for some in chunks(keys, KEYS_PER_CALL):
            foreign += self._run_on("unmark", some, [self.marked + key for key in some], ())
        self._complain(foreign, self.marked)

    # Listeners

    def announce(self, keys: Iterable[str]) -> None:
        # What changed is not even sent where nobody listens.
        if self.run_live("announce"):
            for some in chunks(list(keys), KEYS_PER_CALL):
                self.run_live("announce", *map(encoded, some))

    def hub(self) -> Hub:
        return hub_of(self)

    def run_live(self, name: str, *arguments: Any) -> int:
        """Run a script on the set of timelines that are listened to."""
        number: int = self._run(name, [self.live], arguments)[0]
        if number == -1:
            raise self._foreign([self.live], self.live)
        return number

    # Bodies

    def put(self, bodies: Mapping[UUID, str], *, at: datetime | None = None) -> None:
        for some in chunks([(pack(id), encoded(body)) for id, body in bodies.items()], KEYS_PER_CALL):
            buckets = [self._bucket(id) for id, _body in some]
            each = [part for pair in some for part in pair]
            foreign = self._run_on("put", buckets, buckets, (BUCKET_ROOM,), each)
            if foreign:
                logger.error("%s Their activities are read from the database.", self._foreign(foreign))

    def get(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        found: dict[UUID, str] = {}
        for some in chunks(list(dict.fromkeys(ids)), KEYS_PER_CALL):
            lines = [pack(id) for id in some]
            replies = self._run("get", [self._bucket(line) for line in lines], (), lines)
            found.update((id, body) for id, body in bodies_of(some, b"\0".join(replies)).items() if body)
        return found

    def forget(self, ids: Iterable[UUID]) -> None:
        for some in chunks([pack(id) for id in ids], KEYS_PER_CALL):
            self._run("forget", [self._bucket(line) for line in some], (), some)

    def _bucket(self, line: bytes) -> str:
        """The hash that keeps this activity's body: by the digest in its id, so that all fill evenly."""
        return f"{self.bodies}{int.from_bytes(line[6:12], 'big') % self.buckets}"

    # The server

    def _ask(self, name: str, keys: Sequence[str], arguments: Sequence[Any] = ()) -> list[Any]:
        """The reply of a script to each of these timelines."""
        replies = self._run(name, [self.timelines + key for key in keys], arguments)
        return [reply for some in replies for reply in some]

    def _run_on(
        self, name: str, keys: Sequence[str], names: Sequence[str], shared: Sequence[Any], each: Sequence[Any] = ()
    ) -> list[str]:
        """Run a script that writes under these names; returns the keys for which it found something else there."""
        # One server numbers all names, from 1 on; in a Cluster each has a call of its own.
        replies = self._run(name, names, shared, each)
        return [keys[place + number - 1] for place, numbers in enumerate(replies) for number in numbers]

    def _run(self, name: str, names: Sequence[str], shared: Sequence[Any] = (), each: Sequence[Any] = ()) -> list[Any]:
        if not names:
            return []
        with connections.translated(self._unavailable):
            keys: Any = [encoded(key) for key in names]
            return self.connection.run(script(name), keys, shared, each)

    def _unavailable(self, error: Exception) -> StorageUnavailable:
        return StorageUnavailable(f"The Redis of the storage {self.alias!r} cannot serve: {error}")

    def _complain(self, foreign: Collection[str], beginning: str = "") -> None:
        if foreign:
            raise self._foreign(foreign, beginning)

    def _foreign(self, keys: Collection[str], beginning: str = "") -> ForeignData:
        """Says what our keys begin with; without it, those of timelines."""
        some = ", ".join(map(repr, sorted(keys)[:5])) + (", ..." if len(keys) > 5 else "")
        return ForeignData(
            f"The Redis of the storage {self.alias!r} keeps something that is not ours under {some}; "
            f"it was left alone, and the rest was done. Give the feeds another PREFIX or database, or delete what is "
            f"there: our keys begin with {beginning or self.timelines!r}.",
            keys,
        )


def _keys_per_call(ids: Collection[UUID]) -> int:
    """Many, where these are at the head of nearly every timeline; fewer, where each of them must be searched."""
    late = bool(ids) and min(ids).int >> 80 < (time() - LATE) * 1_000
    return max((LATE_KEYS_PER_CALL if late else KEYS_PER_CALL) // max(len(ids), 1), 10)
