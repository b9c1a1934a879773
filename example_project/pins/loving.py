"""Who loves which pins, for a whole page in one query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Count, Q

from django_feeds.activity import Activity

from .models import Love, Pin


class Loves(NamedTuple):
    """Of some pins, by their pks: how many love each, and which of them the reader does."""

    numbers: dict[int, int]
    mine: set[int]


def loves_of(pins: Iterable[Pin], user: Any) -> Loves:
    """The loves of these pins, as `user` sees them."""
    pks = {pin.pk for pin in pins}
    counted = {"number": Count("pk"), "mine": Count("pk", filter=Q(user=user.pk))}
    rows = list(Love.objects.filter(pin__in=pks).values_list("pin").annotate(**counted)) if pks else []
    return Loves({pk: number for pk, number, _mine in rows}, {pk for pk, _number, mine in rows if mine})


def pins_in(items: Iterable[Any]) -> list[Pin]:
    """The pins among pins, activities and groups of activities."""
    rows: list[Any] = []
    for item in items:
        if isinstance(item, Pin):
            rows.append(item)
        else:
            rows += [item.object] if isinstance(item, Activity) else item.objects
    return [row for row in rows if isinstance(row, Pin)]
