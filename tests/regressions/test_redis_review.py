"""What reviews found where feeds and bodies are kept away from the records, each as the shortest story."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis.exceptions import MovedError

from django_feeds.activity import Activity
from django_feeds.exceptions import ForeignData, StorageUnavailable
from django_feeds.feeds import Feed
from django_feeds.models import Follow
from django_feeds.registry import get_feed
from django_feeds.signals import feeds_written
from django_feeds.storage import Entry
from django_feeds.verbs import Love
from tests import storages
from tests.flows.conftest import feeds_on
from tests.settings import REDIS
from tests.testapp.models import Pin

MEMORY = {"BACKEND": "django_feeds.storage.memory.MemoryStorage"}


@pytest.fixture(params=["memory", "database", *storages.REDIS])
def storage(request):
    """Those that keep a body once, or none: rows that carry their own are in tests/flows/test_cassandra.py."""
    storages.empty(request.param)
    return request.param


@pytest.fixture
def people(transactional_db, storage, settings):
    """Ann, who follows Bob, on a site without a worker: each save commits, and its tasks are done before it returns."""
    settings.DJANGO_FEEDS = {**feeds_on(storage), "TASKS": "inline"}
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))
    Follow.objects.follow(ann, bob)
    return ann, bob


def notes(feed):
    """As the bodies have them, not the rows."""
    return [activity.extra_context["note"] for activity in feed.page()]


def evict(feed):
    ids = [entry.id for entry in feed.entries()]
    feed.get_storage().forget(ids)
    return ids


# --- bodies that are put back


def test_what_is_never_committed_is_not_put_back(people):
    ann, bob = people
    pin = Pin.objects.create(user=bob, note="as it was")
    feed = get_feed("timeline", ann)
    evict(feed)

    with transaction.atomic():
        pin.note = "never"
        pin.save()
        assert notes(feed) == ["never"]
        transaction.set_rollback(True)

    assert notes(feed) == notes(feed) == ["as it was"]


def test_what_a_savepoint_undid_is_not_put_back(people):
    ann, bob = people
    pin = Pin.objects.create(user=bob, note="as it was")
    feed = get_feed("timeline", ann)
    evict(feed)

    with transaction.atomic():
        with transaction.atomic():
            pin.note = "never"
            pin.save()
            assert notes(feed) == ["never"]
            transaction.set_rollback(True)
        assert notes(feed) == ["as it was"]

    assert notes(feed) == ["as it was"]


@pytest.mark.parametrize("change", ["edited", "deleted"])
def test_what_was_read_before_it_changed_is_put_back_as_it_is_committed(people, change):
    ann, bob = people
    pin = Pin.objects.create(user=bob, note="as it was")
    Pin.objects.create(user=bob, note="another")
    feed = get_feed("timeline", ann)
    storage, ids = feed.get_storage(), evict(feed)

    with transaction.atomic():
        assert notes(feed) == ["another", "as it was"]
        assert storage.get(ids) == {}
        pin.note = "edited"
        pin.save() if change == "edited" else pin.delete()

    assert notes(feed) == ["another", "edited"][: 2 if change == "edited" else 1]
    assert len(storage.get(ids)) == (len(notes(feed)) if storage.keeps_bodies else 0)


@pytest.mark.parametrize("storage", ["memory"], indirect=True)
def test_putting_back_at_once_takes_their_records_and_a_second_look(people):
    ann, bob = people
    Pin.objects.create(user=bob, note="a")
    feed = get_feed("timeline", ann)
    with CaptureQueriesContext(connection) as usual:
        notes(feed)
    evict(feed)

    with CaptureQueriesContext(connection) as lacking:
        notes(feed)
    with CaptureQueriesContext(connection) as restored:
        notes(feed)

    assert (len(lacking), len(restored)) == (len(usual) + 2, len(usual))


# --- bodies that are taken back


def elsewhere(work):
    """What another process finds meanwhile."""

    def run():
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        return other.submit(run).result()


def test_what_another_reads_before_the_commit_does_not_bring_back_what_was_taken_back(people):
    ann, bob = people
    Pin.objects.create(user=bob, note="taken back")
    feed = get_feed("timeline", ann)
    activity = feed[0]

    with transaction.atomic():
        feed.remove_activity(activity)
        assert notes(feed) == []
        assert elsewhere(lambda: notes(get_feed("timeline", ann))) == ["taken back"]

    assert notes(feed) == []
    assert feed.get_storage().get([activity.id]) == {}


def test_what_is_not_taken_back_after_all_is_shown_as_before(people):
    ann, bob = people
    Pin.objects.create(user=bob, note="kept")
    feed = get_feed("timeline", ann)

    with transaction.atomic():
        feed.remove_activity(feed[0])
        assert notes(feed) == []
        transaction.set_rollback(True)

    assert notes(feed) == ["kept"]


@pytest.fixture
def one_is_down(transactional_db, own_redis, settings):
    """Three feed classes, the storage of the second of which is down, and what puts it right."""
    server = own_redis()
    server.start()
    down = {"BACKEND": REDIS, "OPTIONS": {"URL": server.url, "CLIENT": {"socket_timeout": 0.8}}}
    settings.DJANGO_FEEDS = {"STORAGES": {"first": MEMORY, "down": down, "last": MEMORY}}
    classes = [type(name, (Feed,), {"storage": name}) for name in ("first", "down", "last")]
    return classes, server


@pytest.mark.parametrize("surroundings", [nullcontext, transaction.atomic], ids=["at once", "in a transaction"])
def test_a_storage_that_is_down_keeps_no_other_from_forgetting_a_body(one_is_down, surroundings, caplog):
    (first, down, last), server = one_is_down
    ann = User.objects.create(username="ann")
    activity = Activity(ann, Love, ann)
    for feed_class in (first, down, last):
        feed_class(ann).add(activity)
    server.freeze()

    told = pytest.raises(StorageUnavailable, match="'down'") if surroundings is nullcontext else nullcontext()
    with told, surroundings():
        first.remove_activity(activity)

    assert first(ann)[:] == last(ann)[:] == []
    assert first.get_storage().get([activity.id]) == last.get_storage().get([activity.id]) == {}
    assert ("'down'" in caplog.text) == (surroundings is not nullcontext)
    server.thaw()
    first.remove_activity(activity)
    assert down(ann)[:] == []


# --- what is told of what was written


@pytest.mark.parametrize("storage", storages.REDIS, indirect=True)
def test_of_feeds_beside_somebody_elses_data_it_is_told_that_they_were_written(db, storage):
    hooked, told = [], []

    class Told(Feed):
        key_format = "told:%(user_id)s"

        def on_update_feed(self, new, deleted):
            hooked.append((self.owner, new, deleted))

    Told.storage = storage
    kept, ann = Told.get_storage(), User.objects.create(username="ann")
    id = Activity(ann, Love, ann).id
    entries = [Entry(id)]
    for client in storages.clients(storage):
        with suppress(MovedError):
            client.set(kept.timelines + Told.key_for("2"), "somebody's")

    def listen(sender, owners, added, removed, **kwargs):
        told.append((list(owners), list(added), list(removed)))

    feeds_written.connect(listen, sender=Told)
    with pytest.raises(ForeignData):
        Told.push(["1", "2", "3"], entries)
    with pytest.raises(ForeignData):
        Told.discard(["1", "2", "3"], [id])

    assert told == [(["1", "3"], entries, []), (["1", "3"], [], [id])]
    assert hooked == [("1", [id], []), ("3", [id], []), ("1", [], [id]), ("3", [], [id])]


# --- what was added by hand


@pytest.mark.parametrize("on_commit", [False, True], ids=["at once", "on commit"])
def test_what_is_added_by_hand_in_a_transaction_that_fails_stays_where_nothing_is_undone(people, storage, on_commit):
    ann, _bob = people
    feed, activity = get_feed("timeline", ann), Activity(ann, Love, ann)

    with transaction.atomic():
        transaction.on_commit(lambda: feed.add(activity)) if on_commit else feed.add(activity)
        transaction.set_rollback(True)

    stays = storage != "database" and not on_commit
    assert feed[:] == ([activity] if stays else [])
    feed.get_storage().forget([activity.id])
    assert feed[:] == []


# --- a timeline that was lost


def test_an_edit_makes_no_timeline_that_hides_what_is_newer(site):
    """It was made where the edited activity was a minute old at most, with the floor right under it."""
    site.follow(site.ann, site.bob)
    site.work()
    times = [timezone.now() + timedelta(milliseconds=number) for number in range(3)]
    first, second, third = (Pin.objects.create(user=site.bob, created_at=time) for time in times)
    site.work()
    site.timeline(site.ann).delete()
    site.own(site.bob).delete()

    second.note = "edited"
    second.save()
    site.work()

    for feed in (site.timeline(site.ann), site.own(site.bob)):
        assert [activity.object for activity in feed.page()] == [third, second, first]
    site.work()
    for feed in (site.timeline(site.ann), site.own(site.bob)):
        assert site.stored(feed) == 3
