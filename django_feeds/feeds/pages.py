"""
One page of a feed: skeleton (entries), hydration (activities and rows), rules (what can be shown).

Rules thin a page, so it asks again, a bounded number of times. The cursor of a page is the last entry *examined*,
not the last shown, or a page of hidden items would never advance. As in Bluesky's app view (`pipeline.ts`,
`fillPage`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import InterfaceError, OperationalError

from ..activity import Activity
from ..cursors import Cursor
from ..exceptions import InvalidSlice, StorageUnavailable
from ..ids import MIN_ID
from ..storage import BaseStorage, Entry, Slice

if TYPE_CHECKING:
    from .base import Feed, Reader

__all__ = ["Page", "check_page", "read_entries", "read_page", "read_range"]

logger = logging.getLogger(__name__)

MAX_ROUNDS = 10
MAX_LIMIT = 1_000


@dataclass(frozen=True)
class Page:
    """Some activities, and where the next page goes on."""

    items: list[Any]

    next: str | None = None
    """The cursor to pass as `after`; None on the last page."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def read_page(feed: Feed, after: str | None, limit: int, viewer: Any) -> Page:
    """The page of `feed` behind the cursor `after`."""
    check_page(feed, limit)
    cursor = Cursor.parse(after) if after else None
    items: list[Activity] = []
    storage: BaseStorage | None = feed.get_storage()
    more = True
    for _round in range(MAX_ROUNDS):
        storage, part, more = _skeleton(feed, storage, cursor, limit - len(items))
        if not part.entries:
            break
        items += feed.present(feed._hydrated(storage, part.entries, part.bodies), viewer)
        position = cursor.position if cursor else 0
        cursor = Cursor(part.entries[-1].id, min(position + len(part.entries), 2**32 - 1))
        if not more or len(items) >= limit:
            break
    return Page(items, str(cursor) if cursor and more else None)


def read_entries(feed: Feed) -> tuple[BaseStorage | None, list[Entry]]:
    """
    What the timeline holds, newest first, in one call to the storage; None for one that is down.

    Where it ends early, or is down, the sources are asked. Raises StorageUnavailable where nobody else can tell.
    """
    if feed.bounds:
        return feed.get_storage(), sorted(feed._slice(feed.max_length, None, 0).entries, reverse=True)
    storage, part = _stored(feed, feed.get_storage(), feed.max_length, None, with_bodies=False)
    entries = list(part.entries)
    missing = feed.max_length - len(entries)
    if missing and feed.reader is not None and part.floor != MIN_ID:
        if storage:
            feed.reader.ask_refill()
        entries += _pulled(feed.reader, entries[-1].id if entries else None, missing)
    return storage, entries


def read_range(feed: Feed, start: int, stop: int) -> Slice:
    """The entries at these places. Where the timeline ends early, and is not filtered, the sources are asked."""
    part = feed._slice(stop - start, None, start, with_bodies=True)
    if len(part.entries) == stop - start or part.floor == MIN_ID or feed.reader is None or feed.bounds:
        return part
    held = start + len(part.entries) if part.entries else feed.count()
    last = part.entries[-1:] or (feed.entries(1, offset=held - 1) if held else [])
    # Only now: without a worker the refill is done at once, and what is held would no longer be what was read.
    feed.reader.ask_refill()
    if stop <= held:
        return part
    pulled = _pulled(feed.reader, last[0].id if last else None, stop - held)
    return part._replace(entries=[*part.entries, *pulled[max(start - held, 0) :]])


def check_page(feed: Feed, limit: int) -> None:
    """Raise InvalidSlice where there can be no such page."""
    if not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise InvalidSlice(f"A page has 1 to {MAX_LIMIT:,} items, not {limit!r}.")
    if feed.bounds:
        raise InvalidSlice("A filtered or reordered feed is sliced, feed[:25]; pages are for the whole feed.")


def _skeleton(
    feed: Feed, storage: BaseStorage | None, cursor: Cursor | None, wanted: int
) -> tuple[BaseStorage | None, Slice, bool]:
    """The storage, or None where it is down; the next `wanted` entries; are there more? One row too many tells."""
    before, position = cursor or (None, 0)
    room = feed.max_length - position
    part = Slice([], MIN_ID)
    if room > 0:
        storage, part = _stored(feed, storage, min(wanted + 1, room), before)
    entries = list(part.entries)
    missing = wanted + 1 - len(entries)
    at_bound = len(entries) >= room
    if missing and feed.reader is not None and (at_bound or part.floor != MIN_ID):
        if not at_bound and storage:
            feed.reader.ask_refill()
        entries += _pulled(feed.reader, entries[-1].id if entries else before, missing)
    return storage, part._replace(entries=entries[:wanted]), len(entries) > wanted


def _stored(
    feed: Feed, storage: BaseStorage | None, limit: int, before: UUID | None, with_bodies: bool = True
) -> tuple[BaseStorage | None, Slice]:
    """The storage, and what the timeline holds; None and nothing while it is down, if pull can stand in for it."""
    if storage is None:
        return None, Slice([])
    try:
        return storage, storage.slice(feed.key, limit=limit, before=before, with_bodies=with_bodies)
    except StorageUnavailable as error:
        if feed.reader is None or not feed.reader.knows_sources():
            raise
        logger.warning("%r is read by pull: %s", feed, error)
        return None, Slice([])


def _pulled(reader: Reader, before: UUID | None, limit: int) -> list[Entry]:
    """What the sources bring; raises StorageUnavailable where their records cannot be read either."""
    try:
        return reader.pull(before, limit)
    except (OperationalError, InterfaceError) as error:
        raise StorageUnavailable(f"The records that this feed is pulled from cannot be read: {error}") from error
