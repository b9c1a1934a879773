"""Activity: who did what, with which id."""

from __future__ import annotations

import json
from datetime import datetime
from datetime import timezone as dt_timezone
from typing import Any
from uuid import UUID

from django.utils import timezone

from .exceptions import InvalidActivity, NotHydrated
from .groups import AggregatedActivity, NotificationActivity
from .ids import digest48, make_id, milliseconds
from .owners import Owner, Referable, Reference, owner_of, refer, user_label
from .verbs import UnknownVerbPlaceholder, Verb, is_registered

__all__ = ["Activity", "AggregatedActivity", "NotificationActivity"]


class Activity:
    """
    A value: `actor` did `verb` with `object`, for `target`, at `time`.

    Actor, object and target are each a model instance, a `("app.Model", pk)` pair, or a bare pk: of the model
    that the verb names, else of the user model. `time` is an aware datetime (default now), `extra_context` a dict
    that JSON can hold. The id follows from `identity`, a JSON list that names what caused the activity; without
    one, from the activity itself. Raises InvalidActivity (InvalidReference) for what cannot be.
    """

    def __init__(
        self,
        actor: Referable,
        verb: type[Verb] | Verb,
        object: Referable,
        target: Referable | None = None,
        time: datetime | None = None,
        extra_context: dict[str, Any] | None = None,
        *,
        identity: list[Any] | None = None,
        id: UUID | None = None,
    ) -> None:
        kind = _verb(verb)
        references = (
            refer(actor, user_label(), "actor"),
            refer(object, kind.object_model or user_label(), "object"),
            None if target is None else refer(target, kind.target_model or user_label(), "target"),
        )
        self._take(*references, kind, _aware(time), _json_dict(extra_context))
        self.identity = identity if identity is not None else self.own_identity()
        self.id = id or self.id_with(0)
        for name, value in (("actor", actor), ("object", object), ("target", target)):
            if hasattr(value, "_meta"):
                self._rows[name] = value

    @classmethod
    def restored(
        cls,
        id: UUID,
        actor: Reference,
        verb: Verb,
        object: Reference,
        target: Reference | None,
        time: datetime,
        extra_context: dict[str, Any],
    ) -> Activity:
        """
        One that was written down, from parts that were checked then: a page is made of dozens.

        A subclass with an `__init__` of its own has that called.
        """
        if cls.__init__ is not Activity.__init__:
            return cls(actor, verb, object, target, time, extra_context, identity=[], id=id)
        activity = cls.__new__(cls)
        activity._take(actor, object, target, verb, time, extra_context)
        activity.identity, activity.id = [], id
        return activity

    def _take(
        self,
        actor: Reference,
        object: Reference,
        target: Reference | None,
        verb: Verb,
        time: datetime,
        extra_context: dict[str, Any],
    ) -> None:
        self.actor_reference, self.object_reference, self.target_reference = actor, object, target
        self.verb, self.time, self.extra_context = verb, time, extra_context
        self._rows: dict[str, Any] = {}

    # Ids

    def id_with(self, counter: int) -> UUID:
        """The id after `counter` other identities turned out to have the same one."""
        text = identity_text(self.identity) + (f"#{counter}" if counter else "")
        return make_id(milliseconds(self.time), digest48(text))

    def own_identity(self) -> list[Any]:
        """What names an activity that no row caused: actor, verb, object, target and time."""
        references = (self.actor_reference, self.object_reference, self.target_reference)
        actor, object, target = (reference and str(reference) for reference in references)
        return [actor, self.verb.id, object, target, self.time.astimezone(dt_timezone.utc).isoformat()]

    @property
    def actor_id(self) -> Any:
        """The actor's pk, in the type of its model."""
        return self.actor_reference.pk

    @property
    def object_id(self) -> Any:
        return self.object_reference.pk

    @property
    def target_id(self) -> Any:
        """The target's pk, or None."""
        return self.target_reference.pk if self.target_reference else None

    @property
    def owner(self) -> Owner:
        """Whose own feed the activity belongs to first of all: its actor's."""
        return owner_of(self.actor_reference)

    @property
    def actor_digest(self) -> int:
        """48 bits of who acted, as entries of grouped feeds keep them."""
        return digest48(str(self.actor_reference))

    # Rows

    @property
    def actor(self) -> Any:
        """The actor's row; raises NotHydrated where only its id is known."""
        return self._row("actor", self.actor_reference)

    @property
    def object(self) -> Any:
        return self._row("object", self.object_reference)

    @property
    def target(self) -> Any:
        """The target's row; None where there is none, or no longer."""
        return self._row("target", self.target_reference)

    def references(self) -> dict[str, Reference]:
        """The references that there are, by name."""
        named = {
            "actor": self.actor_reference,
            "object": self.object_reference,
            "target": self.target_reference,
        }
        return {name: reference for name, reference in named.items() if reference is not None}

    def hydrate(self, rows: dict[Reference, Any]) -> None:
        """Take the rows of this activity from those loaded; a row that is gone becomes None."""
        self._rows = {name: rows.get(reference) for name, reference in self.references().items()}

    def _row(self, name: str, reference: Reference | None) -> Any:
        if reference is None:
            return None
        if name not in self._rows:
            raise NotHydrated(
                f"Only the id of the {name} is known ({reference}). Read the activity from a page or slice of a feed, "
                f"which loads its rows, or use `activity.{name}_id`."
            )
        return self._rows[name]

    # Value

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Activity):
            return NotImplemented
        return self.id == other.id

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Activity):
            return NotImplemented
        return self.id < other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        target = f" ({self.target_reference})" if self.target_reference else ""
        return f"<Activity {self.actor_reference} {self.verb} {self.object_reference}{target}>"

    def __str__(self) -> str:
        """The verb's sentence, in the active language, with names where the rows are loaded."""
        names = {name: self._rows.get(name) or reference for name, reference in self.references().items()}
        phrase = self.verb.phrase_with_target if self.target_reference else self.verb.phrase
        return str(phrase) % names


# Made once: json.dumps() makes an encoder for each call that is not plain.
_compact = json.JSONEncoder(separators=(",", ":"))
_strict = json.JSONEncoder(allow_nan=False)


def identity_text(identity: list[Any]) -> str:
    """An identity as the one text that digests are made of."""
    return _compact.encode(identity)


def _verb(verb: Any) -> Verb:
    """An instance of a registered verb, or the placeholder of one that was; raises InvalidActivity, VerbClash."""
    if isinstance(verb, UnknownVerbPlaceholder):
        return verb
    kind = verb if isinstance(verb, type) else type(verb)
    if not issubclass(kind, Verb):
        raise InvalidActivity(f"The verb {verb!r} is no Verb; pass a class that is registered with django_feeds.verbs.")
    if not is_registered(kind):
        raise InvalidActivity(f"The verb {kind.__qualname__} is not registered; decorate it with @register.")
    return kind()


def _aware(time: datetime | None) -> datetime:
    if time is None:
        return timezone.now()
    if not isinstance(time, datetime):
        raise InvalidActivity(f"The time {time!r} is no datetime.")
    if timezone.is_naive(time):
        raise InvalidActivity(f"The time {time!r} is naive; make it aware, for instance with timezone.make_aware().")
    return time


def _json_dict(value: dict[str, Any] | None) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidActivity(f"extra_context must be a dict, not {type(value).__name__}.")
    try:
        text = _strict.encode(value)
    except (TypeError, ValueError) as error:
        raise InvalidActivity(f"JSON cannot hold the extra_context {value!r}: {error}") from error
    return json.loads(text)
