"""
What happens later, elsewhere: Celery tasks with JSON arguments only (names, ids, ranges and times, never bodies).

Each asks the truth when it runs, so it may run twice, late, or in another order. With `DJANGO_FEEDS["TASKS"]` set
to "inline" they run at once in the caller's process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from celery import Task, current_app, shared_task
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerUnavailable

from . import conf, delivery, filling, forgetting, records
from .exceptions import FeedsConfigurationError, StorageUnavailable
from .models import ActivityRecord, PendingTask
from .owners import Owner
from .registry import get_manager

__all__ = [
    "back_fill",
    "deliver",
    "enqueue",
    "enqueue_on_commit",
    "fan_out",
    "forget",
    "leave",
    "mode",
    "refill",
    "settle",
    "sweep",
]

logger = logging.getLogger(__name__)

RETRY: dict[str, Any] = {
    "acks_late": True,
    "autoretry_for": (StorageUnavailable, BrokerUnavailable, OperationalError, InterfaceError),
    "retry_backoff": 2,
    "retry_backoff_max": 600,
    "max_retries": 10,
}


class RememberedTask(Task):
    """A task with a row in `PendingTask` until it succeeded."""

    abstract = True

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        PendingTask.objects.filter(pk=task_id).delete()


held: list[tuple[Any, tuple[Any, ...]]] | None = None
"""Tests hold tasks back here (see django_feeds.testing.hold_tasks)."""


@shared_task(name="django_feeds.fan_out", **RETRY)
def fan_out(manager: str, record_ids: list[int], at: str) -> dict[str, Any]:
    """
    Hand these records to everybody whom they concern, a chunk of followers at a time.

    The result, which an admin sees in django-celery-results, says how many chunks that were.
    """
    chunks = 0
    try:
        for priority, ids, source, chunk in delivery.walk(get_manager(manager), record_ids, _time(at)):
            enqueue(settle, manager, ids, source, chunk, at, priority=priority)
            chunks += 1
    except Exception as error:
        ActivityRecord.objects.filter(pk__in=record_ids).update(delivery_error=repr(error)[:1_000])
        raise
    return {"manager": manager, "records": record_ids, "chunks": chunks}


@shared_task(name="django_feeds.settle", base=RememberedTask, ignore_result=True, **RETRY)
def settle(manager: str, activity_ids: list[str], source: Owner, chunk: dict[str, Any], at: str) -> None:
    """Put these activities on, or take them off, the feeds of one chunk of followers, as the truth now is."""
    delivery.settle(get_manager(manager), [UUID(id) for id in activity_ids], source, chunk, _time(at))


@shared_task(name="django_feeds.back_fill", base=RememberedTask, ignore_result=True, **RETRY)
def back_fill(manager: str, owner: Owner, targets: list[Owner], at: str) -> None:
    """Show one who follows these targets what they did before."""
    filling.back_fill(get_manager(manager), owner, targets, _time(at))


@shared_task(name="django_feeds.sweep", base=RememberedTask, ignore_result=True, **RETRY)
def sweep(manager: str, owner: Owner, targets: list[Owner], at: str) -> None:
    """Take off one reader's feeds what only these targets brought, whom he no longer follows."""
    filling.sweep(get_manager(manager), owner, targets, _time(at))


@shared_task(name="django_feeds.refill", ignore_result=True, **RETRY)
def refill(manager: str, feed: str, owner: Owner, at: str) -> None:
    """Fill up a feed that is shorter than it should be. Where it gets lost, the next reader asks for it again."""
    found = get_manager(manager)
    filling.refill(found, found.feed_class_named(feed), owner, _time(at))


@shared_task(name="django_feeds.forget", base=RememberedTask, ignore_result=True, **RETRY)
def forget(manager: str, owner: Owner, at: str) -> None:
    """Forget everything about an owner that was deleted: activities, feeds, followers."""
    found = get_manager(manager)
    for priority, ids, source, chunk in forgetting.forget_activities(found, owner, _time(at)):
        enqueue(settle, manager, ids, source, chunk, at, priority=priority)
    for chunk in forgetting.followers(found, owner):
        enqueue(leave, manager, owner, chunk, at)


@shared_task(name="django_feeds.leave", base=RememberedTask, ignore_result=True, **RETRY)
def leave(manager: str, owner: Owner, chunk: dict[str, Any], at: str) -> None:
    """Let one chunk of followers leave an owner that was deleted."""
    forgetting.leave(get_manager(manager), owner, chunk, _time(at))


