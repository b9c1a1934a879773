"""How an entry is a row, and when it was written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from time import time_ns
from typing import Any
from uuid import UUID

from cassandra.query import UNSET_VALUE

from ...ids import EPOCH
from ..base import Entry

__all__ = ["arrival_cell", "body_cell", "digests_cell", "entry_of", "write_time"]


class Clock:
    """Microseconds since 1970, each later than the one before: what was said second shall win."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()

    def now(self) -> int:
        with self._lock:
            # By two: a removal is written one later than its step.
            self._last = max(time_ns() // 1_000, self._last + 2)
            return self._last


_clock = Clock()
# Another thread of the parent may have held its lock.
os.register_at_fork(after_in_child=_clock.__init__)  # type: ignore[misc]


def write_time(at: datetime | None) -> int:
    """The time of an operation, in microseconds; the present where nobody says it."""
    return _clock.now() if at is None else (at - EPOCH) // timedelta(microseconds=1)


NO_BODY = UNSET_VALUE
"""Leaves the cell out. A null would be written as a tombstone."""


new_entry = tuple.__new__


def digests_cell(entry: Entry) -> bytes:
    """Actor and group in 12 bytes, nothing where an entry has none. Only what an add wrote has this cell at all."""
    if not (entry.actor or entry.group):
        return b""
    return entry.actor.to_bytes(6, "big") + entry.group.to_bytes(6, "big")


def arrival_cell(at_time: int, arrived: int) -> dict[int, int]:
    """What is added to the arrivals of a row. Of two values with one time the larger wins, and the earlier shall."""
    return {at_time: -arrived}


def entry_of(id: UUID, digests: bytes, arrivals: Mapping[int, int] | None) -> Entry:
    """The entry of these cells; its arrival is that of the first operation."""
    arrived = -arrivals[min(arrivals)] if arrivals else 0
    both = int.from_bytes(digests, "big") if digests else 0
    # A window is a thousand of these: not through Entry's own __new__, which is written in Python.
    return new_entry(Entry, (id, both >> 48, both & 0xFFFFFFFFFFFF, arrived))


def body_cell(body: str | None) -> tuple[Any, int]:
    """
    A body as it is written, and its bytes.

    JSON may hold half of a surrogate pair, and UTF-8 may not; written as JSON escapes it, it is the same JSON.
    """
    if body is None:
        return NO_BODY, 0
    try:
        return body, len(body.encode())
    except UnicodeEncodeError:
        text = body.encode("utf-8", "backslashreplace")
        return text.decode(), len(text)
