"""Lists in parts: servers take so much at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["chunks"]

Item = TypeVar("Item")


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """These items, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
