"""The async twins of a feed's methods, each named with an `a` in front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from .news import News
    from .pages import Page

__all__ = ["AsyncFeed", "AsyncNotificationFeed"]


class AsyncFeed:
    """
    Mix-in: `await feed.apage()` is `feed.page()` in a thread that may use the database.

    The ORM and the drivers underneath are synchronous, so a twin is no faster; it does not block the event loop.
    `self` is Any because the methods are those of the feed that this is mixed into.
    """

    async def apage(self: Any, *args: Any, **kwargs: Any) -> Page:
        return await sync_to_async(self.page)(*args, **kwargs)

    async def anews(self: Any, *args: Any, **kwargs: Any) -> News:
        return await sync_to_async(self.news)(*args, **kwargs)

    async def acount(self: Any) -> int:
        return await sync_to_async(self.count)()

    async def aadd(self: Any, activity: Any) -> None:
        await sync_to_async(self.add)(activity)

    async def aadd_many(self: Any, activities: Any) -> None:
        await sync_to_async(self.add_many)(activities)

    async def aremove(self: Any, activity: Any) -> None:
        await sync_to_async(self.remove)(activity)

    async def aremove_many(self: Any, activities: Any) -> None:
        await sync_to_async(self.remove_many)(activities)

    async def aindex_of(self: Any, activity: Any) -> int:
        return await sync_to_async(self.index_of)(activity)

    async def atrim(self: Any, length: int | None = None) -> None:
        await sync_to_async(self.trim)(length)

    async def adelete(self: Any) -> None:
        await sync_to_async(self.delete)()

    async def __aiter__(self: Any) -> AsyncIterator[Any]:
        activities = await sync_to_async(iter)(self)
        done = object()
        while (activity := await sync_to_async(lambda: next(activities, done))()) is not done:
            yield activity


class AsyncNotificationFeed:
    """Mix-in: the same for what only notifications have."""

    async def acounts(self: Any) -> dict[str, int]:
        return await sync_to_async(self.counts)()

    async def acount_unseen(self: Any) -> int:
        return await sync_to_async(self.count_unseen)()

    async def acount_unread(self: Any) -> int:
        return await sync_to_async(self.count_unread)()

    async def amark_activity(self: Any, *args: Any, **kwargs: Any) -> None:
        await sync_to_async(self.mark_activity)(*args, **kwargs)

    async def amark_activities(self: Any, *args: Any, **kwargs: Any) -> None:
        await sync_to_async(self.mark_activities)(*args, **kwargs)

    async def amark_all(self: Any, *args: Any, **kwargs: Any) -> None:
        await sync_to_async(self.mark_all)(*args, **kwargs)
