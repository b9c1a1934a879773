"""A Redis that is full and may drop nothing: what it refuses is refused as a whole, and done when there is room."""

from contextlib import contextmanager

import pytest
import redis

from django_feeds.exceptions import StorageUnavailable
from django_feeds.ids import MIN_ID
from django_feeds.storage import get_storage
from django_feeds.storage.redis import RedisStorage
from django_feeds.testing.contract.case import entries, entry
from tests import servers


@pytest.fixture(params=servers.REDIS)
def server(own_redis, request):
    return own_redis(request.param)


@contextmanager
def full(server):
    """It has no room for anything, and drops nothing."""
    with server.connect() as client:
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


WRITES = {
    "a new timeline": lambda storage: storage.add(["new"], entries(9), max_length=5),
    "a floor": lambda storage: storage.add(["home"], entries(0), floor=MIN_ID, max_length=5),
    "many timelines": lambda storage: storage.add(["other", "home", "new"], entries(9), max_length=5),
    "a newer entry": lambda storage: storage.add(["home"], entries(9), max_length=5),
    "many entries": lambda storage: storage.add(["home"], entries(*range(20)), max_length=5),
    "an entry between": lambda storage: storage.add(["home"], entries(2), max_length=5),
}


@pytest.mark.parametrize("work", WRITES.values(), ids=WRITES)
def test_what_is_refused_leaves_the_timelines_as_they_were(server, work):
    server.start()
    keys = ["home", "new", "other"]
    storage, reference = RedisStorage("mine", {"URL": server.url}), get_storage("memory")
    for each in (storage, reference):
        each.add(["home"], entries(1, 3, 5), max_length=5)
    before = storage.slice_many(keys, limit=5)

    with full(server):
        with pytest.raises(StorageUnavailable, match="'mine'") as caught:
            work(storage)
        assert isinstance(caught.value.__cause__, redis.ResponseError)
        assert storage.slice_many(keys, limit=5) == before

    for each in (storage, reference):
        work(each)
    assert storage.slice_many(keys, limit=5) == reference.slice_many(keys, limit=5)


def test_bodies_are_refused_and_what_makes_room_is_not(server):
    server.start()
    storage = RedisStorage("mine", {"URL": server.url})
    storage.add(["home"], entries(1, 3, 5), max_length=5)
    storage.put({entry(1).id: "{}"})

    with full(server):
        with pytest.raises(StorageUnavailable, match="'mine'"):
            storage.put({entry(2).id: "{}"})

        assert storage.get([entry(1).id, entry(2).id]) == {entry(1).id: "{}"}
        storage.forget([entry(1).id])
        assert storage.get([entry(1).id]) == {}
        storage.remove(["home"], [entry(3).id])
        assert storage.slice("home", limit=5).entries == entries(5, 1)
        storage.trim(["home"], 1)
        assert storage.slice("home", limit=5).entries == entries(5)
        storage.delete(["home"])
        assert storage.slice("home", limit=5).entries == []
