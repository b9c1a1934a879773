"""The grouped feed: the same timeline, read as groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.core.signals import setting_changed

from .. import records
from ..activity import Activity, AggregatedActivity
from ..aggregators import BaseAggregator, RecentVerbAggregator, Skeleton
from ..cursors import GroupCursor
from ..exceptions import NotInFeed
from ..owners import Owner
from ..storage import Entry
from .base import Feed
from .filters import id_of
from .news import News, Token
from .pages import Page, check_page
from .window import MAX_ROUNDS, Window

__all__ = ["AggregatedFeed"]

ROUNDS = 5
"""How often what was edited while it was written is written again."""


class AggregatedFeed(Feed):
    """
    A feed whose items are groups: what the aggregator puts together of the newest `max_length` activities.

    Counts of activities and of actors are exact within these. Slices, pages, `count` and `index_of` are about groups,
    `filter` chooses which activities are grouped. A longer feed is read more slowly: keep `max_length` under 5,000.
    """

    aggregator_class: ClassVar[type[BaseAggregator]] = RecentVerbAggregator

    aggregator_options: ClassVar[Mapping[str, Any]] = {}
    """Arguments of the aggregator's class."""

    aggregated_activity_class: ClassVar[type[AggregatedActivity]] = AggregatedActivity

    @classmethod
    def get_aggregator(cls) -> BaseAggregator:
        """What groups this feed; made once for each class."""
        if cls not in _aggregators:
            _aggregators[cls] = cls.aggregator_class(**cls.aggregator_options)
        return _aggregators[cls]

    # Bulk work, on the class

    @classmethod
    def entry(cls, activity: Activity) -> Entry:
        return Entry(activity.id, activity.actor_digest, cls.get_aggregator().digest(activity))

    @classmethod
    def entries_for(cls, ids: Collection[UUID]) -> list[Entry]:
        """The lines of recorded activities, with the digests of actor and group; what was taken back has none."""
        found = records.load(ids, cls.activity_class)
        return [cls.entry(found[id]) for id in ids if id in found]

    @classmethod
    def fill(cls, owners: Sequence[Owner], entries: Sequence[Entry], **how: Any) -> None:
        """
        As any feed; and once more what an edit has put into another group, or given to another actor, meanwhile.

        The edit's own task may have run already, and nobody else would look.
        """
        for _round in range(ROUNDS):
            super().fill(owners, entries, **how)
            present = {entry.id: entry for entry in cls.entries_for([entry.id for entry in entries])}
            renewed = [present.get(entry.id, entry)._replace(arrived=entry.arrived) for entry in entries]
            entries = [new for new, old in zip(renewed, entries, strict=True) if new != old]
            if not entries:
                return

    # One owner's feed, written

    def add_many_aggregated(self, groups: Iterable[AggregatedActivity]) -> None:
        """Put the activities of these groups on this feed."""
        self.add_many([activity for group in groups for activity in group.activities])

    def remove_many_aggregated(self, groups: Iterable[AggregatedActivity]) -> None:
        """Take all members of these groups off this feed, those too that are counted and not shown."""
        self.remove_many([id for group in groups for id in group.activity_ids])

    # One owner's feed, read

    def page(self, after: str | None = None, limit: int = 25, viewer: Any = None) -> Page:
        """
        One page of groups, the first as `rank` has them, and the cursor of the next.

        Later pages group what there was on the first, so that what is published meanwhile moves none of them. What
        leaves groups may have one come twice; one that is lifted late over the end of an earlier page is shown there.
        Reads the storage once, and once more the activities of what is shown. Raises InvalidCursor, StorageUnavailable.
        """
        return self._page(self._window(), after, limit, viewer)

    def _window(self) -> Window:
        return Window(self)

    def _page(self, window: Window, after: str | None, limit: int, viewer: Any, wanted: Any = None) -> Page:
        """A page of this window; `wanted` says of a group whether it is looked at."""
        check_page(self, limit)
        cursor = GroupCursor.parse(after) if after else None
        newest = cursor.newest if cursor else window.entries[0].id if window.entries else None
        groups = window.groups_up_to(newest) if newest else []
        start = _behind(cursor, groups)
        waiting = [n for n in range(start, len(groups)) if wanted is None or wanted(groups[n])]
        items: list[AggregatedActivity] = []
        for _round in range(MAX_ROUNDS):
            some, waiting = waiting[: limit - len(items)], waiting[limit - len(items) :]
            items += window.show([groups[n] for n in some], viewer or self.viewer)
            if not waiting or len(items) >= limit:
                break
        if not waiting or newest is None:
            return Page(items)
        last = waiting[0] - 1
        return Page(items, str(GroupCursor(newest, last + 1, groups[last].digest)))

    def _items(self, start: int, stop: int) -> list[Any]:
        window = self._window()
        return window.show(window.groups[start:stop], self.viewer)

    def news(self, since: str | None = None, limit: int = 25) -> News:
        """Groups that have new members since then."""
        self._refuse_if_not_live()
        return self._news(self._window(), since, limit)

    def _news(self, window: Window, since: str | None, limit: int) -> News:
        token = str(Token.of(window.entries))
        if since is None:
            return News(token)
        new = {entry.id for entry in Token.parse(since).unknown(window.entries)}
        groups = [group for group in window.groups if any(member.id in new for member in group.members)]
        shown = window.show(groups[:limit], self.viewer)
        return News(token, len(shown) + len(groups[limit:]), shown)

    def count(self) -> int:
        """How many groups there are."""
        return len(self._window().groups)

    def contains(self, activity: Activity | UUID) -> bool:
        """Is this activity on the feed, in whatever group?"""
        id = id_of(activity)
        return any(entry.id == id for entry in self._window().entries)

    def index_of(self, activity: Activity | UUID | AggregatedActivity | str) -> int:
        """The place of this group (or its id), or of the group that this activity is in; raises NotInFeed."""
        self._refuse_bounds("asked for places")
        groups = self._window().groups
        digest = digest_of(activity, groups)
        for place, group in enumerate(groups):
            if group.digest == digest:
                return place
        raise NotInFeed(f"{self!r} does not hold {activity}.")


def digest_of(thing: Any, groups: Iterable[Skeleton]) -> int | None:
    """
    The digest of a group, of its id, or of the group among these that an activity (or its id) is in; None: in none.

    Raises ValueError for what is none of these.
    """
    if isinstance(thing, AggregatedActivity):
        return thing.digest
    if isinstance(thing, str):
        try:
            return AggregatedActivity.parse_id(thing)
        except ValueError:
            thing = _uuid(thing)
    id = id_of(thing)
    return next((group.digest for group in groups if any(member.id == id for member in group.members)), None)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ValueError(f"{text[:60]!r} is neither the id of a group nor that of an activity.") from error


def _behind(cursor: GroupCursor | None, groups: Sequence[Skeleton]) -> int:
    """
    Where the next page begins: behind the last group, where it was or further up.

    Where it is gone, or has sunk, others moved up: rather one comes twice than that the next is left out.
    """
    if cursor is None:
        return 0
    places = [place for place, group in enumerate(groups) if group.digest == cursor.digest]
    behind = places[0] + 1 if places else 0
    return behind if 0 < behind <= cursor.position else max(cursor.position - 1, 0)


_aggregators: dict[type[AggregatedFeed], BaseAggregator] = {}


def _forget_settings(*, setting: str, **kwargs: Any) -> None:
    if setting in ("DJANGO_FEEDS", "TIME_ZONE"):
        _aggregators.clear()


setting_changed.connect(_forget_settings)
