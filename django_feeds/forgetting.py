"""Forgetting: a user or another row that owned feeds was deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from . import conf, delivery, filling, records
from .delivery import Concerned
from .graph import Chunk, graph_of
from .models import ActivityRecord, Follow, Mute, RecordRecipient
from .owners import Owner, reference_of

if TYPE_CHECKING:
    from .managers import Manager

__all__ = ["followers", "forget_activities", "leave"]

BATCH = 100


def forget_activities(managers: Sequence[Manager], owner: Owner, at: datetime) -> Iterator[tuple[Manager, Concerned]]:
    """
    Delete the feeds of this owner and the records of what it did, and take its other activities off its feed.

    Gives by manager whom that concerns, as `delivery.walk` does; a record is gone when each has seen it. Pins that
    were deleted along with their board have been retracted already; what is left is what no row caused, and what
    merely was shown on the board.
    """
    reference = str(reference_of(owner))
    while pks := _next_records(owner, reference):
        _detach(pks, owner, reference)
        for manager in managers:
            for concerned in delivery.walk(manager, pks, at, count=manager is managers[-1]):
                yield manager, concerned
        ActivityRecord.objects.filter(pk__in=pks, actor=reference).delete()
    RecordRecipient.objects.filter(owner=owner).delete()
    Mute.objects.filter(target=owner).delete()
    for manager in managers:
        for feed_class in manager.all_feed_classes():
            feed_class(owner).delete()


def followers(manager: Manager, owner: Owner) -> Iterator[Chunk]:
    """The followers of this owner, a chunk at a time; not himself, whose feeds are gone."""
    for _priority, chunk in graph_of(manager).chunks(owner, conf.get("FANOUT_CHUNK_SIZE")):
        if chunk.get("owners") != [owner]:
            yield chunk


def leave(managers: Sequence[Manager], owner: Owner, chunk: Chunk, at: datetime) -> None:
    """
    Clear the feeds of these followers of what only this owner brought; then they follow it no longer.

    The managers share one graph, the chunk's.
    """
    readers = graph_of(managers[0]).readers(owner, chunk)
    for manager in managers:
        for reader in readers:
            filling.sweep(manager, reader, [owner], at, leaving=[owner])
    if not managers[0].owns_graph:
        Follow.objects.filter(target=owner, user__in=readers).delete()


def _next_records(owner: Owner, reference: str) -> list[int]:
    mine = ActivityRecord.objects.filter(Q(actor=reference) | Q(sources__owner=owner))
    return list(mine.order_by("pk").values_list("pk", flat=True).distinct()[:BATCH])


def _detach(pks: list[int], owner: Owner, reference: str) -> None:
    rows = ActivityRecord.objects.filter(pk__in=pks).prefetch_related("sources")
    over = []
    for row in rows:
        others = [source.owner for source in row.sources.all() if source.owner != owner]
        if reference in (row.actor, row.object) or not others:
            over.append(row.identity_key)
        else:
            records.write(records.Publication(row.activity(), others, row.recipients))
    records.retract(over)
