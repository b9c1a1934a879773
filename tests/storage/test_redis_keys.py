"""Under which keys the storage in Redis keeps what, and who shares a server without meeting there."""

from __future__ import annotations

import pytest
from django.core.cache import caches

from django_feeds import ids
from django_feeds.ids import MAX_ID
from django_feeds.storage import Entry, Mark, get_storage
from django_feeds.storage import redis as backend
from django_feeds.storage.redis import RedisStorage
from tests import servers, storages

pytestmark = pytest.mark.needs("redis_7")

LINES = [Entry(ids.make_id(1_800_000_000_000, ids.digest48(str(number)))) for number in range(200)]
BODIES = {line.id: "{}" for line in LINES}


@pytest.fixture
def client():
    (client,) = storages.clients("redis_7")
    client.flushdb()
    return client


def storage(**options):
    return RedisStorage("redis_7", {"URL": servers.get("redis_7").url, **options})


def fill(kept, *keys):
    kept.add(keys, LINES[:5], max_length=100)
    kept.put(BODIES)
    for key in keys:
        kept.mark(key, {0: Mark(1, 1)})


def keys(client):
    """What is there, by key: its type, and that it never expires by itself."""
    found = {key.decode(): client.type(key).decode() for key in client.keys()}
    assert {client.ttl(key) for key in found} == {-1}
    return found


@pytest.fixture
def with_key_prefix(settings):
    """The storage in a django-redis cache that has a KEY_PREFIX."""
    cache = {**settings.CACHES["redis_alias"], "KEY_PREFIX": "shop"}
    settings.CACHES = {**settings.CACHES, "redis_alias": cache}
    storages.empty("redis_alias")
    return get_storage("redis_alias")


def test_timelines_are_lists_and_bodies_and_marks_are_hashes(client):
    fill(storage(BODIES=500), "timeline:13", "user:pins.Board:5", "häuser: 7\n")

    assert keys(client) == {
        "feeds:1:t:timeline:13": "list",
        "feeds:1:t:user:pins.Board:5": "list",
        "feeds:1:t:häuser: 7\n": "list",
        "feeds:1:m:timeline:13": "hash",
        "feeds:1:m:user:pins.Board:5": "hash",
        "feeds:1:m:häuser: 7\n": "hash",
        **{f"feeds:1:a:{bucket}": "hash" for bucket in range(10)},
    }


def test_the_prefix_is_in_front_of_everything(client):
    fill(storage(PREFIX="shop:feeds", BODIES=50), "timeline:13")

    assert keys(client) == {
        "shop:feeds:1:t:timeline:13": "list",
        "shop:feeds:1:m:timeline:13": "hash",
        "shop:feeds:1:a:0": "hash",
    }


def test_the_prefix_of_the_cache_is_in_front_of_it(with_key_prefix):
    fill(with_key_prefix, "timeline:13")
    (client,) = storages.clients("redis_alias")
    found = keys(client)

    assert found.pop("shop:feeds:1:t:timeline:13") == "list"
    assert found.pop("shop:feeds:1:m:timeline:13") == "hash"
    assert all(key.startswith("shop:feeds:1:a:") for key in found)


def test_nothing_is_left_of_what_is_deleted_and_forgotten(client):
    kept = storage()
    fill(kept, "timeline:13", "timeline:14")

    kept.delete(["timeline:13", "timeline:14"])
    kept.forget(BODIES)
    kept.unmark(["timeline:13", "timeline:14"])

    assert client.keys() == []


# --- two on one server


def two_projects():
    return storage(PREFIX="shop"), storage(PREFIX="club")


def project_and_its_cache_prefix():
    return storage(), storage(PREFIX="shop:feeds")


def two_layouts(monkeypatch):
    old = storage()
    monkeypatch.setattr(backend, "LAYOUT", backend.LAYOUT + 1)
    return old, storage()


@pytest.fixture(params=[two_projects, project_and_its_cache_prefix, two_layouts], ids=lambda make: make.__name__)
def two(request, client, monkeypatch):
    return request.param(monkeypatch) if request.param is two_layouts else request.param()


def test_neither_sees_what_the_other_keeps(two):
    one, other = two
    fill(one, "timeline:13")

    assert other.slice("timeline:13", limit=10).floor == MAX_ID
    assert other.slice("timeline:13", limit=10, with_bodies=True).entries == []
    assert other.get(BODIES) == {}
    assert other.marks("timeline:13") == {}


def test_neither_changes_what_the_other_keeps(two):
    one, other = two
    fill(one, "timeline:13")
    before = one.slice("timeline:13", limit=10, with_bodies=True)
    fill(other, "timeline:13")

    other.remove(["timeline:13"], [LINES[0].id])
    other.trim(["timeline:13"], 1)
    other.delete(["timeline:13"])
    other.put(dict.fromkeys(BODIES, '{"other": 1}'))
    other.forget(BODIES)
    other.mark("timeline:13", {7: Mark(9, 9)})
    other.unmark(["timeline:13"])

    assert one.marks("timeline:13") == {0: Mark(1, 1)}
    assert one.slice("timeline:13", limit=10, with_bodies=True) == before
    assert one.get(BODIES) == BODIES


def test_what_is_read_along_with_a_page_is_ones_own(two):
    one, other = two
    fill(one, "timeline:13")
    fill(other, "timeline:13")
    other.put(dict.fromkeys(BODIES, '{"other": 1}'))

    assert set(one.slice("timeline:13", limit=5, with_bodies=True).bodies.values()) == {"{}"}
    assert set(other.slice("timeline:13", limit=5, with_bodies=True).bodies.values()) == {'{"other": 1}'}


# --- what the checks warn of


def test_clearing_a_cache_in_the_same_database_deletes_all_feeds(with_key_prefix):
    """W005: a prefix does not help, since `clear` empties the database."""
    fill(with_key_prefix, "timeline:13")

    caches["redis_alias"].clear()

    assert with_key_prefix.slice("timeline:13", limit=1).floor == MAX_ID


@pytest.mark.needs("redis_cluster")
@pytest.mark.parametrize(("prefix", "nodes"), [("feeds", 3), ("{feeds}", 1), ("feeds}{", 3)])
def test_braces_in_the_prefix_bring_all_keys_to_one_node(prefix, nodes):
    """W006."""
    storages.empty("redis_cluster")
    kept = RedisStorage("redis_cluster", {"CLUSTER": servers.get("redis_cluster").url, "PREFIX": prefix})

    fill(kept, *(f"timeline:{number}" for number in range(100)))

    used = [client.dbsize() for client in storages.clients("redis_cluster") if client.dbsize()]
    assert len(used) == nodes
    storages.empty("redis_cluster")
