from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone, translation

from ...digests import DAYS, Digest, digest_class, digests, mailer, owners_told, site_url
from ...exceptions import FeedsConfigurationError
from ...owners import Owner
from ...registry import get_manager
from ..base import FeedsCommand, many, positive

OWNERS = 500
"""Owners looked up by one query."""

PATIENCE = 10
"""After so many failures without a success between them, it is the server that fails."""

logger = logging.getLogger("django_feeds.digests")


class Command(FeedsCommand):
    help = """
Send users by e-mail what they were told and have not read: each what is new since his last mail.

Nobody gets anything who wants no digests, is inactive, or has no e-mail address. Nothing is marked as
seen or read. Run it once a day or once an hour by cron or Celery beat: twice, late, or twice at the same
time sends nothing twice. A mail that could not be sent is tried again by the next run.

The mails are made by the class in DJANGO_FEEDS["DIGEST"]. Their links begin with
DJANGO_FEEDS["SITE_URL"]; without it they have none.
""".strip()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--user",
            action="append",
            metavar="USER",
            help="Only this user, by pk or name; may be given several times.",
        )
        parser.add_argument(
            "--days",
            type=positive,
            default=DAYS,
            metavar="N",
            help=f"Leave out what somebody was told more than N days ago ({DAYS}), so that a first run sends no years.",
        )
        parser.add_argument(
            "--limit", type=positive, metavar="N", help="Stop when N mails are sent; run again for more."
        )
        parser.add_argument(
            "--language",
            metavar="CODE",
            help="The language of mails to those for whom the class names none, such as nl (LANGUAGE_CODE).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.options, self.sent, self.failed, self.in_a_row = options, 0, 0, 0
        self._check_settings()
        if options["dry_run"]:
            self.say("Dry run: nothing is sent.")
        since = timezone.now() - timedelta(days=options["days"])
        self.connection = mailer()
        try:
            with self._language(options["language"]):
                self._run(self._chosen() or owners_told(since, OWNERS), since)
        finally:
            self._hang_up()
        self.say(f"{many(self.sent, 'digest')} {'would be ' if options['dry_run'] else ''}sent.")
        if self.failed:
            raise CommandError(
                f"{many(self.failed, 'digest')} could not be sent; the log says why. The next run tries again."
            )

    def _run(self, batches: Iterable[list[Owner]], since: datetime) -> None:
        with self.bar("users") as bar:
            for owners in batches:
                for digest in digests(owners, since):
                    if self.sent == self.options["limit"]:
                        return
                    self._handle(digest)
                bar.advance(len(owners))

    def _handle(self, digest: Digest) -> None:
        try:
            self.sent += self._tell(digest) if self.options["dry_run"] else digest.send(self.connection)
        except FeedsConfigurationError:
            raise
        except Exception as error:
            # One address that a server refuses, or one broken name, is not to cost all others their mail.
            logger.exception("The digest of user %s could not be sent.", digest.user.pk)
            self._count_failure(error)
        else:
            self.in_a_row = 0

    def _count_failure(self, error: Exception) -> None:
        self.failed += 1
        self.in_a_row += 1
        self._hang_up()  # the next mail finds a connection that nothing went wrong on
        if self.in_a_row == PATIENCE:
            raise CommandError(
                f"{many(self.sent, 'digest')} sent. Then {PATIENCE} could not be sent, one after the other, the last "
                f"because of: {error!r}. The others are left to the next run."
            ) from error

    def _tell(self, digest: Digest) -> bool:
        message = digest.message()
        if message is not None:
            self.say(f"  {digest.user} <{digest.address}>: {message.subject}")
        return message is not None

    # What it needs

    def _check_settings(self) -> None:
        digest_class()
        if get_manager().notification_feed_class is None:
            raise CommandError(
                "DJANGO_FEEDS['MANAGERS']['default'] has no NOTIFICATIONS: nobody is told anything. Name a feed there."
            )
        if not site_url() and not self.quiet:
            self.stderr.write(
                "DJANGO_FEEDS['SITE_URL'] is not set: the mails have no links, not even one to unsubscribe.",
                self.style.WARNING,
            )

    def _chosen(self) -> list[list[Owner]]:
        named = self.options["user"]
        owners = [self.owner_named(text) for text in named or ()]
        for owner in owners:
            if ":" in owner:
                raise CommandError(f"{owner!r} is no user; digests are for users. Give --user a pk or a name.")
        return [owners] if owners else []

    @contextmanager
    def _language(self, code: str | None) -> Iterator[None]:
        try:
            known = code and translation.get_supported_language_variant(code)
        except LookupError as error:
            raise CommandError(f"LANGUAGES has no {code!r}, nor a language like it.") from error
        with translation.override(known or translation.get_language()):
            yield

    def _hang_up(self) -> None:
        with suppress(Exception):  # how a server says goodbye is its own affair
            self.connection.close()
