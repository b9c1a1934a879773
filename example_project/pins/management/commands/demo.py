"""Everything that it takes to see the example, in one command."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from example_project.pins.community import DEMO
from example_project.pins.models import Pin


class Command(BaseCommand):
    help = "Migrates, invents a community where there is none, imports this project's history, and serves the site."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="where to serve it (8000)")
        parser.add_argument("--users", type=int, default=300, help="for the community, if there is none (300)")
        parser.add_argument("--pins", type=int, default=4_000, help="for the community, if there is none (4000)")
        parser.add_argument("--no-server", action="store_true", help="prepare everything, then stop")

    def handle(self, *, port: int, users: int, pins: int, no_server: bool, **options: Any) -> None:
        verbosity = options["verbosity"]
        call_command("migrate", verbosity=0, interactive=False)
        call_command("sync_feed_storages", verbosity=0)
        if not Pin.objects.exists():
            self.stdout.write("Inventing a community ...")
            call_command("seed", users=users, pins=pins, verbosity=verbosity, stdout=self.stdout, stderr=self.stderr)
        self._import_history(verbosity)
        self.stdout.write(
            f"\nOpen http://127.0.0.1:{port}/ and sign in as {DEMO} with the password {DEMO}."
            "\nYour feed is at /feed/, the history of this project at /git/. Stop with Ctrl-C.\n"
        )
        if not no_server:
            call_command("runserver", f"127.0.0.1:{port}", use_reloader=False)

    def _import_history(self, verbosity: int) -> None:
        if not (settings.BASE_DIR / ".git").exists():
            self.stdout.write("This is no git checkout, so there is no history to show at /git/.")
            return
        try:
            call_command("import_git", verbosity=verbosity, stdout=self.stdout, stderr=self.stderr)
        except CommandError as error:
            self.stdout.write(f"No history to show at /git/: {error}")
