"""
Sessions with Cassandra: one for each place and process, opened on first use.

A session has threads and sockets, which a fork does not copy: the children of a Celery worker or of gunicorn find none
and open their own.
"""

from __future__ import annotations

import atexit
import os
import socket
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Any

from cassandra import DriverException, RequestValidationException, Unauthorized, cluster, protocol
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, ResultSet, Session
from cassandra.connection import ConnectionException
from cassandra.policies import (
    ConstantSpeculativeExecutionPolicy,
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    HostDistance,
    NoSpeculativeExecutionPolicy,
    RetryPolicy,
    TokenAwarePolicy,
)
from cassandra.query import PreparedStatement, tuple_factory

from ...exceptions import FeedsConfigurationError, StorageUnavailable
from .options import check, keyspace, place

__all__ = ["Connection", "connect", "translated"]

PROTOCOL = 4
"""Version 5 takes up to 1.4 times as long, by our measurements."""

TIMEOUT = 10
IN_FLIGHT = 32

BACK_WITHIN = 15
"""Seconds, at most, until a node that is back is used again. The driver's own policy waits up to ten minutes, and gives
up after 64 attempts; a cluster tells of nodes that are back, but a single one has nobody to tell."""

OF_A_SESSION = ("USERNAME", "PASSWORD", "LOCAL_DC", "TIMEOUT", "SPECULATIVE_DELAY", "IN_FLIGHT", "CLUSTER")
"""Aliases that agree in these share a session."""

Request = tuple[PreparedStatement, Sequence[Any]]
"""A statement, and what is bound to it."""


class RetryOnNext(RetryPolicy):
    """
    A timeout is tried once more, by another node: our writes say their time, so that twice is once.

    The driver's own policy retries next to no write, since it cannot know that.
    """

    def on_read_timeout(self, query: Any, *args: Any, retry_num: int, **kwargs: Any) -> Any:
        return self.on_unavailable(query, *args, retry_num=retry_num, **kwargs)

    def on_write_timeout(self, query: Any, *args: Any, retry_num: int, **kwargs: Any) -> Any:
        return self.on_unavailable(query, *args, retry_num=retry_num, **kwargs)

    def on_unavailable(self, query: Any, *args: Any, retry_num: int, **kwargs: Any) -> Any:
        return (self.RETRY_NEXT_HOST if retry_num == 0 else self.RETHROW, None)


class Connection:
    """A session, and the statements that were prepared on it."""

    def __init__(self, session: Session, options: Mapping[str, Any]) -> None:
        self.session = session
        self.keyspace = keyspace(options)
        self.in_flight = int(options.get("IN_FLIGHT", IN_FLIGHT))
        self._prepared: dict[tuple[str, int], PreparedStatement] = {}

    def prepared(self, cql: str, consistency: int) -> PreparedStatement:
        """This statement, prepared once; `{keyspace}` in it is ours."""
        statement = self._prepared.get((cql, consistency))
        if statement is None:
            statement = self.session.prepare(cql.format(keyspace=self.keyspace))
            statement.consistency_level = consistency
            statement.is_idempotent = True
            names = [column.name for column in statement.column_metadata]
            if not statement.routing_key_indexes and "feed" in names:
                # The server names no key for a batch; each of ours is for timelines of the first one's node.
                statement.routing_key_indexes = [names.index("feed")]
            self._prepared[cql, consistency] = statement
        return statement

    def execute(self, statement: PreparedStatement, arguments: Sequence[Any]) -> ResultSet:
        return self.session.execute(statement, arguments)

    def execute_many(self, requests: Iterable[Request], in_flight: int | None = None) -> Iterator[ResultSet]:
        """The results of these requests in their order, some of them under way at once."""
        waiting: deque[Any] = deque()
        for statement, arguments in requests:
            if len(waiting) >= (in_flight or self.in_flight):
                yield waiting.popleft().result()
            waiting.append(self.session.execute_async(statement, arguments))
        while waiting:
            yield waiting.popleft().result()

    def write(self, requests: Iterable[Request]) -> None:
        """Have all these requests done, some of them at once."""
        for _result in self.execute_many(requests):
            pass

    def by_first_replica(self, keys: Sequence[str]) -> list[list[str]]:
        """These keys by the node, of those nearby, that keeps the first copy of each: one list for each node."""
        metadata = self.session.cluster.metadata
        if metadata.token_map is None or len(metadata.all_hosts()) == 1:
            return [list(keys)] if keys else []
        hash_key, replicas = metadata.token_map.token_class.from_key, metadata.token_map.get_replicas
        far = self._far()
        nodes: dict[Any, list[str]] = {}
        for key in keys:
            found = replicas(self.keyspace, hash_key(key.encode()))
            first = next((host for host in found if host not in far), None) if far else found[0] if found else None
            nodes.setdefault(first, []).append(key)
        return list(nodes.values())

    def _far(self) -> set[Any]:
        """The nodes of other data centers."""
        policy = self.session.get_execution_profile(EXEC_PROFILE_DEFAULT).load_balancing_policy
        hosts = self.session.cluster.metadata.all_hosts()
        return {host for host in hosts if policy.distance(host) != HostDistance.LOCAL}


_connections: dict[tuple[Any, ...], Connection] = {}
_failures: dict[tuple[Any, ...], tuple[float, Exception]] = {}
"""When nobody could be reached, and why."""

