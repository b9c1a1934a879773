"""
Sources: which of your models cause activities, declared in an app's `feeds.py`, which is found like `admin.py`.

    @register(Pin)
    class PinSource(ActivitySource):
        verb = verbs.Pin
        target = "board"
        feeds = ("board",)

Saving a pin then publishes or updates its activity, and deleting it takes the activity back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone

from . import conf, hydration
from .activity import Activity
from .exceptions import InvalidActivity, InvalidSource
from .mentions import mentioned
from .owners import Owner, Reference, label_of, owner_of, owner_of_row
from .records import Publication
from .verbs import Verb

__all__ = ["ActivityMixin", "ActivitySource", "pause_tracking", "register"]


class ActivitySource:
    """
    How a row of `model` becomes an activity. Each attribute names a relation or field, and has a `get_` twin.

    A row has one activity for each source: its id follows from the model, the row's pk and the verb, so that saving
    the row again, or rebuilding years later, finds the same one.
    """

    verb: ClassVar[type[Verb]]
    """What somebody did by saving such a row."""

    actor: ClassVar[str] = "user"
    """The relation to who did it; a row without one causes nothing."""

    object: ClassVar[str | None] = None
    """The relation to what it was done with; None: the row itself."""

    target: ClassVar[str | None] = None
    """The relation to what it was done for, if any."""

    time: ClassVar[str | None] = None
    """A field that is set once; None: the model's `auto_now_add` field."""

    feeds: ClassVar[Iterable[str]] = ()
    """Relations (also many-to-many) to rows on whose own feeds it appears, besides the actor's."""

    notify: ClassVar[Iterable[str]] = ()
    """Relations to users who are told of it; "pin__user" is the user of the pin. Its actor is never told."""

    mentions: ClassVar[Iterable[str]] = ()
    """Text fields; the users whose @names are in them are told."""

    reply_to: ClassVar[str | None] = None
    """The relation to a row that it answers: whoever caused the activity of that one is told."""

    manager: ClassVar[str] = "default"
    """Who publishes it: an alias in `DJANGO_FEEDS["MANAGERS"]` or a dotted path."""

    label: ClassVar[str | None] = None
    """The model's label in ids; set it to the old one when the model is renamed or moved."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model

    def get_actor(self, instance: Any) -> Any:
        """Who did it: an instance, a reference or a pk; None: nobody, and nothing is published."""
        return related(instance, self.actor)

    def get_object(self, instance: Any) -> Any:
        return instance if self.object is None else related(instance, self.object)

    def get_target(self, instance: Any) -> Any:
        return None if self.target is None else related(instance, self.target)

    def get_time(self, instance: Any) -> datetime:
        """When it happened, aware; must not change when the row is saved again."""
        name = self.time or set_once_field(self.model)
        if name is None:
            raise InvalidSource(
                f"{self!r} has no time: give {self.model.__name__} a DateTimeField(auto_now_add=True), or set `time` "
                "to a field that is set once."
            )
        time = as_time(getattr(instance, name))
        if time is None:  # "now" would be another id each time
            raise InvalidActivity(f"{instance!r} has no {name}, which is when its activity happened; set it.")
        return time

    def get_feeds(self, instance: Any) -> Iterable[Any]:
        """The rows besides the actor on whose own feeds it appears."""
        return related_by(instance, self.feeds)

    def get_notify(self, instance: Any) -> Iterable[Any]:
        """The users who are told of it, besides those whom it mentions or answers."""
        return related_by(instance, self.notify)

    def get_mentions(self, instance: Any) -> Iterable[Any]:
        """The users whom its texts mention."""
        return mentioned(getattr(instance, name) for name in self.mentions)

    def get_reply_to(self, instance: Any) -> Any:
        """The row that it answers, if any."""
        return None if self.reply_to is None else getattr(instance, self.reply_to)

    def tells(self) -> bool:
        """May it name anybody who is to hear of it? Then users are asked whether they want to."""
        hooks = ("get_notify", "get_mentions", "get_reply_to", "told")
        overridden = any(getattr(type(self), hook) is not getattr(ActivitySource, hook) for hook in hooks)
        return overridden or bool(self.notify or self.mentions or self.reply_to)

    def told(self, instance: Any) -> list[Owner]:
        """Everybody who is to hear of it, each once."""
        answered = self.get_reply_to(instance)
        actors = () if answered is None else (source.get_actor(answered) for source in sources_of(type(answered)))
        named = [*self.get_notify(instance), *self.get_mentions(instance), *actors]
        return list(dict.fromkeys(owner_of_row(who) for who in named if who is not None))

    def get_extra_context(self, instance: Any) -> dict[str, Any]:
        """Whatever a template wants without another query, as JSON can hold it."""
        return {}

    def get_queryset(self) -> models.QuerySet:
        """How rows of this model are loaded for a page; add `select_related` for what templates use."""
        return self.model._default_manager.all()

    def can_see(self, viewer: Any, instance: Any) -> bool:
        """May `viewer` (a user, or None for the public) see activities whose object is this row?"""
        return True

    def should_publish(self, instance: Any) -> bool:
        """Is this row for feeds at all? When a later save says no (a draft, a soft deletion), it is taken back."""
        return True

    def relations(self) -> dict[str, Any]:
        """The model's own fields among `feeds`, by name; what else is named there is a property."""
        fields = {field.name: field for field in self.model._meta.get_fields()}
        return {name: fields[name] for name in self.feeds if name in fields and fields[name].is_relation}

    def told_relations(self) -> dict[str, Any]:
        """The model's own many-to-many fields among `notify`: who is told changes with them."""
        fields = {field.name: field for field in self.model._meta.get_fields() if field.many_to_many}
        return {name: fields[name] for name in self.notify if name in fields}

    def prefetched(self) -> list[str]:
        """What to load of many rows at once, so that no activity of them asks for more."""
        several = [name for name, field in self.relations().items() if field.many_to_many or field.one_to_many]
        parents = [path.rpartition("__")[0] for path in self.notify if "__" in path]
        return list(dict.fromkeys([*several, *self.told_relations(), *parents, *filter(None, [self.reply_to])]))

    def identity(self, instance: Any) -> list[Any]:
        """What the activity's id follows from."""
        return [self.label or label_of(self.model), str(instance.pk), self.verb.id]

    def activity(self, instance: Any) -> Activity | None:
        """The activity of this row; None where it has no actor or object."""
        actor, object = self.get_actor(instance), self.get_object(instance)
        if actor is None or object is None:
            return None
        return Activity(
            actor,
            self.verb,
            object,
            self.get_target(instance),
            self.get_time(instance),
            self.get_extra_context(instance),
            identity=self.identity(instance),
        )

    def publication(self, instance: Any) -> Publication | None:
        """The activity of this row and where it goes; None where it is not to be published."""
        activity = self.activity(instance) if self.should_publish(instance) else None
        if activity is None:
            return None
        owners = [activity.owner, *(owner_of(owner) for owner in self.get_feeds(instance))]
        return Publication(activity, list(dict.fromkeys(owners)), self.told(instance), self.manager)

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {self.model._meta.label}"


