"""
The window of a grouped feed: everything on its timeline, grouped and ranked before anything is hydrated.

Grouping happens here, when the feed is read, so that writing is appending: no group is ever read, merged and written
back, and two workers have nothing to lose to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from .. import hydration
from ..activity import Activity, AggregatedActivity
from ..aggregators import Skeleton, group_entries
from ..ids import digest48
from ..owners import Owner, reference_of
from ..storage import Entry
from .pages import read_entries

if TYPE_CHECKING:
    from .aggregated import AggregatedFeed

__all__ = ["Window"]

MAX_ROUNDS = 10
"""How often hidden members of groups make way for others."""


class Window:
    """The entries of one feed, newest first, and its groups."""

    def __init__(self, feed: AggregatedFeed) -> None:
        self.feed = feed
        self.aggregator = feed.get_aggregator()
        self.storage, self.entries = read_entries(feed)
        """The entries are all, of those who are muted too."""
        muted = feed.reader.muted() if feed.reader and self.entries else ()
        self.muted = {_actor_digest(owner) for owner in muted}

    @cached_property
    def groups(self) -> list[Any]:
        """The groups of all entries, ranked."""
        return self._grouped(self.entries)

    def groups_up_to(self, newest: UUID) -> list[Any]:
        """The groups of the entries up to this id, ranked."""
        if self.entries and self.entries[0].id <= newest:
            return self.groups
        return self._grouped([entry for entry in self.entries if entry.id <= newest])

    def _grouped(self, entries: Sequence[Entry]) -> list[Any]:
        # What has no group came before the feed was a grouped one, and waits for rebuild_feeds.
        entries = [entry for entry in entries if entry.group and entry.actor not in self.muted]
        groups = self.aggregator.rank(group_entries(entries))
        return groups[::-1] if self.feed.bounds.oldest_first else groups

    def show(self, groups: Sequence[Skeleton], viewer: Any) -> list[AggregatedActivity]:
        """
        These groups with their newest members hydrated, in their order.

        Members that `viewer` may not see, or that are gone, make way for others and do not count, as far as they
        were looked at; a group of nothing else is left out.
        """
        limit = self.feed.aggregated_activity_class.max_aggregated_activities_length
        found: dict[UUID, Activity] = {}
        remaining = {group.digest: list(group.members) for group in groups}
        examined: set[UUID] = set()
        for _round in range(MAX_ROUNDS):
            first = (member.id for members in remaining.values() for member in members[:limit])
            ids = [id for id in first if id not in examined]
            if not ids:
                break
            examined.update(ids)
            found.update(self._visible(ids, viewer))
            for digest, members in remaining.items():
                remaining[digest] = [one for one in members if one.id in found or one.id not in examined]
        return list(self._made(groups, remaining, found, limit))

    def _made(
        self, groups: Sequence[Skeleton], remaining: dict[int, list[Entry]], found: dict[UUID, Activity], limit: int
    ) -> Iterator[AggregatedActivity]:
        for group in groups:
            members = remaining[group.digest]
            shown = [found[member.id] for member in members[:limit] if member.id in found]
            if shown:
                yield self._item(
                    group if len(members) == len(group.members) else replace(group, members=members), shown
                )

    def _item(self, group: Skeleton, activities: Sequence[Activity]) -> AggregatedActivity:
        return self.feed.aggregated_activity_class.of(
            group,
            self._label(group.digest, activities[0]),
            activities,
            one_object=self.aggregator.one_object,
            **self.state(group),
        )

    def state(self, group: Skeleton) -> dict[str, Any]:
        """What else is known of a group."""
        return {}

    def _visible(self, ids: Sequence[UUID], viewer: Any) -> dict[UUID, Activity]:
        bodies = self.feed._row_bodies(self.storage, ids)
        activities = hydration.activities(self.storage, ids, bodies, self.feed.activity_class)
        hydration.hydrate(activities.values())
        return {activity.id: activity for activity in hydration.present(activities.values(), viewer)}

    def _label(self, digest: int, activity: Activity) -> str:
        """What the aggregator calls this group; of one that another aggregator made, nobody knows more than its id."""
        label = self.aggregator.get_group(activity)
        return label if self.aggregator.label_digest(label) == digest else f"{digest:012x}"


def _actor_digest(owner: Owner) -> int:
    return digest48(str(reference_of(owner)))
