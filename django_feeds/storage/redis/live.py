"""
Listening to timelines in Redis: one subscription for each process and storage, however many pages are open.

A sorted set holds the timelines that somebody listens to, each until a time that the listening process moves on. Who
writes timelines publishes those of them that are in it, on the channel of the same name. What a process that died left
there runs out.

A server has one set of channels for all its databases. Who shares it under the same prefix hears of others' timelines,
and looks in vain.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError

from ...exceptions import StorageUnavailable
from ..chunks import chunks
from ..live import Hub
from . import connections
from .layout import encoded

if TYPE_CHECKING:
    from . import RedisStorage

__all__ = ["RedisHub", "hub_of"]

logger = logging.getLogger(__name__)

LEASE = 60
"""Seconds for which a timeline counts as listened to."""

RENEWAL = 20.0
"""Seconds after which that is said again, and the subscription must have answered."""

PAUSE = 1.0
"""Seconds between two attempts to subscribe, and until the thread sees that nobody listens any more."""

PATIENCE = 10.0
"""Seconds that somebody who begins to listen waits for the subscription."""

TIMELINES_PER_CALL = 1_000

LEFT = b"-"
"""What a message about a timeline that a process does not listen to any more begins with."""


class RedisWaiter:
    """Waits for news of one timeline, in the event loop of whoever asks."""

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
                with suppress(RuntimeError):  # the loop was closed, and nobody waits there
                    loop.call_soon_threadsafe(event.set)

    def reset(self) -> None:
        """What there was is no news."""
        with self._lock:
            self._changed = False

    async def news(self, timeout: float) -> bool:
        event = asyncio.Event()
        with self._lock:
            if self._changed:
                event.set()
            self._asleep = (asyncio.get_running_loop(), event)
        try:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(event.wait(), timeout)
        finally:
            with self._lock:
                self._asleep = None
                changed, self._changed = self._changed, False
        return changed


class RedisHub:
    """
    Listens for this process. Its thread runs while anybody listens.

    When the connection is lost, it says again who listens, and then wakes them all: nobody knows what they missed.
    """

    def __init__(self, storage: RedisStorage) -> None:
        self.storage = storage
        self._state = threading.Condition()
        self._waiters: dict[bytes, set[RedisWaiter]] = {}
        self._thread: threading.Thread | None = None
        self._subscribed = False
        self._failures = 0
        self._last: Exception | None = None

    @contextmanager
    def listening(self, key: str) -> Iterator[RedisWaiter]:
        name, waiter = encoded(key), RedisWaiter()
        self._enter(name, waiter)
        try:
            self._register([name])
            self._await_subscription()
            waiter.reset()
            yield waiter
        finally:
            self._leave(name, waiter)

    def _enter(self, name: bytes, waiter: RedisWaiter) -> None:
        with self._state:
            self._waiters.setdefault(name, set()).add(waiter)
            if self._thread is None:
                thread_name = f"django_feeds {self.storage.alias}"
                self._thread = threading.Thread(target=self._run, name=thread_name, daemon=True)
                self._thread.start()

    def _await_subscription(self) -> None:
        with self._state:
            failures = self._failures
            self._state.wait_for(lambda: self._subscribed or self._failures > failures, PATIENCE)
            if self._subscribed:
                return
            error = self._last if self._failures > failures else None
        raise StorageUnavailable(
            f"The Redis of the storage {self.storage.alias!r} takes no subscription to {self.storage.live!r}: "
            f"{error or 'it is silent'}"
        ) from error

    def _leave(self, name: bytes, waiter: RedisWaiter) -> None:
        with self._state:
            self._waiters[name].discard(waiter)
            if self._waiters[name]:
                return
            del self._waiters[name]
        # Where nobody hears of that, its time runs out. Who listens too, here or elsewhere, says so again: see `_take`.
        with suppress(StorageUnavailable):
            self.storage.run_live("leave", name)

    def _register(self, names: Iterable[bytes]) -> int:
        """Say that somebody listens to these; returns of how many that was not known."""
        return sum(self.storage.run_live("listen", LEASE, *some) for some in chunks(list(names), TIMELINES_PER_CALL))

    # The thread

    def _run(self) -> None:
        while self._has_listeners():
            try:
                self._listen()
            except StorageUnavailable as error:
                self._fail(error.__cause__)
            except Exception as error:
                self._fail(error)

    def _has_listeners(self) -> bool:
        """Where it has none, the thread ends, and the next one who comes starts another."""
        with self._state:
            if not self._waiters:
                self._thread = None
            return bool(self._waiters)

    def _fail(self, error: BaseException | None) -> None:
        with self._state:
            lost, self._subscribed = self._subscribed, False
            self._failures += 1
            self._last = error if isinstance(error, Exception) else None
            self._state.notify_all()
        if lost:
            logger.warning("Open pages hear nothing from the storage %r: %s", self.storage.alias, error)
        sleep(PAUSE)

    def _listen(self) -> None:
        """Subscribe, and hear until nobody listens any more."""
        with (
            connections.translated(self.storage._unavailable),
            self.storage.connection.client.pubsub() as pubsub,
        ):
            pubsub.subscribe(encoded(self.storage.live))
            asked, heard = monotonic(), False
            while self._is_wanted():
                if monotonic() - asked > RENEWAL:
                    if not heard:
                        raise ConnectionError("The subscription does not answer.")
                    self._renew()
                    pubsub.ping()
                    asked, heard = monotonic(), False
                message = pubsub.get_message(timeout=PAUSE)
                if message:
                    heard = True
                    self._take(message)

    def _is_wanted(self) -> bool:
        """Where it is not, whoever comes waits for another subscription."""
        with self._state:
            self._subscribed = self._subscribed and bool(self._waiters)
            return bool(self._waiters)

    def _renew(self) -> None:
        """What the server had forgotten meanwhile, nobody was told of."""
        names = self._names()
        if self._register(names):
            self._wake(names)

    def _take(self, message: dict[str, Any]) -> None:
        kind, data = message["type"], message["data"]
        if kind == "subscribe":  # for the first time, or again
            names = self._names()
            self._register(names)
            with self._state:
                self._subscribed = True
                self._state.notify_all()
            self._wake(names)
        elif kind == "message":
            name = data[1:]
            if data[:1] == LEFT and name in self._waiters:
                self._register([name])
            self._wake([name])

    def _names(self) -> list[bytes]:
        with self._state:
            return list(self._waiters)

    def _wake(self, names: Iterable[bytes]) -> None:
        with self._state:
            waiters = [waiter for name in names for waiter in self._waiters.get(name, ())]
        for waiter in waiters:
            waiter.wake()


_hubs: dict[Any, RedisHub] = {}


def hub_of(storage: RedisStorage) -> Hub:
    """The hub of this process for this storage; a process that was forked has none of its parent's."""
    return _hubs.setdefault((os.getpid(), storage.identity()), RedisHub(storage))
