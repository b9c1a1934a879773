"""Writes to feeds in Cassandra: fan-out, follow and unfollow, removals; each beside bare statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from benchmarks import cassandra_data as data
from benchmarks.cassandra_data import BOUND, DELETE, DELETE_MANY, INSERT, SINGLES, SOME
from benchmarks.figures import Table, p50, quiet, rounds
from django_feeds import serializers
from django_feeds.activity import Activity
from django_feeds.feeds import Feed
from django_feeds.ids import MIN_ID
from django_feeds.records import Publication, write_many
from django_feeds.storage import Entry
from django_feeds.storage.cassandra import CUTS_PER_LENGTH
from django_feeds.storage.cassandra.connections import Request
from django_feeds.storage.cuts import due_for_cut

CREATING = "Feed.push, which makes missing timelines"

WARM_UP = 2
"""Rounds that do not count."""


class HomeFeed(Feed):
    key_format = "home:%(user_id)s"
    max_length = BOUND


class Task(NamedTuple):
    """One round's work of one contestant, made before the time is taken."""

    entries: list[Entry]
    at: datetime
    rows: list[data.Row]
    tens: list[Request]
    twenties: list[Request]


def fan_out(table: Table, feeds: int, number: int) -> None:
    """One recorded activity onto many feeds."""
    connection, owners = data.storage().server.connection, data.owners(feeds)
    keys = [HomeFeed.key_for(owner) for owner in owners]

    def recorded() -> Task:
        # Some activities have a share of the feeds counted, to be cut; the windows say what that takes.
        while True:
            activity = data.now()
            entry = HomeFeed.entry(activity)
            if not due_for_cut(keys, [entry], BOUND, CUTS_PER_LENGTH):
                break
        write_many([Publication(activity, [activity.owner])])
        body = serializers.dumps(activity)
        rows = [(b"", body, activity.id, f"bare:{owner}") for owner in owners]
        tens, twenties = (data.requests(connection, INSERT, rows, at_once) for at_once in (10, 20))
        return Task([entry], timezone.now(), rows, tens, twenties)

    def push(task: Task) -> None:
        HomeFeed.push(owners, task.entries, task.at, create=False)

    def create(task: Task) -> None:
        HomeFeed.push(owners[::SOME], task.entries, task.at)

    ways = {
        "Feed.push, as a fan-out does it": push,
        CREATING: create,
        "bare batches of 10": lambda task: data.send(connection, task.tens),
        "bare batches of 20": lambda task: data.send(connection, task.twenties),
        SINGLES: lambda task: data.send_singles(connection, INSERT, task.rows[::SOME]),
    }
    HomeFeed.push(owners, recorded().entries)
    rounds(ways, WARM_UP, recorded)
    times = rounds(ways, number, recorded)
    for way in (CREATING, SINGLES):
        times[way] = [SOME * seconds for seconds in times[way]]
    table.heading(f"Fan-out of an activity with a body of {data.BODY} to {feeds:,} feeds, insertions/s")
    for way, taken in times.items():
        table.figure(way, f"{feeds / p50(taken):,.0f}")
    pushed, created, tens, twenties, singles = map(quiet, times.values())
    table.goal("  push / bare batches of 10", tens / pushed, ">=", 0.8)
    table.goal("  push / execute_concurrent_with_args", singles / pushed, ">=", 4)
    table.figure("  push / bare batches of 20", f"{twenties / pushed:.2f}x")
    table.figure("  push that makes missing timelines / bare batches of 10", f"{tens / created:.2f}x")
    table.figure("  bare batches of 10 / execute_concurrent_with_args", f"{singles / tens:.2f}x")


class Change(NamedTuple):
    """One feed that is to change, and the bare statements that would do it."""

    owner: str
    key: str
    at: datetime
    requests: list[Request]


