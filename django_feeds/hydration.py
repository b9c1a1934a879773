"""
Hydration: from ids to activities, and from activities to rows, in one query for each model.

Sources say with `register` which queryset loads their rows and who may see them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from . import commits, records, serializers
from .activity import Activity
from .exceptions import StorageUnavailable
from .owners import Reference, label_of, model_of
from .storage import BaseStorage, aliases, get_storage
from .storage.outages import sparing_others

__all__ = ["activities", "forget", "hydrate", "present", "register"]

logger = logging.getLogger(__name__)

ROUNDS = 5
"""How often what changed while it was put back is put back again."""

_querysets: dict[str, Callable[[], QuerySet]] = {}
_rules: dict[str, list[Callable[[Any, Model], bool]]] = {}


def register(model: type[Model], queryset: Callable[[], QuerySet], can_see: Callable[[Any, Model], bool]) -> None:
    """
    Load rows of `model` with this queryset, and show activities about them to whom `can_see` allows.

    Where a model has several sources, all of them must allow it, and the last one's queryset loads it.
    """
    label = label_of(model)
    _querysets[label] = queryset
    _rules.setdefault(label, []).append(can_see)


def activities(
    storage: BaseStorage | None,
    ids: Sequence[UUID],
    bodies: Mapping[UUID, str | None],
    activity_class: type[Activity] = Activity,
) -> dict[UUID, Activity]:
    """
    The activities of these ids, without rows: from `bodies`, else from the storage, else from their records.

    What the storage lost is put back, inside a transaction once it is committed. None for a storage that is known to
    be down, which is not asked again. An activity that was retracted is left out.
    """
    storage = storage if storage and storage.keeps_bodies else None
    at_hand = bodies
    unknown = [id for id in ids if id not in bodies] if storage else []
    if unknown and storage:
        try:
            at_hand = {**bodies, **storage.get(unknown)}
        except StorageUnavailable as error:
            logger.warning("Activities are read from their records: %s", error)
            storage = None
    found = serializers.loads_many({id: body for id in ids if (body := at_hand.get(id))}, activity_class)
    missing = [id for id in ids if id not in found] if len(found) < len(ids) else []
    recorded = records.load(missing, activity_class) if missing else {}
    if recorded and storage:
        if commits.in_transaction():
            commits.on_commit(partial(_restore, storage, list(recorded)))
        else:
            _restore(storage, list(recorded), _dumped(recorded))
    return {**found, **recorded}


def forget(ids: Collection[UUID]) -> None:
    """
    Take the bodies of these activities, which were just retracted, from every storage that keeps any.

    Raises StorageUnavailable where one is down, when all others were told. Inside a transaction that is logged; and
    they are told again when it is committed, since whoever reads a page until then puts a body back.
    """
    if commits.in_transaction():
        commits.on_commit(partial(_forget, ids))
        commits.run_logged(partial(_forget, ids))
    else:
        _forget(ids)


def hydrate(items: Iterable[Activity]) -> None:
    """Give these activities the rows of their actors, objects and targets: one query for each model."""
    items = list(items)
    wanted: dict[str, set[Any]] = {}
    for activity in items:
        for reference in activity.references().values():
            wanted.setdefault(reference.label, set()).add(reference.pk)
    rows: dict[Reference, Model] = {}
    for label, pks in sorted(wanted.items()):
        rows.update({Reference(label, row.pk): row for row in _load(label, pks)})
    for activity in items:
        activity.hydrate(rows)


def present(items: Iterable[Activity], viewer: Any = None) -> list[Activity]:
    """Those of these hydrated activities that can be shown: actor and object are there, `viewer` may see them."""
    return [activity for activity in items if _shown(activity, viewer)]


def _shown(activity: Activity, viewer: Any) -> bool:
    if activity.actor is None or activity.object is None:
        return False
    rules = _rules.get(activity.object_reference.label, ())
    return all(rule(viewer, activity.object) for rule in rules)


def _load(label: str, pks: set[Any]) -> Iterable[Model]:
    model = model_of(label)
    if model is None:
        return []
    queryset = _querysets[label]() if label in _querysets else model._default_manager.all()
    return queryset.filter(pk__in=pks)


def _restore(storage: BaseStorage, ids: Collection[UUID], bodies: Mapping[UUID, str] | None = None) -> None:
    """
    Put back what the storage lost; and what was edited or taken back meanwhile, as it is then.

    `bodies` are the committed ones, where they are at hand.
    """
    bodies = records.bodies(ids) if bodies is None else bodies
    try:
        for _round in range(ROUNDS):
            storage.put(bodies)
            kept, bodies = bodies, records.bodies(ids)
            if bodies == kept:
                return
            storage.forget(set(kept) - set(bodies))
    except StorageUnavailable as error:
        logger.warning("Bodies could not be put back: %s", error)


def _forget(ids: Collection[UUID]) -> None:
    with sparing_others() as attempt:
        for alias in aliases():
            attempt(alias, partial(get_storage(alias).forget, ids))


def _dumped(activities: Mapping[UUID, Activity]) -> dict[UUID, str]:
    return {id: serializers.dumps(activity) for id, activity in activities.items()}
