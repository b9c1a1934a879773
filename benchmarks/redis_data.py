"""What `benchmarks.redis` works on: timelines, sorted sets, activities, rows, and calls whose arguments are ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count
from time import time
from typing import Any
from uuid import UUID

import redis
from django.db import connection
from django.utils import timezone

from benchmarks.rows import activity_id
from django_feeds.activity import Activity
from django_feeds.ids import make_id, pack
from django_feeds.registry import get_feed_class
from django_feeds.storage import Entry, get_storage
from django_feeds.storage.redis import RedisStorage, scripts
from django_feeds.storage.redis.connections import Connection
from example_project.pins.feeds import PinVerb

BOUND = 1_000
BATCH = 1_000
SIZES = range(BOUND // 2, BOUND + 1, 10)
"""The lengths of timelines."""

Command = tuple[Any, ...]

feed_class = get_feed_class("timeline")
assert feed_class.max_length == BOUND


def storage() -> RedisStorage:
    found = get_storage("default")
    assert isinstance(found, RedisStorage)
    return found


def client() -> redis.Redis:
    return storage().connection.client


def owners(number: int) -> list[str]:
    """As many users, with pks of six digits."""
    return [str(100_000 + place) for place in range(number)]


def batches(items: Sequence[Any], size: int = BATCH) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


# Ids


class Clock:
    """Ids of now, each newer than all before."""

    def __init__(self) -> None:
        self.last, self.numbers = 0, count(1)

    def new_id(self) -> UUID:
        self.last = max(self.last + 1, int(time() * 1_000))
        return make_id(self.last, next(self.numbers) * 0x9E3779B97F4A % 2**48 or 1)

    def new_ids(self, number: int) -> list[UUID]:
        return [self.new_id() for _ in range(number)]


clock = Clock()

HISTORY = [activity_id(number) for number in range(BOUND)]
"""The activities on the timelines that are there: a timeline of 700 has the newest 700 of them."""


# Calls


class Recorder:
    """Stands in for redis-py's client: notes the commands instead of sending them."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def execute_command(self, *command: Any) -> list[Any]:
        self.commands.append(command)
        return []


def calls(work: Callable[[RedisStorage], None]) -> list[Command]:
    """The commands that this work on the storage sends, made beforehand."""
    recorder = Recorder()
    noting = RedisStorage("default", storage().options)
    noting.connection = Connection(recorder, noting.alias)
    work(noting)
    return recorder.commands


def load_scripts() -> None:
    """Bare calls name them by their digests, which the server must know."""
    for path in scripts.FOLDER.glob("*.lua"):
        if path.stem != "timeline":
            client().script_load(scripts.script(path.stem).source)


def send(commands: Sequence[Command]) -> None:
    execute = client().execute_command
    for command in commands:
        execute(*command)


# Redis


def fill(owners: Sequence[str]) -> int:
    """
    Timelines of 500 to 1,000 entries for all of them; returns how many entries that is.

    A few come about by pushes, one at a time; the others are copies of these within the server.
    """
    templates = [f"template:{size}" for size in SIZES]
    for place, id in enumerate(HISTORY):
        due = [key for key, size in zip(templates, SIZES, strict=True) if place >= BOUND - size]
        if due:
            storage().add(due, [Entry(id)], max_length=BOUND, at=timezone.now() - timedelta(hours=1))
    prefix = storage().timelines
    copy([prefix + key for key in templates], [prefix + feed_class.key_for(owner) for owner in owners])
    return sum(SIZES[number % len(SIZES)] for number in range(len(owners)))


def fill_sorted_sets(keys: Sequence[str]) -> None:
    """The same as sorted sets: members are packed ids, scores their milliseconds."""
    templates = [f"sorted template:{size}" for size in SIZES]
    for key, size in zip(templates, SIZES, strict=True):
        client().zadd(key, {pack(id): id.int >> 80 for id in HISTORY[-size:]})
    copy(templates, keys)


def copy(sources: Sequence[str], keys: Sequence[str]) -> None:
    """Each of these keys a copy of one of the sources, in turn."""
    for start, some in enumerate(batches(keys)):
        with client().pipeline(transaction=False) as pipeline:
            for place, key in enumerate(some, start * BATCH):
                pipeline.copy(sources[place % len(sources)], key, replace=True)
            pipeline.execute()


def used_memory() -> int:
    return int(client().info("memory")["used_memory"])


def empty() -> None:
    """All feeds and bodies gone; what Celery keeps is in another database."""
    client().flushdb()


# Rows

USERS, BOARDS, PINS = 100_000, 10_000, 1_000_000
"""The first pks of those whom activities name."""


def activity(number: int, actor: int | None = None) -> Activity:
    """An activity as a site has it: pks of six, seven and five digits, and nothing else to say."""
    return Activity(
        ("auth.User", actor or USERS + number * 7919 % 100_000),
        PinVerb,
        ("pins.Pin", PINS + number),
        ("pins.Board", BOARDS + number * 31 % 10_000),
        timezone.now() - timedelta(days=300) + timedelta(seconds=number, microseconds=number * 7919 % 1_000),
    )


def execute(text: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, params)


def make_users(number: int) -> None:
    """Users with the pks 1 to `number`."""
    execute(
        "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff,"
        " is_active, date_joined) SELECT n, '', false, 'user' || n, '', '', '', false, true, now()"
        " FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
        number,
    )


def make_pins(number: int) -> None:
    """The rows that so many activities name."""
    make_users(USERS * 2)
    execute(
        "INSERT INTO pins_board (id, owner_id, name, created_at)"
        " SELECT n, %s + n, 'Board ' || n, now() FROM generate_series(%s, %s) n",
        USERS,
        BOARDS,
        BOARDS + 9_999,
    )
    execute(
        "INSERT INTO pins_item (id, title, category, seed, source_url)"
        " SELECT n, 'Item ' || n, 'sea', n, '' FROM generate_series(%s, %s) n",
        PINS,
        PINS + number - 1,
    )
    execute(
        "INSERT INTO pins_pin (id, user_id, item_id, board_id, comment, created_at)"
        " SELECT %s + n, %s + n * 7919 %% 100000, %s + n, %s + n * 31 %% 10000, '', now()"
        " FROM generate_series(0, %s) n",
        PINS,
        USERS,
        PINS,
        BOARDS,
        number - 1,
    )
    execute("VACUUM ANALYZE")


def make_followers(target: int, number: int) -> None:
    """The first users follow this one. Whether the users are there is not looked up for each of them."""
    execute("SET session_replication_role = replica")
    execute(
        "INSERT INTO django_feeds_follow (user_id, target, created_at)"
        " SELECT %s + n, %s, now() FROM generate_series(0, %s) n",
        USERS,
        str(target),
        number - 1,
    )
    execute("SET session_replication_role = DEFAULT")
    execute("VACUUM ANALYZE django_feeds_follow")
