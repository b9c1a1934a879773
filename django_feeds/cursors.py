"""Page cursors: where the next page goes on, as one opaque string that is safe in a URL."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple, TypeVar
from uuid import UUID

from .exceptions import InvalidCursor
from .ids import pack, unpack

__all__ = ["Cursor", "GroupCursor"]

AnyCursor = TypeVar("AnyCursor")


class Cursor(NamedTuple):
    """The last entry examined, and how many were examined: that keeps the bound exact without counting."""

    id: UUID
    position: int

    def __str__(self) -> str:
        data = pack(self.id) + self.position.to_bytes(4, "big")
        return urlsafe_b64encode(data).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """The cursor of this string; raises InvalidCursor for anything a page did not give."""
        data = _decoded(text, 16)
        return _as_written(cls(unpack(data[:12]), int.from_bytes(data[12:], "big")), text)


class GroupCursor(NamedTuple):
    """Where the next page of groups goes on: behind which group, among the entries that there were on the first."""

    newest: UUID
    """The newest entry when page one was drawn; later ones are not looked at."""

    position: int
    """How many groups were examined."""

    digest: int
    """The last group examined."""

    def __str__(self) -> str:
        data = pack(self.newest) + self.position.to_bytes(4, "big") + self.digest.to_bytes(6, "big")
        return urlsafe_b64encode(data).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> GroupCursor:
        """The cursor of this string; raises InvalidCursor for anything a page of groups did not give."""
        data = _decoded(text, 22)
        cursor = cls(unpack(data[:12]), int.from_bytes(data[12:16], "big"), int.from_bytes(data[16:], "big"))
        return _as_written(cursor, text)


def _decoded(text: str, length: int) -> bytes:
    try:
        data = urlsafe_b64decode(str(text) + "=" * (-len(str(text)) % 4))
    except (ValueError, binascii.Error) as error:
        raise InvalidCursor(_help(text)) from error
    if len(data) != length:
        raise InvalidCursor(_help(text))
    return data


def _as_written(cursor: AnyCursor, text: str) -> AnyCursor:
    if str(cursor) != text:  # base64 decoding forgives characters that we never wrote
        raise InvalidCursor(_help(text))
    return cursor


def _help(text: object) -> str:
    return f"{str(text)[:60]!r} is not a cursor; pass the `next` of a page, or None for the first page."
