from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...storage import BaseStorage, aliases, get_storage
from ..base import FeedsCommand, many


class Command(FeedsCommand):
    help = """
Make what the storages of feeds need on their servers.

Cassandra needs a keyspace and tables. What is missing is made, and copies are as many as REPLICATION
says; all else that is there is left as it is, so that this can be run on every deployment. The
database storage has its tables by `migrate`; memory and Redis need nothing.
""".strip()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--storage", nargs="+", metavar="ALIAS", help="Only these storages (all of the settings).")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self.say("Dry run: nothing is changed.")
        known = aliases()
        for alias in options["storage"] or known:
            if alias not in known:
                raise CommandError(f"There is no storage {alias!r} (there are: {', '.join(sorted(known))}).")
            self.say(f"{alias}: {self._sync(get_storage(alias), options['dry_run'])}.")

    def _sync(self, storage: BaseStorage, dry_run: bool) -> str:
        statements = storage.lacks()
        with self.bar(storage.alias, total=len(statements)) as bar:
            for statement in statements:
                self.say(f"{storage.alias}: {statement}")
                if not dry_run:
                    storage.provide(statement)
                bar.advance(1)
        if not statements:
            return "nothing is missing"
        return f"{many(len(statements), 'statement')}{' would be' if dry_run else ''} carried out"
