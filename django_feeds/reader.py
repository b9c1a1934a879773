"""
Pull: the same feed, read slowly from what its sources brought.

Serves pages past the floor, back-fills, refills and rebuilds, and is what tests compare feeds with. It reads the
index of `RecordSource`, at most as many rows of each source as are asked for, never everybody's rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from .feeds import Feed
from .graph import graph_of
from .models import RecordSource
from .owners import Owner, owner_of
from .signals import feed_incomplete
from .storage import Entry

if TYPE_CHECKING:
    from .managers import Manager

__all__ = ["PullReader", "sources_of"]


def sources_of(manager: Manager, feed_class: type[Feed], owner: Owner) -> list[Owner] | None:
    """Who fills this feed: the owner himself for an own feed, else those he follows; None where nobody can tell."""
    return [owner] if feed_class is manager.user_feed_class else graph_of(manager).followed(owner)


class PullReader:
    """Reads one owner's feed from its sources."""

    def __init__(self, manager: Manager, feed_class: type[Feed], owner: Any) -> None:
        self.manager = manager
        self.feed_class = feed_class
        self.owner = owner_of(owner)

    def pull(self, before: UUID | None, limit: int) -> list[Entry]:
        """The newest `limit` entries older than `before`; none where the sources are not known."""
        sources = self._sources()
        if not sources:
            return []
        return self.feed_class.entries_for(RecordSource.objects.newest(sources, limit=limit, before=before))

    def knows_sources(self) -> bool:
        return self.feed_class is self.manager.user_feed_class or self.manager.knows_following

    def ask_refill(self) -> None:
        """Tell that the timeline is shorter than it should be; a receiver has it filled in the background."""
        if not self._sources():
            return  # nothing to fill it with
        name = self.manager.feed_name(self.feed_class)
        feed_incomplete.send(self.feed_class, manager=self.manager.name, feed=name, owner=self.owner)

    def _sources(self) -> list[Owner] | None:
        return sources_of(self.manager, self.feed_class, self.owner)
