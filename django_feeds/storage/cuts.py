"""Which timelines to cut after a push, where counting each of them on every push would cost more than the entry."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from .base import Entry

__all__ = ["due_for_cut"]

CUT_ROUNDS = 10


def due_for_cut(
    keys: Sequence[str], entries: Sequence[Entry], max_length: int, cuts_per_length: int = 10
) -> Sequence[str]:
    """
    Which of these timelines are to be counted after this push: each, on average, so many times in its length.

    All of them where many entries came at once. Else one activity in CUT_ROUNDS looks at a share of them, rather
    than every activity at a few, since a query costs as much as the counting of some timelines.
    """
    every = max(max_length // cuts_per_length, 100)
    if len(entries) * 10 > every:
        return keys
    due: dict[str, None] = {}
    for entry in entries:
        seed = crc32(entry.id.bytes)
        if seed % CUT_ROUNDS == 0:
            share = every // CUT_ROUNDS
            due.update(dict.fromkeys(key for key in keys if crc32(key.encode(), seed) % share == 0))
    return list(due)
