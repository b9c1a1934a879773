"""
Who is told of an activity: decided once, when a publication first names him, and kept as `RecordRecipient` rows.

Not the actor himself, nor one who has muted or blocked the actor, or switched the verb off. What is decided stays: a
pin that is edited years later tells nobody who did not want to hear of it then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from .ids import milliseconds
from .models import ActivityRecord, Mute, NotificationPreference, RecordRecipient
from .owners import Owner, Reference, owner_of

__all__ = ["Named", "arrivals", "chunks", "forget", "move", "tell", "told"]


USERS_PER_QUERY = 1_000


class Named(NamedTuple):
    """Owners whom a publication names for the first time."""

    record: ActivityRecord
    owners: Collection[Owner]


def tell(named: Iterable[Named]) -> None:
    """Decide who of them is told, and record it: no query where nobody is named, three for every thousand users."""
    wanted = [(record, _but_the_actor(record, owners)) for record, owners in named]
    users = {owner for owner in chain(*(owners for _record, owners in wanted)) if ":" not in owner}
    silent = _silent([record for record, owners in wanted if owners], users) if users else set()
    rows = [
        RecordRecipient(owner=owner, activity_id=record.activity_id, record=record)
        for record, owners in wanted
        for owner in owners
        if not {(owner, record.actor), (owner, record.verb_id)} & silent
    ]
    if rows:
        RecordRecipient.objects.bulk_create(rows, batch_size=USERS_PER_QUERY)


def forget(record: ActivityRecord, owners: Collection[Owner]) -> None:
    """These are no longer told."""
    ordered = sorted(owners)
    for start in range(0, len(ordered), USERS_PER_QUERY):
        some = ordered[start : start + USERS_PER_QUERY]
        RecordRecipient.objects.filter(record=record, owner__in=some).delete()


def move(record: ActivityRecord) -> None:
    """The activity has another id now; who is told of it stays."""
    RecordRecipient.objects.filter(record=record).update(activity_id=record.activity_id)


def arrivals(owner: Owner, ids: Sequence[UUID]) -> dict[UUID, int]:
    """When this owner was told of these activities, in Unix milliseconds; those of which he was not are left out."""
    rows = RecordRecipient.objects.filter(owner=owner, activity_id__in=ids).values_list("activity_id", "told_at")
    return {id: milliseconds(told_at) for id, told_at in rows}


def chunks(record_ids: Collection[int], size: int) -> Iterator[tuple[int, int]]:
    """Who is told of these records, as the (first, last) pks of at most `size` rows each."""
    last = 0
    rows = RecordRecipient.objects.filter(record__in=list(record_ids)).order_by("pk").values_list("pk", flat=True)
    while pks := list(rows.filter(pk__gt=last)[:size]):
        yield pks[0], pks[-1]
        last = pks[-1]


def told(ids: Collection[UUID], chunk: Mapping[str, Any]) -> dict[UUID, set[Owner]]:
    """Who is told of these activities now, of those in this chunk: {"first": pk, "last": pk} or {"owners": [...]}."""
    rows = RecordRecipient.objects.filter(activity_id__in=list(ids))
    if "owners" in chunk:
        rows = rows.filter(owner__in=chunk["owners"])
    else:
        rows = rows.filter(pk__gte=chunk["first"], pk__lte=chunk["last"])
    if len(ids) > 1:
        return RecordRecipient.objects.owners(rows)
    owners = set(rows.values_list("owner", flat=True))  # half the time of two columns, and the usual case
    return dict.fromkeys(ids, owners) if owners else {}


def _but_the_actor(record: ActivityRecord, owners: Iterable[Owner]) -> list[Owner]:
    actor = owner_of(Reference.parse(record.actor)) if owners else ""
    return [owner for owner in dict.fromkeys(owners) if owner != actor]


def _silent(records: Sequence[ActivityRecord], users: Collection[Owner]) -> set[tuple[Owner, str | int]]:
    """(user, actor) and (user, verb) of what these users do not want to hear."""
    actors: Mapping[Owner, str] = {owner_of(Reference.parse(record.actor)): record.actor for record in records}
    verbs, ordered = {record.verb_id for record in records}, sorted(users)
    found: set[tuple[Owner, str | int]] = set()
    for start in range(0, len(ordered), USERS_PER_QUERY):
        some = ordered[start : start + USERS_PER_QUERY]
        muted = Mute.objects.filter(target__in=list(actors), user__in=some).values_list("user", "target")
        found.update((str(user), actors.get(target, "")) for user, target in muted)
        off = NotificationPreference.objects.filter(verb__in=verbs, user__in=some, enabled=False)
        found.update((str(user), verb) for user, verb in off.values_list("user", "verb"))
    return found
