"""A manager as the ancestor's users write it, which workers find by its dotted path: all its feeds are in Redis."""

from __future__ import annotations

from django_feeds.feeds import RedisFeed
from django_feeds.managers import Manager


class LoveFeed(RedisFeed):
    key_format = "loves:%(user_id)s"
    max_length = 50


class OwnLoveFeed(LoveFeed):
    key_format = "loves:by:%(user_id)s"


class LoveManager(Manager):
    feed_classes = {"loves": LoveFeed}
    user_feed_class = OwnLoveFeed
