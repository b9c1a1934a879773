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
from .calls import ClusterClient, ClusterConnection, Connection

__all__ = ["PATIENCE", "Connection", "connect", "of_cache", "translated", "try_out"]

PATIENCE = {"socket_timeout": 5, "socket_connect_timeout": 2}
"""Seconds that a client of ours waits where the settings do not say."""

SCHEMES = ("redis://", "rediss://", "unix://")

WHERE = {"db", "host", "path", "port", "startup_nodes", "unix_socket_path"}
"""Arguments of clients that say which server or database, as the address does."""

UNREADABLE = " cannot be read; a password in it must be percent-encoded"

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
    kind: type[ClusterClient | redis.Redis] = ClusterClient if "CLUSTER" in options else redis.Redis
    url: str = options.get("CLUSTER") or options.get("URL", "")
    arguments: dict[str, Any] = {**PATIENCE, **options.get("CLIENT", {})}
    key = (kind, url, repr(sorted(arguments.items())))
    # Once more at once, for a server that was restarted. By default it takes seconds to say that there is none.
    arguments.setdefault("retry", Retry(NoBackoff(), 1, (ConnectionError,)))
    if key not in _clients:
        try:
            try_out(options)
            # That of a Cluster looks for its nodes here; threads do not wait for each other meanwhile.
            with translated(lambda error: StorageUnavailable(f"The Redis of the storage {alias!r} is gone: {error}")):
                client = _checked(alias, kind.from_url(url, **arguments))
        except StorageUnavailable as error:
            if _has_no_cluster(error):
                raise FeedsConfigurationError(
                    f"The Redis of the storage {alias!r} is no Redis Cluster: give its address as URL, not as CLUSTER."
                ) from error
            raise
        except (TypeError, ValueError) as error:
            raise FeedsConfigurationError(
                f"The storage {alias!r} cannot have a client as its OPTIONS describe it: {error}"
            ) from error
        _clients.setdefault(key, client)
    return (ClusterConnection if "CLUSTER" in options else Connection)(_clients[key], alias)


def of_cache(alias: str, cache: str) -> redis.Redis:
    """The raw client of a django-redis cache, of the server that takes writes. Touches no server."""
    try:
        backend: Any = caches[cache]
        if not hasattr(type(backend), "client"):
            raise NotImplementedError(f"it is a {type(backend).__name__}")
        return backend.client.get_client(write=True)
    # One with a misspelt class, of another kind, or that spreads its keys over servers.
    except (ImportError, ImproperlyConfigured, NotImplementedError) as error:
        raise _no_cache(alias, cache, str(error) or type(error).__name__) from error
    except ValueError:
        raise _no_cache(alias, cache, f"its LOCATION{UNREADABLE}") from None


def _no_cache(alias: str, cache: str, why: str) -> FeedsConfigurationError:
    install = "pip install django-feeds[redis]\n" if "No module named 'django_redis'" in why else ""
    return FeedsConfigurationError(
        f"The storage {alias!r} wants the cache {cache!r}, which is no cache of django-redis with one server: {why}\n"
        f'{install}CACHES = {{"{cache}": {{"BACKEND": "django_redis.cache.RedisCache", '
        '"LOCATION": "redis://127.0.0.1:6379/1"}}'
    )


def try_out(options: Mapping[str, Any]) -> None:
    """
    Raise TypeError or ValueError where redis-py cannot connect with this URL or CLUSTER. Touches no server.

    What is said of the address does not quote it: where a password is not encoded, parts of it are taken for others.
    """
    name = "CLUSTER" if "CLUSTER" in options else "URL"
    url, arguments = options[name], options.get("CLIENT", {})
    scheme = next((scheme for scheme in SCHEMES if url.startswith(scheme)), None)
    if scheme is None:
        raise ValueError(f"its {name} begins with none of {', '.join(SCHEMES)}")
    places = [argument for argument in arguments if argument in WHERE]
    if places:
        raise ValueError(f"its CLIENT has {', '.join(places)}: they belong into {name}")
    if name == "URL":
        redis.Redis.from_url(scheme, **arguments).connection_pool.make_connection()
    try:
        address = redis.connection.parse_url(url)
        if name == "URL":
            redis.Redis.from_url(url, **arguments).connection_pool.make_connection()
    except (TypeError, ValueError):
        raise ValueError(f"its {name}{UNREADABLE}") from None
    if name == "CLUSTER" and "path" in address:
        raise ValueError("the nodes of a Cluster have no Unix socket")
    if name == "CLUSTER" and address.get("db"):
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
