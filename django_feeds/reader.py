"""
Pull: the same feed, read slowly from what its sources brought, or from what its owner was told.

Serves pages past the floor, back-fills, refills and rebuilds, and is what tests compare feeds with. It reads the
index of `RecordSource` or `RecordRecipient`, at most as many rows of each owner as are asked for, never everybody's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from . import records
from .feeds import Feed
from .graph import graph_of
from .models import Mute, RecordRecipient, RecordSource
from .owners import Owner, owner_of
from .signals import feed_incomplete
from .storage import Entry

if TYPE_CHECKING:
    from .managers import Manager

__all__ = ["PullReader", "Sources", "sources_of"]


class Sources(NamedTuple):
    """Who fills one feed: these owners bring it what they did or, in the rows of recipients, it is what he is told."""

    owners: list[Owner]
    rows: type[records.OwnerRow] = RecordSource

    def newest(self, limit: int, before: UUID | None = None) -> list[UUID]:
        """The newest `limit` activities older than `before`, newest first."""
        return self.rows.objects.newest(self.owners, limit=limit, before=before)

    def standing(self, ids: Iterable[UUID]) -> dict[UUID, set[Owner]]:
        """Those of these activities that stand, and the owners in these rows, whoever they are."""
        return records.standing(ids, self.rows)

    def without(self, owners: Collection[Owner]) -> Sources:
        return self._replace(owners=[owner for owner in self.owners if owner not in owners]) if owners else self


def sources_of(manager: Manager, feed_class: type[Feed], owner: Owner) -> Sources | None:
    """The owner himself for an own feed and for notifications, else those he follows; None where nobody can tell."""
    if feed_class is manager.notification_feed_class:
        return Sources([owner], RecordRecipient)
    followed = [owner] if feed_class is manager.user_feed_class else graph_of(manager).followed(owner)
    return None if followed is None else Sources(followed)


class PullReader:
    """Reads one owner's feed from its sources."""

    def __init__(self, manager: Manager, feed_class: type[Feed], owner: Any) -> None:
        self.manager = manager
        self.feed_class = feed_class
        self.owner = owner_of(owner)

    def pull(self, before: UUID | None, limit: int) -> list[Entry]:
        """The newest `limit` entries older than `before`; none where the sources are not known."""
        sources = self._sources()
        if sources is None or not sources.owners:
            return []
        return self.feed_class.entries_of(self.owner, sources.newest(limit, before))

    def knows_sources(self) -> bool:
        return self.feed_class not in self.manager.feed_classes.values() or self.manager.knows_following

    def muted(self) -> frozenset[Owner]:
        """Whose activities the owner does not want to see here; his own feed is for others too, and shows all."""
        return frozenset() if self.feed_class is self.manager.user_feed_class else Mute.objects.muted_by(self.owner)

    def ask_refill(self) -> None:
        """Tell that the timeline is shorter than it should be; a receiver has it filled in the background."""
        sources = self._sources()
        if sources is None or not sources.owners:
            return  # nothing to fill it with
        name = self.manager.feed_name(self.feed_class)
        feed_incomplete.send(self.feed_class, manager=self.manager.name, feed=name, owner=self.owner)

    def _sources(self) -> Sources | None:
        return sources_of(self.manager, self.feed_class, self.owner)
