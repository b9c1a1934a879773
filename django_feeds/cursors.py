"""Page cursors: where the next page goes on, as one opaque string that is safe in a URL."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple
from uuid import UUID

from .exceptions import InvalidCursor
from .ids import pack, unpack

__all__ = ["Cursor"]


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
        try:
            data = urlsafe_b64decode(str(text) + "=" * (-len(str(text)) % 4))
        except (ValueError, binascii.Error) as error:
            raise InvalidCursor(_help(text)) from error
        if len(data) != 16:
            raise InvalidCursor(_help(text))
        cursor = cls(unpack(data[:12]), int.from_bytes(data[12:], "big"))
        if str(cursor) != text:  # base64 decoding forgives characters that we never wrote
            raise InvalidCursor(_help(text))
        return cursor


def _help(text: object) -> str:
    return f"{str(text)[:60]!r} is not a cursor; pass the `next` of a page, or None for the first page."
