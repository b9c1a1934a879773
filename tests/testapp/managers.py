"""Managers as the ancestor's users write them, which workers find by dotted path: with feeds in Redis or Cassandra."""

from __future__ import annotations

from django_feeds.feeds import CassandraFeed, RedisAggregatedFeed, RedisFeed, RedisNotificationFeed
from django_feeds.managers import Manager


class LoveFeed(RedisFeed):
    key_format = "loves:%(user_id)s"
    max_length = 50


class OwnLoveFeed(LoveFeed):
    key_format = "loves:by:%(user_id)s"


class LoveManager(Manager):
    feed_classes = {"loves": LoveFeed}
    user_feed_class = OwnLoveFeed


class ToldFeed(RedisNotificationFeed):
    key_format = "told:%(user_id)s"
    max_length = 50


class GroupedLoveFeed(RedisAggregatedFeed):
    key_format = "loves:grouped:%(user_id)s"
    max_length = 50


class TellingManager(Manager):
    feed_classes = {"loves": GroupedLoveFeed}
    user_feed_class = OwnLoveFeed
    notification_feed_class = ToldFeed


class SpreadFeed(CassandraFeed):
    storage = "cassandra_3"
    key_format = "spread:%(user_id)s"
    max_length = 500


class OwnSpreadFeed(SpreadFeed):
    key_format = "spread:by:%(user_id)s"


class SpreadManager(Manager):
    feed_classes = {"spread": SpreadFeed}
    user_feed_class = OwnSpreadFeed
