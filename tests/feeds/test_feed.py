"""A feed, on each storage that needs no server."""

from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from django_feeds.activity import Activity
from django_feeds.exceptions import InvalidCursor, InvalidOwner, InvalidSlice, NotInFeed, UnknownStorage
from django_feeds.feeds import DatabaseFeed, Feed, MemoryFeed, RedisFeed
from django_feeds.models import ActivityRecord
from django_feeds.storage import Entry, get_storage
from django_feeds.storage.redis import RedisStorage
from django_feeds.testing import run_feeds
from django_feeds.verbs import Love
from tests.testapp.models import Board, Photo

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Small(Feed):
    key_format = "small:%(user_id)s"
    max_length = 5


class CustomActivity(Activity):
    pass


@pytest.fixture(params=["memory", "database"])
def feed_class(request):
    return type("TestFeed", (Feed,), {"storage": request.param, "key_format": "test:%(user_id)s", "max_length": 50})


@pytest.fixture
def ann():
    return User.objects.create(username="ann")


@pytest.fixture
def feed(feed_class, ann):
    return feed_class(ann)


@pytest.fixture
def loves(ann):
    """Makes `count` activities, oldest first."""
    boards = Board.objects.bulk_create(Board(name=str(number)) for number in range(60))

    def make(count, start=0):
        return [
            Activity(ann, Love, boards[number], time=START + timedelta(hours=number))
            for number in range(start, start + count)
        ]

    return make


def names(activities):
    return [activity.object.name for activity in activities]


# Writing


def test_the_newest_is_first_whatever_the_order_of_adding(feed, loves):
    activities = loves(5)
    feed.add_many([activities[2], activities[0]])
    feed.add(activities[4])
    feed.add_many([activities[3], activities[1]])

    assert feed[:] == activities[::-1]


def test_adding_twice_stores_once(feed, loves):
    feed.add_many(loves(3))
    feed.add_many(loves(3))

    assert feed.count() == len(feed) == 3


def test_removing_takes_activities_and_ids_and_forgives_what_is_not_there(feed, loves):
    activities = loves(4)
    feed.add_many(activities)

    feed.remove(activities[0])
    feed.remove_many([activities[1].id, activities[0].id, uuid4()])

    assert feed[:] == [activities[3], activities[2]]


def test_removing_from_one_feed_leaves_others_alone(feed_class, loves, ann):
    activity = loves(1)[0]
    for owner in (1, 2):
        feed_class(owner).add(activity)

    feed_class(1).remove(activity)

    assert (feed_class(1).count(), feed_class(2).count()) == (0, 1)


def test_bulk_work_is_on_the_class(feed_class, loves):
    activities = loves(3)
    feed_class.insert_activities(activities)
    feed_class.push(["1", "2", "3"], [feed_class.entry(activity) for activity in activities])
    feed_class.discard(["2", "3"], [activities[0].id])

    assert [feed_class(owner).count() for owner in (1, 2, 3)] == [3, 2, 2]


def test_the_bound_is_exact(feed, loves):
    feed.add_many(loves(55))

    assert len(feed) == len(feed[:]) == len(feed[:100]) == len(list(feed)) == 50
    assert names(feed[:1]) == ["54"]
    assert names(feed[49:]) == ["5"]
    with pytest.raises(IndexError):
        feed[50]


def test_trimming_keeps_the_newest(feed, loves):
    feed.add_many(loves(20))
    feed.trim(30)
    assert len(feed) == 20

    feed.trim(10)
    assert names(feed[:]) == [str(number) for number in range(19, 9, -1)]

    feed.trim(0)
    assert len(feed) == 0


def test_trimming_and_deleting_an_empty_feed_is_harmless(feed):
    feed.trim()
    feed.delete()

    assert feed[:] == []


def test_deleting_forgets_everything(feed, loves):
    feed.add_many(loves(3))
    feed.delete()

    assert feed.count() == 0
    assert feed.floor() is None


