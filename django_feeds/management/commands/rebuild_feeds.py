from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from ... import groupings, rebuilding
from ...exceptions import FeedsError
from ...feeds import Feed
from ...managers import Manager
from ...models import ActivityRecord
from ...rebuilding import Step
from ...sources import ActivitySource, all_sources
from ..base import FeedsCommand, many, positive
from ..progress import Checkpoint

GO_ON = "The place is kept: the same command goes on there, and with --restart it begins anew."
PHASES = ("records", "own", "timelines", "notifications")


class Phase(NamedTuple):
    """One part of the work, which can be gone on with behind a place."""

    name: str
    what: str
    total: Callable[[], int]
    steps: Callable[[str | None], Iterator[Step]]
    summary: Callable[[int, Counter[str]], str]
    feeds: Collection[type[Feed]] = ()
    """Those whose timelines are all made anew."""


class Command(FeedsCommand):
    help = """
Make all feeds anew from the rows of your models.

For a site whose rows are older than its feeds, for rows that changed without signals (bulk_create,
QuerySet.update, SQL), and for a storage that lost something. Four phases:

  records    each row of each registered model is recorded as an activity; what changed is
             updated, what is gone or not to be published any more is taken back
  own        the own feeds (of users, boards, ...) are brought in line with the records
  timelines  the feeds of readers are brought in line with what they follow
  notifications
             what users are told is brought in line with the records; what was seen and read
             stays so

Nobody is told of rows that are recorded here for the first time. The place is stored after each
batch: a run that was killed goes on there when the same command is given again. Doing it twice
changes nothing, and the site may be in use meanwhile.
""".strip()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--manager", default="default", help="Whose feeds: an alias or dotted path (default).")
        parser.add_argument("--feed", nargs="+", metavar="ALIAS", help="Only these feeds of the manager.")
        parser.add_argument(
            "--owner",
            nargs="+",
            metavar="OWNER",
            help="Only the feeds of these: pks or names of users, or app.Model:pk. Records stay as they are.",
        )
        parser.add_argument(
            "--source", nargs="+", metavar="app.Model", help="Record the rows of these registered models only."
        )
        parser.add_argument("--only", choices=PHASES, help="Do this phase only.")
        parser.add_argument(
            "--restart", action="store_true", help="Begin anew, also where an earlier run was stopped half-way."
        )
        parser.add_argument(
            "--batch-size", type=positive, default=1_000, metavar="N", help="Rows in one batch (1,000; at most 10,000)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.options = options
        self.write = not options["dry_run"]
        if options["owner"] and options["only"] == "records":
            raise CommandError("--owner chooses feeds, and --only records rebuilds none: leave one of them out.")
        phases = self._phases(self.manager_named(options["manager"]))
        same = {name: options[name] for name in ("manager", "feed", "owner", "source", "only")}
        job = Checkpoint("rebuild_feeds", same, restart=options["restart"], keep=self.write)
        self.at = job.started_at
        try:
            self._run(job, phases)
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. {GO_ON}", returncode=130) from None
        except FeedsError as error:
            raise CommandError(f"{error}\n{GO_ON}") from error
        job.finish()

    def _run(self, job: Checkpoint, phases: list[Phase]) -> None:
        if not self.write:
            self.say("Dry run: nothing is changed.")
        elif not job.is_new:
            self.say(f"Going on where the run of {timezone.localtime(job.started_at):%Y-%m-%d %H:%M} stopped.")
        for phase in phases:
            state = job.place.setdefault(phase.name, {"after": None, "done": 0, "counts": {}, "complete": False})
            if not state["complete"]:
                self._run_phase(phase, state, job)
            self.say(phase.summary(state["done"], Counter(state["counts"])))
            if self.write and not self.options["owner"]:
                groupings.note_rebuilt(phase.feeds)

    def _run_phase(self, phase: Phase, state: dict[str, Any], job: Checkpoint) -> None:
        with self.bar(phase.what, phase.total(), state["done"]) as bar:
            for step in phase.steps(state["after"]):
                state["after"] = step.place
                state["done"] += step.done
                state["counts"] = Counter(state["counts"]) + step.counts
                job.save()
                bar.advance(step.done)
        state["complete"] = True
        job.save()

    # What there is to do

    def _phases(self, manager: Manager) -> list[Phase]:
        feed_classes = self._chosen_feeds(manager)
        owners = [self.owner_named(text) for text in self.options["owner"] or ()] or None
        only = self.options["only"]
        phases: list[Phase] = []
        if only in (None, "records") and not owners:
            phases += self._record_phases(manager)
        own = manager.user_feed_class
        if only in (None, "own") and own in feed_classes.values():
            phases.append(self._own_phase(manager, owners))
        told = manager.notification_feed_class
        readers_feeds = {name: one for name, one in feed_classes.items() if one not in (own, told)}
        if only in (None, "timelines") and readers_feeds:
            phases.append(self._readers_phase(manager, readers_feeds, owners))
        if only in (None, "notifications") and told in feed_classes.values():
            phases.append(self._notifications_phase(manager, owners))
        if not phases:
            raise CommandError("Nothing is left to rebuild: --feed and --only exclude one another.")
        return phases

    def _record_phases(self, manager: Manager) -> Iterator[Phase]:
        sources = self._chosen_sources(manager)
        # Only a run that rebuilds every feed can vouch that these records have been delivered.
        deliver = not (self.options["only"] or self.options["feed"])
        how: dict[str, Any] = {"write": self.write, "deliver": deliver}
        size = min(self.options["batch_size"], 10_000)

        def of_rows(source: ActivitySource) -> Phase:
            label = f"{source.model._meta.label} ({source.verb.infinitive})"
            return Phase(
                f"records of {label}",
                label,
                source.get_queryset().count,
                lambda after: rebuilding.publish_rows(manager, source, after, size, self.at, **how),
                lambda done, counts: f"{label}: {many(done, 'row')}, {_changes(counts)}.",
            )

        yield from map(of_rows, sources)
        if sources:
            yield Phase(
                "records without rows",
                "records without rows",
                ActivityRecord.objects.filter(published=True).count,
                lambda after: rebuilding.retract_vanished(manager, sources, after, size, self.at, **how),
                lambda done, counts: f"Records whose rows are gone: {counts['retracted']:,} of {done:,} taken back.",
            )

    def _own_phase(self, manager: Manager, owners: list[str] | None) -> Phase:
        return Phase(
            "own",
            "own feeds",
            lambda: len(owners) if owners else rebuilding.owners().count(),
            lambda after: rebuilding.own_feeds(manager, after, self.at, only=owners, write=self.write),
            lambda done, counts: f"Own feeds: {self._rebuilt(done, 'owner', counts)}.",
            list(filter(None, [manager.user_feed_class])),
        )

    def _readers_phase(self, manager: Manager, feeds: dict[str, type[Feed]], owners: list[str] | None) -> Phase:
        classes = list(feeds.values())
        return Phase(
            "timelines",
            "readers' feeds",
            lambda: len(owners) if owners else rebuilding.readers().count(),
            lambda after: rebuilding.readers_feeds(manager, classes, after, self.at, only=owners, write=self.write),
            lambda done, counts: f"Readers' feeds ({', '.join(feeds)}): {self._rebuilt(done, 'reader', counts)}.",
            classes,
        )

    def _notifications_phase(self, manager: Manager, owners: list[str] | None) -> Phase:
        return Phase(
            "notifications",
            "notifications",
            lambda: len(owners) if owners else rebuilding.readers().count(),
            lambda after: rebuilding.notifications(manager, after, self.at, only=owners, write=self.write),
            lambda done, counts: f"Notifications: {self._rebuilt(done, 'reader', counts)}.",
            list(filter(None, [manager.notification_feed_class])),
        )

    def _chosen_sources(self, manager: Manager) -> list[ActivitySource]:
        mine = [source for source in all_sources() if source.manager == manager.name]
        wanted = self.options["source"]
        if not wanted:
            return mine
        labels = {source.model._meta.label_lower: source.model._meta.label for source in mine}
        unknown = [label for label in wanted if label.lower() not in labels]
        if unknown:
            there = ", ".join(sorted(labels.values())) or "none"
            raise CommandError(f"The manager {manager.name!r} has no source {unknown[0]!r}. It has: {there}.")
        return [source for source in mine if source.model._meta.label_lower in {label.lower() for label in wanted}]

    def _chosen_feeds(self, manager: Manager) -> dict[str, type[Feed]]:
        there = manager.named_feeds()
        wanted = self.options["feed"] or list(there)
        for name in wanted:
            if name not in there:
                raise CommandError(f"The manager {manager.name!r} has no feed {name!r}. It has: {', '.join(there)}.")
        return {name: there[name] for name in wanted}

    def _rebuilt(self, done: int, noun: str, counts: Counter[str]) -> str:
        if self.write:
            return f"{many(done, noun)}, rebuilt"
        return f"{many(done, noun)}, {many(counts['different'], 'feed')} to be changed"


def _changes(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in ("new", "changed", "retracted"))
