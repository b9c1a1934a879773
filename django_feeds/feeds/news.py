"""
News: what came onto a feed since somebody looked.

A token is the last arrival and how many entries arrived just then: `1764105600123.2`. So an entry that comes in the
same millisecond, after the token was given, is news too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..exceptions import InvalidCursor
from ..storage import Entry

__all__ = ["News", "Token", "arrived"]


@dataclass(frozen=True)
class News:
    """What is new on a feed, and the token to pass as `since` next time."""

    token: str

    count: int = 0
    """How many items are new, or have something new in them."""

    items: Sequence[Any] = ()
    """The newest of them."""

    unseen: int | None = None
    """Of notifications, how many groups were not seen in all; None for other feeds."""

    unread: int | None = None


class Token(NamedTuple):
    """Up to where somebody knows a feed."""

    arrival: int = 0
    number: int = 0

    def __str__(self) -> str:
        return f"{self.arrival}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> Token:
        """Raises InvalidCursor for what is no token."""
        arrival, _dot, number = str(text).partition(".")
        if not all(part.isascii() and part.isdecimal() and len(part) < 20 for part in (arrival, number)):
            raise InvalidCursor(f"{str(text)[:60]!r} is not a token; pass the `token` of earlier news.")
        return cls(int(arrival), int(number))

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Token:
        """The token of one who knows these."""
        arrivals = [arrived(entry) for entry in entries]
        last = max(arrivals, default=0)
        return cls(last, arrivals.count(last))

    def unknown(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of these that one with this token does not know; where it cannot be told, a few that he does too."""
        then = sum(arrived(entry) == self.arrival for entry in entries)
        bound = self.arrival - (then > self.number)
        return [entry for entry in entries if arrived(entry) > bound]


def arrived(entry: Entry) -> int:
    """When it arrived; when it happened, where nobody knows. In Unix milliseconds."""
    return entry.arrived or entry.id.int >> 80
