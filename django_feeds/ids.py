"""
Activity ids: time-ordered UUIDs (RFC 9562 version 8) that follow from what caused the activity.

48 bits of Unix milliseconds, then a 48-bit blake2b digest of the identity in the highest free bits, the rest
zero. Sorting ids sorts activities by time, the same as bytes, as UUID columns and as integers; a storage that
pays for memory keeps the 12 bytes of `pack` and rebuilds the UUID.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from uuid import UUID

from .exceptions import InvalidActivity

__all__ = [
    "MAX_ID",
    "MIN_ID",
    "after",
    "before",
    "digest48",
    "id_time",
    "make_id",
    "milliseconds",
    "pack",
    "unpack",
]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)
_VERSION = 8 << 76
_VARIANT = 2 << 62


def digest48(text: str) -> int:
    """The first 48 bits of blake2b of `text`, never 0, which stands for "no digest"."""
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big") or 1


def milliseconds(time: datetime) -> int:
    """Unix milliseconds of an aware datetime; exact, since floats would round microseconds."""
    return (time - EPOCH) // timedelta(milliseconds=1)


def make_id(ms: int, digest: int) -> UUID:
    """The id of an activity at `ms` (Unix milliseconds, 0 to 2**48-1) whose identity has this 48-bit digest."""
    if not 0 <= ms < 2**48:
        raise InvalidActivity(f"A time of {ms} ms since 1970 does not fit an activity id; use 1970 to 10889.")
    high, low = digest >> 36, digest & (2**36 - 1)
    return UUID(int=ms << 80 | _VERSION | high << 64 | _VARIANT | low << 26)


def pack(id: UUID) -> bytes:
    """The 12 bytes of an id that are not constant; they sort like the id."""
    return _number(id).to_bytes(12, "big")


def unpack(data: bytes) -> UUID:
    """The id that `pack` made these 12 bytes of."""
    return _id(int.from_bytes(data, "big"))


def before(id: UUID) -> UUID:
    """The greatest possible id under this one."""
    return _id(max(_number(id) - 1, 0))


def after(id: UUID) -> UUID:
    """The least possible id above this one."""
    return _id(min(_number(id) + 1, 2**96 - 1))


def id_time(id: UUID, microseconds: int = 0) -> datetime:
    """When the activity of this id happened, to the millisecond, and so many microseconds later."""
    # Multiplied, since a page has dozens: making a timedelta of numbers is most of what this would take.
    return EPOCH + MICROSECOND * ((id.int >> 80) * 1_000 + microseconds)


def _number(id: UUID) -> int:
    """The 96 bits of an id that carry meaning, as one integer in the same order."""
    return (id.int >> 80) << 48 | (id.int >> 64 & 0xFFF) << 36 | id.int >> 26 & (2**36 - 1)


def _id(number: int) -> UUID:
    return make_id(number >> 48, number & (2**48 - 1))


MIN_ID = _id(0)
"""Under every activity: a timeline with this floor is complete."""

MAX_ID = _id(2**96 - 1)
"""Above every activity: the floor of a timeline that is not there."""
