"""A site whose Redis is down for a while: what it shows, what it says, and what it delivers when it is back."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from django_feeds import tasks
from django_feeds.activity import Activity
from django_feeds.exceptions import StorageUnavailable
from django_feeds.models import ActivityRecord, Follow, PendingTask
from django_feeds.registry import get_feed, get_manager
from django_feeds.verbs import Love
from tests import servers
from tests.settings import REDIS
from tests.testapp.models import Board, Pin

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
def own_storage():
    """Where the own feeds are: "mine", or "default", the database."""
    return "mine"


@pytest.fixture
def people(transactional_db, server, settings, own_storage):
    """Ann, who follows Bob, who has pinned three times."""
    settings.DJANGO_FEEDS = {
        "TASKS": "inline",
        "FEEDS": {
            "user": {"STORAGE": own_storage},
            "timeline": {"STORAGE": "mine"},
            "lonely": {"STORAGE": "mine"},
        },
        "STORAGES": {
            "mine": {"BACKEND": REDIS, "OPTIONS": {"URL": server.url, "CLIENT": {"socket_timeout": 0.8}}},
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


def said(feed):
    """What the activities themselves say, whatever their rows do."""
    return [activity.extra_context["note"] for activity in feed.page()]


@pytest.mark.parametrize("resume", RESUME.values(), ids=RESUME)
@pytest.mark.parametrize("own_storage", ["mine", "default"])
def test_the_feeds_of_a_storage_that_is_up_need_not_wait_for_one_that_is_down(people, outage, resume, own_storage):
    ann, bob = people
    leave, come_back = outage
    ago = [timezone.now() - timedelta(hours=hours) for hours in range(5)]
    edited, deleted = (
        Pin.objects.create(user=bob, note=note, created_at=ago[place]) for place, note in ((1, "x"), (2, "y"))
    )
    kept, gone = (
        Activity(bob, Love, thing, time=ago[place], extra_context={"note": "by hand"})
        for place, thing in ((3, bob), (4, ann))
    )
    manager = get_manager()
    manager.publish(kept)
    manager.publish(gone)
    timeline, own = get_feed("timeline", ann), get_feed("user", bob)
    assert said(timeline) == said(own) == ["c", "b", "a", "x", "y", "by hand", "by hand"]
    leave()

    Pin.objects.create(user=bob, note="d")
    edited.note = "x, edited"
    edited.save()
    deleted.delete()
    kept.extra_context = {"note": "edited by hand"}
    manager.update(kept)
    manager.retract(gone)
    manager.publish(Activity(bob, Love, Board.objects.create(name="tea"), extra_context={"note": "by hand"}))
    truth = ["by hand", "d", "c", "b", "a", "x, edited", "edited by hand"]

    if own_storage == "default":
        assert stored(own) == len(truth)
    assert said(own) == said(timeline) == truth

    come_back()
    resume()
    assert said(own) == said(timeline) == truth
    assert stored(own) == stored(timeline) == len(truth)
    assert not PendingTask.objects.exists()
    assert all(record.delivered for record in ActivityRecord.objects.all())


@pytest.mark.parametrize("resume", RESUME.values(), ids=RESUME)
def test_what_was_imported_silently_meanwhile_is_brought_to_the_own_feed_alone(people, server, outage, resume):
    ann, bob = people
    leave, come_back = outage
    waiting = Activity(bob, Love, ann, extra_context={"note": "waiting"})
    silent = Activity(bob, Love, bob, extra_context={"note": "silent"})
    leave()
    get_manager().publish(waiting)

    waiting.extra_context = {"note": "silently edited"}
    get_manager().batch_import(bob, [waiting, silent], fanout=False)
    come_back()
    resume()
    resume()

    own, timeline = get_feed("user", bob), get_feed("timeline", ann)
    entries = own.get_storage().slice(own.key, limit=1_000).entries
    assert {waiting.id, silent.id} <= {entry.id for entry in entries}
    entries = timeline.get_storage().slice(timeline.key, limit=1_000).entries
    if leave == server.freeze:  # one that is killed loses the timeline, and what is not the newest of all makes none
        assert waiting.id in {entry.id for entry in entries}
    assert silent.id not in {entry.id for entry in entries}
    assert "silently edited" in said(own)
    assert not PendingTask.objects.exists()
    assert all(record.delivered for record in ActivityRecord.objects.all())
