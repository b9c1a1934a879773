from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from ... import delivery, tasks
from ...models import ActivityRecord
from ..base import FeedsCommand, many, positive

LISTED = 20


class Command(FeedsCommand):
    help = """
Hand out the activities that a dead broker, a killed worker or a storage's failure left behind.

Every activity has a record of how far it got, and every task a row until it succeeded. What is left is
queued once more (or, with "TASKS": "inline", done now). For what is on its way already that is harmless.
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
            "--batch-size", type=positive, default=tasks.PER_TASK, metavar="N", help="Activities for one task (100)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        waiting = tasks.waiting_records(options["older_than"])
        if options["dry_run"]:
            self._list(waiting)
            unfinished = sum(1 for _pending in tasks.pending_tasks(options["older_than"]))
            if unfinished:
                self.say(f"And {many(unfinished, 'unfinished task')}.")
            return
        again = self._reaching_the_broker(tasks.send_again, options["older_than"])
        done = 0
        with self.bar("activities", waiting.count()) as bar:
            for manager, pks in delivery.by_manager(waiting, options["batch_size"]):
                self._reaching_the_broker(tasks.enqueue, tasks.fan_out, manager, pks, timezone.now().isoformat())
                done += len(pks)
                bar.advance(len(pks))
        how = "queued" if tasks.mode() == "celery" else "delivered"
        self.say(f"{many(done, 'activity', 'activities')} {how}.")
        if again:
            self.say(f"{many(again, 'unfinished task')} {'queued' if tasks.mode() == 'celery' else 'done'}.")

    def _reaching_the_broker(self, work: Callable[..., Any], *args: Any) -> Any:
        try:
            return work(*args)
        except OperationalError as error:
            raise CommandError(f"The broker cannot be reached: {error}. Nothing is lost; try again later.") from error

    def _list(self, waiting: QuerySet[ActivityRecord]) -> None:
        count = waiting.count()
        self.say(f"Dry run: {many(count, 'activity', 'activities')} would be handed out.")
        for record in waiting.order_by("time", "pk")[:LISTED]:
            error = f" ({record.delivery_error})" if record.delivery_error else ""
            self.say(f"  {timezone.localtime(record.time):%Y-%m-%d %H:%M:%S}  {record}{error}")
        if count > LISTED:
            self.say(f"  and {count - LISTED:,} more")
