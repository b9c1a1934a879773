"""Do the tables agree with the code? Run with `check --database default`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.core.checks import CheckMessage, Info, Warning
from django.db import connections, router

from .. import groupings, verbs
from ..exceptions import FeedsError
from ..models import Grouping, VerbRecord
from .declared import dotted, feed_classes, storage_of

__all__ = ["check"]


def check(databases: Collection[str]) -> Iterator[CheckMessage]:
    alias = router.db_for_read(VerbRecord)
    tables = connections[alias].introspection.table_names() if alias in databases else []
    if VerbRecord._meta.db_table in tables:
        yield from _verbs(alias)
    if Grouping._meta.db_table in tables:
        yield from _groupings(alias)
    if databases:
        yield from _storages()


def _storages() -> Iterator[CheckMessage]:
    """Only warnings, since `migrate` runs this too, perhaps before there is a Cassandra."""
    for alias in sorted({feed_class.storage for feed_class in feed_classes().values()}):
        storage = storage_of(alias)
        try:
            lacking = storage.lacks() if storage else []
        except FeedsError as error:
            yield Warning(
                f"Nobody knows whether the storage {alias!r} has all that it needs: {error}",
                hint="See that it can be reached; then: manage.py sync_feed_storages --dry-run",
                id="django_feeds.W012",
            )
            continue
        if lacking:
            yield Warning(
                f"The storage {alias!r} lacks something on its server: {lacking[0].partition('(')[0].strip()}"
                f"{f' and {len(lacking) - 1} more' if lacking[1:] else ''}.",
                hint="manage.py sync_feed_storages",
                id="django_feeds.W011",
            )


def _groupings(alias: str) -> Iterator[CheckMessage]:
    for change in groupings.changes(alias):
        yield Warning(
            f"The feed {change.feed!r} was grouped by {change.before}, and is grouped by {change.now} now; what came "
            "before stays in its old groups.",
            hint=f"manage.py rebuild_feeds --manager {change.manager} --feed {change.feed}",
            id="django_feeds.W007",
        )


def _verbs(alias: str) -> Iterator[CheckMessage]:
    mirrored = set(VerbRecord.objects.using(alias).values_list("id", "infinitive", "past_tense", "path"))
    missing = [
        verb.infinitive
        for verb in verbs.registered()
        if (verb.id, verb.infinitive, verb.past_tense, dotted(verb)) not in mirrored
    ]
    if missing:
        # No warning, since `migrate` runs this check just before it mirrors them.
        yield Info(
            f"The admin and SQL do not know these verbs as they are in the code: {', '.join(missing)}.",
            hint="manage.py migrate mirrors them in VerbRecord.",
            id="django_feeds.I001",
        )
