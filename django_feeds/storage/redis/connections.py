"""Clients, which belong to the process with their pools, and what their errors mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import redis
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.exceptions import (
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
    TimeoutError,
)
from redis.retry import Retry

from ...exceptions import FeedsConfigurationError, StorageUnavailable
from .calls import ClusterConnection, Connection

__all__ = ["PATIENCE", "Connection", "connect", "of_cache", "translated", "try_out"]

PATIENCE = {"socket_timeout": 5, "socket_connect_timeout": 2}
"""Seconds that a client of ours waits where the settings do not say."""

UNAVAILABLE = (
    ConnectionError,
    TimeoutError,
    OutOfMemoryError,
    ReadOnlyError,
    NoPermissionError,
    redis.exceptions.ClusterError,
    redis.exceptions.TryAgainError,
    RedisClusterException,
)

# What a server says that is there and cannot serve now. Within a script, older ones hide it in a sentence, and every
# one has a sentence of its own for what this user may not do.
TROUBLE = re.compile(
    r"\b(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOPERM|NOREPLICAS|OOM|READONLY|TRYAGAIN)\b"
    r"|The user executing the script can't"
)

_clients: dict[Any, Any] = {}


def connect(alias: str, options: Mapping[str, Any]) -> Connection:
    """The connection that these OPTIONS describe; raises FeedsConfigurationError where that is none."""
    if "CACHE" in options:
        return Connection(_checked(alias, of_cache(alias, options["CACHE"])), alias)
    kind: type[redis.RedisCluster | redis.Redis] = redis.RedisCluster if "CLUSTER" in options else redis.Redis
    url: str = options.get("CLUSTER") or options.get("URL", "")
    arguments: dict[str, Any] = {**PATIENCE, **options.get("CLIENT", {})}
    key = (kind, url, repr(sorted(arguments.items())))
    # Once more at once, for a server that was restarted. By default it takes seconds to say that there is none.
    arguments.setdefault("retry", Retry(NoBackoff(), 1, (ConnectionError,)))
    if key not in _clients:
        try:
            # That of a Cluster looks for its nodes here; threads do not wait for each other meanwhile.
            with translated(lambda error: StorageUnavailable(f"The Redis of the storage {alias!r} is gone: {error}")):
                try_out(options)
                client = _checked(alias, kind.from_url(url, **arguments))
        except StorageUnavailable as error:
            if _has_no_cluster(error):
                raise FeedsConfigurationError(
                    f"The Redis of the storage {alias!r} is no Redis Cluster: give its address as URL, not as CLUSTER."
                ) from error
            raise
        except (TypeError, ValueError) as error:
            # Without the address, which may hold a password.
            raise FeedsConfigurationError(
                f"The storage {alias!r} cannot have a client as its OPTIONS describe it: {error}"
            ) from error
        _clients.setdefault(key, client)
    return (ClusterConnection if "CLUSTER" in options else Connection)(_clients[key], alias)


def of_cache(alias: str, cache: str) -> redis.Redis:
    """The raw client of a django-redis cache, of the server that takes writes. Touches no server."""
    try:
        backend: Any = caches[cache]
        return backend.client.get_client(write=True)
    # What a cache of another kind raises, one that spreads its keys over servers, or one with a misspelt class.
    except (AttributeError, ImportError, ImproperlyConfigured, NotImplementedError, TypeError, ValueError) as error:
        install = "pip install django-feeds[redis]\n" if "No module named 'django_redis'" in str(error) else ""
        raise FeedsConfigurationError(
            f"The storage {alias!r} wants the cache {cache!r}, which is no cache of django-redis with one server: "
            f"{str(error) or type(error).__name__}\n"
            f'{install}CACHES = {{"{cache}": {{"BACKEND": "django_redis.cache.RedisCache", '
            '"LOCATION": "redis://127.0.0.1:6379/1"}}'
        ) from error


def try_out(options: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError where redis-py cannot connect with this URL or CLUSTER. Touches no server."""
    if "URL" in options:
        redis.Redis.from_url(options["URL"], **options.get("CLIENT", {})).connection_pool.make_connection()
        return
    address = redis.connection.parse_url(options["CLUSTER"])
    if "path" in address:
        raise ValueError("the nodes of a Cluster have no Unix socket")
    if address.get("db"):
        raise ValueError("a Cluster has no database but 0")


def _has_no_cluster(error: BaseException | None) -> bool:
    """Did the server itself say so? redis-py says so of every answer it does not like."""
    return error is not None and (
        "cluster support disabled" in str(error) or _has_no_cluster(error.__cause__ or error.__context__)
    )


def _checked(alias: str, client: Any) -> Any:
    if client.get_encoder().decode_responses:
        raise FeedsConfigurationError(
            f"The storage {alias!r} has a client that decodes responses, and entries are bytes, not text: "
            "leave `decode_responses` out."
        )
    return client


@contextmanager
def translated(unavailable: Callable[[Exception], Exception]) -> Iterator[None]:
    """Raise what `unavailable` makes of an error that says: not there, or not now."""
    try:
        yield
    except UNAVAILABLE as error:
        raise unavailable(error) from error
    except ResponseError as error:
        if TROUBLE.search(str(error)):
            raise unavailable(error) from error
        raise
