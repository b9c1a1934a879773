"""A fan-out that is killed between its chunks and runs again leaves what an undisturbed one leaves: one copy each."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from django_feeds.exceptions import StorageUnavailable
from django_feeds.ids import MIN_ID
from django_feeds.storage import get_storage
from django_feeds.storage.redis import RedisStorage
from django_feeds.testing.contract.case import entries
from tests import servers

from .chunks_killed import KEYS

SCRIPT = Path(__file__).with_name("chunks_killed.py")

ADDED = {"the newest": [20], "between others": [5], "some": [20, 5, 2]}


@pytest.fixture(params=servers.REDIS)
def server(own_redis, request):
    server = own_redis(request.param)
    server.start()
    return server


@pytest.fixture
def storage(server):
    return RedisStorage("mine", {"URL": server.url})


def seed(storage):
    """Timelines that were cut at the bound, whole ones, others, and every fourth is not there."""
    storage.add(KEYS[0::4], entries(2, 3, 4, 9), max_length=3)
    storage.add(KEYS[1::4], entries(9), floor=MIN_ID, max_length=3)
    storage.add(KEYS[2::4], entries(1, 9), max_length=3)


def undisturbed(times):
    """What one run leaves, by the storage in memory."""
    memory = get_storage("memory")
    seed(memory)
    memory.add(KEYS, entries(*times), max_length=3)
    return memory.slice_many(KEYS, limit=3)


@pytest.mark.parametrize("times", ADDED.values(), ids=ADDED)
def test_a_process_that_is_killed(server, storage, times):
    seed(storage)
    command = [sys.executable, str(SCRIPT), server.url, *map(str, times)]

    torn = 0
    for place in (3, 8_003, 14_003):
        process = subprocess.Popen(command)
        while process.poll() is None and not storage.count(KEYS[place], max_length=3):
            pass
        process.kill()
        process.wait()
        torn += not storage.count(KEYS[-1], max_length=3)
    subprocess.run(command, check=True)

    assert torn
    assert storage.slice_many(KEYS, limit=3) == undisturbed(times)


def test_connections_that_are_lost(server, storage):
    seed(storage)

    with losing_connections(server):
        until_done(lambda: storage.add(KEYS, entries(20, 5, 2), max_length=3))

    assert storage.slice_many(KEYS, limit=3) == undisturbed([20, 5, 2])


def test_a_server_that_is_killed(server, storage):
    killer = Thread(target=kill_at, args=(server, KEYS[5_000]))
    killer.start()
    with pytest.raises(StorageUnavailable):
        forever(lambda: storage.add(KEYS, entries(5), max_length=3))
    killer.join()
    server.start()

    storage.add(KEYS, entries(5), max_length=3)

    memory = get_storage("memory")
    memory.add(KEYS, entries(5), max_length=3)
    assert storage.slice_many(KEYS, limit=3) == memory.slice_many(KEYS, limit=3)


def kill_at(server, key):
    """Kill the server as soon as it has this timeline."""
    storage = RedisStorage("killer", {"URL": server.url})
    while not storage.count(key, max_length=1):
        pass
    server.kill()


@contextmanager
def losing_connections(server):
    """The server closes all connections, all the time."""
    over = Event()

    def lose():
        with server.connect() as client:
            while not over.wait(0.02):
                client.client_kill_filter(_type="normal", skipme=True)

    thread = Thread(target=lose)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def until_done(work):
    """As a task that is retried."""
    while True:
        try:
            return work()
        except StorageUnavailable:
            pass


def forever(work):
    while True:
        work()
