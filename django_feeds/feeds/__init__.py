"""
Feeds: what a reader reads.

A feed is a class (which key, how long, which storage) and, for one owner, an instance: `PinFeed(13)[:25]`.
Declare them in `DJANGO_FEEDS["FEEDS"]`, or subclass one of these.
"""

from .base import Feed, Page

__all__ = ["DatabaseFeed", "Feed", "MemoryFeed", "Page", "RedisFeed"]


class DatabaseFeed(Feed):
    """A flat feed in the database, whatever the default storage is."""

    storage = "database"


class MemoryFeed(Feed):
    """A flat feed in this process, for tests and experiments."""

    storage = "memory"


class RedisFeed(Feed):
    """A flat feed in the storage that the settings declare as "redis"."""

    storage = "redis"
