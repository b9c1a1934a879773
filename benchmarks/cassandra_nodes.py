"""Writes to feeds on three nodes of Cassandra: batches that one node can answer, beside others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from benchmarks import cassandra_data as data
from benchmarks.cassandra_data import INSERT, SINGLES, SOME
from benchmarks.figures import Table, p50, quiet, rounds
from django_feeds import serializers
from django_feeds.activity import Activity
from django_feeds.storage import Entry
from django_feeds.storage.cassandra import CassandraStorage
from django_feeds.storage.cassandra.connections import Request
from tests import servers


class Task(NamedTuple):
    """One round's work of one contestant, made before the time is taken."""

    activity: Activity
    body: str
    at: datetime
    rows: list[data.Row]
    any: list[Request]
    grouped: list[Request]


def three_nodes(table: Table, copies: int, feeds: int, number: int) -> None:
    """A fan-out to many feeds, of which the cluster keeps so many copies."""
    place = {"KEYSPACE": f"copies_{copies}", "REPLICATION": copies}
    storage = CassandraStorage("default", {**servers.get("cassandra_3").options, **place})
    connection = data.provide(storage)
    keys = [f"home:{owner}" for owner in data.owners(feeds)]
    by_node = connection.by_first_replica([f"bare:{key}" for key in keys])

    def prepare() -> Task:
        activity = data.now()
        body = serializers.dumps(activity)
        rows = [(b"", body, activity.id, f"bare:{key}") for key in keys]
        nodes = [[(b"", body, activity.id, key) for key in some] for some in by_node]
        grouped = [request for some in nodes for request in data.requests(connection, INSERT, some, 10)]
        # So that they go to all nodes at once.
        data.random.shuffle(grouped)
        return Task(activity, body, timezone.now(), rows, data.requests(connection, INSERT, rows, 10), grouped)

    def add(task: Task) -> None:
        bodies = {task.activity.id: task.body}
        entries = [Entry(task.activity.id)]
        storage.add(keys, entries, max_length=storage.longest, bodies=bodies, at=task.at, create=False)

    ways: dict[str, Callable[[Task], None]] = {
        "the storage, batches of 10 by first replica": add,
        "bare batches of 10 by first replica": lambda task: data.send(connection, task.grouped),
        "bare batches of 10, any replicas": lambda task: data.send(connection, task.any),
        SINGLES: lambda task: data.send_singles(connection, INSERT, task.rows[::SOME]),
    }
    data.warm(connection, feeds)
    rounds(ways, 2, prepare)
    times = rounds(ways, number, prepare)
    times[SINGLES] = [SOME * seconds for seconds in times[SINGLES]]
    table.heading(f"Fan-out to {feeds:,} feeds on three nodes, {copies} of each row, LOCAL_QUORUM, insertions/s")
    for way, taken in times.items():
        table.figure(way, f"{feeds / p50(taken):,.0f}")
    stored, grouped, ungrouped, singles = map(quiet, times.values())
    table.figure("  the storage / bare batches by first replica", f"{grouped / stored:.2f}x")
    table.figure("  the storage / any replicas", f"{ungrouped / stored:.2f}x")
    table.figure("  the storage / execute_concurrent_with_args", f"{singles / stored:.2f}x")
    table.figure("  bare: by first replica / any replicas", f"{ungrouped / grouped:.2f}x")
