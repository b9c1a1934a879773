"""How a script gets to its server: in one call, whatever the number of keys; in a Cluster in one call for each key."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from time import monotonic
from typing import Any

from redis import VERSION, RedisCluster
from redis.exceptions import (
    AskError,
    ClusterCrossSlotError,
    ConnectionError,
    MovedError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    SlotNotCoveredError,
    TimeoutError,
    TryAgainError,
)

from ...exceptions import FeedsConfigurationError
from .scripts import Script

__all__ = ["ClusterClient", "ClusterConnection", "Connection"]

READ_ONLY = re.compile(r"\bREADONLY\b")
"""How Redis 6 says it within a script."""

OF_A_CLUSTER = re.compile(r"^MOVED\b|\bnon local key\b|\bhash to the same slot\b|\bnot allowed in cluster mode\b")
"""How a node says it to one who takes it for the only one, where redis-py has no class for it; redis-py 5 has fewer."""

GONE = (ConnectionError, TimeoutError, SlotNotCoveredError, MovedError)
"""The node is not there, or not where these slots are."""

FOR = () if VERSION >= (5, 3) else ("EVALSHA",)
"""What a pool was to be told before it gave a connection."""

PAUSE = 1.0
"""Seconds after a vain look for the nodes of a Cluster in which nobody looks again."""


class Connection:
    """Runs scripts on one server."""

    one_server = True
    """May a script touch keys that it learns of while it runs?"""

    def __init__(self, client: Any, alias: str) -> None:
        self.client = client
        self.alias = alias

    def run(
        self, script: Script, keys: Sequence[str], shared: Sequence[Any] = (), each: Sequence[Any] = ()
    ) -> list[Any]:
        """The replies of this script; `each` holds as many arguments for every key, in the order of the keys."""
        rest = (len(keys), *keys, *shared, *each)
        try:
            return [self._call("EVALSHA", script.sha, *rest)]
        except NoScriptError:
            return [self._call("EVAL", script.source, *rest)]

    def _call(self, *command: Any) -> Any:
        try:
            return self.client.execute_command(*command)
        except ResponseError as error:
            self._refuse_mistakes(error)
            if isinstance(error, ReadOnlyError) or READ_ONLY.search(str(error)):
                # The master of yesterday. Whoever connects anew learns where today's is.
                with suppress(TypeError):  # redis-py 5: its blocking pool does not spare connections in use
                    self.client.connection_pool.disconnect(inuse_connections=False)
            raise

    def _refuse_mistakes(self, error: ResponseError) -> None:
        """No retry helps there."""
        if isinstance(error, (MovedError, ClusterCrossSlotError)) or OF_A_CLUSTER.search(str(error)):
            raise FeedsConfigurationError(
                f"The Redis of the storage {self.alias!r} is a Redis Cluster: give its address as CLUSTER."
            ) from error
        if "DB index is out of range" in str(error):
            raise FeedsConfigurationError(
                f"The Redis of the storage {self.alias!r} has no database of this number: "
                "give another one in the URL, or in the LOCATION of its CACHE."
            ) from error


class ClusterClient(RedisCluster):
    """redis-py's client, in which threads that have lost a node do not look for it one after the other."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._looking = threading.Lock()
        self._looks = 0
        self._in_vain: float | None = None
        super().__init__(*args, **kwargs)

    def look(self) -> None:
        """Find out where the slots are now, unless another thread did so meanwhile, or could not just before."""
        looks = self._looks
        with self._looking:
            if looks != self._looks or (self._in_vain is not None and monotonic() - self._in_vain < PAUSE):
                return
            try:
                self.nodes_manager.initialize()
                self._in_vain = None
            except (RedisError, RedisClusterException):
                self._in_vain = monotonic()
            finally:
                self._looks += 1


