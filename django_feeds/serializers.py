"""
Bodies: what a storage keeps of an activity besides its id, as compact JSON text.

`[actor, verb id, object, target, microseconds, extra context]`, each reference as "label:pk" or, of a user, as the
pk alone; what is empty at the end left out. Never pickle: whoever can write to the store must not be able to run code.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from .activity import Activity
from .ids import id_time
from .owners import Reference, user_label
from .verbs import verb_or_placeholder

__all__ = ["dumps", "loads"]

# Made once: json.loads() looks at its arguments first, and twice for blanks.
_decode = json.JSONDecoder().decode


def dumps(activity: Activity) -> str:
    """The body of this activity."""
    target = activity.target_reference
    parts: list[Any] = [
        _text(activity.actor_reference),
        activity.verb.id,
        _text(activity.object_reference),
        _text(target) if target else None,
        activity.time.microsecond % 1000,  # the id holds the milliseconds
        activity.extra_context or None,
    ]
    while not parts[-1]:
        parts.pop()
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)


def loads(id: UUID, body: str, activity_class: type[Activity] = Activity) -> Activity:
    """The activity of this id and body, not hydrated; an unknown verb becomes a placeholder."""
    parts, users = _decode(body), user_label()
    actor, verb, object, target, microseconds, extra_context = parts + [None] * (6 - len(parts))
    return activity_class.restored(
        id,
        Reference.parse(actor, users),
        verb_or_placeholder(verb),
        Reference.parse(object, users),
        Reference.parse(target, users) if target else None,
        id_time(id, microseconds or 0),
        extra_context or {},
    )


def _text(reference: Reference) -> str:
    """Users are in most bodies; a storage that pays for memory need not keep their label a million times."""
    pk = str(reference.pk)
    return pk if reference.label == user_label() and ":" not in pk else str(reference)
