"""
Listening to timelines in Redis: one subscription for each process and storage, however many pages are open.

A sorted set holds the timelines that somebody listens to, each until a time that the listening process moves on. Who
writes timelines publishes those that are in it, on the channel of the same name. What a process that died left there
runs out.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from ...exceptions import StorageUnavailable
from ..live import Hub
from . import connections
from .layout import encoded

if TYPE_CHECKING:
    from . import RedisStorage

__all__ = ["RedisHub", "hub_of"]

logger = logging.getLogger(__name__)

LEASE = 60
"""Seconds for which a timeline counts as listened to."""

RENEWAL = 20
"""Seconds after which that is said again."""

PAUSE = 1.0
"""Seconds between two attempts to reach a server that is gone; and the longest wait for a message."""

PATIENCE = 10.0
"""Seconds that somebody who begins to listen waits for the subscription."""


class _Waiter:
    """Waits for news of one timeline, in whatever event loop asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = False
        self._asleep: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def wake(self) -> None:
        """Say that there may be news; from any thread."""
        with self._lock:
            self._changed = True
            if self._asleep:
                loop, event = self._asleep
                with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                    loop.call_soon_threadsafe(event.set)

    async def news(self, timeout: float) -> bool:
        event = asyncio.Event()
        with self._lock:
            if not self._changed:
                self._asleep = (asyncio.get_running_loop(), event)
        try:
            if self._asleep:
                await asyncio.wait_for(event.wait(), timeout)
        except asyncio.TimeoutError:
            pass
        finally:
            with self._lock:
                self._asleep = None
                changed, self._changed = self._changed, False
        return changed


class RedisHub:
    """Listens for this process. Its thread runs while anybody listens."""

    def __init__(self, storage: RedisStorage) -> None:
        self.storage = storage
        self._lock = threading.Lock()
        self._waiters: dict[str, set[_Waiter]] = {}
        self._thread: threading.Thread | None = None
        self._subscribed = threading.Event()

    @contextmanager
    def listening(self, key: str) -> Iterator[_Waiter]:
        waiter = _Waiter()
        with self._lock:
            self._waiters.setdefault(key, set()).add(waiter)
            if self._thread is None:
                self._subscribed.clear()
                self._thread = threading.Thread(target=self._run, name=f"feeds-{self.storage.alias}", daemon=True)
                self._thread.start()
        try:
            self._register([key])
            if not self._subscribed.wait(PATIENCE):
                raise StorageUnavailable(f"The Redis of the storage {self.storage.alias!r} takes no subscription.")
            yield waiter
        finally:
            self._leave(key, waiter)

    def _leave(self, key: str, waiter: _Waiter) -> None:
        with self._lock:
            waiters = self._waiters.get(key, set())
            waiters.discard(waiter)
            if not waiters:
                self._waiters.pop(key, None)
        if not waiters:
            # Where that fails, the lease runs out.
            with suppress(StorageUnavailable), connections.translated(self.storage._unavailable):
                self._client.zrem(self.storage.live, encoded(key))
            with self._lock:
                again = key in self._waiters
            if again:  # somebody came meanwhile
                with suppress(StorageUnavailable):
                    self._register([key])

    @property
    def _client(self) -> Any:
        return self.storage.connection.client

    def _register(self, keys: list[str]) -> None:
        """Say that somebody listens to these; raises StorageUnavailable."""
        if keys:
            until = int(time()) + LEASE
            with connections.translated(self.storage._unavailable):
                self._client.zadd(self.storage.live, {encoded(key): until for key in keys})

    # The thread

    def _run(self) -> None:
        while not self._over():
            try:
                with connections.translated(self.storage._unavailable):
                    self._listen()
            except StorageUnavailable as error:
                self._subscribed.clear()
                logger.warning("Open pages hear nothing until it is back: %s", error)
                threading.Event().wait(PAUSE)
            except Exception:
                self._subscribed.clear()
                logger.exception("Listening on the storage %r failed; it begins anew.", self.storage.alias)
                threading.Event().wait(PAUSE)

    def _over(self) -> bool:
        """Does nobody listen any more? Then the next one who comes starts another thread."""
        with self._lock:
            if self._waiters:
                return False
            self._thread = None
            return True

    def _listen(self) -> None:
        with self._client.pubsub() as pubsub:
            pubsub.subscribe(self.storage.live)
            renewed = 0.0
            while True:
                with self._lock:
                    if not self._waiters:
                        self._subscribed.clear()  # who comes now waits for the next subscription
                        return
                if monotonic() - renewed > RENEWAL and self._subscribed.is_set():
                    renewed = monotonic()
                    self._register(self._keys())
                self._take(pubsub.get_message(timeout=PAUSE))

    def _keys(self) -> list[str]:
        with self._lock:
            return list(self._waiters)

    def _take(self, message: Any) -> None:
        if message is None:
            return
        if message["type"] == "subscribe":
            self._register(self._keys())
            self._subscribed.set()
            self._wake(self._keys())  # what came before it was subscribed, nobody heard
        elif message["type"] == "message":
            self._wake([message["data"].decode("utf-8", "surrogatepass")])

    def _wake(self, keys: list[str]) -> None:
        with self._lock:
            waiters = [waiter for key in keys for waiter in self._waiters.get(key, ())]
        for waiter in waiters:
            waiter.wake()


_hubs: dict[Any, RedisHub] = {}
_lock = threading.Lock()


def hub_of(storage: RedisStorage) -> Hub:
    """The hub of this process for this storage; a process that was forked has none of its parent's."""
    name = (os.getpid(), storage.identity())
    with _lock:
        return _hubs.setdefault(name, RedisHub(storage))
