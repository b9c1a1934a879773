"""
Real servers for the tests: each of a run's own, in a temporary folder, on a socket there, gone with the run.
Those that talk to each other are on ports of the loopback.

    redis = servers.get("redis_6")
    redis.start()           # once; a second call changes nothing. Unavailable says why it cannot be.
    redis.url               # unix:///tmp/feeds-…/redis_6.sock?db=0

The addresses are known before anything runs, so that settings can name them; a server is started only when
a collected test needs it (see ``tests/conftest.py``).
"""

import os
import sys
from itertools import count

from tests.servers.base import Server, Unavailable
from tests.servers.cassandra import Cassandra
from tests.servers.cassandra_secured import SecuredCassandra
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import PostgreSQL
from tests.servers.redis import DebianRedis, RedisServer, WheelRedis
from tests.servers.redis_cluster import RedisCluster
from tests.servers.redis_sentinel import RedisSentinel

__all__ = [
    "CASSANDRA",
    "DATABASES",
    "REDIS",
    "RedisServer",
    "Server",
    "Unavailable",
    "broker",
    "get",
    "must_be_there",
    "names",
    "own_redis",
    "stop_all",
]

_servers: dict[str, Server] = {
    server.name: server
    for server in (
        PostgreSQL("postgresql"),
        MariaDB("mysql"),
        WheelRedis("redis_6"),
        DebianRedis("redis_7"),
        RedisCluster("redis_cluster"),
        RedisSentinel("redis_sentinel"),
        Cassandra("cassandra", 1, first=1),
        Cassandra("cassandra_3", 3, first=1),
        SecuredCassandra("cassandra_secured", 1, first=1),
    )
}

# Servers that are also database aliases, under the same name.
DATABASES = ("postgresql", "mysql")

CASSANDRA = ("cassandra", "cassandra_3")

# The wheel with Redis 6.2 is there for one version of Python.
REDIS = ("redis_6", "redis_7") if sys.version_info[:2] == (3, 11) else ("redis_7",)


def get(name: str) -> Server:
    """The server of this name, started or not. KeyError names those there are."""
    if name not in _servers:
        raise KeyError(f"{name!r} is no test server. There are: {', '.join(_servers)}.")
    return _servers[name]


def names() -> list[str]:
    return list(_servers)


def broker() -> RedisServer:
    """The Redis that Celery's messages go through: the oldest there is."""
    server = get(REDIS[0])
    assert isinstance(server, RedisServer)
    return server


_numbers = count(1)


def own_redis(version: str = "redis_7") -> RedisServer:
    """One more Redis of this version, for whoever asks alone, who stops it."""
    kind = type(get(version))
    assert issubclass(kind, RedisServer)
    return kind(f"own_{version}_{next(_numbers)}")


def must_be_there() -> bool:
    """Whether a missing server is a failure, not a skip: CI has them all."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def stop_all() -> None:
    for server in _servers.values():
        server.stop()
