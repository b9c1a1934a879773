"""Which part of a feed is read, and in which order: an immutable value, so that reading twice reads the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..activity import Activity
from ..exceptions import InvalidSlice
from ..ids import after, before
from ..storage import Slice

if TYPE_CHECKING:
    from .base import Feed

__all__ = ["Bounds"]

_LOOKUPS = ("activity_id__lt", "activity_id__lte", "activity_id__gt", "activity_id__gte")


@dataclass(frozen=True)
class Bounds:
    """An open range of ids, and an order. Falsy where it is the whole feed, newest first."""

    above: UUID | None = None
    below: UUID | None = None
    oldest_first: bool = False

    def __bool__(self) -> bool:
        return bool(self.above or self.below or self.oldest_first)

    def narrowed(self, **lookups: Any) -> Bounds:
        """This range, and these lookups too."""
        bounds = self
        for lookup, value in lookups.items():
            if lookup not in _LOOKUPS:
                raise InvalidSlice(f"A feed cannot be filtered by {lookup!r}; it can by {', '.join(_LOOKUPS)}.")
            bounds = bounds._with(lookup.rpartition("__")[2], _as_id(value))
        return bounds

    def _with(self, lookup: str, id: UUID) -> Bounds:
        if lookup in ("lt", "lte"):
            below = id if lookup == "lt" else after(id)
            return replace(self, below=min(self.below, below) if self.below else below)
        above = id if lookup == "gt" else before(id)
        return replace(self, above=max(self.above, above) if self.above else above)

    def ordered(self, *ordering: str) -> Bounds:
        """This range in another order."""
        if ordering not in (("activity_id",), ("-activity_id",)):
            raise InvalidSlice(f"A feed is ordered by 'activity_id' or '-activity_id', not by {ordering!r}.")
        return replace(self, oldest_first=ordering == ("activity_id",))

    def slice(self, feed: Feed, limit: int, older_than: UUID | None, offset: int, with_bodies: bool) -> Slice:
        """The entries of `feed` in this range, none of them beyond its bound."""
        storage = feed.get_storage()
        below = min(self.below, older_than) if self.below and older_than else self.below or older_than
        above = self.above
        if storage.offset_limit is None:  # entries that lie unseen beyond the bound must stay so here too
            surplus = storage.slice(feed.key, limit=1, offset=feed.max_length).entries
            if surplus:
                above = max(above, surplus[0].id) if above else surplus[0].id
        return storage.slice(
            feed.key,
            limit=limit,
            before=below,
            after=above,
            offset=offset,
            oldest_first=self.oldest_first,
            with_bodies=with_bodies,
        )


def _as_id(value: Any) -> UUID:
    if isinstance(value, Activity):
        return value.id
    if isinstance(value, UUID):
        return value
    try:
        return UUID(str(value))
    except ValueError as error:
        raise InvalidSlice(f"{value!r} is neither an activity nor an activity's id.") from error
