"""Real threads on real databases: several processes write at once what belongs together."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction

from django_feeds import records, tasks
from django_feeds.activity import Activity
from django_feeds.models import ActivityRecord, Follow, RecordSource
from django_feeds.records import Publication
from django_feeds.registry import get_feed, get_manager
from django_feeds.verbs import Love
from tests.databases import on_every_database
from tests.testapp.models import Board, Pin

from .conftest import feeds_on
from .site import NOON

THREADS = 4


class Route:
    """Everything is in one database."""

    using = "default"

    def db_for_read(self, model, **hints):
        return self.using

    def db_for_write(self, model, **hints):
        return self.using

    def allow_relation(self, one, other, **hints):
        return True


@pytest.fixture
def everything_in(using, settings, monkeypatch):
    monkeypatch.setattr(Route, "using", using)
    settings.DATABASE_ROUTERS = [f"{__name__}.Route"]
    settings.DJANGO_FEEDS = {**feeds_on("database"), "TASKS": "inline"}
    return using


def at_once(*works):
    """Let all of these begin at the same moment, each in a thread with connections of its own."""
    barrier = threading.Barrier(len(works))
    failures = []

    def run(work):
        try:
            barrier.wait(timeout=300)
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert not failures, failures
    assert not any(thread.is_alive() for thread in threads)


def love(bob, minute=0, identity=None):
    return Activity(bob, Love, ("auth.User", bob.pk), time=NOON.replace(minute=minute), identity=identity)


@on_every_database(transaction=True)
def test_one_identity_written_by_many_at_once_is_one_record(everything_in):
    bob = User.objects.create(username="bob")
    written = []

    for minute in range(5):

        def write(minute=minute):
            written.append(records.write(Publication(love(bob, minute), [str(bob.pk), "testapp.Board:1"])))

        at_once(*[write] * THREADS)

    assert ActivityRecord.objects.count() == 5
    assert RecordSource.objects.count() == 10
    assert sum(record is not None for record in written) == 5
    assert set(ActivityRecord.objects.values_list("version", flat=True)) == {1}


@on_every_database(transaction=True)
def test_bulks_that_overlap_are_written_once(everything_in):
    bob = User.objects.create(username="bob")
    bulk = [Publication(love(bob, minute), [str(bob.pk)]) for minute in range(40)]

    at_once(
        lambda: records.write_many(bulk[:30]),
        lambda: records.write_many(bulk[10:]),
        lambda: records.write_many(reversed(bulk)),  # a deadlock, were they not written in one order
    )

    assert ActivityRecord.objects.count() == RecordSource.objects.count() == 40


@on_every_database(transaction=True)
def test_two_identities_with_one_id_written_at_once_get_two(everything_in, monkeypatch):
    from django_feeds import activity

    monkeypatch.setattr(activity, "digest48", lambda text: 7 + int(text.rpartition("#")[2]) if "#" in text else 7)
    bob = User.objects.create(username="bob")

    def write(number):
        records.write(Publication(love(bob, identity=["a row", str(number), 3]), [str(bob.pk)]))

    at_once(*[lambda number=number: write(number) for number in range(THREADS)])

    assert ActivityRecord.objects.count() == RecordSource.objects.count() == THREADS
    assert ActivityRecord.objects.values("activity_id").distinct().count() == THREADS


@on_every_database(transaction=True)
def test_publishing_and_taking_back_at_once_ends_as_one_of_them(everything_in):
    bob = User.objects.create(username="bob")
    manager = get_manager()

    for minute in range(6):
        activity = love(bob, minute)
        manager.publish(activity)
        at_once(lambda: manager.retract(love(bob, minute)), lambda: manager.publish(love(bob, minute)))  # noqa: B023
        record = ActivityRecord.objects.get(activity_id=activity.id)
        assert record.published == RecordSource.objects.filter(record=record).exists()
        shown = [one.id for one in get_feed("user", bob)]
        assert (activity.id in shown) == record.published


@on_every_database(transaction=True)
def test_publishing_following_leaving_and_deleting_at_once_leaves_feeds_as_the_rows_say(everything_in):
    ann, bob, cleo = (User.objects.create(username=name) for name in ("ann", "bob", "cleo"))
    board = Board.objects.create(name="tea")

    for turn in range(4):
        Follow.objects.follow(ann, bob)
        Follow.objects.follow(cleo, board)
        doomed = Pin.objects.create(user=bob, board=board, created_at=NOON.replace(minute=turn * 10))
        moving = Pin.objects.create(user=bob, board=board, created_at=NOON.replace(minute=turn * 10 + 1))
        moving.board = None

        at_once(
            lambda: Pin.objects.create(user=bob, board=board, created_at=NOON.replace(minute=turn * 10 + 2)),  # noqa: B023
            lambda: Follow.objects.unfollow(ann, bob),
            lambda: Follow.objects.follow(ann, board),
            lambda: doomed.delete(),  # noqa: B023
            lambda: moving.save(),  # noqa: B023
        )

        feeds_are_what_the_rows_say(ann, bob, cleo, board)
        Follow.objects.unfollow(ann, board)
        feeds_are_what_the_rows_say(ann, bob, cleo, board)


def feeds_are_what_the_rows_say(ann, bob, cleo, board):
    from tests.model_based import oracle

    expected = [(get_feed("timeline", user), oracle.timeline(user, (), False)) for user in (ann, cleo)]
    expected += [(get_feed("user", owner), oracle.own_feed(owner, ())) for owner in (bob, board)]
    for feed, pins in expected:
        floor = feed.floor()
        held = [entry.id for entry in feed.entries(feed.max_length)]
        assert held == [id for id in pins if id > floor][: feed.max_length], feed
        assert [one.id for one in feed.page(limit=100)] == list(pins), feed


@on_every_database(transaction=True)
def test_one_chunk_settled_by_many_workers_at_once_comes_out_once(everything_in):
    bob = User.objects.create(username="bob")
    readers = [User.objects.create(username=f"reader {number}") for number in range(6)]
    for reader in readers:
        Follow.objects.follow(reader, bob)
    from django_feeds.testing import hold_tasks

    with hold_tasks() as held:
        for minute in range(8):
            Pin.objects.create(user=bob, created_at=NOON.replace(minute=minute))
        while any(task.name == tasks.fan_out.name for task, _args in held):
            held.run()
        waiting = list(held)

    def worker(order):
        for task, args in waiting[::order]:
            task(*args)

    at_once(lambda: worker(1), lambda: worker(-1), lambda: worker(1))

    for reader in readers:
        feed = get_feed("timeline", reader)
        newest = Pin.objects.order_by("-created_at")[:5]
        assert [activity.object_id for activity in feed] == [pin.pk for pin in newest]
        assert feed.count() == 5


@on_every_database(transaction=True)
def test_a_transaction_that_is_not_committed_yet_is_seen_by_nobody(everything_in):
    bob = User.objects.create(username="bob")
    seen = []
    with transaction.atomic(using=everything_in):
        pin = Pin.objects.create(user=bob, created_at=NOON)
        at_once(*[lambda: seen.extend(get_feed("user", bob).entries())] * 2)

    assert seen == []
    assert [activity.object for activity in get_feed("user", bob)] == [pin]
