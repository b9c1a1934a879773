"""Pages while a storage is down: read by pull, where the feed's sources are known."""

from __future__ import annotations

import logging
from copy import copy
from typing import Any
from uuid import UUID

from django.db import DatabaseError

from .exceptions import StorageUnavailable
from .feeds import Feed, Page
from .ids import MAX_ID
from .reader import PullReader, sources_of
from .storage import Entry, Slice

__all__ = ["read_page"]

logger = logging.getLogger(__name__)


def read_page(feed: Feed, after: str | None = None, limit: int = 25) -> Page:
    """
    `feed.page(after, limit)`, also while its storage is down: slower then, and just as complete.

    Raises StorageUnavailable where nobody can tell what fills this feed, or the records cannot be read either.
    """
    try:
        return feed.page(after, limit)
    except StorageUnavailable as error:
        logger.warning("%r is read by pull: %s", feed, error)
        try:
            return _by_pull(feed, error).page(after, limit)
        except DatabaseError:
            raise error from error.__cause__


def _by_pull(feed: Feed, error: StorageUnavailable) -> Feed:
    reader = feed.reader
    if not isinstance(reader, PullReader) or sources_of(reader.manager, reader.feed_class, reader.owner) is None:
        raise error
    pulled = copy(feed)
    pulled.reader = _OnlyPull(reader)
    pulled.get_storage = lambda: _Nowhere(error)  # type: ignore[method-assign, assignment, return-value]
    return pulled


class _OnlyPull:
    """A reader that asks nobody to refill what cannot be written."""

    def __init__(self, reader: PullReader) -> None:
        self.pull = reader.pull

    def ask_refill(self) -> None:
        pass


class _Nowhere:
    """Stands in for a storage that is down: it holds no timeline and no body; all else is the outage again."""

    keeps_bodies = False

    def __init__(self, error: StorageUnavailable) -> None:
        self.error = error

    def slice(self, key: str, *, limit: int, before: UUID | None = None, offset: int = 0) -> Slice:
        return Slice(list[Entry](), MAX_ID)

    def __getattr__(self, name: str) -> Any:
        raise self.error
