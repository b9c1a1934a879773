"""What is kept in Redis: entries as bytes, bodies joined to one string, and how both are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Any
from uuid import UUID

from ...ids import before, make_id, pack, unpack
from ..base import Entry, Mark, Slice
from ..chunks import chunks

__all__ = [
    "LAYOUT",
    "bodies_of",
    "encoded",
    "line",
    "marks_of",
    "packed",
    "packed_group",
    "packed_mark",
    "parts",
    "slice_of",
]

LAYOUT = 1
"""Raised with every change of what is kept under the keys, so that two versions do not read each other's."""

VOUCHED_AT_ONCE = 1_000
"""Entries of a refill that are written in one call."""


def line(entry: Entry, arrivals: bool) -> bytes:
    """An entry as it is kept: 12 bytes, 24 with digests, 30 with its arrival; the script sets that where it is 0."""
    if not (entry.actor or entry.group or arrivals):
        return pack(entry.id)
    line = pack(entry.id) + entry.actor.to_bytes(6, "big") + entry.group.to_bytes(6, "big")
    return line + entry.arrived.to_bytes(6, "big") if arrivals else line


def packed(id: UUID | None) -> bytes:
    """An id as scripts take it; nothing where there is no limit."""
    return b"" if id is None else pack(id)


def slice_of(reply: Any) -> Slice | None:
    """What a script says of one timeline; None for what is not ours."""
    if reply is None:
        return Slice([])
    if reply == 0:
        return None
    floor, width, text, *bodies = reply
    entries = _entries(width, text)
    return Slice(entries, unpack(floor), bodies_of([entry.id for entry in entries], *bodies) if bodies else {})


GROUPED = {24: Struct(">HIHIHIHI"), 30: Struct(">HIHIHIHIHI")}
"""Numbers of 48 bits, each in two parts: the two of the id, the actor, the group, and perhaps the arrival."""


def _entries(width: int, text: bytes) -> list[Entry]:
    """The entries in this text. A grouped page reads a thousand, and this is most of what grouping them takes."""
    if width == 12:
        return [Entry(unpack(text[start : start + 12])) for start in range(0, len(text), 12)]
    new = tuple.__new__  # half the time of Entry(), which is Python
    return [
        new(Entry, (make_id(a << 32 | b, c << 32 | d), e << 32 | f, g << 32 | h, i[0] << 32 | i[1] if i else 0))
        for a, b, c, d, e, f, g, h, *i in GROUPED[width].iter_unpack(text)
    ]


def bodies_of(ids: Sequence[UUID], text: bytes) -> dict[UUID, str | None]:
    """The bodies that a script joined, nothing for a missing one; between them zero bytes, which JSON never holds."""
    return {id: _decoded(body) if body else None for id, body in zip(ids, text.split(b"\0"), strict=False)}


def packed_group(group: int) -> bytes:
    """A group as marks are kept under it."""
    return group.to_bytes(6, "big")


def packed_mark(mark: Mark) -> bytes:
    """A mark as it is kept: 12 bytes."""
    return mark.seen.to_bytes(6, "big") + mark.read.to_bytes(6, "big")


def marks_of(reply: Sequence[bytes]) -> dict[int, Mark]:
    """The marks that a script read: groups and their marks in turn."""
    number = int.from_bytes
    return {
        number(group, "big"): Mark(number(mark[:6], "big"), number(mark[6:], "big"))
        for group, mark in zip(reply[::2], reply[1::2], strict=True)
    }


def encoded(text: str) -> bytes:
    """Any text: JSON may hold halves of surrogate pairs, which UTF-8 has no place for."""
    return text.encode("utf-8", "surrogatepass")


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogatepass")


def parts(entries: Sequence[Entry], floor: UUID | None) -> Iterator[tuple[Sequence[Entry], UUID, bytes, bytes]]:
    """
    These entries, newest first, as the script takes them: some, their floor, b"1" where somebody vouches for it, and
    above what the timeline must be complete for that.

    Who vouches for all does so for the newest alone: a long feed is filled in several calls, and nobody waits for it.
    """
    if floor is None:
        yield entries, before(entries[-1].id), b"", b""
        return
    above = b""
    for some in chunks(entries, VOUCHED_AT_ONCE) if entries else [entries]:
        last = not some or some[-1] is entries[-1]
        below = floor if last else max(before(some[-1].id), floor)
        yield some, below, b"1", above
        above = pack(below)
