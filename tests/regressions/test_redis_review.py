"""What reviews found where feeds and bodies are kept away from the records, each as the shortest story."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_feeds.models import Follow
from django_feeds.registry import get_feed
from tests.flows.conftest import feeds_on
from tests.testapp.models import Pin


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
