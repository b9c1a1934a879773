"""Timelines through the ORM, for a database that has no dialect of its own; and what the others promise."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from time import time
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connections, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from ...ids import MIN_ID
from ...models import Timeline, TimelineEntry
from ..base import Entry

__all__ = ["Dialect", "Range", "digests", "kept", "more_than_ids"]


class Range(NamedTuple):
    """Which part of a timeline: `after` < id < `before`, the first `offset` skipped, at most `limit`."""

    limit: int
    before: UUID | None = None
    after: UUID | None = None
    offset: int = 0
    oldest_first: bool = False


def digests(entry: Entry) -> tuple[int, int] | tuple[None, None]:
    """What is kept of its digests: both, or for the many entries that have none, nothing."""
    return (entry.actor, entry.group) if entry.actor or entry.group else (None, None)


def kept(entry: Entry, arrivals: bool) -> tuple[int | None, ...]:
    """What is kept of it besides its id: the digests and, where arrivals are kept, the one that it says, or None."""
    return (*digests(entry), entry.arrived or None) if arrivals else digests(entry)


def more_than_ids(entries: Sequence[Entry], arrivals: bool) -> bool:
    """Is there anything to be kept of these entries besides their ids?"""
    return arrivals or any(entry.actor or entry.group for entry in entries)


class Dialect:
    """
    Rows of timelines, `chunk` keys at a time at most. Decides nothing: the storage does.

    Whatever locks, locks in one order, so that nothing waits in a circle: timelines by id, then their entries by
    timeline and id. An entry may come in under the floor beside a cut; nobody sees it, and the next cut takes it.
    """

    chunk = 500
    """Keys in one call; Oracle takes no more than 1,000 in a list."""

    entry_chunk = 500
    """Entries or ids in one call."""

    def __init__(self, using: str) -> None:
        self.using = using

    @property
    def connection(self) -> Any:
        """The thread's own."""
        return connections[self.using]

    def timelines(self, keys: Collection[str]) -> QuerySet[Timeline]:
        return Timeline.objects.using(self.using).filter(key__in=keys).order_by("pk")

    def entries(self) -> QuerySet[TimelineEntry]:
        return TimelineEntry.objects.using(self.using)

    def atomic(self) -> transaction.Atomic:
        return transaction.atomic(using=self.using)

    # Written

    def create(self, keys: Collection[str], floor: UUID) -> None:
        """Make empty timelines with this floor; leave those that are there."""
        for key in sorted(keys):
            Timeline.objects.using(self.using).get_or_create(key=key, defaults={"floor": floor})

    def mark(self, keys: Collection[str]) -> int:
        """Let these timelines have entries with digests and arrivals; returns how many could not have any so far."""
        return Timeline.objects.using(self.using).filter(key__in=keys, grouped=False).update(grouped=True)

    def insert(self, keys: Sequence[str], entries: Sequence[Entry], arrivals: bool) -> Collection[str]:
        """
        Put the entries above each timeline's floor, or their digests where they are; of arrivals, those that lack.

        The arrival is the present by this process's clock; the other dialects ask the database's, which knows how long
        it kept the statement waiting. Returns the keys where nothing was done: no timeline, or entries have digests or
        arrivals and it is not marked for them.
        """
        rows = self.timelines(keys)
        timelines = list(rows.filter(grouped=True) if more_than_ids(entries, arrivals) else rows)
        now = int(time() * 1_000)
        there = self._there(timelines, entries)
        new: list[TimelineEntry] = []
        for timeline in timelines:
            for entry in entries:
                actor, group = digests(entry)
                row = TimelineEntry(timeline=timeline, activity_id=entry.id, actor=actor, group=group)
                row.arrived = (entry.arrived or now) if arrivals else None
                if row.pk not in there:
                    new += [row] if entry.id > timeline.floor else []
                    continue
                if there[row.pk] != (actor, group):
                    self.entries().filter(pk=row.pk).update(actor=actor, group=group)
                if arrivals:
                    self.entries().filter(pk=row.pk, arrived=None).update(arrived=row.arrived)
        self._create(new)
        return set(keys) - {timeline.key for timeline in timelines}

    def _there(self, timelines: list[Timeline], entries: Sequence[Entry]) -> dict[tuple[int, UUID], Any]:
        """The digests of those of the entries that these timelines have."""
        rows = self.entries().filter(
            timeline_id__in=[timeline.pk for timeline in timelines], activity_id__in=[entry.id for entry in entries]
        )
        found = rows.values_list("timeline_id", "activity_id", "actor", "group")
        return {(timeline, id): (actor, group) for timeline, id, actor, group in found}

    def _create(self, rows: list[TimelineEntry]) -> None:
        if self.connection.features.supports_ignore_conflicts:
            self.entries().bulk_create(rows, ignore_conflicts=True)
            return
        for row in rows:
            try:
                with self.atomic():
                    row.save(using=self.using, force_insert=True)
            except IntegrityError:
                pass  # another push of the same entry was quicker

    def lower(self, keys: Collection[str], floor: UUID) -> None:
        """Lower the floors that are above this one, and hold these timelines to the end of the transaction."""
        due = self.timelines(keys).filter(floor__gt=floor).select_for_update().values_list("pk", flat=True)
        Timeline.objects.using(self.using).filter(pk__in=list(due)).update(floor=floor)

    def cut(self, keys: Collection[str], length: int) -> None:
        """Keep the newest `length` entries of each timeline; raise its floor to the newest that goes."""
        with self.atomic():
            for timeline, floor, highest in self.surplus(keys, length):
                if highest is not None:
                    Timeline.objects.using(self.using).filter(pk=timeline, floor__lt=highest).update(floor=highest)
                bottom = highest if highest is not None else floor
                self.entries().filter(timeline_id=timeline, activity_id__lte=bottom)._raw_delete(self.using)

    def surplus(self, keys: Collection[str], length: int) -> Iterable[tuple[int, UUID, UUID | None]]:
        """(timeline, floor, newest id beyond `length` or None) of each timeline, held to the end of the transaction."""
        above = self.entries().filter(timeline_id=OuterRef("pk"), activity_id__gt=OuterRef("floor"))
        beyond = above.order_by("-activity_id").values("activity_id")[length : length + 1]
        held = list(self.timelines(keys).select_for_update().values_list("pk", flat=True))
        rows = Timeline.objects.using(self.using).filter(pk__in=held).order_by("pk")
        return list(rows.annotate(beyond=Subquery(beyond)).values_list("pk", "floor", "beyond"))

    def remove(self, keys: Collection[str], ids: Collection[UUID]) -> None:
        """Take these ids off these timelines."""
        held = list(self.timelines(keys).values_list("pk", flat=True))
        self.entries().filter(timeline_id__in=held, activity_id__in=ids)._raw_delete(self.using)

    def delete(self, keys: Collection[str]) -> None:
        """Forget these timelines."""
        with self.atomic():
            held = list(self.timelines(keys).select_for_update().values_list("pk", flat=True))
            Timeline.objects.using(self.using).filter(pk__in=held)._raw_delete(self.using)
            self.entries().filter(timeline_id__in=held)._raw_delete(self.using)

    # Read

    def floors(self, keys: Collection[str]) -> Mapping[str, UUID]:
        """The floor of each timeline that is there."""
        return dict(self.timelines(keys).values_list("key", "floor"))

    def page(self, key: str, part: Range) -> tuple[UUID | None, list[Entry]]:
        """The floor and the entries of this part of a timeline; the floor may be None where there are no entries."""
        timeline = self.timelines([key]).first()
        if timeline is None:
            return None, []
        rows = self._above(timeline).filter(activity_id__gt=max(timeline.floor, part.after or MIN_ID))
        if part.before is not None:
            rows = rows.filter(activity_id__lt=part.before)
        rows = rows.order_by("activity_id" if part.oldest_first else "-activity_id")
        rows = rows[part.offset : part.offset + part.limit]
        return timeline.floor, [Entry(row[0], *(number or 0 for number in row[1:])) for row in rows]

    def pages(self, keys: Sequence[str], part: Range) -> dict[str, tuple[UUID, list[Entry]]]:
        """The newest entries of each of these timelines, and its floor; those that are not there are left out."""
        floors = self.floors(keys)
        return {key: (floors[key], self.page(key, part)[1]) for key in floors}

    def count(self, key: str, limit: int) -> int:
        """How many entries, at most `limit`."""
        timeline = self.timelines([key]).first()
        return self._above(timeline)[:limit].count() if timeline else 0

    def rank(self, key: str, id: UUID, limit: int) -> int | None:
        """How many are newer than this one, at most `limit`; None where it is not there."""
        timeline = self.timelines([key]).first()
        if timeline is None or not self._above(timeline).filter(activity_id=id).exists():
            return None
        return self._above(timeline).filter(activity_id__gt=id)[:limit].count()

    def _above(self, timeline: Timeline) -> QuerySet[Any]:
        rows = self.entries().filter(timeline_id=timeline.pk, activity_id__gt=timeline.floor)
        return rows.values_list("activity_id", "actor", "group", "arrived")
