"""A site whose Redis is down for a while: what it shows, what it says, and what it delivers when it is back."""

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from django_feeds import tasks
from django_feeds.exceptions import StorageUnavailable
from django_feeds.models import ActivityRecord, Follow, PendingTask
from django_feeds.registry import get_feed
from tests import servers
from tests.settings import REDIS
from tests.testapp.models import Pin

from .base import MIDDLEWARE, TEMPLATES


@pytest.fixture(params=servers.REDIS)
def server(own_redis, request):
    server = own_redis(request.param)
    server.start()
    return server


@pytest.fixture(params=["kill", "freeze"])
def outage(server, request):
    """Two functions: one takes the server away, the other brings it back."""
    if request.param == "kill":
        return server.kill, server.start
    return server.freeze, server.thaw


@pytest.fixture
def people(transactional_db, server, settings):
    """Ann, who follows Bob, who has pinned three times."""
    settings.DJANGO_FEEDS = {
        "TASKS": "inline",
        "FEEDS": {name: {"STORAGE": "mine"} for name in ("user", "timeline", "lonely")},
        "STORAGES": {
            "mine": {"BACKEND": REDIS, "OPTIONS": {"URL": server.url, "CLIENT": {"socket_timeout": 0.3}}},
        },
    }
    settings.ROOT_URLCONF, settings.MIDDLEWARE, settings.TEMPLATES = "tests.edges.urls", MIDDLEWARE, TEMPLATES
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))
    Follow.objects.follow(ann, bob)
    for note in "abc":
        Pin.objects.create(user=bob, note=note)
    return ann, bob


def notes(feed):
    return [activity.object.note for activity in feed.page()]


def stored(feed):
    return len(feed.get_storage().slice(feed.key, limit=1_000).entries)


def test_pages_come_by_pull(people, outage):
    ann, bob = people
    leave, _come_back = outage
    leave()

    assert notes(get_feed("timeline", ann)) == notes(get_feed("user", bob)) == ["c", "b", "a"]


def test_a_page_waits_for_the_server_once_whatever_it_leaves_out(people, outage, caplog):
    ann, bob = people
    for number in range(30):
        Pin.objects.create(user=bob, note=str(number), private=True)
    leave, _come_back = outage
    leave()

    page = get_feed("timeline", ann).page(limit=5)

    assert [activity.object.note for activity in page] == ["c", "b", "a"]
    assert len(caplog.records) == 1
    assert "is read by pull" in caplog.text


def test_where_nobody_knows_the_sources_the_page_says_so(people, outage):
    ann, _bob = people
    leave, come_back = outage
    client = Client()
    client.force_login(ann)
    leave()

    with pytest.raises(StorageUnavailable):
        get_feed("lonely", ann).page()
    response = client.get("/feeds/feed/lonely/")
    assert response.status_code == 503
    assert "cannot be read just now" in response.content.decode()
    assert client.get("/feeds/feed/timeline/").status_code == 200

    come_back()
    assert client.get("/feeds/feed/lonely/").status_code == 200


RESUME = {
    "by a task": lambda: tasks.resume(0),
    "by a command": lambda: call_command("deliver_feeds", older_than=0, verbosity=0),
}


@pytest.mark.parametrize("resume", RESUME.values(), ids=RESUME)
def test_what_was_published_meanwhile_is_delivered_once(people, outage, resume):
    ann, bob = people
    leave, come_back = outage
    leave()
    Pin.objects.create(user=bob, note="d")
    Pin.objects.filter(note="a").get().delete()
    assert not ActivityRecord.objects.get(extra_context__note="d").delivered
    assert notes(get_feed("timeline", ann)) == ["d", "c", "b"]

    come_back()
    resume()
    resume()

    for feed in (get_feed("timeline", ann), get_feed("user", bob)):
        assert notes(feed) == ["d", "c", "b"]
        assert stored(feed) == 3
    assert not PendingTask.objects.exists()
    assert all(record.delivered for record in ActivityRecord.objects.all())
