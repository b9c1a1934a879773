"""What is pinned most just now: each pin counts, and counts half as much with every day that passes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from .models import Pin

HALF_LIFE = timedelta(days=1)
WINDOW = 5_000


class Trend(NamedTuple):
    """A pin that stands for its item, and how often that was pinned within the window."""

    pin: Pin
    pins: int


def rank(pins: Iterable[tuple[int, datetime]], now: datetime) -> list[tuple[int, float]]:
    """
    Return (item, score) pairs, the highest score first, of (item, time) pairs.

    The score is the sum of 0.5 ** (age / HALF_LIFE); equal scores are ordered by item, so that pages are stable.
    """
    scores: dict[int, float] = {}
    for item, time in pins:
        age = max(now - time, timedelta(0))
        scores[item] = scores.get(item, 0.0) + 0.5 ** (age / HALF_LIFE)
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def trending(limit: int = 40) -> list[Trend]:
    """The hottest items, each shown as its newest pin. Reads the newest WINDOW pins, however many there are."""
    recent = list(Pin.objects.order_by("-created_at", "-pk").values_list("item_id", "created_at", "pk")[:WINDOW])
    best = [item for item, _score in rank(((item, time) for item, time, _pk in recent), timezone.now())[:limit]]
    newest = {item: pk for item, _time, pk in reversed(recent)}
    rows = Pin.objects.select_related("item", "user", "board").in_bulk([newest[item] for item in best])
    counts: dict[int, int] = {}
    for item, _time, _pk in recent:
        counts[item] = counts.get(item, 0) + 1
    return [Trend(rows[newest[item]], counts[item]) for item in best if newest[item] in rows]
