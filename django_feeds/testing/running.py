"""Run what is queued, when a test says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import connections

from .. import commits, tasks

__all__ = ["HeldTasks", "hold_tasks", "run_feeds"]


class HeldTasks(list):
    """Tasks that wait for the test: (task, arguments) pairs, oldest first."""

    def run(self, index: int = 0, *, keep: bool = False) -> None:
        """Run one of them, as a worker would that got its arguments as JSON; `keep` it to run it twice."""
        task, args = self[index] if keep else self.pop(index)
        task(*json.loads(json.dumps(args)))

    def commit(self) -> None:
        """
        Do what waits for a commit, as if this were one, and hold the tasks that it queues.

        What fails there raises here; a site would only log it.
        """
        for callback in _take_callbacks():
            (work,) = callback.args
            work()

    def run_all(self) -> int:
        """Run all of them, and what they cause, oldest first; returns how many those were."""
        count = 0
        while self:
            self.run()
            count += 1
        return count


@contextmanager
def hold_tasks() -> Iterator[HeldTasks]:
    """Inside, tasks are neither sent nor run, but held in the list that this gives."""
    before, tasks.held = tasks.held, HeldTasks()
    try:
        yield tasks.held
    finally:
        tasks.held = before


def run_feeds() -> int:
    """
    Bring all feeds up to date, as workers would: run what waits for a commit, and the tasks that it causes.

    Returns how many those were. Works inside a TestCase, whose transaction is never committed, and inside
    `hold_tasks()`, whose tasks it runs.
    """
    count, waiting = 0, tasks.held
    with hold_tasks() as held:
        if waiting:
            held += waiting
            waiting.clear()
        while (callbacks := _take_callbacks()) or held:
            for callback in callbacks:
                callback()
            count += len(callbacks) + held.run_all()
    return count


def _take_callbacks() -> list[Any]:
    """What django_feeds wants done on commit, taken off the connections; other apps' callbacks stay."""
    taken = []
    for connection in connections.all(initialized_only=True):
        ours = [entry for entry in connection.run_on_commit if _is_ours(entry[1])]
        connection.run_on_commit = [entry for entry in connection.run_on_commit if entry not in ours]
        taken += [entry[1] for entry in ours]
    return taken


def _is_ours(callback: Any) -> bool:
    return isinstance(callback, partial) and callback.func is commits.run_logged
