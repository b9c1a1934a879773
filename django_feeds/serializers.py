"""
Bodies: what a storage keeps of an activity besides its id, as compact JSON text.

`[actor, verb id, object, target, microseconds, extra context]`, each reference as "label:pk" or, of a user, as the
pk alone; what is empty at the end left out. Never pickle: whoever can write to the store must not be able to run code.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from .activity import Activity
from .ids import id_time
from .owners import Reference, user_label
from .verbs import verb_or_placeholder

__all__ = ["dumps", "loads"]

# Made once: json.loads() looks for blanks before and after, and json.dumps() makes an encoder each time.
_decode = json.JSONDecoder().raw_decode
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def dumps(activity: Activity) -> str:
    """The body of this activity."""
    return body(
        str(activity.actor_reference),
        activity.verb.id,
        str(activity.object_reference),
        str(activity.target_reference or ""),
        activity.time,
        activity.extra_context,
    )


def body(
    actor: str, verb_id: int, object: str, target: str, time: datetime, extra_context: dict[str, Any] | None
) -> str:
    """The body of the activity with these columns of its record."""
    parts: list[Any] = [
        _short(actor),
        verb_id,
        _short(object),
        _short(target) or None,
        time.microsecond % 1000,  # the id holds the milliseconds
        extra_context or None,
    ]
    while not parts[-1]:
        parts.pop()
    return _encode(parts)


def loads(id: UUID, body: str, activity_class: type[Activity] = Activity) -> Activity:
    """The activity of this id and body, not hydrated; an unknown verb becomes a placeholder."""
    (parts, _end), users = _decode(body), user_label()
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


def _short(reference: str) -> str:
    """Users are in most bodies; a storage that pays for memory need not keep their label a million times."""
    users = user_label() + ":"
    pk = reference.removeprefix(users)
    return reference if ":" in pk else pk
