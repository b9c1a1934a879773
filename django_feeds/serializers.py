"""
Bodies: what a storage keeps of an activity besides its id, as compact JSON text.

`[actor, verb id, object, target, microseconds, extra context]`, each reference as "label:pk" or, of a user, as the
pk alone; what is empty at the end left out. Never pickle: whoever can write to the store must not be able to run code.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from .activity import Activity
from .exceptions import InvalidReference
from .ids import id_time
from .owners import Reference, user_label
from .verbs import Verb, verb_or_placeholder

__all__ = ["body", "dumps", "loads_many"]

logger = logging.getLogger(__name__)

# Made once: json.dumps() makes an encoder each time.
_decode = json.JSONDecoder().decode
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


def loads_many(bodies: Mapping[UUID, str], activity_class: type[Activity] = Activity) -> dict[UUID, Activity]:
    """
    The activities of these bodies, by id, not hydrated; an unknown verb becomes a placeholder.

    One that names a row which its model cannot have (any more) is left out, and said in the log.
    """
    parts = _decode(f"[{','.join(bodies.values())}]")
    # Most of a page is by one verb or two.
    users, verbs, found = user_label(), dict[int, Verb](), {}
    parse, restored = Reference.parse, activity_class.restored
    for id, each in zip(bodies, parts, strict=True):
        actor, verb_id, object, target, microseconds, extra_context = each + ENDING[len(each) :]
        verb = verbs.get(verb_id)
        if verb is None:
            verb = verbs[verb_id] = verb_or_placeholder(verb_id)
        try:
            found[id] = restored(
                id,
                parse(actor, users),
                verb,
                parse(object, users),
                parse(target, users) if target else None,
                id_time(id, microseconds or 0),
                extra_context or {},
            )
        except InvalidReference as error:
            logger.warning("The body of the activity %s is not used: %s", id, error)
    return found


ENDING: list[Any] = [None] * 6
"""What may be left out."""


def _short(reference: str) -> str:
    """Users are in most bodies; a storage that pays for memory need not keep their label a million times."""
    users = user_label() + ":"
    pk = reference.removeprefix(users)
    return reference if ":" in pk else pk
