"""Can the registered sources make activities of their models, and does every verb have its id alone?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateField, Field, Model

from .. import verbs
from ..managers import Manager
from ..registry import get_manager
from ..sources import ActivitySource, all_sources, set_once_field
from .declared import did_you_mean, dotted, entries, setting

__all__ = ["check"]

SEVERAL = ("feeds", "notify", "mentions")
"""Hooks that name several relations or fields."""


def check() -> Iterator[CheckMessage]:
    for holder, other in verbs.clashes:
        yield Error(
            f"The verbs {dotted(holder)} and {dotted(other)} both have the id {holder.id}.",
            hint=f"Give one of them a free id, for instance {_free_id()}; an id is stored, so not the older one.",
            obj=other,
            id="django_feeds.E044",
        )
    for source in all_sources():
        yield from _relations(source)
        yield from _time(source)
        yield from _verb(source)
        yield from _manager(source)


def _relations(source: ActivitySource) -> Iterator[CheckMessage]:
    for hook in SEVERAL:
        said = getattr(source, hook)
        if isinstance(said, str):
            yield Error(
                f"{type(source).__name__}.{hook} is the string {said!r}, so each letter names a relation.",
                hint=f"A tuple of one needs its comma: {hook} = ({said!r},).",
                obj=source,
                id="django_feeds.E040",
            )
    for hook, name in _named(source):
        if not _has(source.model, name):
            relations = hook != "mentions"
            fields = [field.name for field in source.model._meta.get_fields() if field.is_relation is relations]
            yield Error(
                f"{type(source).__name__}.{hook} names {name!r}, which {source.model.__name__} does not have.",
                hint=f"{did_you_mean(name, fields)} Or override get_{hook}().",
                obj=source,
                id="django_feeds.E040",
            )


def _named(source: ActivitySource) -> Iterator[tuple[str, str]]:
    """(hook, name) of each relation that the source takes its parts from."""
    for hook in ("actor", "object", "target", "reply_to"):
        name = getattr(source, hook)
        if name is not None and not _overridden(source, hook):
            yield hook, name
    for hook in SEVERAL:
        if not isinstance(getattr(source, hook), str) and not _overridden(source, hook):
            yield from ((hook, name.partition("__")[0]) for name in getattr(source, hook))


def _time(source: ActivitySource) -> Iterator[CheckMessage]:
    if _overridden(source, "time"):
        return
    model, name = source.model, source.time or set_once_field(source.model)
    if name is None or not _has(model, name):
        problem = f"has no field {name!r}" if name else "has no time that is set once"
        yield Error(
            f"{model.__name__} {problem}, so {type(source).__name__} cannot tell when its activities happened.",
            hint=f"Give {model.__name__} a DateTimeField(auto_now_add=True), or set `time` to a field that is set "
            "once, or override get_time().",
            obj=source,
            id="django_feeds.E041",
        )
        return
    field = _field(model, name)
    if isinstance(field, DateField) and field.auto_now:
        yield Error(
            f"{type(source).__name__}.time is {name!r}, which changes whenever the row is saved (auto_now).",
            hint="Its activities would jump to the top with each save: use a field with auto_now_add.",
            obj=source,
            id="django_feeds.E042",
        )


def _verb(source: ActivitySource) -> Iterator[CheckMessage]:
    verb = source.verb
    if any(verb in pair for pair in verbs.clashes):
        return
    if verb not in verbs.registered():
        yield Error(
            f"{type(source).__name__}.verb is {dotted(verb)}, which is not registered.",
            hint=f"Decorate {verb.__name__} with django_feeds.verbs.register, and import it in a feeds.py.",
            obj=source,
            id="django_feeds.E043",
        )


def _manager(source: ActivitySource) -> Iterator[CheckMessage]:
    declared = source.manager in entries("MANAGERS")
    if not isinstance(setting("MANAGERS"), dict):
        return
    try:
        manager = get_manager(source.manager)
        problem = "" if isinstance(manager, Manager) else f"that is {manager!r}"
    except Exception as error:  # a class may raise anything
        if declared:
            return  # another check says why
        problem = str(error)
    if not problem:
        yield from _telling(source, manager)
    else:
        yield Error(
            f"{type(source).__name__}.manager is {source.manager!r}, which is no manager: {problem}",
            hint="Name a manager of DJANGO_FEEDS['MANAGERS'], or the dotted path of a Manager subclass.",
            obj=source,
            id="django_feeds.E045",
        )


def _telling(source: ActivitySource, manager: Any) -> Iterator[CheckMessage]:
    if source.tells() and manager.notification_feed_class is None:
        yield Warning(
            f"{type(source).__name__} names who is told, and its manager {source.manager!r} has no feed for that.",
            hint='Add "NOTIFICATIONS": "notifications" to it, or `notification_feed_class`. Until then nobody is told.',
            obj=source,
            id="django_feeds.W009",
        )


def _overridden(source: ActivitySource, hook: str) -> bool:
    return getattr(type(source), f"get_{hook}") is not getattr(ActivitySource, f"get_{hook}")


def _has(model: type[Model], name: str) -> bool:
    return _field(model, name) is not None or hasattr(model, name)


def _field(model: type[Model], name: str) -> Field[Any, Any] | None:
    try:
        # The stubs count reverse relations in; those are no Field, and callers look at what both have.
        return model._meta.get_field(name)  # type: ignore[return-value]
    except FieldDoesNotExist:
        return None


def _free_id() -> int:
    taken = {verb.id for verb in verbs.registered()}
    return next(id for id in range(5, 32768) if id not in taken)
