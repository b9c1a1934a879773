"""Signal receivers: they translate what happened to rows into what a manager does, and decide nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.models import Model, Q, QuerySet, signals

from . import conf, groupings, tasks, verbs
from .exceptions import StorageUnavailable
from .feeds import Feed
from .models import ActivityRecord, Follow, Grouping, VerbRecord
from .owners import Owner, model_of, owner_of
from .registry import get_manager, managers
from .signals import feed_incomplete, feeds_written, notifications_marked
from .sources import ActivitySource, all_sources, concrete, listeners, sources_of, tracking

__all__ = ["connect"]

logger = logging.getLogger(__name__)


def connect() -> None:
    """Connect everything; each receiver only to the models that it is about, so that other deletions stay fast."""
    signals.post_save.connect(follow_saved, sender=Follow, dispatch_uid="django_feeds.follow_saved")
    signals.post_delete.connect(follow_deleted, sender=Follow, dispatch_uid="django_feeds.follow_deleted")
    signals.post_migrate.connect(
        code_changed, sender=apps.get_app_config("django_feeds"), dispatch_uid="django_feeds.code"
    )
    feed_incomplete.connect(feed_ended_early, dispatch_uid="django_feeds.refill")
    feeds_written.connect(feeds_changed, dispatch_uid="django_feeds.live.written")
    notifications_marked.connect(notifications_changed, dispatch_uid="django_feeds.live.marked")
    for label in [settings.AUTH_USER_MODEL, *conf.get("FOLLOWABLE")]:
        _connect_owner(model_of(label))
    for source in all_sources():
        connect_source(source)
    if connect_source not in listeners:
        listeners.append(connect_source)


def connect_source(source: ActivitySource) -> None:
    """Listen to the model of this source, and to the models whose own feeds it fills."""
    uid = f"django_feeds.{source.model._meta.label}"
    for sender in _with_proxies(source.model):
        label = f"django_feeds.{sender._meta.label}"
        signals.post_save.connect(model_saved, sender=sender, dispatch_uid=f"{label}.saved")
        signals.post_delete.connect(model_deleted, sender=sender, dispatch_uid=f"{label}.deleted")
    for field in source.relations().values():
        _connect_owner(field.related_model)
    for name, field in {**source.relations(), **source.told_relations()}.items():
        if field.many_to_many:
            signals.m2m_changed.connect(
                partial(relation_changed, source.model),
                sender=getattr(source.model, name).through,
                weak=False,
                dispatch_uid=f"{uid}.{name}",
            )


def model_saved(sender: type[Model], instance: Model, raw: bool = False, **kwargs: Any) -> None:
    """Publish the activity of this row, or its change; take it back where it should not be published any more."""
    if raw or not tracking():
        return
    for source in sources_of(type(instance)):
        get_manager(source.manager).publish_row(source, instance)


def model_deleted(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    if tracking():
        for source in sources_of(type(instance)):
            get_manager(source.manager).retract_row(source, instance)


def relation_changed(
    tracked: type[Model], instance: Any, action: str, reverse: bool, pk_set: Any = None, **kwargs: Any
) -> None:
    """Tags came or went: the activity appears on other feeds."""
    rows = tracked._default_manager
    if action == "pre_clear" and reverse:  # afterwards nobody knows whose tag it was
        through, field = kwargs["sender"], _field_to(kwargs["sender"], type(instance))
        to_row = _field_to(through, tracked)
        pks = through._default_manager.filter(**{field: instance.pk}).values_list(to_row, flat=True)
        instance._django_feeds_cleared = list(pks)
    if action not in ("post_add", "post_remove", "post_clear"):
        return
    changed = pk_set if pk_set is not None else instance.__dict__.pop("_django_feeds_cleared", ())
    for row in rows.filter(pk__in=changed) if reverse else [instance]:
        model_saved(tracked, row)


def follow_saved(sender: type[Model], instance: Follow, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """A follow by ORM, admin or view: show what the target did before."""
    if created and not raw:
        _for_graph(tasks.back_fill, instance)


def follow_deleted(sender: type[Model], instance: Follow, origin: Any = None, **kwargs: Any) -> None:
    """An unfollow: what only this target brought goes. When the follower was deleted, all his feeds go anyway."""
    origin_model = origin.model if isinstance(origin, QuerySet) else type(origin)
    if origin is None or origin_model is Follow:
        _for_graph(tasks.sweep, instance)


def owner_deleted(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    """A user, a board, ... is gone: so are its feeds, follows and records."""
    owner = owner_of(instance)
    concerned = Q(sources__owner=owner) | Q(told__owner=owner)
    published = ActivityRecord.objects.filter(concerned).values_list("manager", flat=True).distinct()
    names = {manager.name for manager in managers()} | {source.manager for source in all_sources()} | set(published)
    tasks.enqueue_on_commit(tasks.forget, sorted(names - {""}), owner)


def feed_ended_early(sender: Any, manager: str, feed: str, owner: str, **kwargs: Any) -> None:
    tasks.enqueue_on_commit(tasks.refill, manager, feed, owner)


def feeds_changed(sender: type[Feed], owners: Sequence[Owner], **kwargs: Any) -> None:
    """Tell open pages, where there are any. A storage that cannot is read again before long, so nothing is lost."""
    if not sender.live:
        return
    try:
        sender.get_storage().announce(sender.key_for(owner) for owner in owners)
    except StorageUnavailable as error:
        logger.warning("Open pages hear of news later: %s", error)


def notifications_changed(sender: type[Feed], owner: Owner, **kwargs: Any) -> None:
    """The counts on other open pages of the same reader."""
    feeds_changed(sender, [owner])


def code_changed(sender: Any, using: str, **kwargs: Any) -> None:
    """Mirror the registered verbs in rows, after a migration, and remember the aggregators of new feeds."""
    tables = _tables(using)
    if Grouping._meta.db_table in tables:
        groupings.note_new(using)
    if VerbRecord._meta.db_table not in tables:
        return
    rows = [
        VerbRecord(
            id=verb.id,
            infinitive=verb.infinitive,
            past_tense=verb.past_tense,
            path=f"{verb.__module__}.{verb.__qualname__}",
        )
        for verb in verbs.registered()
    ]
    VerbRecord.objects.using(using).bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=_unique_fields(using),
        update_fields=["infinitive", "past_tense", "path"],
    )


def _for_graph(task: Any, follow: Follow) -> None:
    for manager in managers():
        if not manager.owns_graph:
            tasks.enqueue_on_commit(task, manager.name, str(follow.user_id), [follow.target])


def _field_to(through: type[Model], model: type[Model]) -> str:
    """The foreign key of this many-to-many table that leads to this model."""
    for field in through._meta.get_fields():
        if field.many_to_one and field.related_model is model:
            return field.attname  # type: ignore[union-attr]
    raise LookupError(f"{through._meta.label} has no foreign key to {model._meta.label}.")


def _connect_owner(model: Any) -> None:
    if isinstance(model, type) and issubclass(model, Model):
        for sender in _with_proxies(model):
            uid = f"django_feeds.{sender._meta.label}.owner"
            signals.post_delete.connect(owner_deleted, sender=sender, dispatch_uid=uid)


def _with_proxies(model: type[Model]) -> list[type[Model]]:
    """The model and its proxies, which Django names as the senders of their signals."""
    return [model, *(other for other in apps.get_models() if other._meta.proxy and concrete(other) is model)]


def _tables(using: str) -> list[str]:
    return connections[using].introspection.table_names()


def _unique_fields(using: str) -> list[str] | None:
    return ["id"] if connections[using].features.supports_update_conflicts_with_target else None
