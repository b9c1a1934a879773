"""
The truth: what was published, by `ActivityRecord`, `RecordSource` and `RecordRecipient` rows.

Everything here happens in the caller's transaction, so that a record stands or falls with the row that caused it.
Feeds are brought in line with it afterwards, by `delivery`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction

from . import recipients, serializers
from .activity import Activity, identity_text
from .commits import database
from .deadlocks import despite_deadlocks
from .exceptions import InvalidReference
from .ids import milliseconds
from .models import ActivityRecord, RecordRecipient, RecordSource
from .owners import Owner, Reference, owner_of
from .recipients import Named

__all__ = [
    "Publication",
    "bodies",
    "count_as_delivered",
    "differing",
    "ensure",
    "identity_key",
    "joined",
    "left",
    "load",
    "newest_of_all",
    "of",
    "recall",
    "retract",
    "standing",
    "write",
    "write_many",
]

logger = logging.getLogger(__name__)

BATCH = 500

OwnerRow = RecordSource | RecordRecipient


class Publication(NamedTuple):
    """An activity, the owners whose own feeds it belongs to, and those who are told besides."""

    activity: Activity
    sources: Sequence[Owner]
    recipients: Sequence[Owner] = ()
    manager: str = ""
    """Who delivers it, by name; empty where it is only put on one feed."""

    silent: bool = False
    """Is nobody told, because this is history?"""


def identity_key(identity: list[Any]) -> UUID:
    """128 bits of the identity: what makes two activities the same."""
    return UUID(bytes=blake2b(identity_text(identity).encode(), digest_size=16).digest())


def write(publication: Publication) -> ActivityRecord | None:
    """
    Record this activity, new or changed; None where it was recorded just so already.

    The activity takes the id of its record. A handful of queries, whatever the number of followers.
    """
    key = identity_key(publication.activity.identity)
    with transaction.atomic(using=database()):
        record = _locked(key)
        if record is not None:
            return _update(record, publication)
        counter = 0
        while True:
            try:
                with transaction.atomic(using=database()):
                    return _insert(publication, key, counter)
            except IntegrityError:
                record = _locked(key)
                if record is not None:  # somebody else was faster
                    return _update(record, publication)
                counter += 1  # another identity holds this id
                if counter > 10:
                    raise


def write_many(publications: Iterable[Publication]) -> list[ActivityRecord]:
    """`write` for many, in a few queries for each 500; returns the records that are new or changed."""
    unique = {identity_key(publication.activity.identity): publication for publication in publications}
    keys = list(unique)
    written = []
    for start in range(0, len(keys), BATCH):
        batch = {key: unique[key] for key in keys[start : start + BATCH]}
        work = partial(transaction.atomic(using=database())(_write_batch), batch)
        written += despite_deadlocks(work, database())
    return written


def differing(publications: Iterable[Publication]) -> tuple[list[Publication], list[Publication]]:
    """Those of these that are not recorded yet, and those that are recorded otherwise; writes nothing."""
    unique = {identity_key(publication.activity.identity): publication for publication in publications}
    rows = ActivityRecord.objects.filter(identity_key__in=unique).prefetch_related("sources")
    known = {record.identity_key: record for record in rows}
    new = [publication for key, publication in unique.items() if key not in known]
    return new, [unique[key] for key, record in known.items() if not _unchanged(record, unique[key])]


def of(activities: Iterable[Activity]) -> list[ActivityRecord]:
    """The records that there are of these activities."""
    keys = [identity_key(activity.identity) for activity in activities]
    return list(ActivityRecord.objects.filter(identity_key__in=keys))


def joined(activities: Collection[Activity], owner: Owner | None = None) -> list[Publication]:
    """These activities as they stand, and as ones of this owner (each of its actor) too."""
    recall(activities)
    keys = [identity_key(activity.identity) for activity in activities]
    rows = ActivityRecord.objects.filter(identity_key__in=keys, published=True).prefetch_related("sources")
    known = {record.identity_key: record for record in rows}
    publications = []
    for key, activity in zip(keys, activities, strict=True):
        record, by = known.get(key), owner or activity.owner
        sources = sorted({by} | _sources(record)) if record else [by]
        publications.append(Publication(activity, sources, record.recipients if record else ()))
    return publications


def left(activity: Activity, owner: Owner) -> list[ActivityRecord]:
    """The records of this activity that stand no more, to be cleaned up with this owner's followers (again)."""
    rows = [record for record in of([activity]) if not record.published]
    for record in rows:
        _remember_place(record, [owner])
        record.save(update_fields=["former"])
    return rows