def follows(table: Table, number: int) -> None:
    """A thousand entries onto a feed that has a thousand others, every second one; and off it again."""
    storage, connection = data.storage(), data.storage().server.connection
    both = data.history(2 * BOUND)
    own, theirs = both[::2], both[1::2]
    write_many(Publication(activity, [activity.owner]) for activity in theirs)
    entries, bodies = HomeFeed.entries_for([activity.id for activity in theirs]), data.bodies_of(theirs)
    numbers = count()

    def feed(activities: Sequence[Activity]) -> tuple[str, str]:
        """The owner and the key of a new feed of these."""
        owner = f"f{next(numbers)}"
        key, some = HomeFeed.key_for(owner), HomeFeed.entries_for([activity.id for activity in activities])
        storage.add([key], some, max_length=2 * BOUND, floor=MIN_ID, bodies=data.bodies_of(activities))
        return owner, key

    def follow() -> Change:
        owner, key = feed(own)
        rows = [(b"", body, id, key) for id, body in bodies.items()]
        return Change(owner, key, timezone.now(), data.requests(connection, INSERT, rows, 50))

    def unfollow() -> Change:
        owner, key = feed(both)
        rows = [(key, ids) for ids in data.batches(list(bodies), 100)]
        return Change(owner, key, timezone.now(), data.one_by_one(connection, DELETE_MANY, rows))

    def add(change: Change) -> None:
        storage.add([change.key], entries, max_length=BOUND, bodies=bodies, at=change.at, create=False)

    def bare(change: Change) -> None:
        data.send(connection, change.requests)

    def bare_and_cut(change: Change) -> None:
        """What holds it to its length is part of the work: look for the end, and delete what is beyond."""
        bare(change)
        ids = connection.session.execute(
            connection.prepared(data.SELECT_IDS, data.LEVEL), (change.key, BOUND + 1)
        ).all()
        end = ids[BOUND][0]
        connection.session.execute(connection.prepared(data.CUT, data.LEVEL), (change.key, end, end, change.key))

    def measured(ways: dict[str, Callable[[Change], None]], prepare: Callable[[], Change]) -> list[float]:
        rounds(ways, WARM_UP, prepare)
        times = rounds(ways, number, prepare)
        for way, taken in times.items():
            table.figure(way, f"{p50(taken) * 1e3:.2f}")
        return [quiet(taken) for taken in times.values()]

    table.heading("One feed of 1,000 entries: follow and unfollow one who brings 1,000 others, ms")
    pushed, added, batches, cut = measured(
        {
            "follow: Feed.push, with the query for its records": lambda change: HomeFeed.push(
                [change.owner], entries, change.at, create=False
            ),
            "follow: of that, the storage": add,
            "follow: bare batches of 50": bare,
            "follow: bare batches of 50, and a bare cut": bare_and_cut,
        },
        follow,
    )
    table.goal("  follow: the storage / bare batches alone", added / batches, "<=", 1.5)
    table.figure("  follow: the storage / bare batches and cut", f"{added / cut:.2f}x")
    table.figure("  follow: Feed.push / bare batches and cut", f"{pushed / cut:.2f}x")
    discarded, deleted = measured(
        {
            "unfollow: Feed.discard": lambda change: HomeFeed.discard([change.owner], list(bodies), change.at),
            "unfollow: bare DELETE of 100": bare,
        },
        unfollow,
    )
    table.goal("  unfollow: Feed.discard / bare", discarded / deleted, "<=", 1.5)


def removals(table: Table, feeds: int, number: int) -> None:
    """One activity off many feeds. Nobody looks whether it is there."""
    connection, owners = data.storage().server.connection, data.owners(feeds)

    def prepare() -> tuple[UUID, list[Request]]:
        id = data.now().id
        return id, data.requests(connection, DELETE, [(f"bare:{owner}", id) for owner in owners], 10)

    ways = {
        "Feed.discard": lambda task: HomeFeed.discard(owners, [task[0]], timezone.now()),
        "bare batches of 10": lambda task: data.send(connection, task[1]),
    }
    rounds(ways, WARM_UP, prepare)
    times = rounds(ways, number, prepare)
    table.heading(f"Removal of one activity from {feeds:,} feeds, removals/s")
    for way, taken in times.items():
        table.figure(way, f"{feeds / p50(taken):,.0f}")
    discarded, bare = map(quiet, times.values())
    table.goal("  discard / bare batches of 10", bare / discarded, ">=", 0.8)
