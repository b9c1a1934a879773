"""Batches in order of a key, and what is told after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import QuerySet

__all__ = ["Step", "by_pk"]


class Step(NamedTuple):
    """One batch is done."""

    place: str
    """Where it ended; pass it as `after` to go on there."""

    done: int
    """How many rows or owners it looked at."""

    counts: Counter[str]
    """What it found: "new", "changed" and "retracted" records; without `write` feeds that are "different"."""


def by_pk(rows: QuerySet, after: str | None, size: int) -> Iterator[list[Any]]:
    """The rows behind the pk `after`, `size` at a time: one query of an index range each, however many there are."""
    while batch := list((rows if after is None else rows.filter(pk__gt=after)).order_by("pk")[:size]):
        yield batch
        if len(batch) < size:
            return
        after = batch[-1].pk
