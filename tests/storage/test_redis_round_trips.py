"""How often a storage in Redis goes to the server: counted where the client sends, and by the server itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from redis.connection import AbstractConnection

from django_feeds import ids
from django_feeds.activity import Activity
from django_feeds.models import Follow
from django_feeds.registry import get_feed, get_manager
from django_feeds.storage import Entry, Mark, get_storage
from django_feeds.testing import run_feeds
from django_feeds.verbs import Love
from tests import storages
from tests.testapp.models import Board

one_server = pytest.mark.parametrize(
    "storage",
    [
        pytest.param("redis_7", marks=pytest.mark.needs("redis_7")),
        pytest.param("redis_alias", marks=pytest.mark.needs("redis_7")),
    ],
)
cluster = pytest.mark.parametrize("storage", [pytest.param("redis_cluster", marks=pytest.mark.needs("redis_cluster"))])

MANY = [f"timeline:{number}" for number in range(1_000)]


class Trips(list):
    """The port of the server, for each time that the client sent it something."""

    scripts = 0
    """How many scripts the servers ran meanwhile, as they say."""


@pytest.fixture
def trips(storage, monkeypatch):
    """`with trips() as made: ...`; then `len(made)` are the round trips."""
    counted: list[Trips] = []
    send = AbstractConnection.send_packed_command

    def send_and_count(self, *args, **kwargs):
        for made in counted:
            made.append(getattr(self, "port", None))
        return send(self, *args, **kwargs)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", send_and_count)

    def scripts_run() -> int:
        stats = [client.info("commandstats") for client in storages.clients(storage)]
        return sum(node.get(f"cmdstat_{name}", {}).get("calls", 0) for node in stats for name in ("eval", "evalsha"))

    @contextmanager
    def trips() -> Iterator[Trips]:
        made, before = Trips(), scripts_run()
        counted.append(made)
        yield made
        counted.clear()
        made.scripts = scripts_run() - before

    return trips


@pytest.fixture
def kept(storage):
    """The storage: empty, connected, and every node knows every script."""
    storages.empty(storage)
    kept = get_storage(storage)
    keys, lines = [f"warm:{number}" for number in range(100)], entries(100)
    kept.add(keys, lines[:1], max_length=100)
    for key in keys:
        kept.slice(key, limit=1, with_bodies=True)
        kept.rank(key, lines[0].id, max_length=100)
        kept.count(key, max_length=100)
    kept.put(bodies(lines))
    kept.get(named(lines))
    kept.forget(named(lines))
    kept.trim(keys, 1)
    kept.remove(keys, named(lines))
    kept.delete(keys)
    for key in keys:
        kept.mark(key, {0: Mark(1)})
        kept.marks(key)
    kept.unmark(keys)
    kept.announce(keys)
    storages.empty(storage)
    return kept


def entries(number: int, ago: timedelta = timedelta()) -> list[Entry]:
    at = ids.milliseconds(timezone.now() - ago)
    return sorted((Entry(ids.make_id(at, ids.digest48(str(one)))) for one in range(number)), reverse=True)


def named(lines: list[Entry]) -> list[UUID]:
    return [line.id for line in lines]


def bodies(lines: list[Entry]) -> dict[UUID, str]:
    return {line.id: f'{{"number": {number}}}' for number, line in enumerate(lines)}


# --- what a storage is asked


@one_server
@pytest.mark.parametrize(("number", "calls"), [(1, 1), (1_000, 1), (1_001, 2), (10_000, 10)])
def test_a_push_is_a_call_for_each_thousand_timelines(kept, trips, number, calls):
    keys = [f"timeline:{number}" for number in range(number)]

    for lines in (entries(1), entries(1)):  # timelines that are not there, and those that are
        with trips() as made:
            kept.add(keys, lines, max_length=100)

        assert (len(made), made.scripts) == (calls, calls)


@one_server
def test_what_is_late_is_pushed_in_smaller_calls(kept, trips):
    """Each timeline is searched then, and nobody else is served meanwhile."""
    with trips() as made:
        kept.add(MANY, entries(1, ago=timedelta(days=1)), max_length=100)

    assert len(made) == 20


CALLS = {
    "remove": lambda kept, lines: kept.remove(MANY, named(lines[:1])),
    "trim": lambda kept, lines: kept.trim(MANY, 5),
    "delete": lambda kept, lines: kept.delete(MANY),
    "slice": lambda kept, lines: kept.slice(MANY[0], limit=25),
    "slice of the oldest": lambda kept, lines: kept.slice(MANY[0], limit=25, oldest_first=True),
    "slice by cursor": lambda kept, lines: kept.slice(MANY[0], limit=25, before=lines[10].id),
    "slice by offset": lambda kept, lines: kept.slice(MANY[0], limit=25, offset=15),
    "slice_many": lambda kept, lines: kept.slice_many(MANY, limit=10),
    "count": lambda kept, lines: kept.count(MANY[0], max_length=100),
    "rank": lambda kept, lines: kept.rank(MANY[0], lines[40].id, max_length=100),
    "put": lambda kept, lines: kept.put(bodies(entries(1_000))),
    "get": lambda kept, lines: kept.get(named(entries(1_000))),
    "forget": lambda kept, lines: kept.forget(named(entries(1_000))),
    "mark": lambda kept, lines: kept.mark(MANY[0], {0: Mark(7), **dict.fromkeys(range(1, 2_001), Mark(9, 9))}),
    "mark and forget": lambda kept, lines: kept.mark(MANY[0], {5: Mark(7)}, forget=range(6, 1_000)),
    "marks": lambda kept, lines: kept.marks(MANY[0]),
    "unmark": lambda kept, lines: kept.unmark(MANY),
    "announce where nobody listens": lambda kept, lines: kept.announce(MANY * 10),
}


@one_server
@pytest.mark.parametrize("call", CALLS)
def test_each_call_is_one_round_trip(kept, trips, call):
    lines = entries(50)
    kept.add(MANY, lines, max_length=100)

    with trips() as made:
        CALLS[call](kept, lines)

    assert (len(made), made.scripts) == (1, 1)


@one_server
def test_a_server_that_forgot_the_scripts_is_told_once(kept, trips, storage):
    for client in storages.clients(storage):
        client.script_flush()

    with trips() as first:
        kept.add(MANY, entries(1), max_length=100)
    with trips() as second:
        kept.add(MANY, entries(1), max_length=100)

    assert (len(first), len(second)) == (2, 1)


@cluster
@pytest.mark.parametrize("call", CALLS)
def test_on_a_cluster_each_call_is_one_pipeline_for_each_node(kept, trips, call, storage):
    lines = entries(50)
    kept.add(MANY, lines, max_length=100)

    with trips() as made:
        CALLS[call](kept, lines)

    nodes = 3 if call in {"remove", "trim", "delete", "slice_many", "put", "get", "forget", "unmark"} else 1
    assert len(made) == len(set(made)) == nodes


@cluster
def test_on_a_cluster_a_push_to_ten_thousand_is_ten_pipelines_for_each_node(kept, trips):
    keys = [f"timeline:{number}" for number in range(10_000)]

    with trips() as made:
        kept.add(keys, entries(1), max_length=100)

    assert sorted(Counter(made).values()) == [10, 10, 10]


# --- what a reader asks


@pytest.fixture
def ann(db, kept, storage, settings):
    """She follows Bob, who loved 60 boards."""
    settings.DJANGO_FEEDS = {
        "FEEDS": {
            "user": {"STORAGE": storage, "MAX_LENGTH": 100},
            "timeline": {"STORAGE": storage, "MAX_LENGTH": 100},
        },
        "STORAGES": storages.declared(storage),
    }
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))
    Follow.objects.follow(ann, bob)
    now = timezone.now()
    boards = Board.objects.bulk_create(Board(name=str(number)) for number in range(60))
    get_manager().publish_many(Activity(bob, Love, board, time=now) for board in boards)
    run_feeds()
    return ann


def walk(feed) -> list:
    first = feed.page(limit=20)
    second = feed.page(first.next, limit=20)
    return [*first, *second, *feed.page(second.next, limit=20)]


@one_server
def test_a_page_is_one_round_trip(ann, trips):
    feed = get_feed("timeline", ann)

    with trips() as first:
        page = feed.page(limit=20)
    with trips() as second:
        rest = feed.page(page.next, limit=20)
    with trips() as last:
        end = feed.page(rest.next, limit=20)

    assert (len(first), len(second), len(last)) == (1, 1, 1)
    assert (len(page), len(rest), len(end), end.next) == (20, 20, 20, None)


@one_server
def test_places_are_one_round_trip_each(ann, trips):
    feed = get_feed("timeline", ann)

    with trips() as made:
        assert len(feed[:10]) == 10
        assert len(feed[30:45]) == 15
        assert feed[49]
        assert feed.count() == 60
        assert feed.index_of(feed.entries(1, offset=7)[0].id) == 7

    assert len(made) == 6


@one_server
def test_an_empty_feed_is_one_round_trip(ann, trips):
    with trips() as made:
        assert not get_feed("timeline", User.objects.create(username="new")).page()

    assert len(made) == 1


@one_server
def test_bodies_that_are_missing_are_put_back_in_a_second_trip(ann, trips, kept):
    feed = get_feed("timeline", ann)
    shown = walk(feed)
    kept.forget([activity.id for activity in shown[3:5]])

    with trips() as lacking:
        assert list(feed.page(limit=20)) == shown[:20]
        run_feeds()
    with trips() as restored:
        assert list(feed.page(limit=20)) == shown[:20]

    assert (len(lacking), len(restored)) == (2, 1)


@cluster
def test_on_a_cluster_a_page_goes_to_each_node_twice_at_most(ann, trips, kept):
    feed = get_feed("timeline", ann)
    shown = walk(feed)

    with trips() as whole:
        feed.page(limit=20)
    kept.forget([activity.id for activity in shown])
    with trips() as lacking:
        assert list(feed.page(limit=20)) == shown[:20]
        run_feeds()

    # The timeline from one, then the bodies from each; and back to each, where they were lost.
    assert sorted(Counter(whole).values()) == [1, 1, 2]
    assert sorted(Counter(lacking).values()) == [2, 2, 3]


# --- what a writer asks


@one_server
@pytest.mark.parametrize("followers", [1, 900])
def test_publishing_goes_there_as_often_for_any_number_of_followers(ann, trips, followers):
    bob = User.objects.get(username="bob")
    more = User.objects.bulk_create(User(username=f"reader {number}") for number in range(followers))
    Follow.objects.bulk_create(Follow(user=user, target=str(bob.pk)) for user in more)

    with trips() as made:
        get_manager().publish(Activity(bob, Love, bob, time=timezone.now()))
        run_feeds()

    # Body and own feed by the request, both again by the worker in case that it died, and the timelines.
    assert len(made) == 5
