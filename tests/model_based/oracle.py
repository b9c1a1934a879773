"""
What a beginner would have written: each feed as a plain query over the rows of the site.

It knows nothing of records, sources, storages or floors, only how an id follows from a pin.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q

from django_feeds.ids import digest48, make_id, milliseconds
from django_feeds.models import Follow
from tests.testapp import verbs
from tests.testapp.models import Pin

Expected = dict[UUID, Pin]
"""The pins of one feed by activity id, newest first."""


def activity_id(pin: Pin) -> UUID:
    identity = json.dumps(["testapp.Pin", str(pin.pk), verbs.Pin.id], separators=(",", ":"))
    return make_id(milliseconds(pin.created_at), digest48(identity))


def timeline(user: Any, taken_back: Collection[int], include_own: bool) -> Expected:
    """Everything by the users, on the boards and under the tags that this user follows."""
    targets = list(Follow.objects.filter(user=user).values_list("target", flat=True))
    users = [target for target in targets if ":" not in target] + [user.pk] * include_own
    boards = [target.partition(":")[2] for target in targets if target.startswith("testapp.Board:")]
    tags = [target.partition(":")[2] for target in targets if target.startswith("testapp.Tag:")]
    return _newest_first(Q(user__in=users) | Q(board__in=boards) | Q(tags__in=tags), taken_back)


def groups(expected: Expected) -> list[list[UUID]]:
    """The activities of one feed by who pinned them, the group with the newest first."""
    found: dict[Any, list[UUID]] = {}
    for id, pin in expected.items():
        found.setdefault(pin.user_id, []).append(id)
    return list(found.values())


class Mentions:
    """Who is told of which pin: whoever its note begins to mention, without who pins it, as long as that is he."""

    def __init__(self) -> None:
        self.named: dict[Any, set[str]] = {}
        self.told: dict[Any, set[str]] = {}

    def look(self, taken_back: Collection[int]) -> None:
        """Take notice of what every pin says now; to be called after each change."""
        pins = {pin.pk: pin for pin in Pin.objects.filter(draft=False).select_related("user")}
        for pk in {*self.named, *pins}:
            pin = pins.get(pk) if pk not in taken_back else None
            named = set() if pin is None else {word[1:] for word in pin.note.split() if word.startswith("@")}
            if pin is not None:
                named.discard(pin.user.username)
            new = named - self.named.get(pk, set())
            self.told[pk] = self.told.get(pk, set()) & named | new
            self.named[pk] = named

    def feed(self, user: Any, taken_back: Collection[int]) -> Expected:
        """What this user is told."""
        pks = [pk for pk, names in self.told.items() if user.username in names]
        return _newest_first(Q(pk__in=pks), taken_back)


def own_feed(owner: Any, taken_back: Collection[int]) -> Expected:
    """Everything by this user, on this board or under this tag."""
    relation = {"User": "user", "Board": "board", "Tag": "tags"}[type(owner).__name__]
    return _newest_first(Q(**{relation: owner}), taken_back)


def _newest_first(which: Q, taken_back: Collection[int]) -> Expected:
    pins = Pin.objects.filter(which, draft=False).exclude(pk__in=taken_back).distinct()
    return dict(sorted(((activity_id(pin), pin) for pin in pins), reverse=True, key=lambda pair: pair[0]))
