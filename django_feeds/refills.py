"""
Refills: a feed anew from its sources, and who may have a timeline that is not there yet.

A timeline says that it is complete above its floor. What makes one must therefore know what is newer than its first
entry: a refill does, since it reads all sources; a push knows it only of what is newer than all else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from . import records
from .exceptions import InvalidOwner
from .feeds import Feed
from .ids import MAX_ID, MIN_ID
from .models import RecordRecipient, RecordSource
from .owners import Owner, model_of, reference_of
from .reader import Sources, sources_of

if TYPE_CHECKING:
    from .managers import Manager

__all__ = ["ROUNDS", "begin", "exists", "missing", "nobodys", "refill", "take_back"]

ROUNDS = 5
"""How often a step does again what changed while it wrote; a later change has a task of its own."""


def refill(manager: Manager, feed_class: type[Feed], owner: Owner, at: datetime, *, force: bool = False) -> None:
    """
    Fill a timeline that is shorter than its bound and not complete from all its sources, and lower its floor.

    With `force` also one that seems complete, as `rebuild_feeds` wants.
    """
    feed = feed_class(owner)
    floor = feed.floor()
    held = feed.get_storage().count_beyond(feed.key, max_length=feed.max_length)
    if not force and (floor == MIN_ID or held >= feed.max_length):
        return
    length, added = feed_class.max_length, None
    for _round in range(ROUNDS):
        sources = sources_of(manager, feed_class, owner)
        if sources is None or (floor is None and not sources.owners):
            return
        ids = sources.newest(length + 1)
        if ids == added:
            return
        if not (ids or floor or exists(owner)):
            if added is not None:  # its owner was deleted while this made it
                feed.delete()
            return
        if added:
            take_back(manager, feed_class, owner, set(added) - set(ids), sources, at)
        # One id too many tells where completeness ends: everything above it is here.
        new_floor = ids[length] if len(ids) > length else MIN_ID
        entries = feed_class.entries_of(owner, ids[:length])
        if floor is not None and sources.rows is RecordRecipient:
            # Where the timeline is complete, what was told and is not there comes now: no mark is about it.
            entries = [entry._replace(arrived=0) if entry.id > floor else entry for entry in entries]
        feed_class.fill([owner], entries, floor=new_floor, at=at)
        added = ids


def take_back(
    manager: Manager,
    feed_class: type[Feed],
    owner: Owner,
    ids: Collection[UUID],
    sources: Sources,
    at: datetime,
) -> None:
    """Of these ids, which were just added, take those off again that none of these sources brings now."""
    gone = nobodys(ids, sources_of(manager, feed_class, owner) or sources)
    if gone:
        feed_class.discard([owner], gone, at=at)


def nobodys(ids: Collection[UUID], sources: Sources) -> set[UUID]:
    """Those of these ids that none of these sources brings, without those that were added to a feed by hand."""
    standing = sources.standing(ids)
    suspects = {id for id in ids if not standing.get(id, set()).intersection(sources.owners)}
    # What was published has a source, its actor, whoever is told of it.
    brought = standing if sources.rows is RecordSource else records.standing(suspects)
    unpublished_or_by_hand = suspects - set(brought)
    return suspects - set(records.load(unpublished_or_by_hand) if unpublished_or_by_hand else ())


def missing(feed_class: type[Feed], owners: Sequence[Owner]) -> list[Owner]:
    """Those of these owners who have no timeline."""
    slices = feed_class.get_storage().slice_many([feed_class.key_for(owner) for owner in owners], limit=1)
    return [owner for owner in owners if slices[feed_class.key_for(owner)].floor == MAX_ID]


def begin(feed_class: type[Feed], owners: Sequence[Owner], at: datetime) -> None:
    """
    Make the timelines that are not there, as complete.

    For readers whose sources nobody can name: nobody could fill in what comes in another order than it happened.
    """
    new = missing(feed_class, owners)
    if new:
        keys = [feed_class.key_for(owner) for owner in new]
        feed_class.get_storage().begin(keys, max_length=feed_class.max_length, at=at)


def exists(owner: Owner) -> bool:
    """A task that comes late must not make a feed for a row that was deleted."""
    try:
        reference = reference_of(owner)
    except InvalidOwner:
        return False
    model = model_of(reference.label)
    return model is not None and model._base_manager.filter(pk=reference.pk).exists()
