"""One test function on each storage: in memory, in the database, on each kind of Redis, and on Cassandra."""

from __future__ import annotations

import os
import time
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from django_feeds.storage import get_storage
from tests import servers
from tests.settings import FEED_STORAGES

if TYPE_CHECKING:
    import redis

    from django_feeds.storage.cassandra import CassandraStorage

REDIS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in (*reversed(servers.REDIS), "redis_cluster")]
CASSANDRA = [pytest.param(name, marks=pytest.mark.needs(name)) for name in servers.CASSANDRA]

EVERY = ["memory", "database", *REDIS, *CASSANDRA]
"""
Aliases in DJANGO_FEEDS["STORAGES"], for the params of a fixture or for `parametrize`; what they need is started:

    @pytest.fixture(params=storages.EVERY)
    def storage(request):
        storages.empty(request.param)
        return request.param

Beside them there are "redis_alias", a cache of django-redis, and "redis_sentinel".
"""


def declared(*aliases: str) -> dict[str, dict[str, Any]]:
    """
    DJANGO_FEEDS["STORAGES"] with these alone, for a test that replaces the settings.

    `Feed.remove_activity` goes to every storage that is declared, and not all their servers run.
    """
    return {alias: FEED_STORAGES[alias] for alias in aliases if alias in FEED_STORAGES}


def empty(alias: str) -> None:
    """Let nothing of an earlier test be in this storage. What is in the database goes with its transaction."""
    if alias == "memory":
        get_storage(alias).clear()
    elif alias in servers.CASSANDRA:
        begin_anew(alias)
    else:
        for client in clients(alias):
            client.flushdb()


_numbers = count()


def begin_anew(alias: str) -> None:
    """
    Give this Cassandra a prefix that no earlier test had: emptying a table takes it longer than most tests.

    Other processes do not hear of it.
    """
    from django_feeds.storage.cassandra import CassandraStorage

    # Not by its alias, which a test may declare later.
    storage = CassandraStorage(alias, FEED_STORAGES[alias]["OPTIONS"])
    wait_for_all_nodes(storage)
    for statement in storage.lacks():
        storage.provide(statement)
    FEED_STORAGES[alias]["OPTIONS"]["PREFIX"] = f"{os.getpid()}.{next(_numbers)}:"


@cache
def clients(alias: str) -> list[redis.Redis]:
    """Plain clients for all that this alias keeps its data on, kept for this process; none where it is no Redis."""
    import redis

    if alias == "redis_cluster":
        return [redis.Redis.from_url(node.url) for node in servers.get(alias).nodes]
    if alias == "redis_sentinel":
        from django_redis import get_redis_connection

        return [get_redis_connection(alias)]
    urls = {name: servers.get(name).url for name in ("redis_6", "redis_7")}
    urls |= {"redis": urls["redis_7"], "redis_alias": servers.get("redis_7").database_url(2)}
    return [redis.Redis.from_url(urls[alias])] if alias in urls else []


def leave_lost_sessions() -> None:
    """Close this process' sessions if a node was lost to one: who asks first would be told so, once."""
    from django_feeds.storage.cassandra import connections

    sessions = [opened.session for (pid, *_rest), opened in connections._connections.items() if pid == os.getpid()]
    if not all(is_reached(session, host) for session in sessions for host in session.cluster.metadata.all_hosts()):
        connections.close()


def wait_for_all_nodes(storage: CassandraStorage, patience: float = 180) -> None:
    """Until the driver is connected to every node, again where some were killed."""
    session = storage.server.connection.session
    deadline = time.monotonic() + patience
    while not all(is_reached(session, host) for host in session.cluster.metadata.all_hosts()):
        assert time.monotonic() < deadline, "not all nodes came back"
        time.sleep(0.1)


def is_reached(session: Any, host: Any) -> bool:
    state = session.get_pool_state().get(host)
    return bool(host.is_up and state and state["open_count"])
