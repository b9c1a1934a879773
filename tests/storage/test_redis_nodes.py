"""Several servers, of which one is lost: a fail-over by Sentinel, and a Cluster without one of its masters."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from redis.connection import AbstractConnection

from django_feeds.exceptions import FeedsConfigurationError, StorageUnavailable
from django_feeds.ids import MIN_ID
from django_feeds.storage import get_storage
from django_feeds.storage.redis import RedisStorage, calls
from django_feeds.testing.contract.case import entries, entry
from tests import servers, storages
from tests.servers.redis_sentinel import SERVICE

from .redis_methods import EVERYTHING

CLIENT = {"socket_timeout": 1.5, "socket_connect_timeout": 1.5}
KEYS = [f"reader {number}" for number in range(40)]
"""As many as go out in one call."""


@pytest.mark.needs("redis_sentinel")
def test_a_fail_over_while_it_writes():
    sentinel = servers.get("redis_sentinel")
    storages.empty("redis_sentinel")
    storage = get_storage("redis_sentinel")
    storage.add(KEYS, entries(1), floor=MIN_ID, max_length=5)
    storage.put({entry(1).id: "{}"})
    former = sentinel.master

    former.kill()
    with pytest.raises(StorageUnavailable, match="'redis_sentinel'") as caught:
        storage.add(KEYS, entries(2), max_length=5)
    assert isinstance(caught.value.__cause__, redis.ConnectionError)
    until_done(lambda: storage.add(KEYS, entries(2), max_length=5))

    assert sentinel.master is not former
    assert {part.entries[0] for part in storage.slice_many(KEYS, limit=5).values()} == {entry(2)}
    for work in EVERYTHING.values():
        work(storage)


@pytest.mark.needs("redis_sentinel")
def test_a_master_that_becomes_a_replica_while_it_writes():
    sentinel = servers.get("redis_sentinel")
    storages.empty("redis_sentinel")
    storage = get_storage("redis_sentinel")
    storage.add(KEYS, entries(1), floor=MIN_ID, max_length=5)
    former = sentinel.master
    with sentinel.sentinel.connect() as client:
        client.execute_command("SENTINEL", "FAILOVER", SERVICE)

    while sentinel.master is former:
        until_done(lambda: storage.add(KEYS, entries(2), max_length=5))
    sentinel.start()  # returns when the former one follows the new one, and has forgotten what it took meanwhile
    until_done(lambda: storage.add(KEYS, entries(3), max_length=5))

    assert {part.entries[0] for part in storage.slice_many(KEYS, limit=5).values()} == {entry(3)}


def until_done(work):
    """As a task that is retried."""
    while True:
        try:
            return work()
        except StorageUnavailable:
            pass


@pytest.fixture
def cluster():
    """That serves the keys of those nodes that are there."""
    cluster = servers.get("redis_cluster")
    storages.empty("redis_cluster")
    for node in cluster.nodes:
        with node.connect() as client:
            client.config_set("cluster-require-full-coverage", "no")
    yield cluster
    cluster.start()
    for node in cluster.nodes:
        with node.connect() as client:
            client.config_set("cluster-require-full-coverage", "yes")


@pytest.fixture
def storage(cluster):
    return RedisStorage("mine", {"CLUSTER": cluster.url, "CLIENT": CLIENT})


def at(node, storage):
    """Those of the keys that this node has, and the others."""
    client = storage.connection.client
    here = [key for key in KEYS if client.get_node_from_key(storage.timelines + key).port == node.port]
    return here, sorted(set(KEYS) - set(here))


@pytest.mark.needs("redis_cluster")
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("lose", ["kill", "freeze"])
def test_where_a_node_is_lost_the_others_are_served(cluster, storage, lose, number):
    node = cluster.nodes[number]
    storage.add(KEYS, entries(1), max_length=5)
    lost, others = at(node, storage)
    getattr(node, lose)()

    with pytest.raises(StorageUnavailable, match="'mine'") as caught:
        storage.add(KEYS, entries(2), max_length=5)
    assert isinstance(caught.value.__cause__, (redis.ConnectionError, redis.TimeoutError))
    assert [part.entries for part in storage.slice_many(others, limit=5).values()] == [entries(2, 1)] * len(others)
    for key in others:
        assert storage.count(key, max_length=5) == 2
    for read in (lambda: storage.slice(lost[0], limit=5), lambda: storage.count(lost[0], max_length=5)):
        with pytest.raises(StorageUnavailable):
            read()

    cluster.start()
    storage.add(KEYS, entries(2), max_length=5)
    assert {part.entries[0] for part in storage.slice_many(KEYS, limit=5).values()} == {entry(2)}


@pytest.fixture
def traffic(monkeypatch):
    """What goes to each port and comes from it, in order."""
    traffic = []
    for name in ("send_packed_command", "read_response"):
        method = getattr(AbstractConnection, name)

        def noted(self, *args, _name=name, _method=method, **kwargs):
            traffic.append((_name, self.port))
            return _method(self, *args, **kwargs)

        monkeypatch.setattr(AbstractConnection, name, noted)
    return traffic


@pytest.mark.needs("redis_cluster")
def test_all_nodes_are_asked_before_one_is_waited_for(cluster, storage, traffic):
    storage.slice_many(KEYS, limit=5)
    traffic.clear()

    storage.slice_many(KEYS, limit=5)

    sent = [port for name, port in traffic if name == "send_packed_command"]
    assert sorted(sent) == sorted(node.port for node in cluster.nodes)
    assert traffic[:3] == [("send_packed_command", port) for port in sent]


@pytest.mark.needs("redis_cluster")
def test_replies_that_nobody_read_are_nobody_elses(cluster, storage, monkeypatch):
    """Who is interrupted between the nodes leaves no reply behind."""
    storage.add(KEYS, entries(1), max_length=5)
    read = AbstractConnection.read_response

    def interrupted(self, *args, **kwargs):
        if self.port == cluster.nodes[1].port:
            raise KeyboardInterrupt
        return read(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(AbstractConnection, "read_response", interrupted)
        with pytest.raises(KeyboardInterrupt):
            storage.slice_many(KEYS, limit=5)

    for key in KEYS:
        assert storage.count(key, max_length=5) == 1


@pytest.mark.needs("redis_cluster")
def test_threads_do_not_look_for_lost_nodes_one_after_the_other(cluster, storage, monkeypatch):
    storage.add(KEYS, entries(1), max_length=5)
    nodes, looks = storage.connection.client.nodes_manager, []
    initialize = nodes.initialize
    monkeypatch.setattr(nodes, "initialize", lambda *args, **kwargs: looks.append(1) or initialize(*args, **kwargs))
    monkeypatch.setattr(calls, "PAUSE", 3600)
    for node in cluster.nodes:
        node.kill()
    barrier = threading.Barrier(8)

    def work(key):
        barrier.wait()
        with pytest.raises(StorageUnavailable):
            RedisStorage("mine", storage.options).count(key, max_length=5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, KEYS[:8]))
    assert len(looks) == 1

    monkeypatch.setattr(calls, "PAUSE", 0)
    with pytest.raises(StorageUnavailable):
        storage.count(KEYS[0], max_length=5)
    assert len(looks) == 2

    cluster.start()
    storage.add(KEYS, entries(2), max_length=5)
    assert {part.entries[0] for part in storage.slice_many(KEYS, limit=5).values()} == {entry(2)}


@pytest.mark.needs("redis_cluster")
def test_scripts_that_some_nodes_have_forgotten(cluster, storage):
    storage.add(KEYS, entries(1), max_length=5)
    for ms, nodes in enumerate((cluster.nodes[:1], cluster.nodes[1:], cluster.nodes), start=2):
        for node in nodes:
            with node.connect() as client:
                client.script_flush()

        storage.add(KEYS, entries(ms), max_length=5)

        assert {part.entries[0] for part in storage.slice_many(KEYS, limit=5).values()} == {entry(ms)}
        for work in EVERYTHING.values():
            work(storage)


def test_a_cluster_of_which_no_node_answers():
    storage = RedisStorage("mine", {"CLUSTER": "redis://127.0.0.1:1", "CLIENT": CLIENT})

    for work in EVERYTHING.values():
        with pytest.raises(StorageUnavailable, match="'mine'") as caught:
            work(storage)
        assert isinstance(caught.value.__cause__, redis.exceptions.RedisClusterException)


@pytest.mark.needs("redis_cluster")
@pytest.mark.parametrize("database", ["", "/1"])
@pytest.mark.parametrize("option", ["URL", "CACHE"])
def test_a_cluster_that_is_taken_for_one_server(settings, option, database):
    url = servers.get("redis_cluster").url + database
    settings.CACHES = {**settings.CACHES, "feeds": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url}}
    storage = RedisStorage("mine", {option: {"URL": url, "CACHE": "feeds"}[option]})

    with pytest.raises(FeedsConfigurationError, match="'mine' is a Redis Cluster: give its address as CLUSTER"):
        storage.add(KEYS, entries(1), max_length=5)
    with pytest.raises(FeedsConfigurationError, match="'mine' is a Redis Cluster: give its address as CLUSTER"):
        [storage.slice(key, limit=5) for key in KEYS]


@pytest.mark.needs("redis_sentinel")
def test_one_server_that_is_taken_for_a_cluster():
    storage = RedisStorage("mine", {"CLUSTER": servers.get("redis_sentinel").master.url})

    for work in EVERYTHING.values():
        with pytest.raises(FeedsConfigurationError, match="'mine' is no Redis Cluster: give its address as URL"):
            work(storage)


@pytest.mark.parametrize("address", ["unix:///run/redis.sock", "redis://127.0.0.1:1/2"])
def test_an_address_that_no_cluster_can_have(address):
    storage = RedisStorage("mine", {"CLUSTER": address})

    for work in EVERYTHING.values():
        with pytest.raises(FeedsConfigurationError, match="'mine' cannot have a client"):
            work(storage)


@pytest.mark.needs("redis_cluster")
def test_a_slot_that_moves_from_one_node_to_another(cluster, storage):
    source, target = cluster.nodes[:2]
    here, _others = at(source, storage)
    storage.add(here, entries(1), max_length=5)
    slot = storage.connection.client.keyslot(storage.timelines + here[0])
    with source.connect() as giving, target.connect() as taking:
        names = [client.execute_command("CLUSTER", "MYID") for client in (giving, taking)]
        taking.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
        giving.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
        try:
            for key in giving.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100):
                giving.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 5_000)
            storage.add(here, entries(2), max_length=5)
            assert storage.slice(here[0], limit=5).entries == entries(2, 1)
            finish(cluster, slot, names[1])
            storage.add(here, entries(3), max_length=5)
            assert storage.slice(here[0], limit=5).entries == entries(3, 2, 1)
        finally:
            storage.delete(here)
            finish(cluster, slot, names[0])


def finish(cluster, slot, name):
    """The slot is on the node of this name from now on."""
    for node in cluster.nodes:
        with node.connect() as client:
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", name)
