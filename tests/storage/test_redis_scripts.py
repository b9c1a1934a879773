"""The scripts beside the memory storage, which must tell exactly the same: Redis keeps not one entry more either."""

from __future__ import annotations

from random import Random

import pytest

from django_feeds.ids import MIN_ID, before, pack
from django_feeds.storage import BaseStorage
from django_feeds.storage.memory import MemoryStorage
from django_feeds.storage.redis import RedisStorage, layout
from django_feeds.testing.contract.case import entry

KEYS = ["ann", "bob", "cleo"]
TIMES = range(1, 90)
WHOLE = 1_000

# Few entries are searched one by one, many are merged with the whole list: the scripts say from where on.
NUMBERS = (1, 2, 7, 8, 9, 16, 17, 40)


@pytest.fixture
def storage(redis_url):
    return RedisStorage("tested", {"URL": redis_url})


def entries(random: Random, number: int) -> list:
    grouped = random.choice([0, 0, random.randint(1, 5)])
    some = [entry(ms, random.choice(["", "tie"]), grouped, grouped) for ms in random.sample(TIMES, number)]
    start = random.choice(TIMES)
    return random.choice([some, [entry(ms) for ms in range(start, start + number)]])


def step(random: Random, storages: list[BaseStorage], max_length: int) -> None:
    keys, number = random.sample(KEYS, random.randint(1, 3)), random.choice(NUMBERS)
    some = entries(random, number)
    ids = [each.id for each in some]
    floor = random.choice([min(ids), MIN_ID])
    kind = random.choice(["push"] * 6 + ["refill", "remove", "remove", "trim", "delete"])
    for storage in storages:
        if kind == "push":
            storage.add(keys, some, max_length=max_length)
        elif kind == "refill":
            storage.add(keys, some, max_length=max_length, floor=floor)
        elif kind == "remove":
            storage.remove(keys, ids)
        elif kind == "trim":
            storage.trim(keys, number)
        else:
            storage.delete(keys)


@pytest.mark.parametrize("seed", range(40))
def test_any_steps_leave_what_the_memory_storage_has(storage, seed):
    random, memory = Random(seed), MemoryStorage("compared", {})
    max_length = random.choice([3, 10, 30, 100])

    for _ in range(60):
        step(random, [storage, memory], max_length)

        assert storage.slice_many(KEYS, limit=WHOLE) == memory.slice_many(KEYS, limit=WHOLE)
    for key in KEYS:
        for each in entries(random, 16):
            assert storage.rank(key, each.id, max_length=WHOLE) == memory.rank(key, each.id, max_length=WHOLE)
            for options in (
                {"before": each.id},
                {"after": each.id, "oldest_first": True},
                {"after": each.id, "offset": 3},
            ):
                assert storage.slice(key, limit=7, **options) == memory.slice(key, limit=7, **options)


@pytest.mark.parametrize("seed", range(40))
def test_refills_in_small_parts_tell_nothing_else_though_less(storage, seed, monkeypatch):
    monkeypatch.setattr(layout, "VOUCHED_AT_ONCE", 3)
    random, memory = Random(seed), MemoryStorage("compared", {})
    max_length = random.choice([3, 10, 30])

    for _ in range(60):
        step(random, [storage, memory], max_length)

        for key in KEYS:
            told, expected = (one.slice(key, limit=WHOLE) for one in (storage, memory))
            assert told.entries == [each for each in expected.entries if each.id > told.floor]
            assert told.floor >= expected.floor


def test_more_entries_than_lua_takes_at_once_are_written_and_read(storage):
    memory = MemoryStorage("compared", {})
    old, new = (
        [entry(ms, salt) for ms in times] for salt, times in (("", range(12_000)), ("tie", range(9_000, 23_000)))
    )

    for one in (storage, memory):
        one.add(["ann"], old, max_length=11_000)
        one.add(["ann"], new, max_length=20_000)
        one.remove(["ann"], [each.id for each in new[2_000:9_000]])

    assert storage.slice("ann", limit=WHOLE * 50) == memory.slice("ann", limit=WHOLE * 50)
    assert storage.count("ann", max_length=WHOLE * 50) == 13_000


@pytest.mark.parametrize(
    "held",
    [
        [],
        [22_500],
        range(0, 23_000, 2),
        range(0, 23_000, 3),
        range(21_000, 22_600),
        [5],
        range(0, 22_000, 50),
        range(22_000),
    ],
)
@pytest.mark.parametrize(("max_length", "floor"), [(30_000, 0), (2_500, 0), (30_000, 18_500), (3_000, 19_000)])
def test_a_long_refill_is_one_though_it_takes_many_calls(storage, held, max_length, floor):
    memory = MemoryStorage("compared", {})
    refill = [entry(ms) for ms in range(18_000, 22_000)]

    for one in (storage, memory):
        if held:
            one.add(["ann"], [entry(ms) for ms in held], max_length=max_length, floor=entry(20_500).id)
        one.add(["ann", "bob"], refill, max_length=max_length, floor=entry(floor).id if floor else MIN_ID)

    for key in ("ann", "bob"):
        filled, expected = (one.slice(key, limit=WHOLE * 50) for one in (storage, memory))
        assert filled.entries == expected.entries
        # A full one may claim less: what was cut by one call is vouched for by nobody in the next.
        assert expected.floor <= filled.floor < filled.entries[-1].id


def test_a_long_refill_claims_nothing_about_a_timeline_that_was_lost_and_made_anew_in_the_middle(storage):
    refill = [entry(ms) for ms in range(18_000, 22_000)]
    parts = layout.parts(sorted(refill, reverse=True), MIN_ID)
    first = next(parts)

    def fill(some, below, vouched, above):
        storage._write("add", ["ann"], (30_000, pack(below), vouched, above, 1, *(pack(each.id) for each in some)))

    fill(*first)
    storage.delete(["ann"])
    storage.add(["ann"], [entry(22_001)], max_length=30_000)
    for part in parts:
        fill(*part)

    assert storage.slice("ann", limit=WHOLE) == ([entry(22_001)], before(entry(22_001).id), {})
