"""The flat feed: a bounded list of activities, newest first."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.utils import timezone

from .. import hydration, records, serializers
from ..activity import Activity
from ..exceptions import FeedsConfigurationError, ForeignData, InvalidSlice, NotInFeed, StorageUnavailable
from ..ids import MAX_ID, milliseconds
from ..owners import Owner, owner_of
from ..signals import feeds_written
from ..storage import BaseStorage, Entry, Slice, get_storage
from .asynchronous import AsyncFeed
from .filters import Bounds, id_of, range_of
from .news import News, Token
from .pages import Page, read_entries, read_page, read_range

__all__ = ["Feed", "Page", "Reader"]

logger = logging.getLogger(__name__)


class Reader(Protocol):
    """What a feed asks where its timeline ends: the same feed, read slowly from the sources' own activities."""

    def pull(self, before: UUID | None, limit: int) -> list[Entry]:
        """The newest `limit` entries older than `before`, whatever the timeline holds."""

    def knows_sources(self) -> bool:
        """Can anybody say what fills this feed? Where not, pull finds nothing."""

    def ask_refill(self) -> None:
        """Have the timeline filled in the background."""

    def muted(self) -> frozenset[Owner]:
        """Whose activities the owner does not want to see in this feed."""


class Feed(AsyncFeed):
    """
    The newest activities for one owner: `Feed(owner)`, where the owner is a user, any other row, or a pk.

    Subclass it to say which feed it is. Reading is light and always the same: entries from the storage, their
    activities, the rows of those in one query for each model, then what cannot be shown is left out.
    """

    key_format: ClassVar[str] = "feed:%(user_id)s"
    """The timeline's key; must differ between feeds of one storage."""

    max_length: ClassVar[int] = 100
    """How many activities a reader sees, exactly."""

    storage: ClassVar[str] = "default"
    """An alias in `DJANGO_FEEDS["STORAGES"]`."""

    live: ClassVar[bool] = False
    """Do open pages hear of what comes in? Then entries keep when they arrived, 18 bytes more each in Redis."""

    activity_class: ClassVar[type[Activity]] = Activity

    bounds = Bounds()

    def __init__(self, owner: Any, *, reader: Reader | None = None, viewer: Any = None) -> None:
        self.owner = owner_of(owner)
        self.reader = reader
        self.viewer = viewer

    @property
    def user_id(self) -> Owner:
        """The owner as the ancestor called it."""
        return self.owner

    @property
    def key(self) -> str:
        return self.key_for(self.owner)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}>"

    # Bulk work, on the class

    @classmethod
    def get_storage(cls) -> BaseStorage:
        """The storage of this feed; raises UnknownStorage with the lines to add."""
        return get_storage(cls.storage)

    @classmethod
    def key_for(cls, owner: Owner) -> str:
        """The key of this owner's timeline."""
        return str(owner).join(_around_the_owner(cls.__name__, cls.key_format))

    @classmethod
    def entry(cls, activity: Activity) -> Entry:
        """The line that this kind of feed keeps of an activity."""
        return Entry(activity.id)

    @classmethod
    def entries_for(cls, ids: Collection[UUID]) -> list[Entry]:
        """The lines of recorded activities."""
        return [Entry(id) for id in ids]

    @classmethod
    def entries_of(cls, owner: Owner, ids: Sequence[UUID]) -> list[Entry]:
        """
        The lines of recorded activities that come back onto the timeline of this owner, or are read by pull.

        They count as having come when they happened: what was lost, or is new only to one who follows, is no news.
        """
        entries, now = cls.entries_for(ids), milliseconds(timezone.now())
        return [one._replace(arrived=min(one.id.int >> 80, now)) for one in entries] if cls.live else entries

    @classmethod
    def push(
        cls, owners: Sequence[Owner], entries: Sequence[Entry], at: datetime | None = None, *, create: bool = True
    ) -> None:
        """
        Put these entries on the timelines of all these owners, in bulk; nothing is recorded, nobody is notified.

        `at` is when the operation was asked for; without `create`, timelines that are not there stay so (see
        BaseStorage).
        """
        cls.fill(owners, entries, at=at, create=create)

    @classmethod
    def fill(
        cls,
        owners: Sequence[Owner],
        entries: Sequence[Entry],
        *,
        floor: UUID | None = None,
        at: datetime | None = None,
        create: bool = True,
    ) -> None:
        """`push`, and with `floor` vouch that the timelines are complete above it afterwards."""
        storage = cls.get_storage()
        bodies = records.bodies([entry.id for entry in entries]) if storage.bodies_in_rows else None
        keys = [cls.key_for(owner) for owner in owners]
        with cls._telling(owners, entries, []):
            storage.add(
                keys,
                entries,
                max_length=cls.max_length,
                floor=floor,
                bodies=bodies,
                at=at,
                arrivals=cls.live,
                create=create,
            )

    @classmethod
    def discard(cls, owners: Sequence[Owner], ids: Collection[UUID], at: datetime | None = None) -> None:
        """Take these activities off the timelines of all these owners, in bulk."""
        with cls._telling(owners, [], ids):
            cls.get_storage().remove([cls.key_for(owner) for owner in owners], ids, at=at)

    @classmethod
    def insert_activities(cls, activities: Iterable[Activity]) -> None:
        """Record these activities, and keep their bodies where the storage keeps any."""
        activities = list(activities)
        records.ensure(activities)
        if cls.get_storage().keeps_bodies:
            cls.get_storage().put({activity.id: serializers.dumps(activity) for activity in activities})

    @classmethod
    def insert_activity(cls, activity: Activity) -> None:
        cls.insert_activities([activity])

    @classmethod
    def remove_activity(cls, activity: Activity | UUID) -> None:
        """
        Take the activity back: pages of all feeds leave it out from now on. A missing one is no error.

        Only where timelines carry bodies in their rows, as on Cassandra, followers lose it with the next
        `deliver_feeds`, and what was added to a feed by hand is taken off it with `remove`.

        Raises StorageUnavailable where one is down, when all others were told; call it again then. Inside a
        transaction that is logged instead.
        """
        found = records.load([id_of(activity)])
        records.retract([records.identity_key(one.identity) for one in found.values()])
        hydration.forget([id_of(activity)])

    @classmethod
    @contextmanager
    def _telling(cls, owners: Sequence[Owner], added: Sequence[Entry], removed: Collection[UUID]) -> Iterator[None]:
        """Tell what was written; where somebody else's data was in place of some timelines, of the others."""
        try:
            yield
        except ForeignData as error:
            cls._written([owner for owner in owners if cls.key_for(owner) not in error.keys], added, removed)
            raise
        cls._written(owners, added, removed)

    @classmethod
    def _written(cls, owners: Sequence[Owner], added: Sequence[Entry], removed: Collection[UUID]) -> None:
        if cls.on_update_feed is not Feed.on_update_feed:
            for owner in owners:
                cls(owner).on_update_feed(new=[entry.id for entry in added], deleted=list(removed))
        feeds_written.send(cls, owners=owners, added=added, removed=removed)

    # One owner's feed, written

    def add(self, activity: Activity) -> None:
        """Put one activity on this feed."""
        self.add_many([activity])

    def add_many(self, activities: Iterable[Activity]) -> None:
        """Put these activities on this feed; one that is there already keeps its place. Records new ones."""
        activities = list(activities)
        wrong = [activity for activity in activities if not isinstance(activity, Activity)]
        if wrong:
            raise ValueError(f"A {type(self).__name__} takes activities, not {wrong[0]!r}.")
        self.insert_activities(activities)
        self.push([self.owner], [self.entry(activity) for activity in activities])

    def remove(self, activity: Activity | UUID) -> None:
        """Take one activity, or its id, off this feed only. A missing one is no error."""
        self.remove_many([activity])

    def remove_many(self, activities: Iterable[Activity | UUID]) -> None:
        self.discard([self.owner], [id_of(activity) for activity in activities])

    def trim(self, length: int | None = None) -> None:
        """Keep the newest `length` (default `max_length`) activities."""
        self._refuse_bounds("trimmed")
        self.get_storage().trim([self.key], self.max_length if length is None else length)

    def delete(self) -> None:
        """Forget the whole feed of this owner."""
        self._refuse_bounds("deleted")
        self.get_storage().delete([self.key])

    def on_update_feed(self, new: list[UUID], deleted: list[UUID]) -> None:
        """A hook: ids were added to or removed from this feed. Called for each feed of a fan-out where overridden."""

    # One owner's feed, read

    def page(self, after: str | None = None, limit: int = 25, viewer: Any = None) -> Page:
        """
        One page: `items`, at most `limit`, and `next`, the cursor to pass as `after`, None where the feed ends.

        Only what `viewer` (a user; default: the feed's viewer; None: the public) may see. Where the timeline ends
        early and the sources are known, it goes on by pull.
        Raises InvalidCursor for a cursor that no page gave, StorageUnavailable.
        """
        return read_page(self, after, limit, viewer or self.viewer)

    def news(self, since: str | None = None, limit: int = 25) -> News:
        """
        What came onto this feed since the token `since` of earlier news, in whatever order it happened.

        Without one there is nothing new, and a token to begin with. Some items may come twice. Raises InvalidCursor,
        StorageUnavailable, and FeedsConfigurationError where the feed is not `live`.
        """
        self._refuse_if_not_live()
        storage, entries = read_entries(self)
        token = str(Token.of(entries))
        if since is None:
            return News(token)
        new = Token.parse(since).unknown(entries)
        bodies = self._row_bodies(storage, [entry.id for entry in new[:limit]])
        items = self.present(self._hydrated(storage, new[:limit], bodies), self.viewer)
        return News(token, len(items) + len(new[limit:]), items)

    def _refuse_if_not_live(self) -> None:
        if not self.live:
            raise FeedsConfigurationError(
                f"{type(self).__name__} does not keep when its entries arrived: set `live = True`, or LIVE in "
                "DJANGO_FEEDS['FEEDS']."
            )

    def entries(self, limit: int = 25, before: UUID | None = None, offset: int = 0) -> list[Entry]:
        """The skeleton of a page: the newest entries older than `before`, not hydrated."""
        return self._slice(limit, before, offset).entries

    def hydrate(self, entries: Sequence[Entry], bodies: Any = None) -> list[Activity]:
        """The activities of these entries, in their order, with their rows; retracted ones are left out."""
        return self._hydrated(self.get_storage(), entries, bodies or {})

    def _hydrated(
        self, storage: BaseStorage | None, entries: Sequence[Entry], bodies: Mapping[UUID, str | None]
    ) -> list[Activity]:
        ids = [entry.id for entry in entries]
        found = hydration.activities(storage, ids, bodies, self.activity_class)
        activities = [found[id] for id in ids if id in found]
        hydration.hydrate(activities)
        return activities

    def _row_bodies(self, storage: BaseStorage | None, ids: Sequence[UUID]) -> dict[UUID, str]:
        """The bodies of these entries of the timeline that lie in its rows; those that are missing have a record."""
        if storage is None or not storage.bodies_in_rows:
            return {}
        try:
            return storage.row_bodies(self.key, ids)
        except StorageUnavailable as error:
            logger.warning("Activities are read from their records: %s", error)
            return {}

    def present(self, activities: Sequence[Activity], viewer: Any) -> list[Activity]:
        """Those of these hydrated activities that can be shown: they are there, not hidden, nobody muted did them."""
        shown = hydration.present(activities, viewer)
        muted = self.reader.muted() if shown and self.reader is not None else ()
        return [activity for activity in shown if activity.owner not in muted] if muted else shown

    def __getitem__(self, index: int | slice) -> Any:
        """
        `feed[5]` is an activity, `feed[:10]` a list. No negative numbers, no steps.

        Places are counted with what cannot be shown (its object is gone, or not for the viewer): a slice leaves it
        out, and an index raises IndexError, as it does past the end. A page fills up with what comes next.
        """
        start, stop = range_of(index, self.max_length)
        items = self._items(start, stop) if stop > start else []
        if isinstance(index, slice):
            return items
        if not items:
            raise IndexError(f"{self!r} has no activity {index}.")
        return items[0]

    def __iter__(self) -> Iterator[Activity]:
        """All activities, page by page."""
        return iter(self[:]) if self.bounds else islice(self._iterate(), self.max_length)

    def _iterate(self) -> Iterator[Activity]:
        after = None
        while True:
            page = self.page(after, limit=100)
            yield from page.items
            after = page.next
            if after is None:
                return

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        """A feed is a place, and is there also when it is empty; without this, `if feed` would count it."""
        return True

    def count(self) -> int:
        """
        How many activities the timeline holds, at most `max_length`, and the `offset_limit` of its storage.

        Of a filtered feed, how many are in its range.
        """
        if self.bounds:
            return len(self._slice(self.max_length, None, 0).entries)
        return self.get_storage().count(self.key, max_length=self.max_length)

    def floor(self) -> UUID | None:
        """The timeline is complete above this id (MIN_ID: wholly); None where there is no timeline."""
        floor = self.get_storage().slice(self.key, limit=1).floor
        return None if floor == MAX_ID else floor

    def index_of(self, activity: Activity | UUID) -> int:
        """The place of this activity, 0 for the newest; raises NotInFeed (a ValueError)."""
        self._refuse_bounds("asked for places")
        id = id_of(activity)
        rank = self.get_storage().rank(self.key, id, max_length=self.max_length)
        if rank is None:
            raise NotInFeed(f"{self!r} does not hold the activity {id}.")
        return rank

    def filter(self, **lookups: Any) -> Any:
        """
        A copy that shows only a range: `activity_id__lt`, `__lte`, `__gt`, `__gte`, with an id or an activity.

        Raises InvalidSlice for other lookups.
        """
        feed = copy(self)
        feed.bounds = self.bounds.narrowed(**lookups)
        return feed

    def order_by(self, *ordering: str) -> Any:
        """A copy in this order: "-activity_id" (newest first, the default) or "activity_id"."""
        feed = copy(self)
        feed.bounds = self.bounds.ordered(*ordering)
        return feed

    def _refuse_bounds(self, what: str) -> None:
        if self.bounds:
            raise InvalidSlice(f"A filtered or reordered feed is read, not {what}; do that with the feed itself.")

    def _items(self, start: int, stop: int) -> list[Activity]:
        if start:
            self.get_storage().check_offset(stop)
        part = read_range(self, start, stop)
        return self.present(self.hydrate(part.entries, part.bodies), self.viewer)

    def _slice(self, limit: int, before: UUID | None, offset: int, with_bodies: bool = False) -> Slice:
        limit = min(limit, self.max_length - offset)
        if limit <= 0:
            return Slice([])
        if not self.bounds:
            return self.get_storage().slice(
                self.key, limit=limit, before=before, offset=offset, with_bodies=with_bodies
            )
        return self.bounds.slice(self, limit, before, offset, with_bodies)


@cache
def _around_the_owner(name: str, key_format: str) -> list[str]:
    """What stands around the owner in the keys of this feed; a fan-out makes a million of them."""
    if "%(user_id)s" not in key_format:
        raise FeedsConfigurationError(
            f"{name}.key_format is {key_format!r}, one feed for everybody; it must hold %(user_id)s."
        )
    try:
        return (key_format % {"user_id": "\0"}).split("\0")
    except (KeyError, TypeError, ValueError) as error:
        raise FeedsConfigurationError(
            f"{name}.key_format is {key_format!r}; its only blank may be %(user_id)s."
        ) from error
