"""
Grouped feeds and notifications beside flat ones: what it costs to fill them, and to read them.

    python -m benchmarks.grouped             all of it, a few minutes
    python -m benchmarks.grouped --quick     smaller sizes
    python -m benchmarks.grouped --check     exit 1 where a goal is missed

Needs what `benchmarks.redis` needs. Feeds are in Redis, and once more in PostgreSQL; rows are in PostgreSQL. A fan-out
is what tasks do with one activity, as many feeds in one of them as FANOUT_CHUNK_SIZE says: who follows, or is told?
Does it stand, by whom is it brought? Then the record, the entry, the push, and all questions once more. Goals compare
first quartiles.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import django
from django.core.management import call_command

from benchmarks.figures import Table, p50, p95, quiet, rounds
from tests import servers

PAGE = 25


def fan_outs(table: Table, alias: str, feeds: int, number: int) -> None:
    from django.utils import timezone

    from benchmarks import redis_data as data
    from django_feeds import conf, delivery, recipients
    from django_feeds.activity import Activity
    from django_feeds.graph import graph_of
    from django_feeds.ids import MIN_ID
    from django_feeds.managers import Manager
    from django_feeds.models import RecordRecipient
    from django_feeds.records import Publication, write_many
    from example_project.pins.feeds import PinVerb

    actor = 1
    classes = kinds(alias)
    owners = data.owners(feeds)
    data.make_users(data.USERS + feeds)
    data.make_followers(actor, feeds)
    history = [data.activity(place, actor) for place in range(data.BOUND)]
    write_many(Publication(activity, [activity.owner]) for activity in history)
    for feed_class in classes.values():
        entries = feed_class.entries_for([activity.id for activity in history])
        for some in data.batches(owners, 500):
            feed_class.fill(some, entries[-700:], floor=MIN_ID, at=timezone.now())
    numbers = count(data.PINS)

    def recorded(told: bool) -> Any:
        """An activity of now; or it, and the chunks of those who are told of it, as many as follow."""
        activity = Activity(("auth.User", actor), PinVerb, ("pins.Pin", next(numbers)), ("pins.Board", data.BOARDS))
        (record,) = write_many([Publication(activity, [activity.owner])])
        if told:
            rows = [RecordRecipient(owner=owner, activity_id=activity.id, record=record) for owner in owners]
            RecordRecipient.objects.bulk_create(rows, 5_000)
            return activity.id, list(recipients.chunks([record.pk], conf.get("FANOUT_CHUNK_SIZE")))
        return activity.id

    def settling(feed_class: Any) -> Callable[[Any], None]:
        manager = type(f"{feed_class.__name__}Manager", (Manager,), {"feed_classes": {"one": feed_class}})()
        chunks = [chunk for _priority, chunk in graph_of(manager).chunks(str(actor), conf.get("FANOUT_CHUNK_SIZE"))]

        def work(id: Any) -> None:
            for chunk in chunks:
                delivery.settle(manager, [id], str(actor), chunk, timezone.now())

        return work

    def notifying(feed_class: Any) -> Callable[[Any], None]:
        manager = type("ToldManager", (Manager,), {"notification_feed_class": feed_class})()

        def work(told: Any) -> None:
            id, chunks = told
            for first, last in chunks:
                delivery.notify(manager, [id], {"first": first, "last": last}, timezone.now())

        return work

    def pushing(feed_class: Any) -> Callable[[Any], None]:
        def work(id: Any) -> None:
            for some in data.batches(owners, conf.get("FANOUT_CHUNK_SIZE")):
                feed_class.push(some, feed_class.entries_for([id]), timezone.now(), create=False)

        return work

    ways = {"flat": settling(classes["flat"]), "grouped": settling(classes["grouped"])}
    times: dict[str, list[float]] = {}
    for some, told in ((ways, False), ({"notifications": notifying(classes["notifications"])}, True)):
        rounds(some, 3, lambda told=told: recorded(told))
        times.update(rounds(some, number, lambda told=told: recorded(told)))
    table.heading(f"Fan-out to {feeds:,} feeds, storage {alias!r}, as tasks do it, insertions/s")
    for name, taken in times.items():
        table.figure(name, f"{feeds / p50(taken):,.0f}")
    for name in ("grouped", "notifications"):
        table.goal(f"  {name} / flat", quiet(times["flat"]) / quiet(times[name]), ">=", 0.8)
    ways = {name: pushing(feed_class) for name, feed_class in classes.items()}
    rounds(ways, 3, lambda: recorded(False))
    times = rounds(ways, number, lambda: recorded(False))
    table.heading(f"Of that: reading the record, and Feed.push to {feeds:,} feeds, insertions/s")
    for name, taken in times.items():
        table.figure(name, f"{feeds / p50(taken):,.0f}")
        if name != "flat":
            table.figure(f"  {name} / flat", f"{quiet(times['flat']) / quiet(taken):.2f}x")


def pages(table: Table, windows: Sequence[int], number: int) -> None:
    from random import Random

    from django.utils import timezone

    from benchmarks import redis_data as data
    from django_feeds import serializers
    from django_feeds.ids import MIN_ID
    from django_feeds.records import Publication, write_many
    from django_feeds.registry import get_manager

    data.make_pins(20_000)
    classes = kinds("default")
    random = Random(1)
    activities = [data.activity(place) for place in range(20_000)]
    write_many(Publication(activity, [activity.owner]) for activity in activities)
    bodies = {activity.id: serializers.dumps(activity) for activity in activities}
    owners = data.owners(100)
    for window in windows:
        data.storage().put(bodies)
        table.heading(f"A page of {PAGE} of a full window of {window:,} entries, rows and all, ms (p50 / p95)")
        for name, feed_class in classes.items():
            key_format = f"{name}{window}:%(user_id)s"
            bounded = type("Bounded", (feed_class,), {"max_length": window, "key_format": key_format})
            for owner in owners:
                chosen = random.sample(activities, window)
                entries = bounded.entries_for([activity.id for activity in chosen])
                bounded.fill([owner], entries, floor=MIN_ID, at=timezone.now())

            def page(owner: str, feed_class: Any = bounded) -> None:
                assert len(get_manager().open_feed(feed_class, owner).page(limit=PAGE)) == PAGE

            with counting() as calls:
                page(owners[0])
            ways: dict[str, Callable[[str], None]] = {"page": page}
            if name == "notifications":
                ways["counts"] = lambda owner, feed_class=bounded: feed_class(owner).counts()
            rounds(ways, 10, lambda: random.choice(owners))
            for way, taken in rounds(ways, number, lambda: random.choice(owners)).items():
                table.figure(f"{name}: {way}", f"{p50(taken) * 1e3:.2f} / {p95(taken) * 1e3:.2f}")
            trips = [call for call in calls if call != "get"]
            table.goal(f"  {name}: round trips before what is shown ({', '.join(trips)})", len(trips), "<=", 2, unit="")
        data.empty()


@contextmanager
def counting() -> Any:
    """The names of the scripts that are run inside, in order."""
    from benchmarks import redis_data as data

    storage, calls = data.storage(), []
    real = storage._run

    def run(name: str, *args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return real(name, *args, **kwargs)

    storage._run = run  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        del storage._run  # type: ignore[method-assign]


def empty_tables() -> None:
    from benchmarks import redis_data as data

    for table in ("django_feeds_activityrecord", "django_feeds_follow", "auth_user", "pins_item"):
        data.execute(f"TRUNCATE {table} CASCADE")


def kinds(alias: str) -> dict[str, Any]:
    """A feed of each kind, on one storage, with one bound."""
    from benchmarks.redis_data import BOUND
    from django_feeds.aggregators import TemplateAggregator
    from django_feeds.feeds import AggregatedFeed, Feed, NotificationFeed

    shared = {"storage": alias, "max_length": BOUND}
    by_board = {"aggregator_class": TemplateAggregator, "aggregator_options": {"template": "{verb}-{target}"}}
    return {
        "flat": type("Flat", (Feed,), {**shared, "key_format": "flat:%(user_id)s"}),
        "grouped": type("Grouped", (AggregatedFeed,), {**shared, **by_board, "key_format": "grouped:%(user_id)s"}),
        "notifications": type("Told", (NotificationFeed,), {**shared, **by_board, "key_format": "told:%(user_id)s"}),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Grouped feeds and notifications beside their goals.")
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--check", action="store_true", help="exit 1 where a goal is missed")
    parser.add_argument("--only", choices=("redis", "postgresql", "page"), action="append", help="only this part")
    options = parser.parse_args()
    # Asked to end, it stops the servers on the way out, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    wanted = options.only or ("redis", "postgresql", "page")
    table = Table()
    try:
        for name in ("postgresql", "redis_7"):
            servers.get(name).start()
        django.setup()
        call_command("migrate", verbosity=0)
        from benchmarks import redis_data as data

        if "redis" in wanted:
            fan_outs(table, "default", 2_000 if options.quick else 10_000, 12 if options.quick else 40)
            data.empty()
        if "postgresql" in wanted:
            empty_tables()
            fan_outs(table, "database", 500 if options.quick else 2_000, 12 if options.quick else 40)
        if "page" in wanted:
            empty_tables()
            pages(table, (200, 500, 1_000), 100 if options.quick else 400)
    finally:
        servers.stop_all()
    print(f"\n{len(table.short)} goals missed" + "".join(f"\n  {name.strip()}" for name in table.short))
    return 1 if options.check and table.short else 0


if __name__ == "__main__":
    sys.exit(main())
