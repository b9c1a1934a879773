"""Saving, editing, moving and deleting a row, and what feeds show then; with tasks late, twice, in other orders."""

from datetime import timedelta

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import transaction
from django.urls import path

from django_feeds.models import ActivityRecord, RecordSource
from django_feeds.registry import get_feed, get_manager
from django_feeds.sources import pause_tracking
from tests.testapp.models import Photo, Pin, Tag

from .conftest import feeds_on
from .site import NOON, Site


def test_saving_a_pin_shows_it_to_every_follower(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    site.follow(site.cleo, site.bob, site.tea)
    site.work()

    pin = site.pin(site.bob, site.tea)
    site.work()

    site.assertInFeed(pin, site.timeline(site.ann))
    site.assertInFeed(pin, site.timeline(site.cleo))  # once, though both his sources bring it
    site.assertNotInFeed(pin, site.timeline(site.bob))
    site.assertInFeed(pin, site.own(site.bob))
    site.assertInFeed(pin, site.own(site.tea))


def test_the_own_feed_shows_it_before_any_worker_ran(site):
    pin = site.pin(site.bob, site.tea)
    site.held.commit()

    site.assertInFeed(pin, site.own(site.bob))
    assert len(site.held) == 1  # one task, however many follow


def test_a_pin_that_a_view_saves_arrives(transactional_db, settings, client):
    settings.DJANGO_FEEDS = {**feeds_on("database"), "TASKS": "inline"}
    settings.ROOT_URLCONF = __name__
    site = Site("database", held=[])
    site.follow(site.ann, site.bob)
    client.force_login(site.bob)

    client.post("/pin/")

    (activity,) = site.timeline(site.ann)
    assert (activity.actor, activity.object.note) == (site.bob, "from a view")


def pin_view(request):
    from django.http import HttpResponse

    Pin.objects.create(user=request.user, note="from a view")
    return HttpResponse()


urlpatterns = [path("pin/", pin_view)]


def test_a_rollback_leaves_nothing(site):
    site.follow(site.ann, site.bob)
    site.work()

    with transaction.atomic():
        site.pin(site.bob, site.tea)
        transaction.set_rollback(True)
    site.held.commit()

    assert not site.held
    assert not ActivityRecord.objects.exists()
    assert not RecordSource.objects.exists()
    assert not list(site.own(site.bob))
    assert not list(site.timeline(site.ann))


def test_a_rollback_of_an_edit_leaves_what_was(site):
    site.follow(site.ann, site.bob)
    pin = site.pin(site.bob, site.tea, note="before")
    site.work()

    with transaction.atomic():
        pin.board, pin.note = site.cats, "after"
        pin.save()
        transaction.set_rollback(True)
    site.work()

    (activity,) = site.timeline(site.ann)
    assert activity.extra_context == {"note": "before"}
    assert activity.target == site.tea
    site.assertNotInFeed(pin, site.own(site.cats))


@pytest.mark.parametrize("how", ["row", "queryset"])
def test_deleting_removes_it_everywhere(any_site, how):
    site = any_site
    site.follow(site.ann, site.bob, site.tea)
    pin = site.pin(site.bob, site.tea)
    site.work()
    id = site.timeline(site.ann)[0].id

    pin.delete() if how == "row" else Pin.objects.all().delete()
    site.work()

    for feed in (site.timeline(site.ann), site.own(site.bob), site.own(site.tea)):
        site.assertNotInFeed(id, feed)
        assert site.stored(feed) == 0


def test_deleting_before_its_fan_out_ran_leaves_nothing_behind(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    site.work()

    pin = site.pin(site.bob, site.tea)
    site.held.commit()
    pin.delete()
    site.work()

    assert site.stored(site.timeline(site.ann)) == site.stored(site.own(site.bob)) == 0


def test_what_waits_for_its_removal_is_not_shown_any_more(site):
    site.follow(site.ann, site.bob)
    pin = site.pin(site.bob)
    site.work()

    pin.delete()
    site.held.commit()  # the worker has not come yet

    assert list(site.timeline(site.ann)) == []


def test_editing_shows_the_edit(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    pin = site.pin(site.bob, note="helo")
    site.work()

    pin.note = "hello"
    pin.save()
    site.work()

    (activity,) = site.timeline(site.ann)
    assert activity.extra_context == {"note": "hello"}
    assert activity.object.note == "hello"


def test_a_save_that_changes_nothing_queues_nothing(site):
    pin = site.pin(site.bob, site.tea)
    site.work()

    pin.save()
    site.held.commit()

    assert not site.held


def test_moved_to_another_board_it_leaves_the_old_ones_followers(any_site):
    site = any_site
    site.follow(site.ann, site.tea)
    site.follow(site.cleo, site.cats)
    pin = site.pin(site.bob, site.tea)
    site.work()

    pin.board = site.cats
    pin.save()
    site.work()

    site.assertNotInFeed(pin, site.timeline(site.ann))
    site.assertNotInFeed(pin, site.own(site.tea))
    site.assertInFeed(pin, site.timeline(site.cleo))
    site.assertInFeed(pin, site.own(site.cats))
    assert site.timeline(site.cleo)[0].target == site.cats


def test_moved_to_another_author_it_leaves_the_old_ones_followers(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    site.follow(site.bob, site.cleo)
    pin = site.pin(site.bob)
    site.work()

    pin.user = site.cleo
    pin.save()
    site.work()

    site.assertNotInFeed(pin, site.timeline(site.ann))
    site.assertNotInFeed(pin, site.own(site.bob))
    site.assertInFeed(pin, site.timeline(site.bob))
    assert site.timeline(site.bob)[0].actor == site.cleo


def test_moved_to_another_time_it_is_there_once_at_its_new_place(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    pins = [site.pin(site.bob, minute=minute) for minute in range(3)]
    site.work()
    old_id = ActivityRecord.objects.get(object=f"testapp.Pin:{pins[0].pk}").activity_id

    pins[0].created_at = NOON + timedelta(minutes=9)
    pins[0].save()
    site.work()

    for feed in (site.timeline(site.ann), site.own(site.bob)):
        site.assertFeedEqual(feed, [pins[0], pins[2], pins[1]])
        site.assertNotInFeed(old_id, feed)


def test_moved_thrice_before_any_worker_came_it_leaves_no_ghost(any_site):
    site = any_site
    site.follow(site.ann, site.tea, site.cats)
    site.follow(site.cleo, site.tea)
    pin = site.pin(site.bob, site.tea)
    site.work()

    for minute, board in enumerate([site.cats, site.tea, site.cats]):
        pin.board, pin.created_at = board, NOON + timedelta(hours=minute)
        pin.save()
        site.held.commit()
    site.work()

    site.assertFeedEqual(site.timeline(site.ann), [pin])
    assert site.stored(site.timeline(site.ann)) == 1
    assert site.stored(site.timeline(site.cleo)) == 0
    assert site.stored(site.own(site.tea)) == 0


def test_a_draft_shows_when_it_is_published_and_goes_when_it_is_a_draft_again(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    pin = site.pin(site.bob, draft=True)
    site.work()
    assert not list(site.timeline(site.ann))

    pin.draft = False
    pin.save()
    site.work()
    site.assertInFeed(pin, site.timeline(site.ann))
    id = site.timeline(site.ann)[0].id

    pin.draft = True
    pin.save()
    site.work()
    site.assertNotInFeed(pin, site.timeline(site.ann))

    pin.draft = False
    pin.save()
    site.work()
    assert site.timeline(site.ann)[0].id == id


def test_tags_are_sources_that_come_and_go(any_site):
    site = any_site
    red, blue = Tag.objects.create(name="red"), Tag.objects.create(name="blue")
    site.follow(site.ann, red, blue)
    pin = site.pin(site.bob)
    site.work()

    pin.tags.add(red, blue)
    site.work()
    site.assertInFeed(pin, site.timeline(site.ann))

    pin.tags.remove(red)
    site.work()
    site.assertInFeed(pin, site.timeline(site.ann))
    site.assertNotInFeed(pin, site.own(red))

    blue.pin_set.clear()
    site.work()
    site.assertNotInFeed(pin, site.timeline(site.ann))
    site.assertInFeed(pin, site.own(site.bob))


def test_paused_tracking_causes_nothing_and_publish_many_catches_up(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    site.work()

    with pause_tracking():
        pins = [site.pin(site.bob, minute=minute) for minute in range(4)]
    site.work()
    assert not list(site.timeline(site.ann))

    assert get_manager().publish_many(Pin.objects.all(), batch_size=3) == 4
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), reversed(pins))
    assert get_manager().publish_many(Pin.objects.all()) == 0


def test_publish_many_finds_what_an_update_statement_changed(any_site):
    site = any_site
    site.follow(site.ann, site.tea)
    pins = [site.pin(site.bob, site.tea, minute=minute) for minute in range(4)]
    site.work()

    Pin.objects.filter(pk__in=[pins[0].pk, pins[2].pk]).update(board=site.cats)
    assert get_manager().publish_many(Pin.objects.all()) == 2
    site.work()

    site.assertFeedEqual(site.timeline(site.ann), [pins[3], pins[1]])


def test_raw_fixtures_cause_nothing(site, tmp_path):
    pin = site.pin(site.bob)
    site.work()
    fixture = tmp_path / "pins.json"
    fixture.write_text(serializers.serialize("json", [pin]))
    with pause_tracking():
        pin.delete()
    ActivityRecord.objects.all().delete()

    call_command("loaddata", str(fixture), verbosity=0)
    site.held.commit()

    assert Pin.objects.count() == 1
    assert not site.held
    assert not ActivityRecord.objects.exists()


def test_rows_with_uuids_work_like_any_other(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    photo = Photo.objects.create(user=site.bob)
    site.work()

    (activity,) = site.timeline(site.ann)
    assert activity.object == photo
    assert activity.object_id == photo.pk
    assert activity.extra_context == {"camera": "box; 59"}

    photo.delete()
    site.work()
    assert site.stored(site.timeline(site.ann)) == 0


def test_ones_own_are_in_ones_own_timeline_where_the_settings_say_so(any_site, settings):
    site = any_site
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "INCLUDE_OWN": True}
    site.follow(site.ann, site.bob)
    mine, his = site.pin(site.ann, minute=1), site.pin(site.bob, minute=2)
    site.work()

    site.assertFeedEqual(get_feed("timeline", site.ann), [his, mine])

    mine.delete()
    site.work()
    site.assertFeedEqual(get_feed("timeline", site.ann), [his])


def test_private_pins_are_for_those_who_may_see_them(site):
    site.follow(site.ann, site.bob)
    secret, open_one = site.pin(site.bob, minute=1, private=True), site.pin(site.bob)
    site.work()

    site.assertFeedEqual(site.timeline(site.ann), [open_one])
    site.assertFeedEqual(site.own(site.bob), [open_one])  # as the public sees it
    shown = site.own(site.bob).page(viewer=site.bob).items
    assert [activity.object for activity in shown] == [secret, open_one]
