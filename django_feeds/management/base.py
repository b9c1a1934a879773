"""What the commands have in common: names that are looked up, with the way out where there is no such thing."""

from __future__ import annotations

from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.db.models import Model
from django.utils.module_loading import import_string

from .. import conf
from ..exceptions import FeedsConfigurationError, FeedsError
from ..feeds import Feed
from ..managers import Manager
from ..owners import Owner, label_of, model_of, owner_of, reference_of
from ..registry import get_feed_class, get_manager, managers
from .progress import Bar

__all__ = ["FeedsCommand", "many", "name_of", "positive", "row_of"]


class FeedsCommand(BaseCommand):
    """A command that tells what it does, shows how far it is, and can be asked what it would do."""

    writes = True
    """Does it change anything, so that --dry-run has a meaning?"""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=_HelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        does = "Say what would be done, and do nothing." if self.writes else "Accepted as everywhere: it only reads."
        parser.add_argument("--dry-run", action="store_true", help=does)
        parser.add_argument(
            "--progress",
            action="store_true",
            help="Show a progress bar on stderr at once, also where that is no terminal.",
        )

    def execute(self, *args: Any, **options: Any) -> Any:
        self.quiet = options["verbosity"] == 0
        self.bar_wanted = bool(options["progress"]) and not self.quiet
        try:
            return super().execute(*args, **options)
        except FeedsError as error:
            raise CommandError(str(error)) from error

    def say(self, text: str) -> None:
        if not self.quiet:
            self.stdout.write(text)

    def bar(self, what: str, total: int | None = None, initial: int = 0) -> Bar:
        """A progress bar, as a context manager: shown where somebody looks and it takes a while."""
        return Bar(self.stderr, what, total, initial, wanted=self.bar_wanted, quiet=self.quiet)

    # Names

    def manager_named(self, name: str) -> Manager:
        try:
            return get_manager(name)
        except FeedsConfigurationError as error:
            raise CommandError(f"{error}{_suggestion(name, conf.get('MANAGERS'))}") from error

    def feed_named(self, alias: str) -> tuple[type[Feed], Manager | None]:
        """The feed class of this alias or dotted path, and the manager that fills it."""
        try:
            if alias in conf.get("FEEDS") or "." not in alias:
                feed_class = get_feed_class(alias)
            else:
                feed_class = import_string(alias)
        except (FeedsConfigurationError, ImportError) as error:
            raise CommandError(f"{error}{_suggestion(alias, conf.get('FEEDS'))}") from error
        if not (isinstance(feed_class, type) and issubclass(feed_class, Feed)):
            raise CommandError(f"{alias!r} is {feed_class!r}, which is no feed.")
        filling = (manager for manager in managers() if feed_class in manager.all_feed_classes())
        return feed_class, next(filling, None)

    def owner_named(self, text: str) -> Owner:
        """The owner of this pk, "app.Model:pk" or user name; raises CommandError where there is no such row."""
        if row_of(text) is not None:
            return text
        user_model = get_user_model()
        try:
            return owner_of(user_model._default_manager.get_by_natural_key(text))
        except (user_model.DoesNotExist, AttributeError):
            pass
        label, colon, _pk = text.partition(":")
        if colon and model_of(label) is None:
            raise CommandError(f"{text!r} owns no feed: no model {label!r} is installed. Write app.Model:pk.")
        if colon:
            raise CommandError(f"{text!r} owns no feed: there is no such {label}.")
        raise CommandError(
            f"{text!r} owns no feed: there is no {label_of(user_model)} with this pk or user name. For anything else "
            "that is followed write app.Model:pk, for instance pins.Board:5."
        )


def row_of(owner: Owner) -> Model | None:
    """The row that an owner is, if it is there."""
    try:
        reference = reference_of(owner)
    except FeedsError:
        return None
    model = model_of(reference.label)
    return model._base_manager.filter(pk=reference.pk).first() if model else None


def name_of(owner: Owner) -> str:
    """An owner as people know it too: "13 (ann)"."""
    row = row_of(owner)
    return f"{owner} ({row})" if row is not None else f"{owner} (gone)"


def many(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def positive(text: str) -> int:
    """An option that is a whole number from 1."""
    try:
        number = int(text.replace("_", "").replace(",", ""))
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return number


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


class _HelpFormatter(RawDescriptionHelpFormatter, DjangoHelpFormatter):
    """Help texts have paragraphs and examples."""
