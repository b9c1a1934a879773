"""One client for a process: its threads share it, and a child that was forked goes on with its own connections."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from django_feeds import ids
from django_feeds.storage import Entry, get_storage
from tests import storages

THREADS = 8
ROUNDS = 100


@pytest.fixture(
    params=[
        pytest.param("redis_7", marks=pytest.mark.needs("redis_7")),
        pytest.param("redis_alias", marks=pytest.mark.needs("redis_7")),
        pytest.param("redis_cluster", marks=pytest.mark.needs("redis_cluster")),
    ]
)
def alias(request):
    storages.empty(request.param)
    return request.param


def line(writer: int, number: int) -> Entry:
    return Entry(ids.make_id(1_800_000_000_000 + number, writer + 1), actor=writer + 1)


def write(alias: str, writer: int, rounds: int = ROUNDS) -> None:
    """Into a timeline of one's own and a shared one, and each reply is the reply to what was asked."""
    kept, mine = get_storage(alias), f"own:{writer}"
    for number in range(rounds):
        entry = line(writer, number)
        kept.add([mine, "shared"], [entry], max_length=10_000, floor=ids.MIN_ID)
        kept.put({entry.id: f'{{"writer": {writer}, "number": {number}}}'})
        assert kept.slice(mine, limit=1).entries == [entry]
        assert kept.count(mine, max_length=10_000) == number + 1
        assert kept.get([entry.id]) == {entry.id: f'{{"writer": {writer}, "number": {number}}}'}


def assert_all_is_there(alias: str, writers: int, rounds: int = ROUNDS) -> None:
    kept = get_storage(alias)
    expected = sorted((line(writer, number) for writer in range(writers) for number in range(rounds)), reverse=True)
    assert kept.slice("shared", limit=10_000).entries == expected
    for writer in range(writers):
        assert kept.count(f"own:{writer}", max_length=10_000) == rounds


def test_threads_share_a_client_and_get_their_own_replies(alias):
    barrier = threading.Barrier(THREADS)

    def work(writer):
        barrier.wait()
        write(alias, writer)
        kept = get_storage(alias)
        return kept, kept.connection.client

    with ThreadPoolExecutor(THREADS) as pool:
        kept, clients = zip(*pool.map(work, range(THREADS)), strict=True)

    assert len(set(map(id, kept))) == THREADS
    if alias != "redis_alias":  # there the pool is shared, behind a client for each thread
        assert len(set(map(id, clients))) == 1
    assert_all_is_there(alias, THREADS)


def test_a_few_connections_serve_many_threads_that_come_and_go(alias):
    before = [client.info("clients")["connected_clients"] for client in storages.clients(alias)]
    for round in range(5):
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda writer: write(alias, writer, rounds=2), range(round * THREADS, (round + 1) * THREADS)))

    after = [client.info("clients")["connected_clients"] for client in storages.clients(alias)]

    assert all(now <= then + THREADS for then, now in zip(before, after, strict=True))


# From Python 3.12 on it warns of forks where there are threads, which is what we are here for.
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork_both_go_on(alias):
    context = multiprocessing.get_context("fork")
    get_storage(alias).slice_many([f"own:{number}" for number in range(100)], limit=1)  # connected now, to each node
    children = [context.Process(target=write, args=(alias, writer)) for writer in (1, 2)]
    for child in children:
        child.start()
    try:
        write(alias, 0)
    finally:
        for child in children:
            child.join(600)

    assert [child.exitcode for child in children] == [0, 0]
    assert_all_is_there(alias, 3)
