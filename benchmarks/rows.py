"""Fills a database: timelines as they look after months of pushes, and a graph with its activities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from itertools import islice
from math import log
from random import Random
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.db.models import Model

from django_feeds.ids import make_id
from django_feeds.models import ActivityRecord, Follow, RecordSource, Timeline, TimelineEntry

BOUND = 1_000
START = 1_700_000_000_000
T, E = Timeline._meta.db_table, TimelineEntry._meta.db_table


def activity_id(number: int) -> UUID:
    """Ids with digests that are spread as those of real ones, one a second."""
    return make_id(START + number * 1_000, number * 0x9E3779B97F4A % 2**48 or 1)


def execute(using: str, text: str, params: Sequence[object] = ()) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(text, params)


def load(using: str, table: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    marks = ", ".join(["%s"] * (columns.count(",") + 1))
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(rows))


def id_param(using: str, id: UUID) -> object:
    return id if connections[using].vendor == "postgresql" else id.bytes


def random_size(random: Random, full: bool) -> int:
    """Rows of a feed under its bound, or of one at it: the bound and what came in since its last cut."""
    return BOUND + int(-log(1 - random.random()) * 100) if full else random.randint(200, 750)


def timelines(using: str, keys: Sequence[str], full: bool) -> int:
    """
    Timelines of 200 to 750 rows, or at their bound of 1,000; returns the number of rows.

    Rows come in as pushes bring them, activity by activity, so that neighbours in a feed are apart on the disk.
    """
    random = Random(len(keys) * 2 + full)
    sizes = [random_size(random, full) for _ in keys]
    longest = max(sizes)
    ids = [activity_id(number) for number in range(longest + 1)]
    load(using, T, f"{quoted(using, 'key')}, floor, grouped", ((key, id_param(using, ids[0]), False) for key in keys))
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT id FROM {T} ORDER BY id DESC LIMIT %s", [len(keys)])
        pks = [pk for (pk,) in cursor.fetchall()]
    kind = "uuid" if connections[using].vendor == "postgresql" else "blob"
    execute(using, f"CREATE TEMPORARY TABLE feed_ids (n integer PRIMARY KEY, id {kind})")
    execute(using, "CREATE TEMPORARY TABLE feed_sizes (timeline integer PRIMARY KEY, size integer)")
    load(using, "feed_ids", "n, id", ((longest - place, id_param(using, id)) for place, id in enumerate(ids)))
    load(using, "feed_sizes", "timeline, size", zip(pks, sizes, strict=True))
    # n counts from the newest: a feed of 300 rows has the newest 300, and its floor is the next.
    execute(
        using,
        f"UPDATE {T} SET floor = (SELECT id FROM feed_sizes JOIN feed_ids ON n = size WHERE timeline = {T}.id)"
        f" WHERE id IN (SELECT timeline FROM feed_sizes)",
    )
    for newest in range(longest, 0, -100):
        execute(
            using,
            f"INSERT INTO {E} (timeline_id, activity_id) SELECT timeline, id FROM feed_ids"
            " JOIN feed_sizes ON n < size WHERE n < %s AND n >= %s ORDER BY n DESC, timeline",
            [newest, newest - 100],
        )
    execute(using, "DROP TABLE feed_ids")
    execute(using, "DROP TABLE feed_sizes")
    return sum(sizes)


def graph(using: str, followed: Sequence[int], activities: int) -> None:
    """
    One reader for each of these numbers, who follows as many; `activities` of each of the followed.

    The readers' users are 1, 2, 3, ...; the followed are "1000", "1001", ....
    """
    User = get_user_model()
    number = max(followed)
    time = datetime(2023, 11, 14, tzinfo=timezone.utc)
    keep(using, User, (User(pk=reader, username=f"reader {reader}") for reader in range(1, len(followed) + 1)))
    keep(
        using,
        ActivityRecord,
        (
            ActivityRecord(
                activity_id=activity_id(n),
                identity_key=activity_id(n),
                identity=[],
                actor=f"auth.User:{1_000 + n % number}",
                verb_id=1,
                object=f"pins.Pin:{n}",
                time=time,
            )
            for n in range(number * activities)
        ),
    )
    records = ActivityRecord.objects.using(using).values_list("pk", "actor", "activity_id").iterator()
    keep(
        using, RecordSource, (RecordSource(owner=actor[10:], activity_id=id, record_id=pk) for pk, actor, id in records)
    )
    keep(
        using,
        Follow,
        (
            Follow(user_id=reader, target=str(1_000 + place * (number // size)))
            for reader, size in enumerate(followed, 1)
            for place in range(size)
        ),
    )


def keep(using: str, model: type[Model], rows: Iterable[Model]) -> None:
    rows = iter(rows)
    while some := list(islice(rows, 2_000)):
        model._default_manager.using(using).bulk_create(some)


def settle(using: str) -> None:
    """What the database would have done by now."""
    if connections[using].vendor == "postgresql":
        execute(using, "VACUUM ANALYZE")
        execute(using, "CHECKPOINT")
    else:
        execute(using, "ANALYZE")
        execute(using, "PRAGMA wal_checkpoint(TRUNCATE)")


def quoted(using: str, name: str) -> str:
    return connections[using].ops.quote_name(name)
