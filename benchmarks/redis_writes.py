"""Writes to feeds in Redis: pushes, follow and unfollow, removals; each beside what a client by hand would send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from benchmarks import redis_data as data
from benchmarks.figures import Table, p50, quiet, rounds
from benchmarks.redis_data import BOUND, client, feed_class, storage
from benchmarks.rows import activity_id
from django_feeds.feeds import Feed
from django_feeds.ids import MIN_ID, pack
from django_feeds.storage import Entry

SORTED_SETS = 10_000
"""A hundred thousand of them with as many entries would take some 8 GB."""


class Task(NamedTuple):
    """One round's work of one contestant, made before the time is taken."""

    ids: list[UUID]
    at: datetime
    commands: list[data.Command]


class Pushing:
    """Three ways to put the newest activities on all feeds of some owners."""

    def __init__(self, owners: Sequence[str], at_once: int) -> None:
        self.owners, self.at_once = owners, at_once
        self.keys = [feed_class.key_for(owner) for owner in owners]
        self.sets = [f"sorted:{owner}" for owner in owners[:SORTED_SETS]]

    def prepare(self) -> Task:
        ids, at = data.clock.new_ids(self.at_once), timezone.now()
        commands = []
        for id in ids:
            commands += data.calls(lambda noting, id=id: noting.add(self.keys, [Entry(id)], max_length=BOUND, at=at))
        return Task(ids, at, commands)

    def push(self, task: Task) -> None:
        for id in task.ids:
            feed_class.push(self.owners, [Entry(id)], task.at)

    def bare(self, task: Task) -> None:
        data.send(task.commands)

    def pipelines(self, task: Task) -> None:
        for id in task.ids:
            for again in range(len(self.owners) // len(self.sets)):
                # Another member each time, or the second would change nothing.
                member = {pack(id) + bytes([again] if again else []): id.int >> 80}
                for keys in data.batches(self.sets):
                    with client().pipeline(transaction=False) as pipeline:
                        for key in keys:
                            pipeline.zadd(key, member)
                            pipeline.zremrangebyrank(key, 0, -BOUND - 1)
                        pipeline.execute()


def pushes(table: Table, sizes: Sequence[int], number: int) -> None:
    """Feed.push to some feeds, and to many."""
    for size in sizes:
        owners = data.owners(size)
        entries = data.fill(owners)
        table.heading(f"Feed.push to {size:,} feeds of {min(data.SIZES)} to {max(data.SIZES):,} entries ({entries:,})")
        pushing = Pushing(owners, max(10_000 // size, 1))
        data.fill_sorted_sets(pushing.sets)
        ways = {"Feed.push": pushing.push, "bare script call": pushing.bare, "ZADD pipelines": pushing.pipelines}
        rounds(ways, 2, pushing.prepare)
        times = rounds(ways, number if size <= 10_000 else number // 2, pushing.prepare)
        for way, taken in times.items():
            name = way
            if way == "ZADD pipelines":
                name = "pipelines of ZADD + ZREMRANGEBYRANK"
                if len(pushing.sets) < size:
                    name += f", round and round {len(pushing.sets):,} sorted sets"
            table.figure(f"{name}, insertions/s", f"{size * pushing.at_once / p50(taken):,.0f}")
        push = quiet(times["Feed.push"])
        table.goal("  Feed.push / bare script call", quiet(times["bare script call"]) / push, ">=", 0.8)
        table.goal("  Feed.push / pipelines", quiet(times["ZADD pipelines"]) / push, ">=", 2)
        data.empty()


class FollowingFeed(Feed):
    """Has room for what the followed did."""

    key_format = "following:%(user_id)s"
    max_length = 2 * BOUND


def follows(table: Table, number: int) -> None:
    """A thousand entries into one feed that has a thousand others, every second one; and off it again."""
    owner = "1"
    own, theirs = ([activity_id(2 * place + offset) for place in reversed(range(BOUND))] for offset in (0, 1))
    key, at = FollowingFeed.key_for(owner), timezone.now()
    entries = FollowingFeed.entries_for(theirs)
    for name, ids in (("alone", own), ("both", own + theirs)):
        storage().add([name], FollowingFeed.entries_for(ids), max_length=2 * BOUND, floor=MIN_ID, at=at)

    def reset(name: str) -> None:
        data.copy([storage().timelines + name], [storage().timelines + key])

    ways: dict[str, tuple[str, Callable[[], None], list[data.Command]]] = {
        "follow": (
            "alone",
            partial(FollowingFeed.push, [owner], entries, at),
            data.calls(lambda noting: noting.add([key], entries, max_length=2 * BOUND, at=at)),
        ),
        "unfollow": (
            "both",
            partial(FollowingFeed.discard, [owner], theirs, at),
            data.calls(lambda noting: noting.remove([key], theirs, at=at)),
        ),
    }
    table.heading("One feed of 1,000 entries: follow and unfollow one who brings 1,000 others, ms")
    for what, (before, ours, commands) in ways.items():
        contestants = {"Feed": lambda _, ours=ours: ours(), "bare": lambda _, commands=commands: data.send(commands)}
        rounds(contestants, 3, partial(reset, before))
        assert FollowingFeed(owner).count() == (2 * BOUND if what == "follow" else BOUND)
        times = rounds(contestants, number, partial(reset, before))
        method = "Feed.push" if what == "follow" else "Feed.discard"
        table.figure(f"{what}: {method}", f"{p50(times['Feed']) * 1e3:.2f}")
        table.figure(f"{what}: {len(commands)} bare script call", f"{p50(times['bare']) * 1e3:.2f}")
        table.goal(f"  {what} / bare script call", quiet(times["Feed"]) / quiet(times["bare"]), "<=", 3)
    data.empty()


def removals(table: Table, size: int, number: int) -> None:
    """One activity off all of these feeds, a fresh one and an old one."""
    owners = data.owners(size)
    data.fill(owners)
    keys = [feed_class.key_for(owner) for owner in owners]
    sets = [f"sorted:{owner}" for owner in owners]
    data.fill_sorted_sets(sets)
    old = iter(data.HISTORY[-min(data.SIZES) // 2 :])

    def task(id: UUID) -> Task:
        at = timezone.now()
        return Task([id], at, data.calls(lambda noting: noting.remove(keys, [id], at=at)))

    def fresh() -> Task:
        id = data.clock.new_id()
        feed_class.push(owners, [Entry(id)], timezone.now())
        for some in data.batches(sets):
            with client().pipeline(transaction=False) as pipeline:
                for key in some:
                    pipeline.zadd(key, {pack(id): id.int >> 80})
                pipeline.execute()
        return task(id)

    def discard(task: Task) -> None:
        feed_class.discard(owners, task.ids, task.at)

    def pipelines(task: Task) -> None:
        member = pack(task.ids[0])
        for some in data.batches(sets):
            with client().pipeline(transaction=False) as pipeline:
                for key in some:
                    pipeline.zrem(key, member)
                pipeline.execute()

    ways = {
        "Feed.discard": discard,
        "bare script calls": lambda task: data.send(task.commands),
        "pipelines of ZREM": pipelines,
    }
    table.heading(f"Removal of one activity from {size:,} feeds, removals/s")
    prepares = {"published just now": fresh, "250 others after it": lambda: task(next(old))}
    for name, prepare in prepares.items():
        times = rounds(ways, number, prepare)
        for way, taken in times.items():
            table.figure(f"{name}: {way}", f"{size / p50(taken):,.0f}")
    data.empty()
