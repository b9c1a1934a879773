"""What is particular to feeds whose rows carry the bodies of their activities."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.utils import timezone

from django_feeds import filling
from django_feeds.activity import Activity
from django_feeds.feeds import Feed
from django_feeds.ids import MIN_ID
from django_feeds.registry import get_feed, get_manager
from django_feeds.verbs import Love
from tests import storages

from .site import NOON


@pytest.fixture(params=storages.CASSANDRA)
def storage(request):
    storages.empty(request.param)
    return request.param


def notes(feed):
    return [activity.extra_context["note"] for activity in feed[:]]


def test_an_edit_reaches_every_row(site):
    site.follow(site.ann, site.bob)
    pin = site.pin(site.bob, site.tea, 1, note="green")
    site.work()
    assert notes(get_feed("timeline", site.ann)) == ["green"]

    pin.note = "black"
    pin.save()
    site.work()

    for feed in (get_feed("timeline", site.ann), get_feed("user", site.bob), get_feed("user", site.tea)):
        (entry,) = feed.entries()
        assert '"black"' in feed.get_storage().row_bodies(feed.key, [entry.id])[entry.id]
        assert notes(feed) == ["black"]


def test_what_was_taken_back_in_the_records_alone_goes_with_deliver_feeds(site):
    site.follow(site.ann, site.bob)
    site.pin(site.bob, site.tea, 1, note="green")
    site.work()
    feed = get_feed("timeline", site.ann)

    Feed.remove_activity(feed[0])
    call_command("deliver_feeds", older_than=0, verbosity=0)
    site.work()

    assert feed[:] == get_feed("user", site.bob)[:] == []


def test_what_was_added_by_hand_is_taken_off_by_hand(site):
    feed = get_feed("timeline", site.ann)
    activity = Activity(site.bob, Love, site.tea, time=NOON, extra_context={"note": "loved"})
    feed.add(activity)
    assert notes(feed) == ["loved"]

    feed.remove(activity)

    assert feed[:] == []


def test_a_reader_without_a_timeline_gets_one_when_he_looks(site):
    """A fan-out looks at no timeline, so that it makes none."""
    get_manager()
    site.follow(site.ann, site.bob)
    site.work()
    feed = get_feed("timeline", site.ann)
    feed.delete()
    site.pin(site.bob, site.tea, 1, note="green")
    site.work()
    assert feed.floor() is None

    assert notes(feed) == ["green"]
    site.work()
    assert feed.floor() is not None
    assert len(feed.entries()) == 1


# --- write times: what was asked for inside a transaction, and a refill that did not see it yet


def test_who_unfollows_before_he_looked_has_a_timeline(site):
    """What is forgotten first, of which nobody knew, does not take the refill along."""
    site.follow(site.ann, site.bob)
    site.follow(site.ann, site.cleo)
    site.pin(site.bob, site.tea, 1, note="gone")
    site.pin(site.cleo, site.tea, 2, note="stays")
    site.work()
    feed = get_feed("timeline", site.ann)
    feed.delete()

    get_manager().unfollow_user(site.ann, site.bob)
    site.work()

    assert feed.floor() == MIN_ID
    assert len(feed.entries()) == 1
    assert notes(feed) == ["stays"]


def asked_before_it_was_committed(site, asked, change):
    """Do this change, and run its tasks as those of a transaction that was open since `asked`, before a refill."""
    site.held.clear()
    change()
    site.held.commit()
    queued, site.held[:] = list(site.held), []
    for task, args in queued:
        task(*args[:-1], asked.isoformat())
    site.work()


def test_a_refill_between_a_save_and_its_commit_hides_no_activity(site):
    site.follow(site.ann, site.bob)
    site.pin(site.bob, site.tea, 1, note="old")
    site.work()
    feed = get_feed("timeline", site.ann)
    feed.delete()
    asked = timezone.now()
    filling.refill(get_manager(), type(feed), feed.owner, timezone.now())

    asked_before_it_was_committed(site, asked, lambda: site.pin(site.bob, site.tea, 2, note="new"))

    assert [activity.extra_context["note"] for activity in feed.hydrate(feed.entries())] == ["new", "old"]


def test_a_refill_between_a_deletion_and_its_commit_leaves_no_ghost(site):
    site.follow(site.ann, site.bob)
    pin = site.pin(site.bob, site.tea, 1, note="old")
    site.work()
    feed = get_feed("timeline", site.ann)
    asked = timezone.now()
    filling.refill(get_manager(), type(feed), feed.owner, timezone.now(), force=True)

    asked_before_it_was_committed(site, asked, pin.delete)

    assert feed.entries() == []
