"""Which part of a feed is read, and in which order: an immutable value, so that reading twice reads the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..activity import Activity
from ..exceptions import InvalidSlice
from ..ids import after, before
from ..storage import Entry, Slice

if TYPE_CHECKING:
    from .base import Feed

__all__ = ["Bounds", "id_of", "range_of"]

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
        # Entries that lie unseen beyond the bound must stay so here too, where anybody counts that far.
        surplus: list[Entry] = []
        if storage.offset_limit is None:
            surplus = storage.slice(feed.key, limit=1, offset=feed.max_length).entries
        elif feed.max_length <= storage.offset_limit:
            surplus = storage.slice(feed.key, limit=feed.max_length + 1).entries[feed.max_length :]
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


def id_of(activity: Activity | UUID) -> UUID:
    """The id of an activity, or this id; raises ValueError for anything else."""
    if isinstance(activity, Activity):
        return activity.id
    if isinstance(activity, UUID):
        return activity
    raise ValueError(f"{activity!r} is neither an activity nor an activity's id (a UUID).")


def range_of(index: int | slice, length: int) -> tuple[int, int]:
    """From which place up to which `feed[index]` asks, in a feed of this length; raises InvalidSlice, TypeError."""
    if isinstance(index, slice):
        start, stop = index.start or 0, length if index.stop is None else index.stop
        if index.step not in (None, 1):
            raise InvalidSlice(f"A feed has no step of {index.step}; slice it as feed[start:stop].")
    else:
        start, stop = index, index
    if not (isinstance(start, int) and isinstance(stop, int)):
        raise TypeError(f"A feed is sliced with integers, not {index!r}.")
    stop += not isinstance(index, slice)
    if start < 0 or stop < 0:
        raise InvalidSlice("A feed has no negative indexes; count from the newest, which is 0.")
    return start, min(stop, length)


def _as_id(value: Any) -> UUID:
    if isinstance(value, (Activity, UUID)):
        return id_of(value)
    try:
        return UUID(str(value))
    except ValueError as error:
        raise InvalidSlice(f"{value!r} is neither an activity nor an activity's id.") from error
