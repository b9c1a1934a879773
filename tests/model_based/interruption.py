"""Let something else happen in the middle of a task, at a chosen point, as another process would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django_feeds import records
from django_feeds.graph import FollowGraph
from django_feeds.querysets import SourceManager
from django_feeds.storage.cassandra import CassandraStorage
from django_feeds.storage.database import DatabaseStorage
from django_feeds.storage.memory import MemoryStorage
from django_feeds.storage.redis import RedisStorage

STORAGES = (CassandraStorage, DatabaseStorage, MemoryStorage, RedisStorage)

POINTS: list[tuple[Any, str]] = [
    # Where the truth is read ...
    (records, "standing"),
    (records, "load"),
    (records, "bodies"),
    (SourceManager, "newest"),
    (FollowGraph, "readers"),
    (FollowGraph, "who_follow"),
    (FollowGraph, "followed"),
    # ... and where feeds are written.
    *((storage, name) for storage in STORAGES for name in ("add", "remove", "put", "forget")),
]


@contextmanager
def interrupted(at: int, action: Callable[[], Any]) -> Iterator[None]:
    """Before the `at`-th of these calls inside, 0 being the first, `action` happens, once."""
    calls = 0

    def counting(original: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at + 1:
                action()
            return original(*args, **kwargs)

        return counted

    with ExitStack() as patches:
        for owner, name in POINTS:
            patches.enter_context(patch.object(owner, name, counting(getattr(owner, name))))
        yield
