"""
The truth: what was published, by `ActivityRecord` and `RecordSource` rows.

Everything here happens in the caller's transaction, so that a record stands or falls with the row that caused it.
Feeds are brought in line with it afterwards, by `delivery`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, router, transaction

from .activity import Activity, identity_text
from .ids import milliseconds
from .models import ActivityRecord, RecordSource
from .owners import Owner

__all__ = [
    "Publication",
    "ensure",
    "identity_key",
    "load",
    "recall",
    "retract",
    "standing",
    "write",
    "write_many",
]

BATCH = 500


class Publication(NamedTuple):
    """An activity, the owners whose own feeds it belongs to, and those who are told besides."""

    activity: Activity
    sources: Sequence[Owner]
    recipients: Sequence[Owner] = ()


def identity_key(identity: list[Any]) -> UUID:
    """128 bits of the identity: what makes two activities the same."""
    return UUID(bytes=blake2b(identity_text(identity).encode(), digest_size=16).digest())


def database() -> str:
    """The alias of the database that holds the records."""
    return router.db_for_write(ActivityRecord)


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
        with transaction.atomic(using=database()):
            written += _write_batch(batch)
    return written


def retract(keys: Collection[UUID]) -> list[ActivityRecord]:
    """Take the activities with these identity keys back; returns the records that stood until now."""
    with transaction.atomic(using=database()):
        records = list(ActivityRecord.objects.select_for_update().filter(identity_key__in=keys, published=True))
        sources = standing(record.activity_id for record in records)
        for record in records:
            _remember_place(record, sources.get(record.activity_id, set()))
            record.published = False
            record.version += 1
        ActivityRecord.objects.bulk_update(records, ["published", "version", "former"], batch_size=BATCH)
        RecordSource.objects.filter(record__in=records).delete()
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


def load(ids: Collection[UUID], activity_class: type[Activity] = Activity) -> dict[UUID, Activity]:
    """The published activities of these ids, not hydrated."""
    records = ActivityRecord.objects.filter(activity_id__in=ids, published=True)
    return {record.activity_id: record.activity(activity_class) for record in records}


def standing(ids: Iterable[UUID]) -> dict[UUID, set[Owner]]:
    """By whom each of these activities is brought now; those that stand with nobody are left out."""
    brought: dict[UUID, set[Owner]] = {}
    for id, owner in RecordSource.objects.filter(activity_id__in=list(ids)).values_list("activity_id", "owner"):
        brought.setdefault(id, set()).add(owner)
    return brought


def _locked(key: UUID) -> ActivityRecord | None:
    return ActivityRecord.objects.select_for_update().filter(identity_key=key).first()


def _insert(publication: Publication, key: UUID, counter: int = 0) -> ActivityRecord:
    activity = publication.activity
    activity.id = activity.id_with(counter)
    record = _new(publication, key)
    record.save(force_insert=True)
    _bring(record, publication.sources)
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
    if record.published:
        gone = old_sources if moved_in_time else old_sources - set(publication.sources)
        _remember_place(record, gone)
    if moved_in_time:
        record.activity_id = _free_id(activity, record)
    activity.id = record.activity_id
    _copy(record, publication)
    record.published = True
    record.version += 1
    record.save()
    record.sources.all().delete()
    _bring(record, publication.sources)
    return record


def _settled(record: ActivityRecord, publication: Publication, sources: set[Owner]) -> bool:
    before = _body(record)
    after = ActivityRecord()
    _copy(after, publication)
    return record.published and before == _body(after) and sources == set(publication.sources)


def _sources(record: ActivityRecord) -> set[Owner]:
    return {source.owner for source in record.sources.all()}


def _body(record: ActivityRecord) -> tuple:
    target, extra = record.target, record.extra_context
    return (record.actor, record.verb_id, record.object, target, record.time, extra, list(record.recipients))


def _copy(record: ActivityRecord, publication: Publication) -> None:
    activity = publication.activity
    record.actor = str(activity.actor_reference)
    record.verb_id = activity.verb.id
    record.object = str(activity.object_reference)
    record.target = str(activity.target_reference) if activity.target_reference else ""
    record.time = activity.time
    record.extra_context = activity.extra_context
    record.recipients = list(publication.recipients)


def _free_id(activity: Activity, record: ActivityRecord) -> UUID:
    others = ActivityRecord.objects.exclude(pk=record.pk)
    for counter in range(10):
        id = activity.id_with(counter)
        if not others.filter(activity_id=id).exists():
            return id
    raise IntegrityError(f"Ten identities share the id {id}.")


def _remember_place(record: ActivityRecord, owners: Collection[Owner]) -> None:
    if owners:
        record.former = [*record.former, [record.activity_id.hex, sorted(owners)]]


def _bring(record: ActivityRecord, owners: Sequence[Owner]) -> None:
    RecordSource.objects.bulk_create(
        RecordSource(owner=owner, activity_id=record.activity_id, record=record) for owner in dict.fromkeys(owners)
    )


def _write_batch(batch: dict[UUID, Publication]) -> list[ActivityRecord]:
    rows = ActivityRecord.objects.filter(identity_key__in=batch).prefetch_related("sources")
    known = {record.identity_key: record for record in rows}
    new = {key: publication for key, publication in batch.items() if key not in known}
    changed = [write(batch[key]) for key, record in known.items() if not _unchanged(record, batch[key])]
    try:
        with transaction.atomic(using=database()):
            created = _insert_many(new)
    except IntegrityError:  # an id or an identity is taken: one by one, which knows what to do
        created = [write(publication) for publication in new.values()]
    return [record for record in changed + created if record is not None]


def _unchanged(record: ActivityRecord, publication: Publication) -> bool:
    publication.activity.id = record.activity_id
    return _settled(record, publication, _sources(record))


def _insert_many(new: dict[UUID, Publication]) -> list[ActivityRecord]:
    ActivityRecord.objects.bulk_create(_new(publication, key) for key, publication in new.items())
    # MySQL gives no pks back from a bulk insert.
    records = {record.identity_key: record for record in ActivityRecord.objects.filter(identity_key__in=new)}
    RecordSource.objects.bulk_create(
        RecordSource(owner=owner, activity_id=records[key].activity_id, record=records[key])
        for key, publication in new.items()
        for owner in dict.fromkeys(publication.sources)
    )
    return list(records.values())
