"""The async twins of a manager's methods, each named with an `a` in front."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async

__all__ = ["AsyncManager"]


class AsyncManager:
    """Mix-in: `await manager.apublish(activity)` is `publish`, in a thread that may use the database."""

    async def apublish(self: Any, *args: Any, **kwargs: Any) -> None:
        await sync_to_async(self.publish)(*args, **kwargs)

    async def aretract(self: Any, activity: Any) -> None:
        await sync_to_async(self.retract)(activity)

    async def afollow_user(self: Any, user_id: Any, target_user_id: Any) -> None:
        await sync_to_async(self.follow_user)(user_id, target_user_id)

    async def aunfollow_user(self: Any, user_id: Any, target_id: Any) -> None:
        await sync_to_async(self.unfollow_user)(user_id, target_id)
