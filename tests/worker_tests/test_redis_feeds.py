"""Feeds in Redis, filled by a real Celery worker whose broker is another Redis."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from django_feeds.activity import Activity
from django_feeds.models import Follow, PendingTask
from django_feeds.verbs import Love
from tests import servers, storages
from tests.testapp.managers import LoveFeed, LoveManager, OwnLoveFeed
from tests.testapp.models import Pin

pytestmark = [pytest.mark.needs("redis_7"), pytest.mark.needs(servers.broker().name)]

FOLLOWERS = 4_500
"""Three chunks of the default size."""


@pytest.fixture
def author(celery_worker_process):
    storages.empty("redis")
    author = User.objects.create(username="author")
    readers = User.objects.bulk_create(User(username=f"reader {number}") for number in range(FOLLOWERS))
    Follow.objects.bulk_create(Follow(user=reader, target=str(author.pk)) for reader in readers)
    return author


def loves(author: User, number: int) -> list[Activity]:
    pins = [Pin.objects.create(user=author, draft=True) for _ in range(number)]
    start = timezone.now() - timedelta(seconds=number)
    return [Activity(author, Love, pin, None, start + timedelta(seconds=place)) for place, pin in enumerate(pins)]


def publish(activities: list[Activity], author: User, worker) -> None:
    """The first alone: who has no timeline yet gets one, which would begin in the middle of what comes at once."""
    LoveManager().add_user_activity(author.pk, activities[0])
    worker.wait_until_idle()
    for activity in activities[1:]:
        LoveManager().add_user_activity(author.pk, activity)


def held(author: User) -> set[tuple]:
    """What the timelines of all readers hold, each different content once."""
    owners = [str(pk) for pk in Follow.objects.followers(author).values_list("user_id", flat=True)]
    assert len(owners) == FOLLOWERS
    slices = LoveFeed.get_storage().slice_many([LoveFeed.key_for(owner) for owner in owners], limit=100)
    return {tuple(entry.id for entry in part.entries) for part in slices.values()}


def ids(activities: list[Activity]) -> tuple:
    return tuple(activity.id for activity in reversed(activities))


def finish(worker) -> None:
    worker.wait_until_idle()
    call_command("deliver_feeds", older_than=0, verbosity=0)
    worker.wait_until_idle()
    assert not PendingTask.objects.exists()


def test_thousands_have_what_was_published_once_and_lose_what_was_taken_back(author, celery_worker_process):
    activities = loves(author, 3)

    publish(activities, author, celery_worker_process)
    celery_worker_process.wait_until_idle()
    assert held(author) == {ids(activities)}
    assert [activity.id for activity in OwnLoveFeed(author)[:]] == list(ids(activities))

    LoveManager().remove_user_activity(author.pk, activities[1])
    celery_worker_process.wait_until_idle()
    assert held(author) == {ids([activities[0], activities[2]])}


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(author, celery_worker_process):
    activities = loves(author, 6)

    publish(activities, author, celery_worker_process)
    celery_worker_process.kill()
    celery_worker_process.start()
    celery_worker_process.redeliver()

    finish(celery_worker_process)
    assert held(author) == {ids(activities)}


def test_tasks_wait_while_redis_is_gone_and_are_done_when_it_is_back(author, celery_worker_process):
    (activity,) = loves(author, 1)
    server = servers.get("redis_7")
    server.kill()
    try:
        LoveManager().add_user_activity(author.pk, activity)
        while "Retry in" not in celery_worker_process.log():
            assert celery_worker_process.running
    finally:
        server.start()

    finish(celery_worker_process)
    assert held(author) == {ids([activity])}
