"""The async twins of a feed's methods, each named with an `a` in front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from .pages import Page

__all__ = ["AsyncFeed"]


class AsyncFeed:
    """
    Mix-in: `await feed.apage()` is `feed.page()` in a thread that may use the database.

    The ORM and the drivers underneath are synchronous, so a twin is no faster; it does not block the event loop.
    """

    async def apage(self, *args: Any, **kwargs: Any) -> Page:
        return await sync_to_async(self.page)(*args, **kwargs)  # type: ignore[attr-defined]

    async def acount(self) -> int:
        return await sync_to_async(self.count)()  # type: ignore[attr-defined]

    async def aadd(self, activity: Any) -> None:
        await sync_to_async(self.add)(activity)  # type: ignore[attr-defined]

    async def aadd_many(self, activities: Any) -> None:
        await sync_to_async(self.add_many)(activities)  # type: ignore[attr-defined]

    async def aremove(self, activity: Any) -> None:
        await sync_to_async(self.remove)(activity)  # type: ignore[attr-defined]

    async def aremove_many(self, activities: Any) -> None:
        await sync_to_async(self.remove_many)(activities)  # type: ignore[attr-defined]

    async def aindex_of(self, activity: Any) -> int:
        return await sync_to_async(self.index_of)(activity)  # type: ignore[attr-defined]

    async def atrim(self, length: int | None = None) -> None:
        await sync_to_async(self.trim)(length)  # type: ignore[attr-defined]

    async def adelete(self) -> None:
        await sync_to_async(self.delete)()  # type: ignore[attr-defined]

    async def __aiter__(self) -> AsyncIterator[Any]:
        feed: Any = self
        activities = await sync_to_async(iter)(feed)
        done = object()
        while (activity := await sync_to_async(lambda: next(activities, done))()) is not done:
            yield activity
