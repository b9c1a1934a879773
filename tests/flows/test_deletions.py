"""Deleting a user or a board deletes its feeds, follows and records."""

from django_feeds.activity import Activity
from django_feeds.models import ActivityRecord, Follow, RecordSource
from django_feeds.registry import get_manager
from django_feeds.verbs import Love
from tests.testapp.models import Pin


def nothing_is_left_of(site, owner):
    reference = owner if ":" in owner else f"auth.User:{owner}"
    for feed in (site.own(owner), site.timeline(owner)):
        assert feed.floor() is None, feed
    assert not Follow.objects.followers(owner).exists()
    assert not RecordSource.objects.filter(owner=owner).exists()
    assert not ActivityRecord.objects.filter(actor=reference).exists()
    assert not ActivityRecord.objects.filter(object=reference, published=True).exists()


def test_a_deleted_user_leaves_nothing_behind(any_site):
    site = any_site
    site.follow(site.ann, site.bob, site.cleo)
    site.follow(site.bob, site.cleo)
    site.pin(site.bob, site.tea)
    kept = site.pin(site.cleo)
    get_manager().publish(Activity(site.bob, Love, ("testapp.Pin", kept.pk)), to=[site.tea])
    site.work()
    pk = str(site.bob.pk)

    site.bob.delete()
    site.work()

    nothing_is_left_of(site, pk)
    site.assertFeedEqual(site.timeline(site.ann), [kept])
    assert site.stored(site.timeline(site.ann)) == 1
    assert site.stored(site.own(site.tea)) == 0


def test_a_deleted_user_with_tasks_under_way_leaves_nothing_behind(any_site, settings):
    site = any_site
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "INCLUDE_OWN": True}
    site.follow(site.ann, site.bob)
    site.follow(site.bob, site.cleo)
    site.pin(site.bob, site.tea)
    site.pin(site.cleo)
    site.unfollow(site.bob, site.cleo)
    site.held.commit()
    pk = str(site.bob.pk)

    site.bob.delete()
    site.work()

    nothing_is_left_of(site, pk)
    assert site.stored(site.timeline(site.ann)) == 0


def test_a_deleted_board_takes_its_pins_along(any_site):
    site = any_site
    site.follow(site.ann, site.tea, site.bob)
    site.pin(site.bob, site.tea)
    kept = site.pin(site.bob, site.cats)
    site.work()
    owner = f"testapp.Board:{site.tea.pk}"

    site.tea.delete()
    site.work()

    assert list(Pin.objects.all()) == [kept]
    nothing_is_left_of(site, owner)
    site.assertFeedEqual(site.timeline(site.ann), [kept])
    assert site.stored(site.timeline(site.ann)) == 1


def test_what_was_only_shown_on_a_deleted_board_stays_with_its_author(any_site):
    site = any_site
    site.follow(site.ann, site.tea)
    site.follow(site.cleo, site.bob)
    love = Activity(site.bob, Love, ("auth.User", site.cleo.pk))
    get_manager().publish(love, to=[site.tea])
    site.work()
    site.assertInFeed(love, site.timeline(site.ann))

    site.tea.delete()
    site.work()

    assert site.stored(site.timeline(site.ann)) == 0
    site.assertInFeed(love, site.timeline(site.cleo))
    site.assertInFeed(love, site.own(site.bob))


def test_what_only_the_deleted_board_brought_is_taken_back(any_site):
    site = any_site
    site.follow(site.ann, site.tea)
    love = Activity(site.bob, Love, ("auth.User", site.cleo.pk))
    get_manager().add_user_activity(site.tea, love)
    site.work()
    site.assertInFeed(love, site.timeline(site.ann))

    site.tea.delete()
    site.work()

    assert site.stored(site.timeline(site.ann)) == 0
    assert not ActivityRecord.objects.get().published


def test_deleting_a_thing_takes_back_what_was_done_with_it_where_it_could_be_followed(any_site):
    site = any_site
    site.follow(site.ann, site.cleo)
    love = Activity(site.cleo, Love, site.tea)
    get_manager().publish(love, to=[site.tea])
    site.work()

    site.tea.delete()
    site.work()

    assert site.stored(site.timeline(site.ann)) == 0
