"""From a publication to the feeds of many, through a real Celery worker of two processes; followers are rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path

import redis
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks import redis_data as data
from benchmarks.figures import Table, p50, quiet, rounds, seconds
from benchmarks.redis_data import feed_class
from django_feeds.activity import Activity
from django_feeds.models import PendingTask
from django_feeds.registry import get_manager
from django_feeds.storage import Entry
from example_project.pins.feeds import PinVerb
from tests import servers
from tests.worker import Worker as TestWorker

PATIENCE = 600

manager = get_manager()
_numbers = count(1)


class Worker(TestWorker):
    """Takes its tasks from the Redis that has the feeds, from another database there."""

    def __init__(self) -> None:
        super().__init__()
        self._broker = redis.Redis.from_url(servers.get("redis_7").database_url(1))

    def finish(self) -> None:
        """Return when all tasks have succeeded: then none has its row any more."""
        deadline = time.monotonic() + PATIENCE
        while PendingTask.objects.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{PendingTask.objects.count()} tasks are left:\n{self.log()[-3000:]}")
            time.sleep(0.01)

    def forget(self) -> None:
        super().forget()
        PendingTask.objects.all().delete()

    def memory(self) -> list[tuple[float, float]]:
        """(MB now, MB at most so far) of its processes, the consumer first; empty where nobody can tell."""
        if self._process is None or not Path("/proc/self/status").exists():
            return []
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [_memory(one) for one in (str(pid), *children)]


def _memory(pid: str) -> tuple[float, float]:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, most = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def activity(actor: int) -> Activity:
    """An activity of now."""
    return Activity(
        ("auth.User", actor),
        PinVerb,
        ("pins.Pin", data.PINS + next(_numbers)),
        ("pins.Board", data.BOARDS),
    )


def request(actor: int) -> Activity:
    """What a view does."""
    published = activity(actor)
    with transaction.atomic():
        manager.publish(published)
    return published


def rate(table: Table, worker: Worker, followers: int, number: int) -> None:
    """Publish to feeds that hold 500 to 1,000 entries, beside Feed.push to the same."""
    actor = 1
    data.make_followers(actor, followers)
    owners = data.owners(followers)
    data.fill(owners)

    def through_celery() -> None:
        published = request(actor)
        worker.finish()
        for owner in (owners[0], owners[-1]):
            assert feed_class(owner).entries(1)[0].id == published.id

    def direct() -> None:
        feed_class.push(owners, [Entry(activity(actor).id)], timezone.now())

    through_celery()
    ways = {"Feed.push, in one process": direct, "through Celery": through_celery}
    times = rounds(ways, number)
    table.heading(f"From a publication to the last of {followers:,} feeds of 500 to 1,000 entries, insertions/s")
    for way, taken in times.items():
        table.figure(way, f"{followers / p50(taken):,.0f}")
    table.figure("through Celery, seconds from the view to the last feed", f"{p50(times['through Celery']):.2f}")
    push, celery = (quiet(times[way]) for way in ways)
    table.goal("  through Celery / Feed.push", push / celery, ">=", 0.5)


def changes(table: Table, worker: Worker, feeds: int, number: int) -> None:
    """Retraction from the feeds of many; follow and unfollow of one who did a thousand things."""
    actor, busy, other, reader = 2, 3, 4, 5
    data.make_followers(actor, feeds)
    owners = data.owners(feeds)

    def published() -> Activity:
        activity = request(actor)
        worker.finish()
        return activity

    def retract(activity: Activity) -> None:
        with transaction.atomic():
            manager.retract(activity)
        worker.finish()

    def discard(activity: Activity) -> None:
        feed_class.discard(owners, [activity.id], timezone.now())

    times = rounds({"Feed.discard, in one process": discard, "through Celery": retract}, number, published)
    table.heading(f"Retraction from {feeds:,} feeds, removals/s")
    for way, taken in times.items():
        table.figure(way, f"{feeds / p50(taken):,.0f}")

    manager.publish_many(data.activity(place, who) for place in range(data.BOUND) for who in (busy, other))
    manager.follow_user(reader, other)
    worker.finish()
    steps = {"follow": manager.follow_user, "unfollow": manager.unfollow_user}
    taken_by: dict[str, list[float]] = {}
    for _ in range(number):
        for what, step in steps.items():
            view = seconds(partial(step, reader, busy))
            taken_by.setdefault(what, []).append(view + seconds(worker.finish))
            taken_by.setdefault(f"  {what}, of which the view", []).append(view)
    table.heading("Follow and unfollow of one who did 1,000 things, from the view to the finished feed of 1,000, ms")
    for name, taken in taken_by.items():
        table.figure(name, f"{p50(taken) * 1e3:.1f}")


def growth(table: Table, sizes: Sequence[int]) -> None:
    """The request and the memory of the worker, the more followers there are."""
    data.empty()
    actors = {size: 10 + place for place, size in enumerate(sizes)}
    data.make_users(data.USERS + max(sizes))
    for size, actor in actors.items():
        data.make_followers(actor, size)
    requests(table, actors)
    peaks = []
    table.heading("One publication, with a new worker for each: MB in use / at most, of its processes")
    for size, actor in actors.items():
        worker = Worker()
        worker.start()
        try:
            taken = seconds(lambda actor=actor, worker=worker: (request(actor), worker.finish()))
            memory = worker.memory()
        finally:
            worker.stop()
        assert feed_class(data.USERS + size - 1).count()
        table.figure(f"{size:,} followers, seconds to the last feed", f"{taken:.1f}")
        for name, (now, most) in zip(("consumer", "process 1", "process 2"), memory, strict=False):
            table.figure(f"{size:,} followers, {name}", f"{now:.1f} / {most:.1f}")
        peaks.append(max((most for _now, most in memory), default=0.0))
        data.empty()
    if peaks[0]:
        table.goal(f"  most memory, {max(sizes):,} followers / {min(sizes):,}", peaks[-1] / peaks[0], "<=", 1.2)


def requests(table: Table, actors: dict[int, int]) -> None:
    """What a view waits for, with nobody at work behind it."""
    counts = {}
    for size, actor in actors.items():
        with CaptureQueriesContext(connection) as queries:
            request(actor)
        counts[size] = len(queries)
    times = rounds({str(size): partial(request, actor) for size, actor in actors.items()}, 40)
    Worker().forget()  # the feeds are not what this is about
    table.heading("The request that publishes, with transaction and queueing: queries, ms")
    for size in actors:
        table.figure(f"{size:,} followers", f"{counts[size]}, {p50(times[str(size)]) * 1e3:.2f}")
    few, many = min(actors), max(actors)
    table.goal(f"  queries, {many:,} followers / {few:,}", counts[many] / counts[few], "<=", 1)
    table.goal(f"  time, {many:,} followers / {few:,}", quiet(times[str(many)]) / quiet(times[str(few)]), "<=", 1.5)


def fan_out(table: Table, followers: int, sizes: Sequence[int], number: int) -> None:
    """All of it; removal and follows are from 10,000 feeds, as without Celery."""
    worker = Worker()
    worker.start()
    try:
        rate(table, worker, followers, number)
        changes(table, worker, 10_000, number)
    finally:
        worker.stop()
    growth(table, sizes)
