"""Do the tables agree with the code? Run with `check --database default`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.core.checks import CheckMessage, Info
from django.db import connections, router

from .. import verbs
from ..models import VerbRecord
from .declared import dotted

__all__ = ["check"]


def check(databases: Collection[str]) -> Iterator[CheckMessage]:
    alias = router.db_for_read(VerbRecord)
    if alias not in databases or VerbRecord._meta.db_table not in connections[alias].introspection.table_names():
        return
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
