"""
Filling: the feeds of one reader, from the sources he follows. Asks the truth as `delivery` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from . import records
from .delivery import ROUNDS
from .feeds import Feed
from .graph import graph_of
from .ids import MIN_ID
from .models import RecordSource
from .owners import Owner
from .reader import sources_of

if TYPE_CHECKING:
    from .managers import Manager

__all__ = ["back_fill", "clean", "refill", "stored", "sweep", "unbrought"]

SWEEP = 1_000


def back_fill(manager: Manager, owner: Owner, targets: Collection[Owner], at: datetime) -> None:
    """Put the newest activities of these targets on the feeds of one who follows them now; others are skipped."""
    followed = graph_of(manager).followed(owner)
    targets = [target for target in targets if followed is None or target in followed]
    if not targets:
        return
    for feed_class in manager.feed_classes.values():
        # Pushed to a timeline that is not there, they would claim that nothing else is newer.
        if followed is None or feed_class(owner).floor() is not None:
            ids = RecordSource.objects.newest(targets, limit=feed_class.max_length)
            if ids:
                feed_class.push([owner], feed_class.entries_for(ids), at=at)
        refill(manager, feed_class, owner, at)
    if followed is not None and set(targets) - set(graph_of(manager).followed(owner) or ()):
        sweep(manager, owner, targets, at)  # he left while this ran


def sweep(
    manager: Manager, owner: Owner, targets: Collection[Owner], at: datetime, leaving: Collection[Owner] = ()
) -> None:
    """
    Take off the feeds of one reader what no source of his brings any more; `targets` are those he left.

    Then the feeds are filled up again.
    """
    for feed_class in manager.feed_classes.values():
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
        gone = unbrought(manager, feed_class, owner, ids, targets, leaving)
        if gone:
            feed_class.discard([owner], gone, at=at)
            # Followed or published again while this ran: what does not count as gone now comes back.
            back = set(gone) - set(unbrought(manager, feed_class, owner, gone, targets, leaving))
            if back:
                feed_class.push([owner], feed_class.entries_for(back), at=at)


def refill(manager: Manager, feed_class: type[Feed], owner: Owner, at: datetime, *, force: bool = False) -> None:
    """
    Fill a timeline that is shorter than its bound and not complete from all its sources, and lower its floor.

    With `force` also one that seems complete, as `rebuild_feeds` wants.
    """
    feed = feed_class(owner)
    floor = feed.floor()
    if not force and (floor == MIN_ID or feed.count() >= feed.max_length):
        return
    length, added = feed_class.max_length, None
    for _round in range(ROUNDS):
        sources = sources_of(manager, feed_class, owner)
        if sources is None or (floor is None and not sources):
            return
        ids = RecordSource.objects.newest(sources, limit=length + 1)
        if ids == added:
            return
        if added and set(added) - set(ids):
            feed_class.discard([owner], set(added) - set(ids), at=at)
        # One id too many tells where completeness ends: everything above it is here.
        new_floor = ids[length] if len(ids) > length else MIN_ID
        feed_class.fill([owner], feed_class.entries_for(ids[:length]), floor=new_floor, at=at)
        added = ids


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
) -> list[UUID]:
    """Those of these ids that no source of this reader brings."""
    followed, brought = sources_of(manager, feed_class, owner), records.standing(ids)
    if followed is None:
        return [id for id in ids if brought.get(id, set()) & set(targets)]
    kept = set(followed) - set(leaving)
    suspects = [id for id in ids if not brought.get(id, set()) & kept]
    nobodys = [id for id in suspects if id not in brought]
    by_hand = set(records.load(nobodys)) if nobodys else set()
    return [id for id in suspects if id not in by_hand]
