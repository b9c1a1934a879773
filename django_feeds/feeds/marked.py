"""The window of a notification feed: its groups, and what its reader has seen and read of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..aggregators import Skeleton
from ..ids import EPOCH
from ..storage import Mark
from .news import arrived
from .window import Window

if TYPE_CHECKING:
    from .notification import NotificationFeed

__all__ = ["MarkedWindow"]

NEVER = Mark()


class MarkedWindow(Window):
    """The groups of one feed, and which of them are new."""

    feed: NotificationFeed

    def __init__(self, feed: NotificationFeed) -> None:
        super().__init__(feed)
        self.marks = feed.get_storage().marks(feed.key) if self.entries else {}
        self.whole = self.marks.get(0, NEVER)
        self.up_to = max(map(arrived, self.entries), default=0)
        """When the last of all entries arrived."""

    def arrived_up_to(self, newest: UUID | None) -> int:
        """When the last came of what pages show that begin with this entry; what is newer is on none of them."""
        left_out = (arrived(entry) - 1 for entry in self.entries if newest and entry.id > newest)
        return min([self.up_to, *left_out])

    def latest(self, group: Skeleton) -> int:
        return max(map(arrived, group.members))

    def mark_of(self, digest: int) -> Mark:
        own = self.marks.get(digest, NEVER)
        return Mark(max(own.seen, self.whole.seen), max(own.read, self.whole.read))

    def is_unseen(self, group: Skeleton) -> bool:
        return self.feed.track_unseen and self.latest(group) > self.mark_of(group.digest).seen

    def is_unread(self, group: Skeleton) -> bool:
        return self.feed.track_unread and self.latest(group) > self.mark_of(group.digest).read

    def counts(self) -> dict[str, int]:
        """How many groups were not seen, and not read."""
        return {"unseen": sum(map(self.is_unseen, self.groups)), "unread": sum(map(self.is_unread, self.groups))}

    def state(self, group: Skeleton) -> dict[str, Any]:
        mark = self.mark_of(group.digest)
        return {
            "is_seen": not self.is_unseen(group),
            "is_read": not self.is_unread(group),
            "seen_at": _time(mark.seen),
            "read_at": _time(mark.read),
        }

    def mark_of_all(self, ids: Collection[UUID]) -> Mark:
        """When the last of these entries arrived, as far as every one of them was seen, or read, in its group."""
        members = [entry for entry in self.entries if entry.id in ids]
        marks = [(arrived(entry), self.mark_of(entry.group)) for entry in members]
        last = max(map(arrived, members), default=0)
        return Mark(
            last if all(arrival <= mark.seen for arrival, mark in marks) else 0,
            last if all(arrival <= mark.read for arrival, mark in marks) else 0,
        )

    def says_more(self, digest: int, mark: Mark) -> bool:
        """Would this mark change anything?"""
        known = self.mark_of(digest)
        return mark.seen > known.seen or mark.read > known.read

    def outlived(self) -> list[int]:
        """Groups that have marks and no members any more, once there are many: what joins one of them is new anyway."""
        if len(self.marks) <= 2 * self.feed.max_length:
            return []
        present = {entry.group for entry in self.entries}
        return [digest for digest in self.marks if digest and digest not in present]


def _time(arrival: int) -> datetime | None:
    return EPOCH + timedelta(milliseconds=arrival) if arrival else None
