"""
Delivery: from one activity to the feeds of many.

Every step asks the truth when it runs (which activities stand, brought by whom, followed by whom), writes, and
asks once more: what changed meanwhile is settled again. So a step may run late, twice, in any order or side by
side with others; the last one leaves the feeds that the truth describes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone

from . import conf, recipients, records
from .exceptions import ForeignData
from .graph import Chunk, graph_of
from .models import ActivityRecord
from .owners import Owner
from .refills import ROUNDS, begin, exists, missing, refill
from .storage import BaseStorage, get_storage
from .storage.outages import Attempt, sparing_others

if TYPE_CHECKING:
    from .feeds import Feed
    from .managers import Manager

__all__ = ["Concerned", "Followers", "Told", "deliver_own", "notify", "settle", "walk"]

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

Places = dict[Owner, set[UUID]]
"""By source: the activities that it brings or brought."""


class Followers(NamedTuple):
    """Some of the followers of one source, and activities that it brings or brought: work for one `settle`."""

    priority: str
    ids: list[str]
    source: Owner
    chunk: Chunk


class Told(NamedTuple):
    """Some of those who are told of activities, or were: work for one `notify`."""

    ids: list[str]
    chunk: Chunk


Concerned = Followers | Told


def deliver_own(manager: Manager, record_ids: Sequence[int], at: datetime) -> Places:
    """
    Bring the bodies and the own feeds of these records in line: the part of a publication that does not wait.

    Returns where the records are and were, which is whom they concern. Raises StorageUnavailable where a storage is
    down, when the others have what is theirs.
    """
    with sparing_others() as attempt:
        for storage in _keeping_bodies(manager):
            attempt(storage.alias, partial(_keep_bodies, storage, record_ids))
        places = _places(ActivityRecord.objects.filter(pk__in=record_ids).prefetch_related("sources"))
        own = manager.user_feed_class
        if own and places:
            attempt(own.storage, partial(_settle_own, manager, own, places, at))
    return places


def _begin_own(manager: Manager, feed_class: type[Feed], places: Places, at: datetime) -> None:
    """A feed that would begin with what is not the newest is filled from what its owner did since."""
    for owner in missing(feed_class, list(places)):
        with _sparing_the_rest():
            refill(manager, feed_class, owner, at)


def _settle_own(manager: Manager, feed_class: type[Feed], places: Places, at: datetime) -> None:
    create = records.newest_of_all(set().union(*places.values()))
    if not create:
        _begin_own(manager, feed_class, places, at)
    before: dict[UUID, set[Owner]] | None = None
    for _round in range(ROUNDS):
        brought = records.standing(set().union(*places.values()))
        if brought == before:
            break
        parts = {
            owner: _split(ids, {id for id in ids if owner in brought.get(id, ())}) for owner, ids in places.items()
        }
        for (present, gone), owners in _grouped(places, parts.__getitem__):
            _write(feed_class, owners, present, owners, gone, at, create)
        before = brought
    _leave_nothing(feed_class, set(places).difference(*(before or {}).values()))


def _leave_nothing(feed_class: type[Feed], owners: Iterable[Owner]) -> None:
    """Of these owners, those who are gone were deleted, perhaps while this made them a feed."""
    for owner in owners:
        if not exists(owner):
            feed_class(owner).delete()


def walk(manager: Manager, record_ids: Sequence[int], at: datetime, *, count: bool = True) -> Iterator[Concerned]:
    """
    Everybody whom these records concern, as many at a time as one task takes: those who are told first.

    Memory stays flat: followers are read a chunk at a time. When all chunks were taken, the versions that were
    there at the start count as handed out (with `count`).
    """
    versions = dict(ActivityRecord.objects.filter(pk__in=record_ids).values_list("pk", "version"))
    places = deliver_own(manager, record_ids, at)
    if manager.notification_feed_class:
        yield from _told(record_ids)
    graph = graph_of(manager)
    for source, ids in places.items():
        hexes = sorted(id.hex for id in ids)
        for priority, chunk in graph.chunks(source, conf.get("FANOUT_CHUNK_SIZE")):
            yield Followers(priority, hexes, source, chunk)
    if count:
        records.count_as_delivered(versions)


def undelivered(older_than: float) -> QuerySet[ActivityRecord]:
    """
    The records that did not get to all feeds, without what happened in the last `older_than` seconds.

    Workers are about to deliver that. Records without a manager were put on one feed, and wait for nobody.
    """
    now = timezone.now()
    waiting = ActivityRecord.objects.filter(delivered_version__lt=F("version")).exclude(manager="")
    return waiting.exclude(time__gt=now - timedelta(seconds=older_than), time__lte=now)


def by_manager(waiting: QuerySet[ActivityRecord], size: int) -> Iterator[tuple[str, list[int]]]:
    """These records as (name of the manager, at most `size` pks), for one task each."""
    last = 0
    while rows := list(waiting.filter(pk__gt=last).order_by("pk").values_list("manager", "pk")[:size]):
        for manager, pairs in _grouped(rows, itemgetter(0)):
            yield manager, [pk for _manager, pk in pairs]
        last = rows[-1][1]


def settle(manager: Manager, activity_ids: Collection[UUID], source: Owner, chunk: Chunk, at: datetime) -> None:
    """
    For each of these activities and each follower of `source` in this chunk: is it to be in his feeds, now?

    Puts it there, or takes it away. He should have it while it stands and he follows any of its sources. Raises
    StorageUnavailable where a storage is down, when the feeds on the others are right.
    """
    with sparing_others() as attempt:
        _settle(manager, activity_ids, source, chunk, at, attempt)


def notify(manager: Manager, ids: Collection[UUID], chunk: Chunk, at: datetime) -> None:
    """
    For each of these activities and those in this chunk who are told, or were: is it among his notifications, now?

    Puts it there, or takes it away. Raises StorageUnavailable where the storage is down.
    """
    feed_class = manager.notification_feed_class
    if feed_class is None:
        return  # the settings have changed since it was queued
    concerned = {id: set(chunk.get("owners", ())) for id in ids}
    ever: set[Owner] = set()
    told: dict[UUID, set[Owner]] | None = None
    for _round in range(ROUNDS):
        before, told = told, recipients.told(ids, chunk)
        if told == before:
            break
        for id, owners in told.items():
            concerned[id] |= owners
            ever |= owners
        create = records.newest_of_all(ids)
        parts = {id: _split(concerned[id], told.get(id, set())) for id in ids}
        for (wanted, unwanted), some in _grouped(ids, parts.__getitem__):
            _write(feed_class, sorted(wanted), some, sorted(unwanted), some, at, create)
    _leave_nothing(feed_class, ever.difference(*(told or {}).values()))


def _settle(
    manager: Manager, activity_ids: Collection[UUID], source: Owner, chunk: Chunk, at: datetime, attempt: Attempt
) -> None:
    graph = graph_of(manager)
    seen: set[Owner] = set()
    wanted: dict[UUID, frozenset[Owner]] | None = None
    for _round in range(ROUNDS):
        following, standing = frozenset(graph.readers(source, chunk)), records.standing(activity_ids)
        brought = {id: standing.get(id, set()) for id in activity_ids}
        seen |= following
        before, wanted = wanted, _wanted(graph, seen, following, source, brought)
        if wanted == before:
            return
        # Who has no timeline reads from his sources, and has it filled. A push makes one if it knows what is newer.
        create = records.newest_of_all(activity_ids)
        for readers, ids in _grouped(activity_ids, wanted.__getitem__):
            for feed_class in manager.feed_classes.values():
                work = partial(_apply, manager, feed_class, ids, readers, seen - readers, at, create)
                attempt(feed_class.storage, work)


def _wanted(
    graph: Any, readers: set[Owner], following: frozenset[Owner], source: Owner, brought: dict[UUID, set[Owner]]
) -> dict[UUID, frozenset[Owner]]:
    """Those of these readers who should have each activity, given who of them follows `source`."""
    moved = any(sources and source not in sources for sources in brought.values())
    others = set().union(*brought.values()) - {source}
    # Usually nobody: whoever follows the source should have it, whomever else he follows.
    asked = readers if moved else readers - following
    by_others = graph.who_follow(asked, others) if asked and others else {}
    followers = {**by_others, source: following}
    return {id: frozenset().union(*(followers.get(one, ()) for one in sources)) for id, sources in brought.items()}


def _apply(
    manager: Manager,
    feed_class: type[Feed],
    ids: list[UUID],
    wanted: frozenset[Owner],
    unwanted: Collection[Owner],
    at: datetime,
    create: bool,
) -> None:
    readers = sorted(wanted)
    create = create and not feed_class.get_storage().looks_to_create
    if not manager.knows_following:
        with _sparing_the_rest():
            begin(feed_class, readers, at)
    _write(feed_class, readers, ids, sorted(unwanted), ids, at, create)


def _write(
    feed_class: type[Feed],
    with_them: Sequence[Owner],
    present: Collection[UUID],
    without: Sequence[Owner],
    gone: Collection[UUID],
    at: datetime,
    create: bool,
) -> None:
    if with_them and present:
        with _sparing_the_rest():
            feed_class.push(with_them, feed_class.entries_for(present), at=at, create=create)
    if without and gone:
        with _sparing_the_rest():
            feed_class.discard(without, gone, at=at)


@contextmanager
def _sparing_the_rest() -> Iterator[None]:
    """
    Log that somebody else's data is in place of some timelines, and go on with what concerns others.

    Those timelines lose nothing: when that data is gone they are missing, and whoever reads one has it filled.
    """
    try:
        yield
    except ForeignData as error:
        logger.error("%s", error)


def _places(rows: Iterable[ActivityRecord]) -> Places:
    places: Places = {}
    for row in rows:
        for source in row.sources.all():
            places.setdefault(source.owner, set()).add(row.activity_id)
        for hex, owners, *_told in row.former:
            for owner in owners:
                places.setdefault(owner, set()).add(UUID(hex))
    return places


def _told(record_ids: Sequence[int]) -> Iterator[Told]:
    """Who is told of these records, and who was."""
    size = conf.get("FANOUT_CHUNK_SIZE")
    rows = list(ActivityRecord.objects.filter(pk__in=record_ids).values_list("activity_id", "former"))
    ids = [id.hex for id, _former in rows]
    for first, last in recipients.chunks(record_ids, size):
        yield Told(ids, {"first": first, "last": last})
    for _id, former in rows:
        for hex, _sources, *told in former:  # two of a kind, as they were before anybody was told
            for some in told:
                for start in range(0, len(some), size):
                    yield Told([hex], {"owners": some[start : start + size]})


def _split(items: set[Item], wanted: set[Item]) -> tuple[frozenset[Item], frozenset[Item]]:
    """Those of these items that are wanted, and those that are not."""
    return frozenset(items & wanted), frozenset(items - wanted)


def _keeping_bodies(manager: Manager) -> list[BaseStorage]:
    aliases = {feed_class.storage for feed_class in manager.all_feed_classes()}
    return [storage for storage in map(get_storage, sorted(aliases)) if storage.keeps_bodies]


def _keep_bodies(storage: BaseStorage, record_ids: Sequence[int]) -> None:
    """Give this storage the bodies that stand, and take from it those that do not."""
    versions = None
    for _round in range(ROUNDS):
        rows = list(ActivityRecord.objects.filter(pk__in=record_ids))
        if versions == (versions := {row.pk: row.version for row in rows}):
            return
        bodies = {row.activity_id: row.body() for row in rows if row.published}
        gone = {row.activity_id for row in rows} | {UUID(hex) for row in rows for hex, *_owners in row.former}
        storage.put(bodies)
        storage.forget(gone - set(bodies))


def _grouped(items: Iterable[Any], key: Callable[[Any], Any]) -> list[tuple[Any, list[Any]]]:
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.items())
