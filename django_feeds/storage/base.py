"""What a storage promises. `django_feeds.testing.StorageContract` holds every backend to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.core.checks import CheckMessage

from ..exceptions import OffsetTooDeep
from ..ids import MAX_ID, MIN_ID
from .live import Hub, PollingHub

__all__ = ["BaseStorage", "Entry", "Mark", "Slice"]


WALKED = 1_000
"""Entries read at once by who counts them one by one."""


class Entry(NamedTuple):
    """One line of a timeline: which activity, by whom, and what it is grouped with (48-bit digests, 0: none)."""

    id: UUID
    actor: int = 0
    group: int = 0
    arrived: int = 0
    """When it came onto this timeline, in Unix milliseconds; 0 where that is not kept."""


class Slice(NamedTuple):
    """Part of one timeline, and what the storage knows about it."""

    entries: list[Entry]
    """In the order asked for; at most as many as asked for."""

    floor: UUID = MAX_ID
    """The timeline is complete above this id: MIN_ID for a whole one, MAX_ID for one that is not there."""

    bodies: Mapping[UUID, str | None] = {}
    """The bodies of `entries` that came along, where asked for; None: it has none, so `get` need not be asked."""


class Mark(NamedTuple):
    """What the reader of a timeline, or of one group on it, has seen and read: what arrived up to then."""

    seen: int = 0
    """An arrival, in Unix milliseconds."""

    read: int = 0


class BaseStorage(ABC):
    """
    Keeps timelines, the bodies of the activities that they point at, and what their readers have seen.

    A timeline is a list of entries under a string key, at most `max_length` of them for the reader, newest first,
    which is the order of their ids. It is complete above its *floor* and says nothing below it:

    - A timeline that `add` creates has its floor right under the oldest entry added, unless a floor is given.
    - An entry at or under the floor is not inserted. A cut to the bound raises the floor to the newest id cut.
    - Only `add(floor=...)`, called by one who has brought everything above that floor, lowers it.

    Writes take many timelines at once, since that is what fan-out is. Doing anything twice is harmless, so that
    a task may be retried. `at` is when the step began that writes (publish, edit, retract, follow, ...), before it
    asked the truth: storages with write times use it so that the later one wins; others ignore it.

    An instance belongs to one alias and one thread; connections and data belong to the process. Methods raise
    StorageUnavailable where the server cannot be reached in time, with the driver's error as its cause, and ForeignData
    where somebody else's data is in the place of a timeline: a write when it has done all other keys.
    """

    offset_limit: int | None = None
    """How deep do offsets, count and rank go? None: to the end."""

    keeps_bodies: bool = True
    """Does it keep bodies at all? Where not, hydration reads them from their records."""

    bodies_in_rows: bool = False
    """Does every entry carry its body, so that `add` needs `bodies`, and an edit must reach every timeline?"""

    looks_to_create: bool = False
    """Does it look for a timeline only to make one? Then a fan-out to followers leaves it to who reads."""

    longest: int | None = None
    """How many entries can a timeline have before it becomes a burden to the server? None: any number."""

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        self.alias = alias
        self.options = options

    def check(self) -> list[CheckMessage]:
        """Messages of the system check for this storage's options; without touching the server."""
        return []

    def identity(self) -> tuple[Any, ...]:
        """What two aliases have in common when they are one and the same place."""
        return (type(self), repr(sorted(self.options.items())))

    # The schema

    def lacks(self) -> list[str]:
        """What the server needs before it can keep timelines, as statements in order; none where nothing is missing."""
        return []

    def provide(self, statement: str) -> None:
        """Carry out one of the statements of `lacks`."""

    # Timelines, written

    @abstractmethod
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
        """
        Put all these entries on every one of these timelines; one that is there takes the digests, not a new place.
        Their ids differ.

        With `floor`, the caller vouches that the timelines are complete above it once the entries are in, and the floor
        is lowered to it (never raised); then `entries` may be empty, which makes an empty, complete timeline. Timelines
        are cut to `max_length` as the reader sees them; on average about a tenth more (at least 100) may lie unseen,
        about half more where counting is dear. Without `create`, and without a floor, timelines that are not there
        stay so. `bodies` maps the entries' ids to their bodies; only a storage with `bodies_in_rows` needs it.

        With `arrivals`, each of the entries keeps from now on when it arrived on each timeline: an activity that is
        delivered late has an older id than what the reader has seen. It is the present by the storage's clock, unless
        `Entry.arrived` says another time, which one says who moves a timeline. An arrival that is there stays, whatever
        is added, until its entry goes. Without `arrivals` none is written, and `Entry.arrived` is not looked at.
        """

    def begin(self, keys: Sequence[str], *, max_length: int, at: datetime | None = None) -> None:
        """Make these timelines, which are not there, as complete ones; what others add meanwhile stays."""
        self.add(keys, [], max_length=max_length, floor=MIN_ID, at=at)

    @abstractmethod
    def remove(self, keys: Sequence[str], ids: Collection[UUID], *, at: datetime | None = None) -> None:
        """Take these ids off every one of these timelines; floors stay. What is not there is no error."""

    @abstractmethod
    def trim(self, keys: Sequence[str], length: int, *, at: datetime | None = None) -> None:
        """Keep the newest `length` entries of each timeline, also on disk; the floor rises to the newest id cut."""

    @abstractmethod
    def delete(self, keys: Sequence[str], *, at: datetime | None = None) -> None:
        """Forget these timelines and their floors."""

    # Timelines, read

    @abstractmethod
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
        """
        At most `limit` entries with `after` < id < `before`, the first `offset` of them skipped.

        Newest first, unless `oldest_first`. Entries at or under the floor are never among them. The bound is the
        caller's: entries beyond `max_length` may still be there (see `add`). `with_bodies` asks for the bodies too, as
        far as they cost no further trip to the server. A timeline that is not there has no
        entries and the floor MAX_ID. Raises OffsetTooDeep beyond `offset_limit`.
        """

    def slice_many(self, keys: Sequence[str], *, limit: int, before: UUID | None = None) -> dict[str, Slice]:
        """
        `slice` of each of many timelines, by key; those that are not there too.

        Somebody else's data in the place of one is logged, and that timeline counts as not there.
        """
        return {key: self.slice(key, limit=limit, before=before) for key in keys}

    @abstractmethod
    def count(self, key: str, *, max_length: int) -> int:
        """How many entries there are, at most `max_length`, and at most `offset_limit` where there is one."""

    def count_beyond(self, key: str, *, max_length: int) -> int:
        """`count`, and a thousand at a time where that goes on beyond `offset_limit`: for commands and refills."""
        if self.offset_limit is None or max_length <= self.offset_limit:
            return self.count(key, max_length=max_length)
        counted, before = 0, None
        while counted < max_length:
            part = self.slice(key, limit=min(max_length - counted, WALKED), before=before).entries
            counted += len(part)
            if len(part) < WALKED:
                break
            before = part[-1].id
        return counted

    @abstractmethod
    def rank(self, key: str, id: UUID, *, max_length: int) -> int | None:
        """How many entries are newer than this one; None where it is not there or beyond `max_length`."""

    # Marks

    @abstractmethod
    def mark(self, key: str, marks: Mapping[int, Mark], *, forget: Collection[int] = ()) -> None:
        """
        Raise what was seen and read of these groups, by digest; 0 stands for the whole timeline.

        No mark is ever lowered, so that it does not matter in which order they come, or how often. The marks of the
        groups in `forget` go, and so may those that say no more than the timeline's own. Marks are there without a
        timeline too, and `delete` leaves them: a timeline that was lost comes back, and what was read stays read.
        """

    @abstractmethod
    def marks(self, key: str) -> dict[int, Mark]:
        """All marks of this timeline, by group; none where nothing was marked."""

    @abstractmethod
    def unmark(self, keys: Sequence[str]) -> None:
        """Forget all marks of these timelines."""

    # Listeners

    def announce(self, keys: Iterable[str]) -> None:
        """
        Tell those who listen to these timelines, in any process, that they changed.

        Next to nothing where nobody listens, and nothing at all where listeners poll: then `keys` are not even made.
        """

    def hub(self) -> Hub:
        """Through which this process listens to timelines; one that polls, where the storage has no better way."""
        return PollingHub()

    # Bodies

    def row_bodies(self, key: str, ids: Sequence[UUID]) -> dict[UUID, str]:
        """With `bodies_in_rows`: those of these activities in the rows of this timeline; missing ones are left out."""
        return {}

    def put(self, bodies: Mapping[UUID, str], *, at: datetime | None = None) -> None:
        """Keep these bodies, each once for all timelines; one that is there is replaced."""

    def get(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        """The bodies of these activities; those that are not there are left out."""
        return {}

    def forget(self, ids: Iterable[UUID]) -> None:
        """Drop the bodies of these activities. What is not there is no error."""

    # For backends

    def check_offset(self, stop: int) -> None:
        """Raise OffsetTooDeep where this storage does not count that far."""
        if self.offset_limit is not None and stop > self.offset_limit:
            raise OffsetTooDeep(
                f"The storage {self.alias!r} counts {self.offset_limit} entries deep, not {stop}; "
                "page by cursor instead: feed.page(after=page.next)."
            )
