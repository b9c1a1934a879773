"""How often the storage in Cassandra goes to the server, with what, and what the server has to say to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from django_feeds.activity import Activity
from django_feeds.feeds import AggregatedFeed, Feed
from django_feeds.ids import MIN_ID
from django_feeds.models import Follow
from django_feeds.registry import get_feed
from django_feeds.storage import Mark, get_storage
from django_feeds.storage.cassandra import CassandraStorage, cql
from django_feeds.storage.cuts import due_for_cut
from django_feeds.testing import run_feeds
from django_feeds.testing.contract.case import entries, entry
from django_feeds.verbs import Love
from tests import storages
from tests.flows.conftest import feeds_on
from tests.flows.site import NOON
from tests.testapp.models import Pin

from .cassandra_methods import requests

pytestmark = pytest.mark.needs("cassandra")

MANY = [f"timeline:{number}" for number in range(100)]
BODY = '"' + "x" * 198 + '"'


@pytest.fixture
def storage():
    storages.empty("cassandra")
    return get_storage("cassandra")


def push(storage, keys=MANY, some=(), **options):
    some = list(some) or entries(5)
    options = {"max_length": 1_000, "bodies": {one.id: BODY for one in some}, "create": False, **options}
    storage.add(keys, some, **options)


def sent(storage, work):
    """How many requests that takes when all is prepared."""
    work()
    with requests(storage) as made:
        work()
    return len(made)


# --- read


def test_a_page_is_one_query_the_tenth_like_the_first(storage):
    storage.add(["home"], entries(*range(1, 501)), max_length=1_000, floor=MIN_ID, bodies={entry(500).id: BODY})

    def page(before=None):
        return storage.slice("home", limit=26, before=before, with_bodies=True)

    assert sent(storage, page) == 1
    assert sent(storage, lambda: page(entry(250).id)) == 1
    assert page().bodies[entry(500).id] == BODY


def test_a_page_of_activities_is_one_query_and_no_body_comes_from_the_database(
    storage, db, settings, django_assert_num_queries
):
    settings.DJANGO_FEEDS = feeds_on("cassandra", 50)
    ann, bob = User.objects.create(username="ann"), User.objects.create(username="bob")
    Follow.objects.follow(ann, bob)
    for _ in range(30):
        Pin.objects.create(user=bob)
    run_feeds()

    def page():
        return get_feed("timeline", ann).page(limit=25)

    assert len(page()) == 25
    assert sent(storage, page) == 1
    with django_assert_num_queries(3):  # whom she muted, users, pins
        page()


def test_a_page_of_groups_is_the_window_and_the_bodies_of_what_is_shown(storage, db):
    class Grouped(AggregatedFeed):
        storage = "cassandra"

    ann = User.objects.create(username="ann")
    feed = Grouped(ann)
    feed.add_many(Activity(ann, Love, Pin.objects.create(user=ann, draft=True)) for _ in range(30))

    assert sum(group.activity_count for group in feed.page(limit=25)) == 30
    assert sent(storage, lambda: feed.page(limit=25)) == 2


def test_a_page_past_the_end_and_a_window_of_a_thousand_are_one_query_each(storage):
    storage.add(["home"], entries(*range(1, 1_001)), max_length=1_000, floor=MIN_ID)

    assert sent(storage, lambda: storage.slice("home", limit=1_000)) == 1
    assert sent(storage, lambda: storage.slice("home", limit=25, before=entry(11).id)) == 1
    # Nothing is left to say what the floor is.
    assert sent(storage, lambda: storage.slice("home", limit=25, before=entry(1).id)) == 2


def test_counts_ranks_and_bodies_are_one_query_each(storage):
    storage.add(["home"], entries(*range(1, 101)), max_length=1_000, floor=MIN_ID)

    assert sent(storage, lambda: storage.count("home", max_length=1_000)) == 1
    assert sent(storage, lambda: storage.rank("home", entry(50).id, max_length=1_000)) == 1
    assert sent(storage, lambda: storage.row_bodies("home", [entry(ms).id for ms in range(1, 101)])) == 1
    assert sent(storage, lambda: storage.slice_many(MANY, limit=5)) == 2


# --- written


def test_a_push_to_many_is_ten_rows_a_request_and_looks_at_nothing(storage):
    assert sent(storage, lambda: push(storage)) == 10
    assert sent(storage, lambda: push(storage, arrivals=True)) == 10


def test_a_push_that_may_make_timelines_looks_for_fifty_in_a_query(storage):
    assert sent(storage, lambda: push(storage, create=True)) == 10 + 2


@pytest.mark.parametrize(("size", "expected"), [(2_000, 50), (6_000, 100)], ids=["2 KB", "6 KB"])
def test_large_bodies_go_in_smaller_batches(storage, size, expected):
    assert sent(storage, lambda: push(storage, bodies={entry(5).id: f'"{"x" * size}"'})) == expected


def test_many_entries_for_one_timeline_are_fifty_rows_a_request(storage):
    some = entries(*range(1, 121))

    # And one look at whether that was too much.
    assert sent(storage, lambda: push(storage, ["home"], some)) == 3 + 1


def test_removals_are_ten_timelines_or_a_hundred_entries_a_request(storage):
    assert sent(storage, lambda: storage.remove(MANY, [entry(5).id])) == 10
    assert sent(storage, lambda: storage.remove(["home"], [entry(ms).id for ms in range(1, 251)])) == 3


def test_a_cut_is_a_look_at_the_ids_another_at_the_floor_and_one_write(storage):
    def overflow():
        storage.add(["home"], entries(*range(1, 31)), max_length=1_000, floor=MIN_ID)
        with requests(storage) as made:
            storage.trim(["home"], 20)
        return len(made)

    overflow()
    assert overflow() == 3
    with requests(storage) as made:
        storage.trim(["home"], 20)
    assert len(made) == 1


@pytest.mark.parametrize(("managed", "cuts_per_length"), [(False, 2), (True, 1_000)])
def test_a_timeline_is_counted_now_and_then_and_where_ranges_are_short_more_often(storage, managed, cuts_per_length):
    counting = CassandraStorage("cassandra", {**storage.options, "KEYSPACES": managed, "PREFIX": "counted:"})
    due = [ms for ms in range(1, 801) if due_for_cut(["counted:home"], entries(ms), 1_000, cuts_per_length)]
    assert len(due) == (9 if managed else 2)
    push(counting, ["home"])
    with requests(counting) as made:
        for ms in range(1, 801):
            push(counting, ["home"], entries(ms))

    assert len(made) == 800 + len(due)


def test_a_filtered_feed_ends_where_the_feed_does(storage, db):
    class Short(Feed):
        key_format = "short:%(user_id)s"
        storage = "cassandra"
        max_length = 5

    ann = User.objects.create(username="ann")
    activities = [Activity(ann, Love, ("testapp.Pin", number), time=NOON) for number in range(8)]
    Short.insert_activities(activities)
    storage.add([Short.key_for(str(ann.pk))], [], max_length=5, floor=MIN_ID)
    for activity in activities:
        storage.add([Short.key_for(str(ann.pk))], [Short.entry(activity)], max_length=1_000)
    newest = sorted(activities, reverse=True)[:5]

    assert [one.id for one in Short(ann).order_by("activity_id").entries(10)] == [one.id for one in newest[::-1]]
    below = Short(ann).filter(activity_id__lt=newest[2])
    assert [one.id for one in below.entries(10)] == [one.id for one in newest[3:]]


def test_what_is_marked_already_is_read_and_not_written(storage):
    mark = {7: Mark(20, 10), 8: Mark(30, 0)}
    storage.mark("home", mark)

    assert sent(storage, lambda: storage.mark("home", mark)) == 1
    with requests(storage) as made:
        storage.mark("home", {7: Mark(21, 11)})
    assert len(made) == 2


def test_the_server_has_nothing_to_warn_of(storage):
    """It would with each answer, and the driver would log that."""
    with requests(storage) as made:
        push(storage, bodies={entry(5).id: f'"{"日" * 1_500}"'})
        for size in (10, 198, 490, 1_000, 2_400, 5_000):
            push(storage, bodies={entry(5).id: f'"{"x" * size}"'})
            push(storage, bodies={entry(5).id: f'"{"x" * size}"'}, arrivals=True)
        push(storage, ["home"], entries(*range(1, 1_001)), arrivals=True)
        storage.remove(MANY, [entry(5).id])
        storage.remove(["home"], [entry(ms).id for ms in range(1, 1_001)])
        storage.mark("home", {number: Mark(number, number) for number in range(1, 500)})
        storage.mark("home", {1: Mark(501, 501)}, forget=range(1, 500))

    assert len(made) > 100
    assert [warning for each in made for warning in each.warnings or ()] == []


def test_the_server_warns_of_batches_that_are_too_large(storage):
    """So that the test above can fail."""
    storage.slice("home", limit=1)
    with requests(storage) as made:
        storage.server.write_each(cql.REMOVE, MANY[:11], (entry(5).id,), 1, 11)

    assert "11 partitions" in made[-1].warnings[0]


# --- tombstones


def tombstones(storage, key="home", limit=25):
    """How many the server met to answer a page, as its trace tells; and how many live rows, the floor's with them."""
    server, name = storage.server, storage.prefix + key
    statement = server.connection.prepared(
        "SELECT id, body FROM {keyspace}.timelines WHERE feed = ? LIMIT ?", server.read_at
    )
    asked = server.connection.session.execute(statement, [name, limit], trace=True)
    told = [event.description for event in asked.get_query_trace(30).events]
    read = next(text for text in told if text.startswith("Read "))  # Read 25 live rows and 0 tombstone cells
    return int(read.split()[5]), int(read.split()[1])


