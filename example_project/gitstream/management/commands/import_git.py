"""Import the history of a git checkout as an activity stream."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from example_project.gitstream import log
from example_project.gitstream.importing import Importer
from example_project.gitstream.models import Repository

BATCH = 500


class Command(BaseCommand):
    help = "Reads the history of a git checkout: who committed what in which folders. Again: only what is new."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", default=settings.BASE_DIR, type=Path, help="default: this project")
        parser.add_argument("--limit", type=int, help="only the newest so many that are not there yet")
        parser.add_argument("--dry-run", action="store_true", help="only say how many would be imported")

    def handle(self, *, path: Path, limit: int | None, dry_run: bool, **options: Any) -> None:
        if limit is not None and limit < 1:
            raise CommandError("--limit takes a number from 1.")
        try:
            name, number = self._import(path, limit, dry_run, options["verbosity"] < 1)
        except log.GitError as error:
            raise CommandError(str(error)) from error
        said = f"{number} commits of {name} would be imported." if dry_run else f"Imported {number} commits of {name}."
        self.stdout.write(said if dry_run else self.style.SUCCESS(said))

    def _import(self, path: Path, limit: int | None, dry_run: bool, quiet: bool) -> tuple[str, int]:
        """Returns the repository's name, and how many commits were (or would be) imported."""
        top = log.top_of(path)
        first, found = log.first_commit(top), log.hashes(top)
        repository = Repository.objects.filter(root_sha=first).first()
        known = Importer(repository).known() if repository else set()
        wanted = list(islice((sha for sha in found if sha not in known), limit))
        if dry_run:
            return top.name, len(wanted)
        repository = repository or Repository(root_sha=first)
        repository.name = top.name
        repository.save()
        importer = Importer(repository)
        with tqdm(total=len(wanted), unit=" commits", disable=quiet) as bar:
            for start in range(0, len(wanted), BATCH):
                bar.update(importer.write(log.read(top, wanted[start : start + BATCH])))
        return repository.name, len(wanted)
