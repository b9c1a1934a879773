"""Records from the rows of registered models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Model, Q, QuerySet

from .. import commits, delivery, records
from ..exceptions import FeedsError, InvalidActivity
from ..models import ActivityRecord
from ..owners import label_of
from ..sources import ActivitySource
from ..storage import get_storage
from .steps import Step, by_pk

if TYPE_CHECKING:
    from ..managers import Manager

__all__ = ["publish_rows", "retract_vanished"]


def publish_rows(
    manager: Manager,
    source: ActivitySource,
    after: str | None,
    size: int,
    at: datetime,
    *,
    write: bool = True,
    deliver: bool = True,
) -> Iterator[Step]:
    """
    Record what this source makes of each row, `size` at a time, in order of pk.

    With `deliver` the records count as delivered, since their feeds are rebuilt next. Without `write` it only counts.
    Raises InvalidActivity for a row that cannot be an activity, naming it.
    """
    rows = source.get_queryset().prefetch_related(*source.prefetched())
    for batch in by_pk(rows, after, size):
        publications, absent = _publications(source, batch)
        if write:
            counts = _record(manager, publications, absent, at, deliver)
        else:
            new, changed = records.differing(publications)
            counts = Counter(new=len(new), changed=len(changed), retracted=len(_standing(absent)))
        yield Step(str(batch[-1].pk), len(batch), counts)


def retract_vanished(
    manager: Manager,
    sources: Iterable[ActivitySource],
    after: str | None,
    size: int,
    at: datetime,
    *,
    write: bool = True,
    deliver: bool = True,
) -> Iterator[Step]:
    """Take back what these sources made of rows that are gone, `size` records at a time."""
    by_cause = {
        (source.label or label_of(source.model), source.verb.id): source
        for source in sources
        if type(source).identity is ActivitySource.identity
    }
    verbs = {verb for _label, verb in by_cause}
    # Also those that a run had just taken back when it was killed.
    unsettled = Q(published=True) | Q(delivered_version__lt=F("version"))
    standing = ActivityRecord.objects.filter(unsettled, verb_id__in=verbs)
    for batch in by_pk(standing.values_list("pk", "identity", "identity_key", named=True), after, size):
        causes: dict[ActivitySource, dict[str, UUID]] = {}
        for record in batch:
            source = by_cause.get((record.identity[0], record.identity[-1])) if len(record.identity) == 3 else None
            if source is not None:
                causes.setdefault(source, {})[record.identity[1]] = record.identity_key
        gone = [key for source, keys in causes.items() for key in _without_row(source.model, keys)]
        counts = _record(manager, [], gone, at, deliver) if write else Counter(retracted=len(_standing(gone)))
        yield Step(str(batch[-1].pk), len(batch), counts)


def _publications(source: ActivitySource, rows: Iterable[Model]) -> tuple[list[records.Publication], list[UUID]]:
    """What is to be recorded, and the identity keys of rows that are not for feeds (a draft, no actor)."""
    publications, absent = [], []
    for row in rows:
        try:
            publication = source.publication(row)
        except FeedsError as error:
            raise InvalidActivity(f"{row._meta.label} {row.pk} cannot be an activity: {error}") from error
        if publication is None:
            absent.append(records.identity_key(source.identity(row)))
        else:
            publications.append(publication._replace(silent=True))
    return publications, absent


def _record(
    manager: Manager,
    publications: Sequence[records.Publication],
    absent: Collection[UUID],
    at: datetime,
    deliver: bool,
) -> Counter[str]:
    with transaction.atomic(using=commits.database()):
        written = records.write_many(publications)
        retracted = records.retract(absent) if absent else []
    if deliver:
        ids = [publication.activity.id for publication in publications]
        _count_as_delivered(manager, ActivityRecord.objects.filter(activity_id__in=ids), at)
        _count_as_delivered(manager, ActivityRecord.objects.filter(identity_key__in=absent), at)
        _drop_bodies(manager, ids)
    new = sum(record.version == 1 for record in written)
    return Counter(new=new, changed=len(written) - new, retracted=len(retracted))


def _count_as_delivered(manager: Manager, found: QuerySet[ActivityRecord], at: datetime) -> None:
    """
    The rebuild brings these records to the feeds.

    Except to the own feeds of those who brought them before and bring nothing now, whom it would not meet.
    """
    versions = dict(found.filter(delivered_version__lt=F("version")).values_list("pk", "version"))
    changed = [pk for pk, version in versions.items() if version > 1]
    if changed:
        delivery.deliver_own(manager, changed, at)
    records.count_as_delivered(versions)


def _drop_bodies(manager: Manager, ids: Collection[UUID]) -> None:
    """
    What a storage keeps of these activities may be out of date: pages read it from the records, once.

    Bodies in the rows of timelines come anew with the feeds.
    """
    for alias in {feed_class.storage for feed_class in manager.all_feed_classes()}:
        get_storage(alias).forget(ids)


def _standing(keys: Collection[UUID]) -> list[UUID]:
    found = ActivityRecord.objects.filter(identity_key__in=keys, published=True) if keys else ()
    return [record.identity_key for record in found]


def _without_row(model: type[Model], keys: dict[str, UUID]) -> list[UUID]:
    """Those of these keys, by pk as text, whose row is gone."""
    there = {str(pk) for pk in _rows(model, keys).values_list("pk", flat=True)}
    return [key for pk, key in keys.items() if pk not in there]


def _rows(model: type[Model], pks: Iterable[str]) -> QuerySet:
    native = []
    for pk in pks:
        try:
            native.append(model._meta.pk.to_python(pk))
        except ValidationError:  # the model had another kind of key then
            continue
    return model._base_manager.filter(pk__in=native)
