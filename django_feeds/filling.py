"""
Filling: the feeds of one reader, from the sources he follows. Asks the truth as `delivery` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from . import records
from .feeds import Feed
from .graph import follows, graph_of
from .models import RecordSource
from .owners import Owner
from .reader import Sources, sources_of
from .refills import ROUNDS, begin, nobodys, refill, take_back

if TYPE_CHECKING:
    from .managers import Manager

__all__ = ["back_fill", "clean", "refill", "stored", "sweep", "unbrought"]

SWEEP = 1_000


def back_fill(manager: Manager, owner: Owner, targets: Collection[Owner], at: datetime) -> None:
    """Put the newest activities of these targets on the feeds of one who follows them now; others are skipped."""
    if not follows(graph_of(manager), owner, targets):
        return
    for feed_class in manager.feed_classes.values():
        if not manager.knows_following:
            begin(feed_class, [owner], at)
        _bring(manager, feed_class, owner, targets, at)
        refill(manager, feed_class, owner, at)


def _bring(manager: Manager, feed_class: type[Feed], owner: Owner, targets: Collection[Owner], at: datetime) -> None:
    graph, added = graph_of(manager), None
    for _round in range(ROUNDS):
        following = follows(graph, owner, targets)
        ids = RecordSource.objects.newest(following, limit=feed_class.max_length)
        if ids == (added or []):
            return
        if added:
            take_back(manager, feed_class, owner, set(added) - set(ids), Sources(following), at)
        if ids:
            feed_class.push([owner], feed_class.entries_of(owner, ids), at=at, create=False)
        if len(ids) == feed_class.max_length:
            # There may be more of them, which are not on the timeline: it must not lie unseen above its floor.
            feed_class(owner).trim()
        added = ids


def sweep(
    manager: Manager, owner: Owner, targets: Collection[Owner], at: datetime, leaving: Collection[Owner] = ()
) -> None:
    """
    Take off the feeds of one reader what no source of his brings any more; `targets` are those he left.

    Then the feeds are filled up again.
    """
    for feed_class in manager.feed_classes.values():
        storage = feed_class.get_storage()
        if storage.looks_to_create and feed_class(owner).floor() is None:
            # What fan-outs put there, which nobody has seen. Before its time: what is refilled then is to stay.
            storage.delete([feed_class.key_for(owner)], at=at - timedelta(microseconds=1))
        clean(manager, feed_class, owner, at, targets, leaving)
        refill(manager, feed_class, owner, at)


def clean(
    manager: Manager,
    feed_class: type[Feed],
    owner: Owner,
    at: datetime,
    targets: Collection[Owner] = (),
    leaving: Collection[Owner] = (),
) -> None:
    """
    Take off one feed what no source of it brings any more.

    One pass over the feed, and the truth about its entries in one query for a thousand: what another followed
    source still brings stays, and so does what was added to the feed by hand. Where nobody can tell whom he
    follows, everything that `targets` bring goes. `leaving` are sources that count as left already.
    """
    for ids in stored(feed_class, owner):
        gone: set[UUID] = set()
        for _round in range(ROUNDS):
            now = unbrought(manager, feed_class, owner, ids, targets, leaving)
            if now == gone:
                break
            if now - gone:
                feed_class.discard([owner], now - gone, at=at)
            if gone - now:  # followed or published again while this ran
                feed_class.push([owner], feed_class.entries_of(owner, list(gone - now)), at=at, create=False)
            gone = now


def stored(feed_class: type[Feed], owner: Owner) -> Iterator[list[UUID]]:
    """All ids on a timeline, those beyond its bound too, a thousand at a time."""
    storage, key, before = feed_class.get_storage(), feed_class.key_for(owner), None
    while True:
        entries = storage.slice(key, limit=SWEEP, before=before).entries
        if entries:
            yield [entry.id for entry in entries]
        if len(entries) < SWEEP:
            return
        before = entries[-1].id


def unbrought(
    manager: Manager,
    feed_class: type[Feed],
    owner: Owner,
    ids: Collection[UUID],
    targets: Collection[Owner] = (),
    leaving: Collection[Owner] = (),
) -> set[UUID]:
    """Those of these ids that no source of this reader brings."""
    sources = sources_of(manager, feed_class, owner)
    if sources is None:
        left = set(targets) - set(follows(graph_of(manager), owner, targets)) | set(leaving)
        return {id for id, owners in records.standing(ids).items() if owners & left}
    return nobodys(ids, sources.without(leaving))
