"""Groups: exact, each once on the pages of a feed, and the same however they came about."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_feeds.activity import Activity, AggregatedActivity
from django_feeds.aggregators import BaseAggregator, NotificationAggregator, RecentVerbAggregator
from django_feeds.exceptions import InvalidCursor, InvalidSlice, NotInFeed
from django_feeds.feeds import AggregatedFeed
from django_feeds.ids import MIN_ID
from django_feeds.models import Follow, Grouping
from django_feeds.registry import get_feed, get_feed_class, get_manager
from django_feeds.storage import Entry
from django_feeds.verbs import Add, Comment, Love
from tests import storages
from tests.testapp.models import Pin

from .site import NOON


class ByAuthor(BaseAggregator):
    """The busiest first, of those equally busy the latest."""

    def get_group(self, activity):
        return str(activity.actor_reference)

    def rank(self, groups):
        return sorted(groups, key=lambda group: (group.activity_count, group.last_id), reverse=True)


def declared(storage, aggregator="django_feeds.aggregators.RecentVerbAggregator", length=50):
    return {
        "FEEDS": {
            "user": {"STORAGE": storage, "MAX_LENGTH": 200},
            "timeline": {
                "CLASS": "django_feeds.feeds.AggregatedFeed",
                "STORAGE": storage,
                "MAX_LENGTH": length,
                "AGGREGATOR": aggregator,
            },
        },
        "FANOUT_CHUNK_SIZE": 2,
        "STORAGES": storages.declared(storage),
    }


@pytest.fixture
def site(site, storage, settings):
    settings.DJANGO_FEEDS = declared(storage)
    site.follow(site.ann, site.bob, site.cleo, site.tea)
    return site


def shape(groups):
    """What makes groups the same: label, members, counts and times."""
    return [
        (group.group, group.activity_ids, group.activity_count, group.actor_count, group.created_at, group.updated_at)
        for group in groups
    ]


def pages(feed, limit):
    items, after = [], None
    while True:
        page = feed.page(after, limit)
        assert len(page.items) <= limit
        items += page.items
        after = page.next
        if after is None:
            return items


# What is in a group


def test_followers_see_groups(any_site):
    site = any_site
    site.pin(site.bob, minute=1)
    site.pin(site.cleo, site.tea, minute=2)
    site.pin(site.bob, minute=60 * 24)
    site.work()

    feed = site.timeline(site.ann)
    today, yesterday = feed.page()

    assert [group.activity_count for group in (today, yesterday)] == [1, 2]
    assert [activity.actor for activity in yesterday.activities] == [site.cleo, site.bob]
    assert yesterday.actor_count == 2
    assert (len(feed), feed.count()) == (2, 2)
    assert [group.id for group in feed] == [today.id, yesterday.id]


def test_a_group_shows_its_newest_and_counts_all(site):
    """W-19: what is folded is counted on every storage."""
    users = [site.bob, site.cleo]
    pins = [site.pin(users[minute % 2], minute=minute) for minute in range(40)]
    site.work()

    (group,) = site.timeline(site.ann).page()

    assert [activity.object for activity in group.activities] == pins[:-16:-1]
    assert (group.activity_count, group.actor_count, group.other_actor_count) == (40, 2, 1)
    assert group.minimized_activities == 25
    assert group.created_at == pins[0].created_at
    assert group.updated_at == group.last_activity.time == pins[-1].created_at


def test_folded_members_are_taken_out_exactly(any_site):
    """W-09: fifteen shown members removed leave the folded ones, and one removed counts once."""
    site = any_site
    pins = [site.pin(site.bob, minute=minute) for minute in range(30)]
    site.work()
    pins[3].delete()
    site.work()
    assert site.timeline(site.ann)[0].activity_count == 29

    for pin in pins[15:]:
        pin.delete()
    site.work()

    (group,) = site.timeline(site.ann)
    assert group.activity_count == 14
    assert [activity.object for activity in group.activities] == [pins[n] for n in range(14, -1, -1) if n != 3]


def test_what_may_not_be_seen_makes_way_and_does_not_count(site):
    for minute in range(20):
        site.pin(site.bob, minute=minute, private=minute >= 5)
    site.pin(site.cleo, minute=60 * 24, private=True)
    site.work()

    (group,) = site.timeline(site.ann).page()

    assert len(group.activities) == group.activity_count == 5


def test_an_edit_that_moves_an_activity_to_another_group_leaves_none_behind(any_site):
    site = any_site
    pin = site.pin(site.bob, minute=1)
    site.pin(site.bob, minute=2)
    site.work()
    pin.created_at = NOON + timedelta(days=2)
    pin.save()
    site.work()

    assert [group.activity_count for group in site.timeline(site.ann)] == [1, 1]


def test_unfollowing_takes_members_out_of_groups(any_site):
    site = any_site
    site.pin(site.bob, minute=1)
    site.pin(site.cleo, minute=2)
    site.work()
    site.unfollow(site.ann, site.bob)
    site.work()

    (group,) = site.timeline(site.ann)
    assert [activity.actor for activity in group.activities] == [site.cleo]


def test_a_muted_author_is_in_no_group(site):
    site.pin(site.bob, minute=1)
    site.pin(site.cleo, minute=2)
    site.work()
    get_manager().mute_user(site.ann, site.bob)

    (group,) = site.timeline(site.ann).page()
    assert (group.activity_count, group.actor_count, group.actors) == (1, 1, [site.cleo])


def test_ids_of_any_kind_are_grouped(site, storage):
    """W-37, W-21: actors and objects of any key, and contexts with any characters."""
    activities = [
        Activity(site.bob, Love, ("testapp.Photo", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"), time=NOON),
        Activity(("testapp.Board", site.tea.pk), Love, site.ann, time=NOON, extra_context={"n": 59, ";": "a;b"}),
    ]
    feed = get_feed_class("timeline")(site.ann)
    feed.add_many(activities)

    (group,) = feed[:]
    assert group.actor_count == 1, "the photo is not there, and makes way"
    assert group.activities[0].extra_context == {"n": 59, ";": "a;b"}


# Pages


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_hold_every_group_once(site, limit, settings, storage):
    settings.DJANGO_FEEDS = declared(storage, ByAuthor)
    users = [User.objects.create(username=f"user{n}") for n in range(6)]
    site.follow(site.ann, *users)
    for minute in range(30):
        site.pin(users[minute * minute % 6], minute=minute)
    site.work()
    feed = site.timeline(site.ann)
    expected = shape(feed[:])

    assert shape(pages(feed, limit)) == expected
    assert [row[2] for row in expected] == sorted((row[2] for row in expected), reverse=True)
    assert [shape(feed[n : n + 1]) for n in range(len(expected))] == [[row] for row in expected]


def test_what_comes_between_two_pages_is_on_neither(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage, NotificationAggregator)
    pins = [site.pin(site.bob, minute=minute) for minute in range(9)]
    site.work()
    feed = site.timeline(site.ann)
    first = feed.page(limit=3)

    site.pin(site.cleo, minute=30)
    site.work()
    second = feed.page(first.next, limit=3)
    pins[0].delete()
    site.pin(site.cleo, minute=31)
    site.work()
    third = feed.page(second.next, limit=9)

    shown = [group.last_activity.object for group in (*first, *second, *third)]
    assert shown == pins[:0:-1]
    assert third.next is None


def test_the_last_group_of_a_page_may_go(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage, NotificationAggregator)
    pins = [site.pin(site.bob, minute=minute) for minute in range(6)]
    site.work()
    feed = site.timeline(site.ann)
    first = feed.page(limit=3)
    pins[3].delete()
    site.work()

    assert [group.last_activity.object for group in feed.page(first.next, limit=3)] == pins[2::-1]


def test_hidden_groups_are_filled_up(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage, NotificationAggregator)
    for minute in range(20):
        site.pin(site.bob, minute=minute, private=minute % 4 > 0)
    site.work()

    page = site.timeline(site.ann).page(limit=4)
    assert len(page) == 4
    assert len(pages(site.timeline(site.ann), 2)) == 5


def test_a_cursor_of_another_kind_is_refused(site):
    for text in ("x", "AAAA", site.timeline(site.ann).page().next or "abcdefghijklmnopqrstuvwxyzabcd"):
        with pytest.raises(InvalidCursor):
            site.timeline(site.ann).page(text)
    with pytest.raises(InvalidSlice):
        site.timeline(site.ann).page(limit=0)


def test_slices_filters_places_and_members(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage, NotificationAggregator)
    pins = [site.pin(site.bob, minute=minute) for minute in range(5)]
    site.work()
    feed = site.timeline(site.ann)
    groups = feed[:]
    ids = [group.last_activity.id for group in groups]

    assert [group.last_activity.object for group in groups] == pins[::-1]
    assert feed[1:3] == groups[1:3]
    assert feed[4] == groups[4]
    with pytest.raises(IndexError):
        feed[5]
    assert feed.filter(activity_id__lt=ids[1])[:] == groups[2:]
    assert feed.filter(activity_id__gte=ids[1]).order_by("activity_id")[:] == groups[1::-1]
    assert feed.order_by("activity_id")[:2] == groups[:-3:-1]
    assert [feed.index_of(thing) for thing in (groups[3], groups[3].id, ids[3])] == [3, 3, 3]
    assert feed.contains(ids[0])
    feed.remove_many_aggregated(groups[:2])
    assert not feed.contains(ids[0])
    with pytest.raises(NotInFeed):
        feed.index_of(ids[0])
    with pytest.raises(ValueError, match="neither"):
        feed.index_of("nonsense")
    feed.add_many_aggregated(groups[:2])
    assert feed[:] == groups


# One by one, or all at once


VERBS = [Love, Comment, Add]
made = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 3), st.integers(0, 40)), max_size=25)
numbers = count(1)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(made=made, data=st.data())
@pytest.mark.parametrize("aggregator", [RecentVerbAggregator, NotificationAggregator, ByAuthor])
def test_grouping_one_by_one_equals_grouping_the_whole_list(site, storage, aggregator, made, data):
    class Grouped(AggregatedFeed):
        key_format = "grouped:%(user_id)s"
        aggregator_class = aggregator
        max_length = 100

    Grouped.storage = storage
    users = [site.ann, site.bob, site.cleo, User(pk=site.cleo.pk)]
    activities = [
        Activity(users[actor], VERBS[verb], users[object], time=NOON + timedelta(hours=hours))
        for verb, actor, object, hours in made
    ]
    order = data.draw(st.lists(st.sampled_from(activities), max_size=10)) if activities else []
    order = data.draw(st.permutations([*activities, *order]))
    one_by_one, at_once = Grouped(f"{next(numbers)}00"), Grouped(f"{next(numbers)}00")
    for feed in (one_by_one, at_once):  # else what is older than the first is not this timeline's
        feed.fill([feed.owner], [], floor=MIN_ID)
    for activity in order:
        one_by_one.add(activity)
    at_once.add_many(activities)

    expected = shape(Grouped.get_aggregator().aggregate(activities))
    assert shape(one_by_one[:]) == shape(at_once[:]) == expected
    assert shape(pages(one_by_one, 2)) == expected

    gone = data.draw(st.lists(st.sampled_from(activities), unique=True)) if activities else []
    one_by_one.remove_many(gone)
    left = [activity for activity in activities if activity not in gone]
    assert shape(one_by_one[:]) == shape(Grouped.get_aggregator().aggregate(left))


# Another aggregator


def test_a_change_of_the_aggregator_never_mixes_with_old_groups(any_site, settings, capsys):
    site = any_site
    Grouping.objects.all().delete()
    call_command("migrate", verbosity=0)  # as when the feed was new
    for minute in range(4):
        site.pin(site.bob, minute=minute)
    site.work()
    site.timeline(site.ann).page()
    site.work()
    (old,) = site.timeline(site.ann)
    assert warnings() == []

    settings.DJANGO_FEEDS = declared(site.storage, "{verb}-{time:%Y-%m-%d}")
    site.pin(site.bob, minute=5)
    site.work()

    new, still = site.timeline(site.ann)
    assert (new.group, new.activity_count) == ("pin-2026-11-22", 1)
    assert (still.id, still.activity_count) == (old.id, 4)
    assert still.group == old.id, "nobody knows any more what it was called"
    (warning,) = warnings()
    assert warning.hint == "manage.py rebuild_feeds --manager default --feed timeline"

    call_command("rebuild_feeds", feed=["timeline"], verbosity=0)

    (group,) = site.timeline(site.ann)
    assert (group.id, group.activity_count) == (new.id, 5)
    assert warnings() == []
    assert (
        Grouping.objects.get(feed="timeline").fingerprint == get_feed_class("timeline").get_aggregator().fingerprint()
    )


def warnings():
    from django_feeds.checks import database

    return [message for message in database.check(["default"]) if message.id == "django_feeds.W007"]


# Lost, late, elsewhere


def test_a_lost_timeline_is_grouped_by_pull_and_comes_back(any_site):
    site = any_site
    for minute in range(8):
        site.pin(site.bob if minute % 2 else site.cleo, minute=minute)
    site.work()
    feed = site.timeline(site.ann)
    before = shape(feed[:])
    site.work()
    feed.get_storage().delete([feed.key])

    assert shape(feed[:]) == before
    site.work()
    assert shape(feed[:]) == before
    assert site.stored(feed) == 8


def test_a_follow_back_fills_groups(any_site):
    site = any_site
    for minute in range(8):
        site.pin(site.bob, minute=minute)
    site.work()
    site.follow(site.cleo, site.bob)
    site.work()

    assert [group.activity_count for group in site.timeline(site.cleo)] == [8]


def test_it_costs_two_round_trips_and_what_is_shown(site, storage, monkeypatch):
    for minute in range(30):
        site.pin(site.bob, minute=minute)
    site.work()
    feed = site.timeline(site.ann)
    feed.page()
    site.work()
    calls = calls_of(feed.get_storage(), monkeypatch)

    feed.page()

    assert calls == (["slice", "get"] if feed.get_storage().keeps_bodies else ["slice"])


def calls_of(store, monkeypatch):
    """The names of the methods of this storage that are called from now on, in order."""
    calls = []
    for name in ("slice", "slice_many", "marks", "get", "count", "rank", "add", "remove", "mark", "put"):
        real = getattr(store, name)
        monkeypatch.setattr(
            store, name, lambda *args, _name=name, _real=real, **kw: (calls.append(_name), _real(*args, **kw))[1]
        )
    return calls


def test_fan_out_reads_nobodys_groups(site, storage, settings, monkeypatch):
    """W-31: one call for a chunk of followers, whatever is in their feeds, and none that reads one."""
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "FANOUT_CHUNK_SIZE": 100}
    readers = [User.objects.create(username=f"reader{n}") for n in range(30)]
    Follow.objects.bulk_create(Follow(user=user, target=str(site.bob.pk)) for user in readers)
    for minute in range(20):
        site.pin(site.bob, minute=minute)
    site.work()
    pin = Pin(user=site.bob, created_at=NOON + timedelta(hours=5))
    pin.save()
    site.held.commit()
    site.held.run()  # the own feeds, and who follows
    (settle,) = site.held
    calls = calls_of(get_feed_class("timeline").get_storage(), monkeypatch)

    site.held.run()

    assert settle[0].name == "django_feeds.settle"
    assert calls == ["add"]


def test_the_ancestors_class_works_as_it_stood(site, storage):
    class Grouped(AggregatedFeed):
        key_format = "ancestor:%(user_id)s"
        aggregator_class = RecentVerbAggregator
        max_length = 20

    Grouped.storage = storage
    feed = Grouped(13)
    feed.add_many([Activity(site.bob, Love, site.cleo, time=NOON + timedelta(minutes=n)) for n in range(30)])

    (group,) = feed[:10]
    assert isinstance(group, AggregatedActivity)
    assert group.activity_count == 20, "exact within the window"
    assert feed.key == "ancestor:13"


def test_entries_keep_the_digests_of_actor_and_group(site, storage):
    site.pin(site.bob)
    site.work()
    (entry,) = site.timeline(site.ann).entries()

    assert isinstance(entry, Entry)
    activity = get_feed("user", site.bob)[0]
    assert entry.actor == activity.actor_digest
    assert entry.group == get_feed_class("timeline").get_aggregator().digest(activity)
