"""Following and leaving users and boards; with tasks late, twice, in other orders."""

from django.contrib.auth.models import User
from django.db import transaction

from django_feeds.models import Follow
from django_feeds.registry import get_manager


def test_following_shows_what_was_before_in_order(any_site):
    site = any_site
    pins = [site.pin((site.bob, site.cleo)[minute % 2], minute=minute) for minute in range(4)]
    site.work()

    site.follow(site.ann, site.bob)
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), [pins[2], pins[0]])

    site.follow(site.ann, site.cleo)
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), reversed(pins))


def test_following_one_with_a_long_past_shows_the_newest_and_pages_go_on(any_site):
    site = any_site
    site.follow(site.ann, site.cleo)
    between = site.pin(site.cleo, minute=7)
    pins = [site.pin(site.bob, minute=2 * minute) for minute in range(10)]
    site.work()

    site.follow(site.ann, site.bob)
    site.work()

    feed = site.timeline(site.ann)
    site.assertFeedEqual(feed, pins[:4:-1])
    assert len(feed) == feed.max_length == 5
    rest = feed.page(after=feed.page(limit=5).next)
    assert [activity.object for activity in rest] == [pins[4], between, *pins[3::-1]]
    assert rest.next is None


def test_unfollowing_removes_exactly_what_that_source_brought(any_site):
    site = any_site
    site.follow(site.ann, site.bob, site.tea)
    his, both, boards = (
        site.pin(site.bob, site.cats, minute=1),
        site.pin(site.bob, site.tea, minute=2),
        site.pin(site.cleo, site.tea, minute=3),
    )
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), [boards, both, his])

    site.unfollow(site.ann, site.bob)
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), [boards, both])

    site.unfollow(site.ann, site.tea)
    site.work()
    assert site.stored(site.timeline(site.ann)) == 0


def test_a_feed_that_unfollowing_shortened_is_filled_up_again(any_site):
    site = any_site
    site.follow(site.ann, site.bob, site.cleo)
    old = [site.pin(site.cleo, minute=minute) for minute in range(7)]
    new = [site.pin(site.bob, minute=10 + minute) for minute in range(7)]
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), new[:1:-1])

    site.unfollow(site.ann, site.bob)
    site.work()

    site.assertFeedEqual(site.timeline(site.ann), old[:1:-1])
    assert site.timeline(site.ann).count() == 5


def test_leaving_while_a_publication_is_under_way(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    site.work()

    site.pin(site.bob)
    site.held.commit()
    site.unfollow(site.ann, site.bob)
    site.work()

    assert site.stored(site.timeline(site.ann)) == 0


def test_leaving_and_coming_back_before_any_worker_came(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    pin = site.pin(site.bob)
    site.work()

    site.unfollow(site.ann, site.bob)
    site.held.commit()
    site.follow(site.ann, site.bob)
    site.work()

    site.assertFeedEqual(site.timeline(site.ann), [pin])


def test_following_and_leaving_before_any_worker_came(any_site):
    site = any_site
    site.pin(site.bob)
    site.work()

    site.follow(site.ann, site.bob)
    site.held.commit()
    site.unfollow(site.ann, site.bob)
    site.work()

    assert not list(site.timeline(site.ann))


def test_a_late_back_fill_brings_nothing_that_was_taken_back(any_site):
    site = any_site
    pin = site.pin(site.bob)
    site.work()

    site.follow(site.ann, site.bob)
    site.held.commit()
    pin.delete()
    site.work()

    assert site.stored(site.timeline(site.ann)) == 0


def test_the_manager_follows_and_leaves_as_the_rows_do(any_site):
    site, manager = any_site, get_manager()
    pins = [site.pin(site.bob), site.pin(site.cleo, site.tea, minute=1)]
    site.work()

    manager.follow_many_users(site.ann, [site.bob, site.tea])
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), reversed(pins))

    manager.unfollow_user(site.ann, site.tea)
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), pins[:1])
    assert not Follow.objects.is_following(site.ann, site.tea)


def test_without_async_it_has_happened_when_the_call_returns(site):
    pin = site.pin(site.bob)
    site.work()

    get_manager().follow_user(site.ann, site.bob, async_=False)
    site.assertFeedEqual(site.timeline(site.ann), [pin])

    get_manager().unfollow_user(site.ann, site.bob, async_=False)
    assert site.stored(site.timeline(site.ann)) == 0


def test_a_follow_that_is_rolled_back_fills_nothing(site):
    site.pin(site.bob)
    site.work()
    with transaction.atomic():
        site.follow(site.ann, site.bob)
        transaction.set_rollback(True)
    site.held.commit()

    assert not site.held


def test_many_followers_in_many_chunks_each_get_it_once(any_site):
    site = any_site
    readers = [User.objects.create(username=f"reader {number}") for number in range(7)]
    for reader in readers:
        site.follow(reader, site.bob)
    site.work()

    pin = site.pin(site.bob)
    site.work()

    for reader in readers:
        site.assertFeedEqual(site.timeline(reader), [pin])


def test_a_source_followed_for_nothing_makes_an_empty_feed(any_site):
    site = any_site
    site.follow(site.ann, site.tea)
    site.work()

    page = site.timeline(site.ann).page()

    assert page.items == []
    assert page.next is None
    site.held.commit()
    assert not site.held  # it is known to be complete; nobody asks for a refill with every page


def test_a_feed_that_was_lost_does_not_begin_anew_with_an_old_edit(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    pins = [site.pin(site.bob, minute=minute, note="") for minute in range(4)]
    site.work()
    for feed in (site.timeline(site.ann), site.own(site.bob)):
        feed.delete()  # as a storage in memory does that was restarted

    pins[0].board = site.tea
    pins[0].save()
    site.work()

    site.assertFeedEqual(site.timeline(site.ann), pins[::-1])
    site.assertFeedEqual(site.own(site.bob), pins[::-1])
    site.work()  # reading has asked for a refill
    assert site.stored(site.timeline(site.ann)) == site.stored(site.own(site.bob)) == 4
