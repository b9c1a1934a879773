"""The notification feed: groups that the reader has seen or read, or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from uuid import UUID

from .. import recipients
from ..activity import AggregatedActivity, NotificationActivity
from ..aggregators import BaseAggregator, NotificationAggregator
from ..cursors import GroupCursor
from ..exceptions import InvalidSlice, NotInFeed
from ..owners import Owner
from ..signals import notifications_marked
from ..storage import Entry, Mark
from .aggregated import AggregatedFeed, digest_of
from .asynchronous import AsyncNotificationFeed
from .marked import MarkedWindow
from .news import News
from .pages import Page

__all__ = ["NotificationFeed", "NotificationPage"]


@dataclass(frozen=True)
class NotificationPage(Page):
    """Some groups, and how much is new in the whole feed."""

    up_to: int = 0
    """When the last of all this arrived, to pass to `mark_all(up_to=...)`: what comes later stays new."""

    unseen: int = 0
    unread: int = 0
    """Groups in the whole feed that have members which were not seen, or not read."""


class NotificationFeed(AsyncNotificationFeed, AggregatedFeed):
    """
    What its owner is told, in groups which he has seen or read. The two are independent of each other.

    Marks are times of arrival: a group is unseen while it has a member that arrived after both the mark of the feed
    and its own. So a new member makes a group unseen and unread again, and counts are right whatever is removed,
    trimmed, delivered twice or late.
    """

    aggregator_class: ClassVar[type[BaseAggregator]] = NotificationAggregator
    aggregated_activity_class: ClassVar[type[AggregatedActivity]] = NotificationActivity
    live = True

    track_unseen: ClassVar[bool] = True
    """Does it make a difference whether a group was seen? Where not, all are."""

    track_unread: ClassVar[bool] = True

    @classmethod
    def entries_of(cls, owner: Owner, ids: Sequence[UUID]) -> list[Entry]:
        """They count as having come when their owner was told, about as they did before the storage lost them."""
        told = recipients.arrivals(owner, ids)
        return [entry._replace(arrived=told.get(entry.id, entry.arrived)) for entry in super().entries_of(owner, ids)]

    # Read

    def page(
        self,
        after: str | None = None,
        limit: int = 25,
        viewer: Any = None,
        *,
        unread: bool = False,
        mark_seen: bool = False,
        mark_read: bool = False,
    ) -> NotificationPage:
        """
        One page of groups, each as it was before this call; with `unread`, only groups that were not read.

        `mark_seen` and `mark_read` mark what the page shows. Reads the storage twice, and then the activities of what
        is shown. Raises InvalidCursor, StorageUnavailable.
        """
        window = self._window()
        page = self._page(window, after, limit, viewer, window.is_unread if unread else None)
        up_to = window.arrived_up_to(GroupCursor.parse(after).newest if after else None)
        if (mark_seen or mark_read) and page.items:
            self._mark(window, {item.digest for item in page.items}, mark_seen, mark_read, up_to)
        return NotificationPage(page.items, page.next, up_to, **window.counts())

    def _window(self) -> MarkedWindow:
        return MarkedWindow(self)

    def count_unseen(self) -> int:
        """How many groups have a member that was not seen."""
        return self.counts()["unseen"]

    def count_unread(self) -> int:
        """How many groups have a member that was not read."""
        return self.counts()["unread"]

    def counts(self) -> dict[str, int]:
        """Both counts, `unseen` and `unread`, in two calls to the storage."""
        return self._window().counts()

    def news(self, since: str | None = None, limit: int = 25) -> News:
        """Groups that have new members since then, and both counts."""
        window = self._window()
        counts: Any = window.counts()
        return replace(self._news(window, since, limit), **counts)

    def get_notification_data(self) -> dict[str, int]:
        """The counts under the ancestor's names."""
        counts = self.counts()
        return {"unseen_count": counts["unseen"], "unread_count": counts["unread"]}

    # Marked

    def mark_activity(self, id: Any, seen: bool = True, read: bool = False, *, up_to: int | None = None) -> None:
        """Mark one group: see `mark_activities`."""
        self.mark_activities([id], seen, read, up_to=up_to)

    def mark_activities(
        self, ids: Iterable[Any], seen: bool = True, read: bool = False, *, up_to: int | None = None
    ) -> None:
        """
        Mark these groups as seen, read, or both. Each is named by its id, or by a member of it or that one's id.

        What arrived after `up_to`, as a page gives it, stays new; without it, everything that there is now is marked.
        Doing so again changes nothing. Raises NotInFeed for what is not on this feed, when the others were marked, and
        ValueError for what cannot be an id.
        """
        self._refuse_bounds("marked")
        window = self._window()
        there = {group.digest for group in window.groups}
        named = {id: digest_of(id, window.groups) for id in ids}
        self._mark(window, there.intersection(named.values()), seen, read, up_to)
        strange = [id for id, digest in named.items() if digest not in there]
        if strange:
            raise NotInFeed(f"{self!r} does not hold {', '.join(map(str, strange))}.")

    def mark_all(self, seen: bool = True, read: bool = False, *, up_to: int | None = None) -> None:
        """
        Mark the whole feed as seen, read, or both: what arrived up to `up_to`, as the page gave it that was looked at.

        Without `up_to`, everything that there is now. Raises InvalidSlice for what is no time of arrival.
        """
        self._refuse_bounds("marked")
        window = self._window()
        mark = _as_mark(window.up_to if up_to is None else min(_arrival(up_to), window.up_to), seen, read)
        if window.says_more(0, mark):
            self._write({0: mark})

    def carry_marks(self) -> None:
        """
        Before entries are given new groups: mark those of which every member was seen, or read, in its old one.

        For who rebuilds a feed after its aggregator was changed. Doing so again, or only this, changes nothing.
        """
        window = self._window()
        if not any(window.marks):  # the mark of the whole feed, 0, holds for all groups
            return
        groups: dict[int, set[UUID]] = {}
        for entry in self.entries_for([entry.id for entry in window.entries]):
            groups.setdefault(entry.group, set()).add(entry.id)
        marks = {digest: window.mark_of_all(ids) for digest, ids in groups.items()}
        new = {digest: mark for digest, mark in marks.items() if window.says_more(digest, mark)}
        if new:
            self._write(new)

    def _mark(
        self, window: MarkedWindow, digests: Collection[int], seen: bool, read: bool, up_to: int | None = None
    ) -> None:
        bound = window.up_to if up_to is None else min(_arrival(up_to), window.up_to)
        latest = {group.digest: window.latest(group) for group in window.groups if group.digest in digests}
        marks = {digest: _as_mark(min(arrived, bound), seen, read) for digest, arrived in latest.items()}
        new = {digest: mark for digest, mark in marks.items() if window.says_more(digest, mark)}
        if new:
            self._write(new, window.outlived())

    def _write(self, marks: Mapping[int, Mark], forget: Collection[int] = ()) -> None:
        self.get_storage().mark(self.key, marks, forget=forget)
        notifications_marked.send(type(self), owner=self.owner)

    def delete(self) -> None:
        """Forget the whole feed of this owner, and what he has seen of it."""
        super().delete()
        self.get_storage().unmark([self.key])


def _as_mark(arrival: int, seen: bool, read: bool) -> Mark:
    return Mark(arrival if seen else 0, arrival if read else 0)


def _arrival(up_to: Any) -> int:
    if isinstance(up_to, bool) or not isinstance(up_to, int) or up_to < 0:
        raise InvalidSlice(f"up_to is {up_to!r}; pass what a page says as its `up_to`.")
    return up_to
