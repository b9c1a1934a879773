"""Doing again what a database ended because two transactions waited for each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connections

__all__ = ["despite_deadlocks"]

Result = TypeVar("Result")


def despite_deadlocks(work: Callable[[], Result], using: str, attempts: int = 3) -> Result:
    """
    Do this, and again where it met another transaction in a deadlock, so many times in all.

    MariaDB has some even between inserts in one order. A transaction around this one is lost too, and its owner's to
    repeat.
    """
    for attempt in range(1, attempts + 1):
        try:
            return work()
        except OperationalError as error:
            deadlock = error.args[:1] == (1213,) or getattr(error.__cause__, "sqlstate", "") == "40P01"
            if not deadlock or connections[using].in_atomic_block or attempt == attempts:
                raise
    raise AssertionError("unreachable")