def test_only_activities_are_added(feed):
    with pytest.raises(ValueError, match="takes activities, not 5"):
        feed.add(5)


def test_subclasses_of_the_activity_class_are_welcome(feed, ann):
    feed.add(CustomActivity(ann, Love, ann, time=START))

    assert len(feed) == 1


def test_the_activity_class_of_the_feed_is_what_is_read(feed_class, ann):
    feed_class.activity_class = CustomActivity
    feed_class(ann).add(Activity(ann, Love, ann, time=START))

    assert type(feed_class(ann)[0]) is CustomActivity


def test_hand_made_activities_are_recorded(feed, loves):
    feed.add_many(loves(2))

    assert ActivityRecord.objects.count() == 2


def test_the_hook_hears_of_every_change(feed_class, loves):
    heard = []

    class Hooked(feed_class):
        def on_update_feed(self, new, deleted):
            heard.append((self.owner, new, deleted))

    activity = loves(1)[0]
    Hooked(1).add(activity)
    Hooked.push(["2", "3"], [Entry(activity.id)])
    Hooked(1).remove(activity)

    assert heard == [
        ("1", [activity.id], []),
        ("2", [activity.id], []),
        ("3", [activity.id], []),
        ("1", [], [activity.id]),
    ]


# Slicing


@pytest.mark.parametrize(
    "part", [slice(None, 10), slice(5, None), slice(5, 10), slice(None), slice(10, 5), slice(60, 70)]
)
def test_slices_are_those_of_a_list(feed, loves, part):
    activities = loves(20)
    feed.add_many(activities)

    assert feed[part] == activities[::-1][part]


def test_an_index_is_one_activity(feed, loves):
    activities = loves(3)
    feed.add_many(activities)

    assert feed[0] == activities[2]
    with pytest.raises(IndexError, match="has no activity 3"):
        feed[3]


@pytest.mark.parametrize("index", [-1, slice(-5, None), slice(None, -1), slice(0, 10, 2)])
def test_negative_numbers_and_steps_are_refused(feed, index):
    with pytest.raises(InvalidSlice):
        feed[index]


def test_a_slice_wants_integers(feed):
    with pytest.raises(TypeError, match="sliced with integers"):
        feed["a"]


def test_index_of_counts_from_the_newest(feed, loves):
    activities = loves(10)
    feed.add_many(activities)

    assert feed.index_of(activities[9]) == 0
    assert feed.index_of(activities[0].id) == 9
    with pytest.raises(NotInFeed, match="does not hold"):
        feed.index_of(uuid4())
    with pytest.raises(ValueError, match="neither an activity nor"):
        feed.index_of("x")


# Filters


def test_filters_cut_ranges_and_leave_the_feed_alone(feed, loves):
    activities = loves(10)
    feed.add_many(activities)
    middle = activities[5]

    assert names(feed.filter(activity_id__lt=middle)[:]) == ["4", "3", "2", "1", "0"]
    assert names(feed.filter(activity_id__lte=middle)[:2]) == ["5", "4"]
    assert names(feed.filter(activity_id__gt=middle.id)[:]) == ["9", "8", "7", "6"]
    assert names(feed.filter(activity_id__gte=str(middle.id))[2:]) == ["7", "6", "5"]
    assert len(feed[:]) == 10


def test_filters_combine_to_the_narrowest(feed, loves):
    activities = loves(10)
    feed.add_many(activities)

    part = feed.filter(activity_id__gte=activities[2], activity_id__gt=activities[3]).filter(
        activity_id__lt=activities[8], activity_id__lte=activities[6]
    )

    assert names(part[:]) == names(part[:]) == ["6", "5", "4"]


def test_the_previous_page_is_read_backwards(feed, loves):
    activities = loves(10)
    feed.add_many(activities)

    assert names(feed.filter(activity_id__gt=activities[5]).order_by("activity_id")[:3]) == ["6", "7", "8"]
    assert names(feed.order_by("activity_id")[:2]) == ["0", "1"]
    assert names(feed.order_by("activity_id").order_by("-activity_id")[:2]) == ["9", "8"]


