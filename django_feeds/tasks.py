"""
What happens later, elsewhere: Celery tasks with JSON arguments only (names, ids, ranges and times, never bodies).

Each asks the truth when it runs, so it may run twice, late, or in another order. With `DJANGO_FEEDS["TASKS"]` set
to "inline" they run at once in the caller's process.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from celery import Task, current_app, shared_task
from django.db import InterfaceError, OperationalError
from django.db.models import F, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerUnavailable

from . import commits, conf, delivery, filling, forgetting
from .exceptions import FeedsConfigurationError, StorageUnavailable
from .models import ActivityRecord, PendingTask
from .owners import Owner
from .registry import get_manager

__all__ = [
    "back_fill",
    "deliver",
    "deliver_own",
    "enqueue",
    "enqueue_on_commit",
    "fan_out",
    "forget",
    "leave",
    "mode",
    "notify",
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


@shared_task(name="django_feeds.fan_out", base=RememberedTask, **RETRY)
def fan_out(manager: str, record_ids: list[int], at: str) -> dict[str, Any]:
    """
    Hand these records to everybody whom they concern, a chunk of followers at a time.

    The result, which an admin sees in django-celery-results, says how many chunks that were.
    """
    chunks = 0
    try:
        for concerned in delivery.walk(get_manager(manager), record_ids, _time(at)):
            _hand_out(manager, concerned, at)
            chunks += 1
    except Exception as error:
        ActivityRecord.objects.filter(pk__in=record_ids).update(delivery_error=repr(error)[:1_000])
        raise
    return {"manager": manager, "records": record_ids, "chunks": chunks}


@shared_task(name="django_feeds.deliver_own", base=RememberedTask, ignore_result=True, **RETRY)
def deliver_own(manager: str, record_ids: list[int], at: str) -> None:
    """Bring these records to the own feeds alone, where followers are not to hear of them."""
    delivery.deliver_own(get_manager(manager), record_ids, _time(at))


@shared_task(name="django_feeds.settle", base=RememberedTask, ignore_result=True, **RETRY)
def settle(manager: str, activity_ids: list[str], source: Owner, chunk: dict[str, Any], at: str) -> None:
    """Put these activities on, or take them off, the feeds of one chunk of followers, as the truth now is."""
    delivery.settle(get_manager(manager), [UUID(id) for id in activity_ids], source, chunk, _time(at))


@shared_task(name="django_feeds.notify", base=RememberedTask, ignore_result=True, **RETRY)
def notify(manager: str, activity_ids: list[str], chunk: dict[str, Any], at: str) -> None:
    """Put these activities on, or take them off, the notification feeds of one chunk, as the truth now is."""
    delivery.notify(get_manager(manager), [UUID(id) for id in activity_ids], chunk, _time(at))


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
def forget(managers: list[str], owner: Owner, at: str) -> None:
    """Forget everything about an owner that was deleted: activities, feeds, followers."""
    found = [get_manager(name) for name in managers]
    for manager, concerned in forgetting.forget_activities(found, owner, _time(at)):
        _hand_out(manager.name, concerned, at)
    owning = [[manager] for manager in found if manager.owns_graph]
    sharing = [manager for manager in found if not manager.owns_graph]
    for group in [*owning, sharing] if sharing else owning:
        for chunk in forgetting.followers(group[0], owner):
            enqueue(leave, [manager.name for manager in group], owner, chunk, at)


@shared_task(name="django_feeds.leave", base=RememberedTask, ignore_result=True, **RETRY)
def leave(managers: list[str], owner: Owner, chunk: dict[str, Any], at: str) -> None:
    """Let one chunk of followers leave an owner that was deleted."""
    forgetting.leave([get_manager(name) for name in managers], owner, chunk, _time(at))


@shared_task(name="django_feeds.deliver", ignore_result=True, **RETRY)
def deliver(older_than: float = 60) -> None:
    """Hand out what a dead broker or a killed worker left behind; for Celery beat, every few minutes."""
    resume(older_than)


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
    commits.on_commit(partial(_send, task, args, priority, _remember(task, args, priority)))


def _hand_out(manager: str, concerned: delivery.Concerned, at: str) -> None:
    if isinstance(concerned, delivery.Told):
        enqueue(notify, manager, concerned.ids, concerned.chunk, at)
    else:
        enqueue(settle, manager, concerned.ids, concerned.source, concerned.chunk, at, priority=concerned.priority)


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


def resume(older_than: float = 60, size: int = 100) -> tuple[int, int]:
    """
    Send what has been waiting for so many seconds; returns how many activities without a task, and tasks, that was.
    """
    sent = send_again(older_than)
    activities = 0
    for manager, pks in delivery.by_manager(waiting_records(older_than), size):
        enqueue(fan_out, manager, pks, timezone.now().isoformat())
        activities += len(pks)
    return activities, sent


def send_again(older_than: float) -> int:
    """
    Send the tasks that have been waiting for so many seconds; returns how many those were.

    A task that is sent again and again is sent at twice the distance each time, so that a queue which is merely long
    does not grow of this. One that fails here, or that nobody knows any more, is logged and stays; the others go on.
    """
    return sum(_send_again(pending) for pending in pending_tasks(older_than))


def waiting_records(older_than: float) -> QuerySet[ActivityRecord]:
    """The records that did not get to all feeds, and that no unfinished fan-out is about."""
    return delivery.undelivered(older_than).exclude(pk__in=_records_with_a_task())


def pending_tasks(older_than: float) -> Iterator[PendingTask]:
    """The unfinished tasks that are due to be sent again."""
    now = timezone.now()
    queued = PendingTask.objects.filter(queued_at__lte=now - timedelta(seconds=older_than))
    for pending in queued.order_by("queued_at").iterator(chunk_size=1_000):
        patience = older_than * 2 ** min(pending.attempts, 10)
        if pending.queued_at <= now - timedelta(seconds=patience):
            yield pending


def _send_again(pending: PendingTask) -> bool:
    pending.queued_at, pending.attempts = timezone.now(), pending.attempts + 1
    pending.save(update_fields=["queued_at", "attempts"])
    try:
        _send(current_app.tasks[pending.name], pending.args, pending.priority, pending)
    except BrokerUnavailable:
        raise  # so would be all others
    except Exception:
        logger.exception("The pending task %s could not be sent again; it stays.", pending)
        return False
    return True


def _records_with_a_task() -> set[int]:
    """The records that a fan-out which has not finished is about."""
    pending = PendingTask.objects.filter(name=fan_out.name).values_list("args", flat=True)
    return {pk for args in pending.iterator(chunk_size=1_000) for pk in args[1]}


def publish_on_commit(manager: Any, written: Sequence[ActivityRecord], fanout: bool = True) -> None:
    """
    Once these records are committed: the own feeds at once, those of followers in the background.

    Without `fanout`, followers hear nothing, whatever fails: the records count as delivered, and the own feeds wait
    in a task of their own.
    """
    ids = [record.pk for record in written]
    for start in range(0, len(ids), PER_TASK):
        some = ids[start : start + PER_TASK]
        if fanout:
            commits.on_commit(partial(_publish, manager, some))
            continue
        # What followers are waiting for already, they still get.
        known = ActivityRecord.objects.filter(pk__in=some, delivered_version=F("version") - 1)
        known.update(delivered_version=F("version"))
        args = (manager.name, some, timezone.now().isoformat())
        commits.on_commit(partial(_publish_silently, manager, args, _remember(deliver_own, args, "high")))


PER_TASK = 100
"""Records handed out by one task; a bulk publication is many such."""


def _publish(manager: Any, record_ids: list[int]) -> None:
    at = timezone.now()
    try:
        delivery.deliver_own(manager, record_ids, at)
    except StorageUnavailable:
        logger.exception("The own feeds of the records %s wait for their fan-out.", record_ids)
    enqueue(fan_out, manager.name, record_ids, at.isoformat())


def _publish_silently(manager: Any, args: tuple[str, list[int], str], pending: PendingTask | None) -> None:
    try:
        delivery.deliver_own(manager, args[1], _time(args[2]))
    except StorageUnavailable:
        logger.exception("The own feeds of the records %s wait for a task.", args[1])
        _send(deliver_own, args, "high", pending)
    else:
        if pending:
            pending.delete()


def _time(at: str) -> datetime:
    """
    When this step writes: the present, which is before it asks the truth, and not before it was asked for.

    What was asked for inside a transaction is true only once that is committed. A refill that ran meanwhile wrote what
    it knew until then, at a later time than that of asking, and storages with write times would let it win.
    """
    return max(datetime.fromisoformat(at), timezone.now())