class ClusterConnection(Connection):
    """
    Runs scripts on a Cluster, where one call may touch one slot: a pipeline for each node.

    Not redis-py's pipeline: it does nobody's keys where one node is gone, and where one is silent, it asks that one
    again and again for every single key.
    """

    one_server = False

    def run(
        self, script: Script, keys: Sequence[str], shared: Sequence[Any] = (), each: Sequence[Any] = ()
    ) -> list[Any]:
        width = len(each) // len(keys) if keys else 0
        calls = [(1, key, *shared, *each[n * width : (n + 1) * width]) for n, key in enumerate(keys)]
        replies = self._send(keys, [("EVALSHA", script.sha, *call) for call in calls])
        forgotten = [n for n, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        again = self._send([keys[n] for n in forgotten], [("EVAL", script.source, *calls[n]) for n in forgotten])
        for n, reply in zip(forgotten, again, strict=True):
            replies[n] = reply
        return _without_errors(replies)

    def _send(self, keys: Sequence[str], commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """
        The reply to each command, or its error, each sent to the node that has its key.

        Where a node is gone, it looks once where its keys are now. Who has waited in vain does not wait again.
        """
        replies = self._to_nodes(keys, commands)
        if any(isinstance(reply, GONE) for reply in replies):
            self.client.look()
            again = [n for n, reply in enumerate(replies) if isinstance(reply, GONE) and not _silent(reply)]
            for n, reply in zip(again, self._to_nodes(*_of(again, keys, commands)), strict=True):
                replies[n] = reply
        for n, reply in enumerate(replies):
            if isinstance(reply, (AskError, TryAgainError)):
                replies[n] = self._on_its_way(commands[n])
        return replies

    def _to_nodes(self, keys: Sequence[str], commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        replies: list[Any] = [None] * len(commands)
        nodes: dict[str, Any] = {}
        places: dict[str, list[int]] = {}
        for n, key in enumerate(keys):
            try:
                node = self.client.get_node_from_key(key)
                nodes[node.name] = node  # of redis-py 5, nodes are not hashable
                places.setdefault(node.name, []).append(n)
            except SlotNotCoveredError as error:
                replies[n] = error
        with ExitStack() as asked:
            exchanges = [
                asked.enter_context(
                    Exchange(self.client.get_redis_connection(nodes[name]), [commands[n] for n in numbers])
                )
                for name, numbers in places.items()
            ]
            for exchange, numbers in zip(exchanges, places.values(), strict=True):
                for n, reply in zip(numbers, exchange.replies(), strict=True):
                    replies[n] = reply
        return replies

    def _on_its_way(self, command: tuple[Any, ...]) -> Any:
        """For a key whose slot is just moving from one node to another; redis-py knows how to ask both."""
        try:
            return self.client.execute_command(*command)
        except (RedisError, RedisClusterException) as error:
            return error


class Exchange:
    """Commands that are sent to one node, which works on them while others are asked; then the replies."""

    def __init__(self, node: Any, commands: Sequence[tuple[Any, ...]]) -> None:
        self.number = self.unread = len(commands)
        self.pool = node.connection_pool
        self.connection: Any = None
        self.error: Exception | None = None
        try:
            self.connection = self.pool.get_connection(*FOR)
            self.connection.send_packed_command(self.connection.pack_commands(commands))
        except (ConnectionError, TimeoutError) as error:
            self.error = error
        except BaseException:
            self.__exit__()
            raise

    def replies(self) -> list[Any]:
        replies: list[Any] = []
        while self.unread and not self.error:
            try:
                replies.append(self.connection.read_response())
            except ResponseError as error:
                replies.append(error)
            except (ConnectionError, TimeoutError) as error:
                self.error = error
                break
            self.unread -= 1
        return [self.error] * self.number if self.error else replies

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *_error: object) -> None:
        """The next one shall not take for his what was not read."""
        if self.connection:
            if self.unread:
                self.connection.disconnect()
            self.pool.release(self.connection)


def _silent(error: Exception) -> bool:
    return isinstance(error, TimeoutError)


def _of(numbers: Sequence[int], *sequences: Sequence[Any]) -> list[list[Any]]:
    """From each of these sequences, what has these numbers."""
    return [[sequence[n] for n in numbers] for sequence in sequences]


def _without_errors(replies: list[Any]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