def test_rows_without_a_body_or_digests_hold_no_tombstone(storage):
    """W-45: the ancestor bound null where there was no target."""
    for arrivals in (False, True):
        push(storage, ["home"], entries(*range(1, 21)), bodies={}, arrivals=arrivals, floor=MIN_ID)

    assert tombstones(storage) == (0, 20 + 1)


def test_a_page_meets_no_tombstone_however_often_the_timeline_was_cut(storage):
    """W-18, W-33: one range for all that goes, behind what is read."""
    storage.add(["home"], [], max_length=30, floor=MIN_ID)
    for ms in range(1, 1_501, 3):
        storage.add(["home"], entries(ms, ms + 1, ms + 2), max_length=30)
        storage.trim(["home"], 30)  # an add does so now and then

    assert storage.slice("home", limit=1_000).floor > entry(1_000).id
    dead, live = tombstones(storage)
    assert (dead, live) == (0, 25 + 1)
    # Nor does one that reads to the end meet one for each row, or for each cut.
    assert tombstones(storage, limit=1_000)[0] <= 4


def test_a_trim_after_a_back_fill_keeps_the_newest_thousand(storage):
    """W-44: the ancestor cut by write time, and a thousand activities became one."""
    storage.add(["home"], [], max_length=1_000, floor=MIN_ID)
    push(storage, ["home"], entries(*range(501, 1_001)))
    push(storage, ["home"], entries(*range(1, 501)))

    storage.trim(["home"], 1_001)
    storage.trim(["home"], 1_000)
    assert storage.slice("home", limit=2_000).entries == entries(*range(1_000, 0, -1))

    storage.trim(["home"], 999)
    assert storage.slice("home", limit=2_000).entries == entries(*range(1_000, 1, -1))


# --- not at import


def test_nothing_connects_before_a_feed_is_used():
    """W-39, W-45: the ancestor connected in the body of a class."""
    script = """
import django; django.setup()
from django_feeds.feeds import CassandraFeed
from django_feeds.storage import get_storage
from tests.storage.cassandra_methods import sessions
class PinFeed(CassandraFeed): key_format = "pins:%(user_id)s"
PinFeed(13); PinFeed.get_storage().check()
assert sessions() == 0
print(get_storage("cassandra").slice("nobody", limit=1).entries, sessions())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[] 1"


def test_the_feeds_of_a_project_are_there_without_a_class(storage, settings, db):
    """W-45: also notifications, which the ancestor could not keep in Cassandra."""
    from django_feeds.feeds import CassandraAggregatedFeed, CassandraFeed, CassandraNotificationFeed

    for feed_class in (CassandraFeed, CassandraAggregatedFeed, CassandraNotificationFeed):
        assert issubclass(feed_class, Feed)
        assert feed_class.get_storage() is storage
        assert feed_class(1)[:] == []