def retract(keys: Collection[UUID], manager: str = "") -> list[ActivityRecord]:
    """
    Take the activities with these identity keys back; returns the records that stood until now.

    `manager` is the name of who delivers that; without one, who published them.
    """
    with transaction.atomic(using=database()):
        rows = ActivityRecord.objects.select_for_update().order_by("identity_key")
        records = list(rows.filter(identity_key__in=keys, published=True))
        ids = [record.activity_id for record in records]
        sources = standing(ids)
        told = standing(ids, RecordRecipient) if any(record.recipients for record in records) else {}
        for record in records:
            id = record.activity_id
            _remember_place(record, sources.get(id, set()), told.get(id, set()))
            record.published = False
            record.version += 1
            record.manager = manager or record.manager
        columns = ["published", "version", "former", "manager"]
        ActivityRecord.objects.bulk_update(records, columns, batch_size=BATCH)
        RecordSource.objects.filter(record__in=records).delete()
        if told:
            RecordRecipient.objects.filter(record__in=records).delete()
    return records


def ensure(activities: Iterable[Activity]) -> None:
    """Record those of these activities that have no record yet, as belonging to nobody's own feed."""
    unknown = {identity_key(activity.identity): activity for activity in activities if activity.identity}
    known = ActivityRecord.objects.filter(identity_key__in=unknown)
    for record in known:
        unknown.pop(record.identity_key).id = record.activity_id
    write_many(Publication(activity, ()) for activity in unknown.values())


def recall(activities: Iterable[Activity]) -> None:
    """Give activities that were read from a storage, which keeps no identity, the identity of their record."""
    lost = {activity.id: activity for activity in activities if not activity.identity}
    if lost:
        rows = ActivityRecord.objects.filter(activity_id__in=lost).values_list("activity_id", "identity")
        for id, identity in rows:
            lost.pop(id).identity = identity
    for activity in lost.values():
        activity.identity = activity.own_identity()


def count_as_delivered(versions: Mapping[int, int]) -> None:
    """These versions, by pk, were handed to the feeds; what changed meanwhile still waits."""
    by_version: dict[int, list[int]] = {}
    for pk, version in versions.items():
        by_version.setdefault(version, []).append(pk)
    for version, pks in by_version.items():
        unchanged = ActivityRecord.objects.filter(pk__in=pks, version=version)
        unchanged.update(delivered_version=version, former=[], delivery_error="")


def load(ids: Collection[UUID], activity_class: type[Activity] = Activity) -> dict[UUID, Activity]:
    """The published activities of these ids, not hydrated."""
    records = ActivityRecord.objects.filter(activity_id__in=ids, published=True)
    found = {}
    for record in records:
        try:
            found[record.activity_id] = record.activity(activity_class)
        except InvalidReference as error:  # it names a row that its model cannot have any more
            logger.warning("The activity %s is left out: %s", record.activity_id, error)
    return found


def bodies(ids: Collection[UUID]) -> dict[UUID, str]:
    """The bodies of the published activities of these ids."""
    rows = ActivityRecord.objects.filter(activity_id__in=ids, published=True)
    return {id: serializers.body(*content) for id, *content in rows.values_list("activity_id", *ActivityRecord.CONTENT)}


def newest_of_all(ids: Collection[UUID]) -> bool:
    """Is nothing published that is newer than the oldest of these, but these themselves?"""
    newer = ActivityRecord.objects.filter(published=True, activity_id__gt=min(ids))
    return not newer.exclude(activity_id__in=list(ids)).exists()


def standing(ids: Iterable[UUID], rows: type[OwnerRow] = RecordSource) -> dict[UUID, set[Owner]]:
    """
    By whom each of these activities is brought now, or to whom it is told; those that stand with nobody are left out.
    """
    return rows.objects.owners(rows.objects.filter(activity_id__in=list(ids)))


def _locked(key: UUID) -> ActivityRecord | None:
    return ActivityRecord.objects.select_for_update().filter(identity_key=key).first()


def _insert(publication: Publication, key: UUID, counter: int = 0) -> ActivityRecord:
    activity = publication.activity
    activity.id = activity.id_with(counter)
    record = _new(publication, key)
    record.save(force_insert=True)
    _bring(record, publication.sources)
    recipients.tell([_named(record, publication)])
    return record


def _new(publication: Publication, key: UUID) -> ActivityRecord:
    activity = publication.activity
    record = ActivityRecord(activity_id=activity.id, identity_key=key, identity=activity.identity)
    _copy(record, publication)
    return record