_locks: dict[tuple[Any, ...], Lock] = {}
_lock = Lock()

PAUSE = 2.0
"""Seconds after which a place that could not be reached is tried again: who waited meanwhile has waited enough."""


def connect(alias: str, options: Mapping[str, Any]) -> Connection:
    """The connection of this process to the place that these options mean; raises StorageUnavailable."""
    # The pid: what was inherited is the parent's, and is not touched.
    name = (os.getpid(), place(options), *(repr(options.get(option)) for option in OF_A_SESSION))
    connection = _connections.get(name)
    if connection is None:
        with _lock:
            lock = _locks.setdefault(name, Lock())
        with lock, translated(alias):
            connection = _connections.get(name) or _opened(name, alias, options)
    return connection


def _opened(name: tuple[Any, ...], alias: str, options: Mapping[str, Any]) -> Connection:
    failed_at, failure = _failures.get(name, (-PAUSE, None))
    if failure is not None and monotonic() < failed_at + PAUSE:
        raise failure
    try:
        connection = _connections[name] = Connection(_session(alias, options), options)
    except UNAVAILABLE as error:
        _failures[name] = (monotonic(), error)
        raise
    return connection


def _session(alias: str, options: Mapping[str, Any]) -> Session:
    for wrong in check(alias, options):  # under a web server nobody has run the checks
        raise FeedsConfigurationError(f"{wrong.msg} {wrong.hint}")
    arguments = dict(options.get("CLUSTER", {}))
    if "BUNDLE" in options:
        arguments["cloud"] = {"secure_connect_bundle": options["BUNDLE"]}
    else:
        arguments["contact_points"] = list(options["CONTACT_POINTS"])
        arguments["port"] = options.get("PORT", 9042)
        arguments.setdefault("protocol_version", PROTOCOL)
    for name in ("connect_timeout", "control_connection_timeout"):
        arguments.setdefault(name, options.get("TIMEOUT", TIMEOUT))
    # Another node prepares a statement when it is first asked: one that has fallen silent is not waited for.
    arguments.setdefault("prepare_on_all_hosts", False)
    arguments.setdefault("reconnection_policy", ExponentialReconnectionPolicy(1, BACK_WITHIN, max_attempts=None))
    if "USERNAME" in options:
        arguments["auth_provider"] = PlainTextAuthProvider(options["USERNAME"], options["PASSWORD"])
    # Otherwise what is longer than 4 KB waits 40 ms for the system to send its end.
    arguments["sockopts"] = [*arguments.get("sockopts", ()), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    arguments["execution_profiles"] = {
        EXEC_PROFILE_DEFAULT: _profile(options, arguments.pop("load_balancing_policy", None))
    }
    try:
        opened = Cluster(**arguments)
    except (TypeError, ValueError, OSError) as error:
        raise FeedsConfigurationError(
            f"The storage {alias!r} has a CLUSTER, or a BUNDLE, that the driver refuses: {error}"
        ) from error
    try:
        return opened.connect()
    except BaseException:
        opened.shutdown()
        raise


def _profile(options: Mapping[str, Any], balancing: Any) -> ExecutionProfile:
    nearby = DCAwareRoundRobinPolicy(options.get("LOCAL_DC", ""))
    delay = options.get("SPECULATIVE_DELAY")
    return ExecutionProfile(
        load_balancing_policy=balancing or TokenAwarePolicy(nearby),
        retry_policy=RetryOnNext(),
        request_timeout=options.get("TIMEOUT", TIMEOUT),
        row_factory=tuple_factory,
        speculative_execution_policy=(
            ConstantSpeculativeExecutionPolicy(delay, 1) if delay else NoSpeculativeExecutionPolicy()
        ),
    )


REFUSED = (RequestValidationException, protocol.RequestValidationException)
UNAVAILABLE = (NoHostAvailable, DriverException, ConnectionException, protocol.ErrorMessage)


@contextmanager
def translated(alias: str) -> Iterator[None]:
    """Raise StorageUnavailable for what says: not there, or not now; and say what to do where something is refused."""
    try:
        yield
    except Unauthorized as error:
        raise FeedsConfigurationError(
            f"The role of the storage {alias!r} may not do what it has to: {error}\n"
            "Grant it SELECT and MODIFY on the keyspace, and CREATE and ALTER to whoever runs sync_feed_storages."
        ) from error
    except REFUSED as error:
        raise FeedsConfigurationError(
            f"The Cassandra of the storage {alias!r} does not know what it is asked for: {error}\n"
            "Run manage.py sync_feed_storages, which makes the keyspace and its tables."
        ) from error
    except UNAVAILABLE as error:
        raise StorageUnavailable(f"The Cassandra of the storage {alias!r} cannot serve: {error}") from error


def close() -> None:
    """End the sessions of this process."""
    while _connections:
        (pid, *_rest), connection = _connections.popitem()
        if pid == os.getpid():
            connection.session.cluster.shutdown()


def _after_fork() -> None:
    # Other threads of the parent may have held them.
    global _lock
    _lock = Lock()
    _locks.clear()
    # The driver ends at exit what it knows here, and none of that is the child's.
    getattr(cluster, "_clusters_for_shutdown", set()).clear()


atexit.register(close)
os.register_at_fork(after_in_child=_after_fork)