class ActivityMixin:
    """
    The same, said on the model itself: `class Pin(ActivityMixin, models.Model)`. Each attribute is one of
    ActivitySource's with `activity_` in front.
    """

    activity_verb: ClassVar[type[Verb]]
    activity_actor: ClassVar[str] = "user"
    activity_object: ClassVar[str | None] = None
    activity_target: ClassVar[str | None] = None
    activity_time: ClassVar[str | None] = None
    activity_feeds: ClassVar[Iterable[str]] = ()
    activity_notify: ClassVar[Iterable[str]] = ()
    activity_mentions: ClassVar[Iterable[str]] = ()
    activity_reply_to: ClassVar[str | None] = None
    activity_manager: ClassVar[str] = "default"

    def get_activity_notify(self) -> Iterable[Any]:
        return related_by(self, self.activity_notify)

    def get_activity_extra_context(self) -> dict[str, Any]:
        return {}

    def can_see_activity(self, viewer: Any) -> bool:
        return True

    def create_activity(self) -> Activity | None:
        """The activity of this row."""
        return source_of(type(self)).activity(self)  # type: ignore[arg-type]


class _MixinSource(ActivitySource):
    def get_notify(self, instance: Any) -> Iterable[Any]:
        return instance.get_activity_notify()

    def tells(self) -> bool:
        own = self.model.get_activity_notify  # type: ignore[attr-defined]
        named = bool(self.notify or self.mentions or self.reply_to)
        return named or own is not ActivityMixin.get_activity_notify

    def get_extra_context(self, instance: Any) -> dict[str, Any]:
        return instance.get_activity_extra_context()

    def can_see(self, viewer: Any, instance: Any) -> bool:
        return instance.can_see_activity(viewer)


Source = TypeVar("Source", bound=type[ActivitySource])

_sources: dict[type[models.Model], list[ActivitySource]] = {}
listeners: list[Callable[[ActivitySource], None]] = []
"""Told of each source: the receivers connect to its model's signals."""


def register(*registered: type[models.Model]) -> Callable[[Source], Source]:
    """Class decorator: rows of these models cause activities as this source says. Raises InvalidSource."""

    def decorate(source_class: Source) -> Source:
        if not (isinstance(source_class, type) and issubclass(source_class, ActivitySource)):
            raise InvalidSource(f"register() decorates a subclass of ActivitySource, not {source_class!r}.")
        for model in registered:
            _add(source_class(_checked(concrete(model), source_class)))
        return source_class

    return decorate


