"""Own feeds from the records, and readers' feeds from those of the sources they follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone

from .. import conf, filling
from ..feeds import AggregatedFeed, Feed, NotificationFeed
from ..graph import FollowGraph, graph_of
from ..ids import MAX_ID, MIN_ID
from ..models import Follow, RecordRecipient, RecordSource
from ..owners import Owner
from ..refills import begin
from .comparing import compare
from .steps import Step, by_pk

if TYPE_CHECKING:
    from ..managers import Manager

__all__ = ["notifications", "own_feeds", "owners", "readers", "readers_feeds"]

OWNERS = 100
"""Owners in one step: each costs about ten queries."""


def owners(after: str | None = None) -> QuerySet:
    """All who have an own feed."""
    found = RecordSource.objects.order_by("owner").values_list("owner", flat=True).distinct()
    return found.filter(owner__gt=after) if after is not None else found


def own_feeds(
    manager: Manager, after: str | None, at: datetime, *, only: Collection[Owner] | None = None, write: bool = True
) -> Iterator[Step]:
    """Bring the own feeds of all owners, or of `only` these, in line with the records."""
    feed_class = manager.user_feed_class
    if feed_class is None:
        return
    for batch in [list(only)] if only is not None else _by_owner(after):
        differing = sum(_rebuild(manager, feed_class, owner, at, write) for owner in batch)
        yield Step(batch[-1], len(batch), Counter(different=differing))


def readers() -> QuerySet:
    """The users whose feeds are rebuilt, by pk: all, since also one who follows nobody may have a timeline."""
    return get_user_model()._base_manager.order_by("pk")


def readers_feeds(
    manager: Manager,
    feed_classes: Collection[type[Feed]],
    after: str | None,
    at: datetime,
    *,
    only: Collection[Owner] | None = None,
    write: bool = True,
) -> Iterator[Step]:
    """
    Bring these feeds of all readers, or of `only` these, in line with what the sources they follow bring.

    Where the manager cannot say whom a reader follows, what is missing is filled in from each source, and nothing is
    taken away.
    """
    if not manager.knows_following and only is None:
        yield from _spread(manager, feed_classes, after, at, write)
        return
    for batch in [list(only)] if only is not None else _by_reader(after):
        differing = 0
        for owner in batch if only is not None else _with_feeds(manager, feed_classes, batch):
            differing += sum(_rebuild(manager, feed_class, owner, at, write) for feed_class in feed_classes)
        yield Step(batch[-1], len(batch), Counter(different=differing))


def notifications(
    manager: Manager, after: str | None, at: datetime, *, only: Collection[Owner] | None = None, write: bool = True
) -> Iterator[Step]:
    """Bring the notifications of everybody, or of `only` these, in line with what they are told."""
    feed_class = manager.notification_feed_class
    if feed_class is None:
        return
    for batch in [list(only)] if only is not None else chain(_by_reader(after), _by_told_row(after)):
        told = RecordRecipient.objects.filter(owner__in=batch).values_list("owner", flat=True).distinct()
        owners = batch if only is not None else _with_timelines([feed_class], batch, set(told))
        differing = sum(_rebuild(manager, feed_class, owner, at, write) for owner in owners)
        yield Step(batch[-1], len(batch), Counter(different=differing))


def _rebuild(manager: Manager, feed_class: type[Feed], owner: Owner, at: datetime, write: bool) -> bool:
    """Bring one feed in line with the truth; or, without `write`, say whether that would change it."""
    if not write:
        difference = compare(manager, feed_class, owner)
        return difference is not None and any(difference)
    if issubclass(feed_class, NotificationFeed):
        feed_class(owner).carry_marks()
    at = max(at, timezone.now())  # before it asks the truth, and later than all that was written of an older one
    filling.clean(manager, feed_class, owner, at)
    filling.refill(manager, feed_class, owner, at, force=True)
    # What was added by hand has no source to bring its new digest or body.
    if issubclass(feed_class, AggregatedFeed) or feed_class.get_storage().bodies_in_rows:
        for ids in filling.stored(feed_class, owner):
            feed_class.push([owner], feed_class.entries_of(owner, ids), at=at, create=False)
    return False


def _with_feeds(manager: Manager, feed_classes: Collection[type[Feed]], batch: Sequence[Owner]) -> list[Owner]:
    """Those of these users who follow somebody, or have a timeline nevertheless."""
    if not isinstance(graph_of(manager), FollowGraph) or conf.get("INCLUDE_OWN"):
        return list(batch)
    following = Follow.objects.by(batch).order_by().values_list("user_id", flat=True).distinct()
    return _with_timelines(feed_classes, batch, {str(pk) for pk in following})


def _with_timelines(feed_classes: Collection[type[Feed]], batch: Sequence[Owner], found: set[Owner]) -> list[Owner]:
    """Those of these users who are found already, or have a timeline."""
    for feed_class in feed_classes:
        keys = {feed_class.key_for(owner): owner for owner in batch if owner not in found}
        slices = feed_class.get_storage().slice_many(list(keys), limit=1) if keys else {}
        found |= {keys[key] for key, part in slices.items() if part.floor != MAX_ID}
    return [owner for owner in batch if owner in found]


def _spread(
    manager: Manager, feed_classes: Collection[type[Feed]], after: str | None, at: datetime, write: bool
) -> Iterator[Step]:
    """The newest of each source to all its followers."""
    graph = graph_of(manager)
    for batch in _by_owner(after):
        for source in batch if write else ():
            for feed_class in feed_classes:
                at = max(at, timezone.now())
                ids = RecordSource.objects.newest([source], limit=feed_class.max_length)
                for _priority, chunk in graph.chunks(source, conf.get("FANOUT_CHUNK_SIZE")):
                    # Whole in the end, when all sources were there; and without this floor, the first source's
                    # oldest activity would shut out what others brought before it.
                    entries = feed_class.entries_of(source, ids)  # no news: all of it has been published before
                    readers = graph.readers(source, chunk)
                    begin(feed_class, readers, at)  # beside a fan-out that does so too
                    feed_class.fill(readers, entries, floor=MIN_ID, at=at)
        yield Step(batch[-1], len(batch), Counter())


def _by_owner(after: str | None) -> Iterator[list[Owner]]:
    while batch := list(owners(after)[:OWNERS]):
        yield batch
        after = batch[-1]


def _by_told_row(after: str | None) -> Iterator[list[Owner]]:
    """Those who are told and are no users; after all users, since their names have a colon."""
    told = RecordRecipient.objects.filter(owner__contains=":").order_by("owner").values_list("owner", flat=True)
    after = after if after and ":" in after else ""
    while batch := list(told.filter(owner__gt=after).distinct()[:OWNERS]):
        yield batch
        after = batch[-1]


def _by_reader(after: str | None) -> Iterator[list[Owner]]:
    if after and ":" in after:
        return
    for batch in by_pk(readers().only("pk"), after, OWNERS):
        yield [str(user.pk) for user in batch]
