"""Feeds filled by a real Celery worker, through a real Redis, as a site would have it."""

import json
import logging

import pytest
import redis
from django.contrib.auth.models import User
from django.core.management import call_command
from django_celery_results.models import TaskResult

from django_feeds.models import ActivityRecord, Follow, PendingTask
from django_feeds.registry import get_feed
from django_feeds.testing import FeedAssertions
from tests import servers
from tests.testapp.models import Board, Pin

pytestmark = pytest.mark.needs(servers.broker().name)

feeds = FeedAssertions()
feeds.fail = pytest.fail


@pytest.fixture
def site(celery_worker_process):
    """An author and five followers."""
    author = User.objects.create(username="author")
    followers = [User.objects.create(username=f"follower{number}") for number in range(5)]
    for follower in followers:
        Follow.objects.follow(follower, author)
    celery_worker_process.wait_until_idle()
    return author, followers


def timelines(followers):
    return [get_feed("timeline", follower) for follower in followers]


def texts(feed):
    return [activity.object.note for activity in feed]


def test_a_pin_reaches_every_follower_and_its_edit_and_deletion_too(site, celery_worker_process):
    author, followers = site

    pin = Pin.objects.create(user=author, note="tea")
    celery_worker_process.wait_until_idle()
    assert [texts(feed) for feed in timelines(followers)] == [["tea"]] * 5

    pin.note = "green tea"
    pin.save()
    celery_worker_process.wait_until_idle()
    assert [feed[0].extra_context["note"] for feed in timelines(followers)] == ["green tea"] * 5

    feed_ids = [feed.entries() for feed in timelines(followers)]
    assert all(feed_ids)
    pin.delete()
    celery_worker_process.wait_until_idle()
    assert [feed.entries() for feed in timelines(followers)] == [[]] * 5


def test_following_shows_older_pins_in_order_and_unfollowing_takes_just_those(site, celery_worker_process):
    author, _followers = site
    reader, other = User.objects.create(username="reader"), User.objects.create(username="other")
    board = Board.objects.create(name="drinks")
    for number in range(3):
        Pin.objects.create(user=author, note=f"author {number}")
        Pin.objects.create(user=other, note=f"other {number}", board=board)

    Follow.objects.follow(reader, author)
    Follow.objects.follow(reader, board)
    celery_worker_process.wait_until_idle()
    feed = get_feed("timeline", reader)
    assert texts(feed) == ["other 2", "author 2", "other 1", "author 1", "other 0", "author 0"]

    Follow.objects.unfollow(reader, author)
    celery_worker_process.wait_until_idle()
    assert texts(feed) == ["other 2", "other 1", "other 0"]


def test_each_fan_out_can_be_seen_in_the_results(site, celery_worker_process):
    author, _followers = site

    Pin.objects.create(user=author)
    celery_worker_process.wait_until_idle()

    result = TaskResult.objects.get(task_name="django_feeds.fan_out")
    assert result.status == "SUCCESS"
    assert json.loads(result.result)["chunks"] == 1
    assert not TaskResult.objects.filter(task_name="django_feeds.settle").exists()
    assert ActivityRecord.objects.get().delivered


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(site, celery_worker_process):
    author, followers = site

    for number in range(20):
        Pin.objects.create(user=author, note=str(number))
    celery_worker_process.kill()
    celery_worker_process.start()
    celery_worker_process.redeliver()
    celery_worker_process.wait_until_idle()
    # Between taking a message and noting that it did, a killed worker loses it; its row is still there.
    call_command("deliver_feeds", older_than=0, verbosity=0)
    celery_worker_process.wait_until_idle()

    assert not PendingTask.objects.exists()
    for feed in timelines(followers):
        assert texts(feed) == [str(number) for number in range(19, -1, -1)]


def test_running_everything_twice_changes_nothing(site, celery_worker_process):
    author, followers = site

    pins = [Pin.objects.create(user=author, note=str(number)) for number in range(5)]
    pins[0].delete()
    celery_worker_process.redeliver()
    celery_worker_process.wait_until_idle()

    for feed in timelines(followers):
        assert texts(feed) == ["4", "3", "2", "1"]


def test_tasks_carry_json_only_and_no_bodies(site, celery_worker_process, broker_messages):
    author, _followers = site
    celery_worker_process.stop()

    Pin.objects.create(user=author, note="a secret that belongs in no queue")

    (message,) = broker_messages("celery")
    assert message["content-type"] == "application/json"
    assert message["headers"]["task"] == "django_feeds.fan_out"
    assert "secret" not in json.dumps(message)


def test_a_priority_has_the_queue_that_the_settings_say(site, celery_worker_process, broker_messages, settings):
    author, _followers = site
    celery_worker_process.stop()
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "QUEUES": {"high": "high", "low": "low"}}

    Pin.objects.create(user=author)

    assert len(broker_messages("high")) == 1
    assert broker_messages("celery") == []


def test_a_dead_broker_fails_no_request_and_loses_nothing(site, celery_worker_process, caplog):
    author, followers = site
    celery_worker_process.stop()
    servers.broker().stop()
    try:
        with caplog.at_level(logging.ERROR):
            pin = Pin.objects.create(user=author, note="tea")
    finally:
        servers.broker().start()
        celery_worker_process.start()

    assert "deliver_feeds will resume" in caplog.text
    feeds.assertInFeed(pin, get_feed("user", author))
    assert not ActivityRecord.objects.get().delivered

    call_command("deliver_feeds", older_than=0, verbosity=0)
    celery_worker_process.wait_until_idle()

    assert [texts(feed) for feed in timelines(followers)] == [["tea"]] * 5


def test_a_task_that_the_broker_lost_is_sent_again(site, celery_worker_process):
    author, _followers = site
    Pin.objects.create(user=author, note="tea")
    reader = User.objects.create(username="reader")
    celery_worker_process.wait_until_idle()
    celery_worker_process.stop()
    Follow.objects.follow(reader, author)
    celery_worker_process.forget()
    celery_worker_process.start()
    assert [task.name for task in PendingTask.objects.all()] == ["django_feeds.back_fill"]

    call_command("deliver_feeds", older_than=0, verbosity=0)
    celery_worker_process.wait_until_idle()

    assert not PendingTask.objects.exists()
    assert len(get_feed("timeline", reader).entries()) == 1


@pytest.fixture
def broker_messages(celery_worker_process):
    def messages(queue):
        client: redis.Redis = celery_worker_process._broker
        return [json.loads(message) for message in client.lrange(queue, 0, -1)]

    return messages
