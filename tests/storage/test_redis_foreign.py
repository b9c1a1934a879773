"""Somebody else's data under our keys: reported, and left as it is, while the other keys are served."""

import pytest
from redis.exceptions import MovedError

from django_feeds.exceptions import ForeignData
from django_feeds.ids import MIN_ID, pack
from django_feeds.storage import Mark, Slice, get_storage
from django_feeds.testing.contract.case import entries, entry
from tests import storages

from .redis_methods import READS, WRITES

FOREIGN = {
    "string": lambda client, key: client.set(key, b"somebody's"),
    "hash": lambda client, key: client.hset(key, "a", "b"),
    "set": lambda client, key: client.sadd(key, "a"),
    "sorted set": lambda client, key: client.zadd(key, {"a": 1}),
    "stream": lambda client, key: client.xadd(key, {"a": "b"}),
    "list": lambda client, key: client.rpush(key, "a message", "another", "a third"),
}


@pytest.fixture(params=storages.REDIS)
def storage(request):
    storages.empty(request.param)
    return get_storage(request.param)


@pytest.fixture(params=FOREIGN)
def put_foreign(storage, request):
    """Puts something that is not ours under this key, and returns what reads all of it."""

    def put(key):
        client = client_of(storage, key)
        FOREIGN[request.param](client, key)
        return lambda: client.dump(key)

    return put


def client_of(storage, key):
    """A client of the server that has this key."""
    for client in storages.clients(storage.alias):
        try:
            client.exists(key)
        except MovedError:
            continue
        return client
    raise AssertionError(f"No server has {key}.")


@pytest.mark.parametrize("name", READS)
def test_reading_it_is_an_error_that_names_the_key(storage, put_foreign, name):
    whole = put_foreign(storage.timelines + "home")
    before = whole()

    with pytest.raises(ForeignData, match=f"{storage.alias!r} .* 'home'"):
        READS[name](storage, "home")

    assert whole() == before


def test_among_many_it_is_logged_and_as_if_not_there(storage, put_foreign, caplog):
    put_foreign(storage.timelines + "home")
    storage.add(["other"], entries(1), max_length=5)

    slices = storage.slice_many(["home", "other", "new"], limit=5)

    assert slices["home"] == slices["new"] == Slice([])
    assert slices["other"].entries == entries(1)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "'home'" in caplog.text


@pytest.mark.parametrize("name", WRITES)
def test_writing_leaves_it_alone_and_does_all_the_others(storage, put_foreign, name):
    ours = [f"reader {number}" for number in range(30)]
    storage.add(ours, entries(1, 0), max_length=5)
    reference = get_storage("memory")
    reference.add(["reader"], entries(1, 0), max_length=5)
    WRITES[name](reference, "reader")
    whole = put_foreign(storage.timelines + "home")
    before = whole()

    with pytest.raises(ForeignData, match="'home'"):
        WRITES[name](storage, *ours[:15], "home", *ours[15:])

    assert whole() == before
    slices = storage.slice_many(ours, limit=50)
    assert list(slices.values()) == [reference.slice("reader", limit=50)] * len(ours)


def test_a_chunk_later_too(storage):
    client_of(storage, storage.timelines + "home").set(storage.timelines + "home", "somebody's")
    ours = [f"reader {number}" for number in range(2_000)]

    with pytest.raises(ForeignData, match="'home'"):
        storage.add(["home", *ours], entries(1), max_length=5)

    assert {len(part.entries) for part in storage.slice_many(ours, limit=5).values()} == {1}


# A hash would be as good as ours.
@pytest.mark.parametrize("put_foreign", sorted(set(FOREIGN) - {"hash"}), indirect=True)
def test_a_bucket_of_bodies_is_reported_and_left_alone(storage, put_foreign, caplog):
    ids = [entry(ms).id for ms in range(10)]
    buckets = {id: storage._bucket(pack(id)) for id in ids}
    assert len(set(buckets.values())) == len(ids)
    whole = put_foreign(buckets[ids[3]])
    before = whole()

    storage.put({id: f'"{id}"' for id in ids})

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert buckets[ids[3]] in caplog.text
    assert storage.get(ids) == {id: f'"{id}"' for id in ids if id != ids[3]}
    storage.forget(ids[3:5])
    assert storage.get(ids) == {id: f'"{id}"' for id in ids if id not in ids[3:5]}
    assert whole() == before


def test_a_bucket_full_of_somebody_elses_fields_loses_none_of_them(storage):
    id = entries(1)[0].id
    bucket = storage._bucket(pack(id))
    client = client_of(storage, bucket)
    client.hset(bucket, mapping={str(number): "b" for number in range(150)})

    storage.put({id: '"body"'})

    assert client.hlen(bucket) == 150
    assert storage.get([id]) == {}


def test_a_long_refill_of_many_is_done_for_all_the_others(storage):
    client_of(storage, storage.timelines + "home").set(storage.timelines + "home", "somebody's")
    ours = ["ann", "bob"]

    with pytest.raises(ForeignData) as caught:
        storage.add(["ann", "home", "bob"], entries(*range(2_500)), max_length=5_000, floor=MIN_ID)

    assert caught.value.keys == {"home"}
    assert [len(part.entries) for part in storage.slice_many(ours, limit=5_000).values()] == [2_500, 2_500]
    assert {part.floor for part in storage.slice_many(ours, limit=1).values()} == {MIN_ID}


# --- marks and listeners


@pytest.mark.parametrize("call", ["marks", "mark", "mark the whole", "forget", "unmark"])
def test_in_the_place_of_marks_it_is_an_error_that_names_the_key(storage, put_foreign, call):
    whole = put_foreign(storage.marked + "home")
    before = whole()
    calls = {
        "marks": lambda: storage.marks("home"),
        "mark": lambda: storage.mark("home", {7: Mark(9, 9)}),
        "mark the whole": lambda: storage.mark("home", {0: Mark(9, 9)}),
        "forget": lambda: storage.mark("home", {}, forget=[7]),
        "unmark": lambda: storage.unmark(["home"]),
    }

    with pytest.raises(ForeignData, match=f"{storage.alias!r} .* 'home'.*{storage.marked!r}"):
        calls[call]()

    assert whole() == before


def test_marks_of_all_others_are_forgotten(storage, put_foreign):
    ours = [f"reader {number}" for number in range(30)]
    for key in ours:
        storage.mark(key, {7: Mark(9, 9)})
    put_foreign(storage.marked + "home")

    with pytest.raises(ForeignData) as caught:
        storage.unmark([*ours[:15], "home", *ours[15:]])

    assert caught.value.keys == {"home"}
    assert [storage.marks(key) for key in ours] == [{}] * 30


# A sorted set would be as good as ours.
@pytest.mark.parametrize("put_foreign", sorted(set(FOREIGN) - {"sorted set"}), indirect=True)
def test_in_the_place_of_those_who_listen_it_is_an_error_that_names_it(storage, put_foreign):
    whole = put_foreign(storage.live)
    before = whole()

    with pytest.raises(ForeignData, match=storage.live):
        storage.announce(["home"])
    with pytest.raises(ForeignData, match=storage.live), storage.hub().listening("home"):
        pass

    assert whole() == before
