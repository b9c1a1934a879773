"""
Bodies: what a storage keeps of an activity besides its id, as compact JSON text.

`[actor, verb id, object, target, microseconds, extra context]`, each reference as "label:pk", what is
empty at the end left out. Never pickle: whoever can write to the store must not be able to run code.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from .activity import Activity
from .ids import id_time
from .owners import Reference
from .verbs import verb_or_placeholder

__all__ = ["dumps", "loads"]


def dumps(activity: Activity) -> str:
    """The body of this activity."""
    target = activity.target_reference
    parts: list[Any] = [
        str(activity.actor_reference),
        activity.verb.id,
        str(activity.object_reference),
        str(target) if target else None,
        activity.time.microsecond % 1000,  # the id holds the milliseconds
        activity.extra_context or None,
    ]
    while not parts[-1]:
        parts.pop()
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)


def loads(id: UUID, body: str, activity_class: type[Activity] = Activity) -> Activity:
    """The activity of this id and body, not hydrated; an unknown verb becomes a placeholder."""
    parts = json.loads(body)
    actor, verb, object, target, microseconds, extra_context = parts + [None] * (6 - len(parts))
    return activity_class(
        Reference.parse(actor),
        verb_or_placeholder(verb),
        Reference.parse(object),
        Reference.parse(target) if target else None,
        id_time(id) + timedelta(microseconds=microseconds or 0),
        extra_context,
        identity=[],
        id=id,
    )
