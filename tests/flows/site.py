"""A small site to tell stories about, and the ways in which workers may run its tasks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from django.contrib.auth.models import User

from django_feeds.models import Follow
from django_feeds.registry import get_feed
from django_feeds.testing import FeedAssertions, HeldTasks
from tests import storages
from tests.testapp.models import Board, Pin

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


class Site(FeedAssertions):
    """Ann reads, Bob and Cleo pin on two boards. Tasks wait until `work()`."""

    def __init__(self, storage: str, held: HeldTasks, schedule: str = "in order") -> None:
        self.storage = storage
        self.held = held
        self.schedule = schedule
        storages.empty(storage)
        self.ann, self.bob, self.cleo = (User.objects.create(username=name) for name in ("ann", "bob", "cleo"))
        self.tea, self.cats = (Board.objects.create(name=name) for name in ("tea", "cats"))

    def fail(self, message: str) -> None:
        raise AssertionError(message)

    def pin(self, user: Any, board: Any = None, minute: int = 0, **values: Any) -> Pin:
        return Pin.objects.create(user=user, board=board, created_at=NOON + timedelta(minutes=minute), **values)

    def follow(self, user: Any, *targets: Any) -> None:
        for target in targets:
            Follow.objects.follow(user, target)

    def unfollow(self, user: Any, target: Any) -> None:
        Follow.objects.unfollow(user, target)

    def work(self) -> None:
        """Commit, and let the workers run everything that is queued, in their way."""
        self.held.commit()
        while self.held:
            index = -1 if self.schedule == "newest first" else 0
            if self.schedule == "twice":
                self.held.run(index, keep=True)
            self.held.run(index)
            self.held.commit()

    def timeline(self, user: Any) -> Any:
        return get_feed("timeline", user)

    def own(self, owner: Any) -> Any:
        return get_feed("user", owner)

    def stored(self, feed: Any) -> int:
        """How many entries the storage holds of it, shown or not."""
        return len(feed.get_storage().slice(feed.key, limit=10_000).entries)
