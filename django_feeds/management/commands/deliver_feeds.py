from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import F, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from ... import tasks
from ...models import ActivityRecord
from ...sources import all_sources
from ..base import FeedsCommand, many, positive

LISTED = 20


class Command(FeedsCommand):
    help = """
Hand out the activities that a dead broker, a killed worker or a storage's failure left behind.

Every activity has a record of how far it got. Those that did not get to all feeds are queued once more
(or, with "TASKS": "inline", delivered now). Doing that to one that is on its way already is harmless.
Run it by hand after a failure, or every few minutes by cron or Celery beat.
""".strip()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--older-than",
            type=float,
            default=60,
            metavar="SECONDS",
            help="Leave alone what happened in the last SECONDS (60): workers are about to deliver it.",
        )
        parser.add_argument(
            "--manager",
            default="default",
            help="Who delivers activities that no registered model caused: an alias or dotted path (default).",
        )
        parser.add_argument(
            "--batch-size", type=positive, default=tasks.PER_TASK, metavar="N", help="Activities for one task (100)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.manager_named(options["manager"])
        waiting = undelivered(options["older_than"])
        if options["dry_run"]:
            self._list(waiting)
            return
        done = 0
        with self.bar("activities", waiting.count()) as bar:
            for manager, pks in _batches(waiting, options["manager"], options["batch_size"]):
                self._enqueue(manager, pks)
                done += len(pks)
                bar.advance(len(pks))
        how = "queued" if tasks.mode() == "celery" else "delivered"
        self.say(f"{many(done, 'activity', 'activities')} {how}.")

    def _enqueue(self, manager: str, pks: list[int]) -> None:
        try:
            tasks.enqueue(tasks.fan_out, manager, pks, timezone.now().isoformat())
        except OperationalError as error:
            raise CommandError(f"The broker cannot be reached: {error}. Nothing is lost; try again later.") from error

    def _list(self, waiting: QuerySet[ActivityRecord]) -> None:
        count = waiting.count()
        self.say(f"Dry run: {many(count, 'activity', 'activities')} would be handed out.")
        for record in waiting.order_by("pk")[:LISTED]:
            error = f" ({record.delivery_error})" if record.delivery_error else ""
            self.say(f"  {timezone.localtime(record.time):%Y-%m-%d %H:%M:%S}  {record}{error}")
        if count > LISTED:
            self.say(f"  and {count - LISTED:,} more")


def undelivered(older_than: float) -> QuerySet[ActivityRecord]:
    """The records that did not get to all feeds, without those of the last `older_than` seconds."""
    now = timezone.now()
    waiting = ActivityRecord.objects.filter(delivered_version__lt=F("version"))
    return waiting.exclude(time__gt=now - timedelta(seconds=older_than), time__lte=now)


def _batches(waiting: QuerySet[ActivityRecord], default: str, size: int) -> Iterator[tuple[str, list[int]]]:
    """(manager, records) for one task each; a record belongs to the manager of the source that made it."""
    managers = {(source.label or source.model._meta.label, source.verb.id): source.manager for source in all_sources()}
    last = 0
    while rows := list(waiting.filter(pk__gt=last).order_by("pk").values_list("pk", "identity")[:size]):
        by_manager: dict[str, list[int]] = {}
        for pk, identity in rows:
            cause = (identity[0], identity[-1]) if len(identity) == 3 else None
            by_manager.setdefault(managers.get(cause, default), []).append(pk)  # type: ignore[arg-type]
        yield from by_manager.items()
        last = rows[-1][0]
