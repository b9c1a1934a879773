"""A manager as the ancestor's users write it, which workers find by its dotted path: all its feeds are in Redis."""

from __future__ import annotations

from django_feeds.feeds import RedisAggregatedFeed, RedisFeed, RedisNotificationFeed
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
