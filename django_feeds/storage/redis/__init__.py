"""
The storage in Redis: alone, behind Sentinel, or a Redis Cluster.

A timeline is a list of entries of fixed size, newest first, and behind them its floor; scripts write to a thousand of
them in one call. Bodies are a cache: hashes of a few dozen each, which forget the oldest.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from time import time
from typing import Any, TypeVar
from uuid import UUID

from django.core.checks import CheckMessage

from ...exceptions import ForeignData, StorageUnavailable
from ...ids import before, pack, unpack
from ..base import BaseStorage, Entry, Slice
from . import connections
from . import options as settings
from .scripts import script

__all__ = ["RedisStorage"]

logger = logging.getLogger(__name__)

LAYOUT = 1
"""Raised with every change of what is kept under the keys, so that two versions do not read each other's."""

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

VOUCHED_AT_ONCE = 1_000
"""Entries of a refill that are written in one call."""

Item = TypeVar("Item")


class RedisStorage(BaseStorage):
    """
    Keeps timelines and bodies in Redis. Nothing is to be prepared there, and what it loses comes back from the records.

    Options: one of CACHE (an alias of CACHES, of django-redis), URL (as redis-py takes it) and CLUSTER (the URL of any
    node of a Redis Cluster); PREFIX of all keys; CLIENT, arguments of redis-py's client, for URL and CLUSTER; BODIES,
    how many activities to keep at least, where there are as many: at most about twice that.
    """

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        prefix = f"{settings.prefix(options)}:{LAYOUT}"
        self.timelines, self.bodies = f"{prefix}:t:", f"{prefix}:a:"

    def check(self) -> list[CheckMessage]:
        return list(settings.check(self.alias, self.options))

    def identity(self) -> tuple[Any, ...]:
        return (RedisStorage, settings.place(self.options), self.timelines)

    @cached_property
    def connection(self) -> connections.Connection:
        return connections.connect(self.alias, self.options)

    @cached_property
    def buckets(self) -> int:
        return -(-int(self.options.get("BODIES", settings.BODIES)) // BODIES_PER_BUCKET)

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
    ) -> None:
        if not entries and floor is None:
            return
        entries = sorted({entry.id: entry for entry in entries}.values(), reverse=True)
        for some, below, vouched in _parts(entries, floor):
            lines = [_line(entry, arrivals) for entry in some]
            at_once = _keys_per_call([entry.id for entry in some])
            self._write("add", keys, (max_length, pack(below), vouched, *lines), at_once)

    def remove(self, keys: Sequence[str], ids: Collection[UUID], *, at: datetime | None = None) -> None:
        if ids:
            lines = sorted(map(pack, set(ids)), reverse=True)
            self._write("remove", keys, lines, _keys_per_call(ids))

    def trim(self, keys: Sequence[str], length: int) -> None:
        self._write("trim", keys, (length,))

    def delete(self, keys: Sequence[str]) -> None:
        self._write("delete", keys)

    def _write(
        self, name: str, keys: Sequence[str], arguments: Sequence[Any] = (), at_once: int = KEYS_PER_CALL
    ) -> None:
        foreign: list[str] = []
        for some in _chunks(keys, at_once):
            for place, numbers in enumerate(self._run(name, [self.timelines + key for key in some], arguments)):
                foreign += [some[place + number - 1] for number in numbers]
        if foreign:
            raise self._foreign(foreign)

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
        arguments = [limit, _packed(before), _packed(after), offset, int(oldest_first)]
        if with_bodies and self.connection.one_server:
            arguments += [self.bodies, self.buckets]
        part = _slice(self._run("slice", [self.timelines + key], arguments)[0][0])
        if part is None:
            raise self._foreign([key])
        return part

    def slice_many(self, keys: Sequence[str], *, limit: int, before: UUID | None = None) -> dict[str, Slice]:
        slices: dict[str, Slice] = {}
        for some in _chunks(list(dict.fromkeys(keys)), max(ENTRIES_PER_CALL // max(limit, 1), 1)):
            names, arguments = [self.timelines + key for key in some], (limit, _packed(before), "", 0, 0)
            replies = [reply for replies in self._run("slice", names, arguments) for reply in replies]
            for key, reply in zip(some, replies, strict=True):
                part = _slice(reply)
                if part is None:
                    logger.error("%s", self._foreign([key]))
                slices[key] = part or Slice([])
        return slices

    def count(self, key: str, *, max_length: int) -> int:
        count = self._run("count", [self.timelines + key])[0][0]
        if count == -1:
            raise self._foreign([key])
        return min(count, max_length)

    def rank(self, key: str, id: UUID, *, max_length: int) -> int | None:
        rank = self._run("rank", [self.timelines + key], (pack(id),))[0][0]
        if rank == -1:
            raise self._foreign([key])
        return rank if rank is not None and rank < max_length else None

    # Bodies

    def put(self, bodies: Mapping[UUID, str], *, at: datetime | None = None) -> None:
        for some in _chunks([(pack(id), body) for id, body in bodies.items()], KEYS_PER_CALL):
            names = [self._bucket(line) for line, _body in some]
            replies = self._run("put", names, (BUCKET_ROOM,), [part for pair in some for part in pair])
            foreign = [names[place + number - 1] for place, numbers in enumerate(replies) for number in numbers]
            if foreign:
                logger.error("%s", self._foreign(foreign))

    def get(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        found: dict[UUID, str] = {}
        for some in _chunks(list(dict.fromkeys(ids)), KEYS_PER_CALL):
            lines = [pack(id) for id in some]
            replies = self._run("get", [self._bucket(line) for line in lines], (), lines)
            bodies = _bodies(some, b"\0".join(replies))
            found.update((id, body) for id, body in bodies.items() if body)
        return found

    def forget(self, ids: Iterable[UUID]) -> None:
        for some in _chunks([pack(id) for id in ids], KEYS_PER_CALL):
            self._run("forget", [self._bucket(line) for line in some], (), some)

    def _bucket(self, line: bytes) -> str:
        """The hash that keeps this activity's body: by the digest in its id, so that all fill evenly."""
        return f"{self.bodies}{int.from_bytes(line[6:12], 'big') % self.buckets}"

    # The server

    def _run(self, name: str, keys: Sequence[str], shared: Sequence[Any] = (), each: Sequence[Any] = ()) -> list[Any]:
        if not keys:
            return []
        with self._reaching():
            return self.connection.run(script(name), keys, shared, each)

    def _reaching(self) -> AbstractContextManager[None]:
        return connections.translated(self._unavailable)

    def _unavailable(self, error: Exception) -> StorageUnavailable:
        return StorageUnavailable(f"The Redis of the storage {self.alias!r} cannot serve: {error}")

    def _foreign(self, keys: Sequence[str]) -> ForeignData:
        some = ", ".join(repr(key) for key in keys[:5]) + (", ..." if len(keys) > 5 else "")
        return ForeignData(
            f"The Redis of the storage {self.alias!r} keeps something that is not ours under {some} "
            f"(with {self.timelines!r} in front); it was left alone, and the rest was done. "
            "Give the feeds another PREFIX or database, or delete what is there."
        )


def _line(entry: Entry, arrivals: bool) -> bytes:
    """An entry as it is kept: 12 bytes, 24 with digests, 30 with its arrival; the script sets that where it is 0."""
    if not (entry.actor or entry.group or arrivals):
        return pack(entry.id)
    line = pack(entry.id) + entry.actor.to_bytes(6, "big") + entry.group.to_bytes(6, "big")
    return line + entry.arrived.to_bytes(6, "big") if arrivals else line


def _packed(id: UUID | None) -> bytes:
    return b"" if id is None else pack(id)


def _slice(reply: Any) -> Slice | None:
    """What the script says of one key; None for what is not ours."""
    if reply is None:
        return Slice([])
    if reply == 0:
        return None
    floor, width, text, *bodies = reply
    entries = [_entry(text[start : start + width]) for start in range(0, len(text), width)]
    return Slice(entries, unpack(floor), _bodies([entry.id for entry in entries], *bodies) if bodies else {})


def _bodies(ids: Sequence[UUID], text: bytes) -> dict[UUID, str | None]:
    """The bodies that a script joined, nothing for a missing one; between them zero bytes, which JSON never holds."""
    return {id: body or None for id, body in zip(ids, text.decode().split("\0"), strict=False)}


def _entry(line: bytes) -> Entry:
    if len(line) == 12:
        return Entry(unpack(line))
    number = int.from_bytes
    return Entry(unpack(line[:12]), number(line[12:18], "big"), number(line[18:24], "big"), number(line[24:], "big"))


def _parts(entries: Sequence[Entry], floor: UUID | None) -> Iterator[tuple[Sequence[Entry], UUID, bytes]]:
    """
    These entries, newest first, as the script takes them: some of them, a floor, and what it is vouched for with.

    Who vouches for all does so for the newest alone: a long feed is filled in several calls, and nobody waits for it.
    """
    if floor is None:
        yield entries, before(entries[-1].id), b""
        return
    vouched = b"1"
    for some in _chunks(entries, VOUCHED_AT_ONCE) if entries else [entries]:
        last = not some or some[-1] is entries[-1]
        below = floor if last else max(before(some[-1].id), floor)
        yield some, below, vouched
        vouched = pack(below)


def _keys_per_call(ids: Collection[UUID]) -> int:
    """Many, where these are at the head of nearly every timeline; fewer, where each of them must be searched."""
    late = bool(ids) and min(ids).int >> 80 < (time() - LATE) * 1_000
    return max((LATE_KEYS_PER_CALL if late else KEYS_PER_CALL) // max(len(ids), 1), 10)


def _chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