def test_filters_never_show_what_lies_beyond_the_bound(feed, loves):
    activities = loves(55)
    feed.add_many(activities[30:])
    for activity in reversed(activities[:30]):
        feed.push([feed.owner], [Entry(activity.id)])
    for activity in activities[:30]:
        feed.push([feed.owner], [Entry(activity.id)])

    shown = feed.order_by("activity_id")[:]

    assert len(shown) <= 50
    assert shown == feed[:][::-1]


@pytest.mark.parametrize("lookups", [{"id": 1}, {"activity_id": 1}, {"activity_id__in": 1}])
def test_other_lookups_are_refused_with_those_that_there_are(feed, lookups):
    with pytest.raises(InvalidSlice, match="activity_id__lt, activity_id__lte"):
        feed.filter(**lookups)


def test_values_that_are_no_ids_are_refused(feed):
    with pytest.raises(InvalidSlice, match="'five' is neither"):
        feed.filter(activity_id__lt="five")


@pytest.mark.parametrize("ordering", [(), ("time",), ("activity_id", "-activity_id")])
def test_other_orders_are_refused(feed, ordering):
    with pytest.raises(InvalidSlice, match="is ordered by"):
        feed.order_by(*ordering)


# Pages


def test_pages_meet(feed, loves):
    activities = loves(30)
    feed.add_many(activities)

    read, after = [], None
    for size in (7, 1, 10, 12):
        page = feed.page(after, limit=size)
        read += page.items
        after = page.next

    assert read == activities[::-1]
    assert after is None


def test_a_page_that_is_just_full_knows_that_it_is_the_last(feed, loves):
    feed.add_many(loves(5))

    assert feed.page(limit=5).next is None
    assert feed.page(limit=4).next is not None


def test_pages_end_at_the_bound(feed, loves):
    feed.add_many(loves(50))
    for activity in loves(5, start=50):
        feed.push([feed.owner], [Entry(activity.id)])

    read, after = [], None
    while True:
        page = feed.page(after, limit=20)
        read += page.items
        after = page.next
        if after is None:
            break

    assert len(read) <= 50


def test_what_arrives_between_two_pages_moves_nothing(feed, loves):
    activities = loves(10)
    feed.add_many(activities[:8])
    first = feed.page(limit=4)
    feed.add_many(activities[8:])

    assert names(feed.page(first.next, limit=4)) == ["3", "2", "1", "0"]


def test_an_empty_feed_has_one_empty_page(feed):
    page = feed.page()

    assert (page.items, page.next, len(page), list(page)) == ([], None, 0, [])


def test_garbage_as_a_cursor_is_refused(feed):
    with pytest.raises(InvalidCursor, match="'garbage' is not a cursor"):
        feed.page("garbage")


@pytest.mark.parametrize("limit", [0, -1, 1_001, "5", None])
def test_a_limit_out_of_range_is_refused(feed, limit):
    with pytest.raises(InvalidSlice, match="1 to 1,000"):
        feed.page(limit=limit)


def test_a_filtered_feed_has_no_pages(feed, loves):
    with pytest.raises(InvalidSlice, match="is sliced"):
        feed.order_by("activity_id").page()


def test_gone_objects_are_left_out_and_the_page_is_filled_up(feed, loves):
    activities = loves(20)
    feed.add_many(activities)
    Board.objects.filter(name__in=[str(number) for number in range(12, 20)]).delete()

    page = feed.page(limit=5)

    assert names(page) == ["11", "10", "9", "8", "7"]
    assert names(feed.page(page.next, limit=5)) == ["6", "5", "4", "3", "2"]


def test_a_page_of_nothing_but_hidden_items_still_advances(feed, loves, monkeypatch):
    monkeypatch.setattr("django_feeds.feeds.pages.MAX_ROUNDS", 2)
    feed.add_many(loves(20))
    Board.objects.filter(name__in=[str(number) for number in range(5, 20)]).delete()

    seen, after, pages = [], None, 0
    while pages < 20:
        page = feed.page(after, limit=2)
        seen += names(page)
        after, pages = page.next, pages + 1
        if after is None:
            break

    assert seen == ["4", "3", "2", "1", "0"]


