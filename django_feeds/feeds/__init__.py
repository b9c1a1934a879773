"""
Feeds: what a reader reads.

A feed is a class (which key, how long, which storage) and, for one owner, an instance: `PinFeed(13)[:25]`.
Declare them in `DJANGO_FEEDS["FEEDS"]`, or subclass one of these: flat, grouped, or notifications; each on the default
storage, or on the one that its name says.
"""

from .aggregated import AggregatedFeed
from .base import Feed
from .news import News
from .notification import NotificationFeed, NotificationPage
from .pages import Page

__all__ = [
    "AggregatedFeed",
    "CassandraAggregatedFeed",
    "CassandraFeed",
    "CassandraNotificationFeed",
    "DatabaseAggregatedFeed",
    "DatabaseFeed",
    "DatabaseNotificationFeed",
    "Feed",
    "MemoryAggregatedFeed",
    "MemoryFeed",
    "MemoryNotificationFeed",
    "News",
    "NotificationFeed",
    "NotificationPage",
    "Page",
    "RedisAggregatedFeed",
    "RedisFeed",
    "RedisNotificationFeed",
]


class DatabaseFeed(Feed):
    """A flat feed in the database, whatever the default storage is."""

    storage = "database"


class DatabaseAggregatedFeed(AggregatedFeed):
    """A grouped feed in the database."""

    storage = "database"


class DatabaseNotificationFeed(NotificationFeed):
    """Notifications in the database."""

    storage = "database"


class MemoryFeed(Feed):
    """A flat feed in this process, for tests and experiments."""

    storage = "memory"


class MemoryAggregatedFeed(AggregatedFeed):
    """A grouped feed in this process."""

    storage = "memory"


class MemoryNotificationFeed(NotificationFeed):
    """Notifications in this process."""

    storage = "memory"


class RedisFeed(Feed):
    """A flat feed in the storage that the settings declare as "redis"."""

    storage = "redis"


class RedisAggregatedFeed(AggregatedFeed):
    """A grouped feed in the storage that the settings declare as "redis"."""

    storage = "redis"


class RedisNotificationFeed(NotificationFeed):
    """Notifications in the storage that the settings declare as "redis"."""

    storage = "redis"


class CassandraFeed(Feed):
    """A flat feed in the storage that the settings declare as "cassandra"."""

    storage = "cassandra"


class CassandraAggregatedFeed(AggregatedFeed):
    """A grouped feed in the storage that the settings declare as "cassandra"."""

    storage = "cassandra"


class CassandraNotificationFeed(NotificationFeed):
    """Notifications in the storage that the settings declare as "cassandra"."""

    storage = "cassandra"
