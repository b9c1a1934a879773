"""How a process learns that a timeline changed, for those who look at it just now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from .. import conf

__all__ = ["Hub", "PollingHub", "Waiter"]


class Waiter(Protocol):
    """Waits for news of one timeline."""

    async def news(self, timeout: float) -> bool:
        """Return True when the timeline may have changed since the last call; False after `timeout` seconds."""


class Hub(Protocol):
    """Whatever this process has to listen to a storage: one for each, however many listen."""

    def listening(self, key: str) -> AbstractContextManager[Waiter]:
        """
        `with hub.listening(key) as waiter`: from now on, nothing that happens to this timeline goes unnoticed.

        May wait for the server; call it in a thread. Raises StorageUnavailable.
        """


class PollingHub:
    """Says again and again that there may be news, for a storage that cannot tell."""

    @property
    def interval(self) -> float:
        """Seconds between two looks."""
        return conf.get("LIVE_INTERVAL")

    @contextmanager
    def listening(self, key: str) -> Iterator[Waiter]:
        yield self

    async def news(self, timeout: float) -> bool:
        interval = self.interval
        await asyncio.sleep(min(interval, timeout))
        return timeout >= interval
