"""Clients, which belong to the process with their pools. The only module that imports redis-py and django-redis."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import redis
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.exceptions import (
    ConnectionError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
    TimeoutError,
)
from redis.retry import Retry

from ...exceptions import FeedsConfigurationError
from .scripts import Script

__all__ = ["PATIENCE", "Connection", "connect", "of_cache", "translated", "try_out", "wrong_type"]

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

# What a server says that is there and cannot serve now. Within a script, older ones hide it in a sentence.
TROUBLE = re.compile(r"\b(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN)\b")
WRONG_TYPE = re.compile(r"\bWRONGTYPE\b")

_clients: dict[Any, Any] = {}
_lock = Lock()


class Connection:
    """Runs scripts on one server: each in one call, whatever the number of keys."""

    one_server = True
    """May a script touch keys that it learns of while it runs?"""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def run(
        self, script: Script, keys: Sequence[str], shared: Sequence[Any] = (), each: Sequence[Any] = ()
    ) -> list[Any]:
        """The replies of this script; `each` holds as many arguments for every key, in the order of the keys."""
        rest = (len(keys), *keys, *shared, *each)
        try:
            return [self.client.execute_command("EVALSHA", script.sha, *rest)]
        except NoScriptError:
            return [self.client.execute_command("EVAL", script.source, *rest)]

    def length(self, key: str) -> int:
        return self.client.llen(key)


class ClusterConnection(Connection):
    """Runs scripts on a Cluster, where one call may touch one slot: a call for each key, a pipeline for each node."""

    client: Any
    one_server = False

    def run(
        self, script: Script, keys: Sequence[str], shared: Sequence[Any] = (), each: Sequence[Any] = ()
    ) -> list[Any]:
        width = len(each) // len(keys) if keys else 0
        calls = [(1, key, *shared, *each[n * width : (n + 1) * width]) for n, key in enumerate(keys)]
        replies = self._pipeline([("EVALSHA", script.sha, *call) for call in calls])
        forgotten = [n for n, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        again = self._pipeline([("EVAL", script.source, *calls[n]) for n in forgotten])
        for n, reply in zip(forgotten, again, strict=True):
            replies[n] = reply
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies

    def _pipeline(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        if not commands:
            return []
        with self.client.pipeline() as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            return pipeline.execute(raise_on_error=False)


def connect(alias: str, options: Mapping[str, Any]) -> Connection:
    """The connection that these OPTIONS describe; raises FeedsConfigurationError where that is none."""
    if "CACHE" in options:
        return Connection(_checked(alias, of_cache(alias, options["CACHE"])))
    kind: type[redis.RedisCluster | redis.Redis] = redis.RedisCluster if "CLUSTER" in options else redis.Redis
    url: str = options.get("CLUSTER") or options.get("URL", "")
    arguments: dict[str, Any] = {**PATIENCE, **options.get("CLIENT", {})}
    key = (kind, url, repr(sorted(arguments.items())))
    if kind is redis.Redis:
        # Once more at once, for a server that was restarted. By default it takes seconds to say that there is none.
        arguments.setdefault("retry", Retry(NoBackoff(), 1, (ConnectionError,)))
    with _lock:
        if key not in _clients:
            try:
                _clients[key] = _checked(alias, kind.from_url(url, **arguments))
            except (TypeError, ValueError) as error:
                raise FeedsConfigurationError(
                    f"The storage {alias!r} cannot have a client for {url!r} with {arguments}: {error}"
                ) from error
    return (ClusterConnection if "CLUSTER" in options else Connection)(_clients[key])


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
    elif redis.connection.parse_url(options["CLUSTER"]).get("db"):
        raise ValueError("a Cluster has no database but 0")


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


def wrong_type(error: Exception) -> bool:
    """Does the server say that something else is kept under this key?"""
    return isinstance(error, ResponseError) and WRONG_TYPE.search(str(error)) is not None