def test_a_deleted_target_leaves_the_activity_without_one(feed, ann):
    board = Board.objects.create(name="gone")
    feed.add(Activity(ann, Love, ann, board, START))
    board.delete()

    assert feed[0].target is None
    assert "ann" in str(feed[0])


def test_retracted_activities_are_left_out(feed_class, feed, loves, settings):
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "STORAGES": {}}
    activities = loves(3)
    feed.add_many(activities)
    feed_class.remove_activity(activities[1])
    feed_class.remove_activity(uuid4())

    assert feed[:] == [activities[2], activities[0]]


def test_a_lost_body_comes_back_from_its_record(loves):
    feed = MemoryFeed(1)
    activities = loves(3)
    feed.add_many(activities)
    feed.get_storage().forget([activity.id for activity in activities])

    assert feed[:] == activities[::-1]
    run_feeds()
    assert len(feed.get_storage().get([activity.id for activity in activities])) == 3


def test_hydration_takes_one_query_for_each_model(feed, loves, ann, django_assert_num_queries):
    photo = Photo.objects.create(user=ann)
    feed.add_many([*loves(20), Activity(ann, Love, photo, time=START)])

    own = 0 if feed.storage == "memory" else 2  # the slice, and the records that hold the bodies
    with django_assert_num_queries(3 + own):
        feed.page(limit=25)


# Classes


def test_the_key_is_the_format_and_the_owner(ann):
    assert Small(13).key == "small:13"
    assert Small(13).user_id == "13"
    assert Small(Board(pk=5)).key == "small:testapp.Board:5"


def test_nobody_has_no_feed():
    with pytest.raises(InvalidOwner):
        Small(None)


def test_a_feed_is_true_without_being_counted(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert DatabaseFeed(1)


def test_an_unknown_storage_shows_the_lines_to_add(settings):
    settings.DJANGO_FEEDS = {}

    with pytest.raises(UnknownStorage) as caught:
        RedisFeed(1)[:10]

    # Copied into the settings, they are all that is missing.
    exec(str(caught.value).partition("\n")[2], lines := {})
    settings.DJANGO_FEEDS = lines["DJANGO_FEEDS"]
    assert type(RedisFeed.get_storage()) is RedisStorage
    assert RedisFeed.get_storage().check() == []


@pytest.mark.parametrize("alias", ["fast", "default2"])
def test_the_lines_to_add_fit_any_alias(settings, alias):
    settings.DJANGO_FEEDS = {}
    with pytest.raises(UnknownStorage) as caught:
        get_storage(alias)

    exec(str(caught.value).partition("\n")[2], lines := {})
    settings.DJANGO_FEEDS = lines["DJANGO_FEEDS"]

    assert get_storage(alias).check() == []


@pytest.mark.parametrize("key_format", ["feed", "feed:%s", "feed:%(user_id)s:%(alias)s"])
def test_a_key_format_that_cannot_be_filled_names_the_class(key_format):
    broken = type("Broken", (Feed,), {"key_format": key_format})

    with pytest.raises(Exception, match="Broken.key_format is"):
        broken(1).key


def test_async_twins_read_and_write(feed, loves):
    from asgiref.sync import async_to_sync

    activities = loves(5)

    async def use():
        await feed.aadd_many(activities)
        await feed.aremove(activities[0])
        await feed.atrim(3)
        page = await feed.apage(limit=2)
        everything = [activity async for activity in feed]
        index = await feed.aindex_of(activities[4])
        count = await feed.acount()
        await feed.adelete()
        return page.items, everything, index, count

    items, everything, index, count = async_to_sync(use)()

    assert items == [activities[4], activities[3]]
    assert everything == [activities[4], activities[3], activities[2]]
    assert (index, count, feed.count()) == (0, 3, 0)
