"""Grouped feeds and notifications in Redis, filled by a real Celery worker that is killed in the middle."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from django_feeds.models import RecordRecipient
from tests import servers
from tests.testapp.managers import GroupedLoveFeed, TellingManager, ToldFeed

from .test_redis_feeds import FOLLOWERS, author, finish, loves

__all__ = ["author"]

pytestmark = [pytest.mark.needs("redis_7"), pytest.mark.needs(servers.broker().name)]


def windows(feed_class: Any, owners: list[str]) -> set[tuple]:
    """(activities, actors) of each group, for the feeds of all these owners, each different content once."""
    feeds = map(feed_class, owners)
    return {tuple((group.activity_count, group.actor_count) for group in feed._window().groups) for feed in feeds}


def test_a_worker_killed_in_the_middle_tells_each_exactly_once(author, celery_worker_process):
    activities = loves(author, 5)
    readers = list(User.objects.filter(username__startswith="reader").order_by("pk"))
    owners = [str(reader.pk) for reader in readers]
    manager = TellingManager()
    assert len(owners) == FOLLOWERS

    manager.publish(activities[0], recipients=readers)
    celery_worker_process.wait_until_idle()
    for owner in owners[::500]:  # who has looked has a timeline
        manager.get_notification_feed(owner).page()
        manager.get_notification_feed(owner).mark_all(seen=True, read=True)
    celery_worker_process.wait_until_idle()
    for activity in activities[1:]:
        manager.publish(activity, recipients=readers)
    celery_worker_process.kill()
    celery_worker_process.start()
    celery_worker_process.redeliver()
    finish(celery_worker_process)

    assert RecordRecipient.objects.count() == FOLLOWERS * len(activities)
    assert windows(GroupedLoveFeed, owners) == {((5, 1),)}
    assert windows(ToldFeed, owners) == {((1, 1),) * 5}
    for owner in owners[::500]:
        assert manager.get_notification_feed(owner).counts() == {"unseen": 4, "unread": 4}

    manager.retract(activities[3])
    celery_worker_process.wait_until_idle()
    assert windows(ToldFeed, owners) == {((1, 1),) * 4}
    assert windows(GroupedLoveFeed, owners) == {((4, 1),)}
