"""
One page of a feed: skeleton (entries), hydration (activities and rows), rules (what can be shown).

Rules thin a page, so it asks again, a bounded number of times. The cursor of a page is the last entry *examined*,
not the last shown, or a page of hidden items would never advance. As in Bluesky's app view (`pipeline.ts`,
`fillPage`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import hydration
from ..activity import Activity
from ..cursors import Cursor
from ..exceptions import InvalidSlice
from ..ids import MIN_ID
from ..storage import Slice

if TYPE_CHECKING:
    from .base import Feed

__all__ = ["Page", "read_page"]

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
    if not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise InvalidSlice(f"A page has 1 to {MAX_LIMIT:,} activities, not {limit!r}.")
    if feed.bounds:
        raise InvalidSlice("A filtered or reordered feed is sliced, feed[:25]; pages are for the whole feed.")
    cursor = Cursor.parse(after) if after else None
    items: list[Activity] = []
    more = True
    for _round in range(MAX_ROUNDS):
        part, more = _skeleton(feed, cursor, limit - len(items))
        if not part.entries:
            break
        items += hydration.present(feed.hydrate(part.entries, part.bodies), viewer)
        position = cursor.position if cursor else 0
        cursor = Cursor(part.entries[-1].id, min(position + len(part.entries), 2**32 - 1))
        if not more or len(items) >= limit:
            break
    return Page(items, str(cursor) if cursor and more else None)


def _skeleton(feed: Feed, cursor: Cursor | None, wanted: int) -> tuple[Slice, bool]:
    """The next `wanted` entries, and whether there are more: one row too many tells."""
    before, position = cursor or (None, 0)
    room = feed.max_length - position
    part = Slice([], MIN_ID)
    if room > 0:
        part = feed.get_storage().slice(feed.key, limit=min(wanted + 1, room), before=before)
    entries = list(part.entries)
    missing = wanted + 1 - len(entries)
    if missing and feed.reader is not None and (room <= wanted or part.floor != MIN_ID):
        if len(entries) < room:
            feed.reader.ask_refill()
        entries += feed.reader.pull(entries[-1].id if entries else before, missing)
    return part._replace(entries=entries[:wanted]), len(entries) > wanted