def _update(record: ActivityRecord, publication: Publication) -> ActivityRecord | None:
    activity = publication.activity
    old_sources = _sources(record)
    if _settled(record, publication, old_sources):
        activity.id = record.activity_id
        return None
    moved_in_time = milliseconds(record.time) != milliseconds(activity.time)
    told = _told(record)
    # One that was taken back tells anew: its rows are gone.
    new = _named(record, publication, _heard(record) if record.published else ())
    over = told.difference(publication.recipients) | told.intersection([activity.owner])
    if record.published:
        gone = old_sources if moved_in_time else old_sources - set(publication.sources)
        _remember_place(record, gone, told if moved_in_time else over)
    if moved_in_time:
        record.activity_id = _free_id(activity, record)
    activity.id = record.activity_id
    _copy(record, publication)
    record.published = True
    record.version += 1
    record.save()
    record.sources.all().delete()
    _bring(record, publication.sources)
    recipients.forget(record, over)
    if moved_in_time and told:
        recipients.move(record)
    recipients.tell([new])
    return record


def _settled(record: ActivityRecord, publication: Publication, sources: set[Owner]) -> bool:
    same = [getattr(record, name) for name in ActivityRecord.CONTENT] == _content(publication)
    named = set(record.recipients) == set(publication.recipients)
    return record.published and same and named and sources == set(publication.sources)


def _told(record: ActivityRecord) -> set[Owner]:
    return {row.owner for row in record.told.all()} if record.recipients else set()


def _sources(record: ActivityRecord) -> set[Owner]:
    return {source.owner for source in record.sources.all()}


def _content(publication: Publication) -> list[Any]:
    activity = publication.activity
    return [
        str(activity.actor_reference),
        activity.verb.id,
        str(activity.object_reference),
        str(activity.target_reference) if activity.target_reference else "",
        activity.time,
        activity.extra_context,
    ]


def _copy(record: ActivityRecord, publication: Publication) -> None:
    for name, value in zip(ActivityRecord.CONTENT, _content(publication), strict=True):
        setattr(record, name, value)
    record.recipients = list(publication.recipients)
    record.manager = publication.manager or record.manager


def _free_id(activity: Activity, record: ActivityRecord) -> UUID:
    others = ActivityRecord.objects.exclude(pk=record.pk)
    for counter in range(10):
        id = activity.id_with(counter)
        if not others.filter(activity_id=id).exists():
            return id
    raise IntegrityError(f"Ten identities share the id {id}.")


def _named(record: ActivityRecord, publication: Publication, before: Collection[Owner] = ()) -> Named:
    """Whom this publication names, and the one before did not."""
    new = () if publication.silent else [owner for owner in publication.recipients if owner not in before]
    return Named(record, new)


def _heard(record: ActivityRecord) -> list[Owner]:
    """Whom the publication before named, but its actor, who was not told for no other reason."""
    actor = owner_of(Reference.parse(record.actor))
    return [owner for owner in record.recipients if owner != actor]


def _remember_place(record: ActivityRecord, owners: Collection[Owner], told: Collection[Owner] = ()) -> None:
    if owners or told:
        record.former = [*record.former, [record.activity_id.hex, sorted(owners), sorted(told)]]


def _bring(record: ActivityRecord, owners: Sequence[Owner]) -> None:
    RecordSource.objects.bulk_create(
        RecordSource(owner=owner, activity_id=record.activity_id, record=record) for owner in dict.fromkeys(owners)
    )


def _write_batch(batch: dict[UUID, Publication]) -> list[ActivityRecord]:
    rows = ActivityRecord.objects.filter(identity_key__in=batch).prefetch_related("sources")
    known = {record.identity_key: record for record in rows}
    # In one order everywhere, or two bulks that overlap wait for each other.
    new = {key: batch[key] for key in sorted(batch) if key not in known}
    changed = [write(batch[key]) for key in sorted(known) if not _unchanged(known[key], batch[key])]
    try:
        with transaction.atomic(using=database()):
            created: list[ActivityRecord | None] = [*_insert_many(new)]
    except IntegrityError:  # an id or an identity is taken: one by one, which knows what to do
        created = [write(publication) for publication in new.values()]
    written = {record.identity_key: record for record in changed + created if record is not None}
    return [written[key] for key in batch if key in written]


def _unchanged(record: ActivityRecord, publication: Publication) -> bool:
    publication.activity.id = record.activity_id
    return _settled(record, publication, _sources(record))


def _insert_many(new: dict[UUID, Publication]) -> list[ActivityRecord]:
    records = [_new(publication, key) for key, publication in new.items()]
    ActivityRecord.objects.bulk_create(records)
    if records and records[0].pk is None:  # MySQL gives no pks back
        pks = dict(ActivityRecord.objects.filter(identity_key__in=new).values_list("identity_key", "pk"))
        for record in records:
            record.pk = pks[record.identity_key]
    RecordSource.objects.bulk_create(
        RecordSource(owner=owner, activity_id=record.activity_id, record=record)
        for record in records
        for owner in dict.fromkeys(new[record.identity_key].sources)
    )
    recipients.tell(_named(record, new[record.identity_key]) for record in records)
    return records
