"""Several storages at once, of which some may be down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..exceptions import StorageUnavailable

__all__ = ["Attempt", "sparing_others"]

Attempt = Callable[[str, Callable[[], Any]], None]


@contextmanager
def sparing_others() -> Iterator[Attempt]:
    """
    `with sparing_others() as attempt`, `attempt(alias, work)` does what is to be done on the storage of this alias.

    One that is down keeps no other from its work. It is not asked again, and raises StorageUnavailable at the end,
    the first of them where there are several.
    """
    down: dict[str, StorageUnavailable] = {}

    def attempt(alias: str, work: Callable[[], Any]) -> None:
        if alias in down:
            return
        try:
            work()
        except StorageUnavailable as error:
            down[alias] = error

    yield attempt
    for error in down.values():
        raise error