def unregister(model: type[models.Model]) -> None:
    """Rows of this model cause no activities any more; for tests."""
    _sources.pop(model, None)


def register_mixins() -> None:
    """Register the models that carry ActivityMixin."""
    for model in apps.get_models():
        if issubclass(model, ActivityMixin) and not model._meta.proxy and model not in _sources:
            names = ["verb", "actor", "object", "target", "time", "feeds", "notify", "mentions", "reply_to", "manager"]
            said = {name: getattr(model, f"activity_{name}") for name in names if hasattr(model, f"activity_{name}")}
            _add(type(f"{model.__name__}Source", (_MixinSource,), said)(model))


def all_sources() -> list[ActivitySource]:
    """Every registered source."""
    return [source for sources in _sources.values() for source in sources]


def sources_of(model: type[models.Model]) -> list[ActivitySource]:
    """The sources of this model, none where it has none."""
    return _sources.get(model._meta.concrete_model, [])  # type: ignore[arg-type]


def source_of(model: type[models.Model]) -> ActivitySource:
    """The source of this model, the first where it has several; raises InvalidSource where it has none."""
    found = sources_of(model)
    if not found:
        name = model.__name__
        raise InvalidSource(f"{name} causes no activities; decorate an ActivitySource with @register({name}).")
    return found[0]


_paused: ContextVar[bool] = ContextVar("django_feeds_paused", default=False)


@contextmanager
def pause_tracking() -> Iterator[None]:
    """Inside, saving and deleting rows causes no activities; also a decorator. `publish_many` catches up."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


def tracking() -> bool:
    """Do models cause activities just now?"""
    return not _paused.get() and bool(conf.get("TRACKING"))


def related(instance: Any, name: str) -> Any:
    """What this relation leads to: a reference where the foreign key says enough, so without a query."""
    try:
        field = instance._meta.get_field(name)
    except FieldDoesNotExist:
        return getattr(instance, name)
    if not isinstance(field, models.ForeignKey) or field.is_cached(instance) or not field.target_field.primary_key:
        return getattr(instance, name)
    pk = getattr(instance, field.attname)
    return None if pk is None else Reference(label_of(field.related_model), pk)


def related_by(instance: Any, paths: Iterable[str]) -> list[Any]:
    """What these relations lead to, one after the other where there are two underscores between; the nulls left out."""
    found = []
    for path in paths:
        *parts, last = path.split("__")
        row = instance
        for part in parts:
            row = getattr(row, part) if row is not None else None
        value = related(row, last) if row is not None else None
        found += list(value.all()) if isinstance(value, models.Manager) else [value]
    return [value for value in found if value is not None]


def set_once_field(model: type[models.Model]) -> str | None:
    """The model's first field that is set when a row is made, and then never."""
    for field in model._meta.get_fields():
        if isinstance(field, models.DateField) and field.auto_now_add:
            return field.name
    return None


def concrete(model: Any) -> Any:
    """The model that a proxy stands for; anything else as it is."""
    options = getattr(model, "_meta", None)
    return options.concrete_model if options is not None and options.proxy else model


def as_time(value: Any) -> datetime:
    """An aware datetime of what a date or datetime field holds, or was given."""
    if isinstance(value, str):
        value = models.DateTimeField().to_python(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    return timezone.make_aware(value) if isinstance(value, datetime) and timezone.is_naive(value) else value


def _checked(model: Any, source_class: type[ActivitySource]) -> type[models.Model]:
    concrete = isinstance(model, models.base.ModelBase) and hasattr(model, "_meta") and not model._meta.abstract
    if not concrete:
        raise InvalidSource(f"register() takes concrete models, not {model!r}.")
    verb = getattr(source_class, "verb", None)
    if not (isinstance(verb, type) and issubclass(verb, Verb)):
        raise InvalidSource(f"{source_class.__name__} must define `verb`, a Verb class.")
    if any(source.verb.id == verb.id for source in _sources.get(model, [])):
        raise InvalidSource(f"{model.__name__} has a source with the verb {verb.infinitive!r} already.")
    if source_class.object is not None and source_class.can_see is not ActivitySource.can_see:
        raise InvalidSource(
            f"{source_class.__name__}.can_see would never be asked: it is about rows of {model.__name__}, and the "
            f"objects of its activities are others ({source_class.object!r}). Say it on a source of theirs, or use "
            "should_publish."
        )
    return model


def _add(source: ActivitySource) -> None:
    _sources.setdefault(source.model, []).append(source)
    hydration.register(source.model, source.get_queryset, source.can_see)
    for listener in listeners:
        listener(source)