@shared_task(name="django_feeds.deliver", ignore_result=True, **RETRY)
def deliver(older_than: float = 60) -> None:
    """Hand out what a dead broker or a killed worker left behind; for Celery beat, every few minutes."""
    send_again(older_than)
    for manager, pks in delivery.by_manager(delivery.undelivered(older_than), PER_TASK):
        enqueue(fan_out, manager, pks, timezone.now().isoformat())


def mode() -> str:
    """ "celery" or "inline": what `DJANGO_FEEDS["TASKS"]` says, else celery where a broker is configured."""
    chosen = conf.get("TASKS")
    if chosen is None:
        return "celery" if current_app.conf.broker_url else "inline"
    if chosen not in ("celery", "inline"):
        raise FeedsConfigurationError(f"DJANGO_FEEDS['TASKS'] must be 'celery', 'inline' or None, not {chosen!r}.")
    return chosen


def enqueue(task: Any, *args: Any, priority: str = "high") -> None:
    """Have a task run: by a worker, at once in this process, or when a test says so."""
    _send(task, args, priority, _remember(task, args, priority) if mode() == "celery" else None)


def enqueue_on_commit(task: Any, *args: Any, priority: str = "high") -> None:
    """`enqueue` once the transaction is committed, with the present time as the last argument."""
    args = (*args, timezone.now().isoformat())
    on_commit(partial(_send, task, args, priority, _remember(task, args, priority)))


def _remember(task: Any, args: Sequence[Any], priority: str) -> PendingTask | None:
    if held is not None or not isinstance(task, RememberedTask):
        return None
    return PendingTask.objects.create(name=task.name, args=args, priority=priority)


def _send(task: Any, args: Sequence[Any], priority: str, pending: PendingTask | None) -> None:
    if held is None and mode() == "celery":
        id = {"task_id": str(pending.pk)} if pending else {}
        task.apply_async(args, queue=conf.get("QUEUES").get(priority), **id)
        return
    if held is not None:
        held.append((task, tuple(args)))
    else:
        task(*args)
    if pending is not None:
        pending.delete()


def send_again(older_than: float) -> int:
    """Send the tasks that have been pending for so many seconds; returns how many those were."""
    count = 0
    for pending in pending_tasks(older_than).order_by("queued_at").iterator(chunk_size=1_000):
        pending.queued_at = timezone.now()
        pending.save(update_fields=["queued_at"])
        _send(current_app.tasks[pending.name], pending.args, pending.priority, pending)
        count += 1
    return count


def pending_tasks(older_than: float) -> QuerySet[PendingTask]:
    """The tasks that were queued at least so many seconds ago and have not finished."""
    return PendingTask.objects.filter(queued_at__lte=timezone.now() - timedelta(seconds=older_than))


def on_commit(work: Callable[[], Any]) -> None:
    """
    Do this once the records are committed. A failure is logged, and never fails the request.

    What failed is not lost: the record knows that it is not delivered, and `deliver_feeds` resumes it.
    """
    transaction.on_commit(partial(run_logged, work), using=records.database(), robust=True)


def publish_on_commit(manager: Any, written: Sequence[ActivityRecord], fanout: bool = True) -> None:
    """Once these records are committed: the own feeds at once, those of followers in the background."""
    at = timezone.now()
    ids = [record.pk for record in written]
    for start in range(0, len(ids), PER_TASK):
        on_commit(partial(_publish, manager, ids[start : start + PER_TASK], at, fanout))


PER_TASK = 100
"""Records handed out by one task; a bulk publication is many such."""


def _publish(manager: Any, record_ids: list[int], at: datetime, fanout: bool) -> None:
    try:
        delivery.deliver_own(manager, record_ids, at)
    except StorageUnavailable:
        logger.exception("The own feeds of the records %s wait for their fan-out.", record_ids)
        fanout = True
    if fanout:
        enqueue(fan_out, manager.name, record_ids, at.isoformat())
    else:
        ActivityRecord.objects.filter(pk__in=record_ids).update(delivered_version=F("version"))


def run_logged(work: Callable[[], Any]) -> None:
    """Do it; log what fails."""
    try:
        work()
    except Exception:
        logger.exception("Feeds could not be written; the records stand, and deliver_feeds will resume.")


def _time(at: str) -> datetime:
    return datetime.fromisoformat(at)
