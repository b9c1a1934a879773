"""The servers are what the tests of storages take them for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from django.core.cache import caches

from tests import servers
from tests.servers import cassandra
from tests.servers.folder import VARIABLE
from tests.servers.ports import ports
from tests.servers.redis_sentinel import SERVICE

ROOT = Path(__file__).resolve().parent.parent.parent

ADDRESSES = """
import json
from tests import servers, settings
stored = settings.DJANGO_FEEDS["STORAGES"]
cluster, single = stored["redis_cluster"]["OPTIONS"]["CLUSTER"], stored["redis_7"]["OPTIONS"]["URL"]
host, port = settings.CACHES["redis_sentinel"]["OPTIONS"]["SENTINELS"][0]
running = [server.name for server in servers._servers.values() if server.running]
print(json.dumps([[cluster, f"redis://{host}:{port}", single], running]))
"""


@pytest.mark.needs("redis_cluster")
def test_the_cluster_has_three_masters_that_cover_all_slots():
    cluster = servers.get("redis_cluster")

    with redis.RedisCluster.from_url(cluster.url) as client:
        assert client.cluster_info(target_nodes="random")["cluster_state"] == "ok"
        covered = [range(first, last + 1) for first, last in client.cluster_slots()]
        assert sorted(slot for slots in covered for slot in slots) == list(range(16_384))
        assert sorted(node.port for node in client.get_primaries()) == sorted(node.port for node in cluster.nodes)


@pytest.mark.needs("redis_cluster")
def test_a_killed_node_of_the_cluster_comes_back_with_its_slots():
    cluster = servers.get("redis_cluster")
    cluster.nodes[1].kill()
    assert not cluster.running

    cluster.start()

    with redis.RedisCluster.from_url(cluster.url) as client:
        for number in range(30):
            client.set(f"key {number}", number)
        assert cluster.nodes[1].port in {client.get_node_from_key(f"key {number}").port for number in range(30)}


@pytest.mark.needs("redis_sentinel")
def test_the_sentinel_knows_its_master_and_a_replica():
    group = servers.get("redis_sentinel")

    with group.sentinel.connect() as client:
        assert client.sentinel_master(SERVICE)["port"] == group.master.port
        assert [replica["port"] for replica in client.sentinel_slaves(SERVICE)] == [group.replica.port]


@pytest.mark.needs("redis_sentinel")
def test_the_sentinel_puts_the_replica_in_the_place_of_a_killed_master():
    group = servers.get("redis_sentinel")
    master, replica = group.master, group.replica
    cache = caches["redis_sentinel"]
    cache.set("before", 1)

    group.fail_over()

    assert group.master is replica
    cache.set("after", 2)
    assert cache.get("after") == 2

    group.start()

    assert group.replica is master


@pytest.mark.parametrize("version", servers.REDIS)
def test_a_redis_of_ones_own_comes_back_at_the_same_address(own_redis, version):
    server = own_redis(version)
    server.start("--maxmemory", "3mb")
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        client.set("name", "kept in memory alone")

        server.kill()

        with pytest.raises(redis.ConnectionError):
            client.get("name")

        server.start()

        assert client.get("name") is None
        assert client.config_get("maxmemory") == {"maxmemory": str(3 * 1024**2)}


def test_a_frozen_redis_answers_once_it_is_thawed(own_redis):
    server = own_redis()
    server.start()
    with redis.Redis.from_url(server.url, socket_timeout=1, retry=None) as client:
        server.freeze()

        with pytest.raises(redis.TimeoutError):
            client.ping()

        server.thaw()

        assert client.ping()


def test_each_has_a_redis_of_its_own(own_redis):
    one, another = own_redis(), own_redis()
    one.start()

    assert one.url != another.url
    assert not another.running


def test_a_program_that_is_not_there_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda *args, **kwargs: None)

    with pytest.raises(servers.Unavailable, match="apt-get install redis-server"):
        servers.own_redis().start()


def test_ports_are_chosen_once():
    assert ports("chosen", 3) == ports("chosen", 3)
    assert len(set(ports("chosen", 3))) == 3


def test_another_process_sees_the_same_addresses_and_starts_nothing():
    done = subprocess.run([sys.executable, "-c", ADDRESSES], capture_output=True, text=True, check=True, cwd=ROOT)

    assert json.loads(done.stdout) == [
        [servers.get("redis_cluster").url, servers.get("redis_sentinel").url, servers.get("redis_7").url],
        [],
    ]


@pytest.mark.needs("cassandra_3")
def test_three_nodes_of_cassandra_know_each_other():
    cluster = servers.get("cassandra_3")

    told = [line.split()[:2] for line in cluster.nodes[0].nodetool("status").splitlines() if "127.0.0." in line]

    assert sorted(told) == [["UN", node.host] for node in cluster.nodes]


@pytest.mark.needs("cassandra")
def test_a_killed_cassandra_comes_back_with_its_data():
    server = servers.get("cassandra")
    node = server.nodes[0]

    with node.cluster() as cluster:
        session = cluster.connect()
        session.execute(
            "CREATE KEYSPACE killed WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
        )
        session.execute("CREATE TABLE killed.kept (key text PRIMARY KEY)")
        session.execute("INSERT INTO killed.kept (key) VALUES ('here')")
    # The end of the commit log is marked ten times a second; what came after the last mark dies with the process.
    node.nodetool("flush", "killed")
    node.kill()
    assert not server.running

    server.start()

    with node.cluster() as cluster:
        session = cluster.connect()
        assert [row.key for row in session.execute("SELECT key FROM killed.kept")] == ["here"]
        session.execute("DROP KEYSPACE killed")


def test_a_missing_java_or_maven_is_said(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)

    with pytest.raises(servers.Unavailable, match="no Java 17 is installed: apt-get install openjdk-17"):
        cassandra.java.__wrapped__()
    monkeypatch.setattr(cassandra, "jars_folder", cassandra.jars_folder.__wrapped__)
    monkeypatch.setenv("XDG_CACHE_HOME", "/nowhere")
    with pytest.raises(servers.Unavailable, match="Maven, which brings the jars of Cassandra 5.0.6, is not installed"):
        cassandra.jars_folder()


@pytest.mark.needs("redis_7")
def test_a_server_runs_by_hand_until_it_is_told_to_end():
    """In a folder of its own: this run's servers are not its business."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    command = [sys.executable, "-m", "tests.servers", "redis_7"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(3)]
        address = lines[1].split()[-1]
        with redis.Redis.from_url(address) as client:
            assert client.ping()
        process.terminate()
        assert process.wait(30) == 0

    assert lines[0] == "Starting redis_7 ...\n"
    with redis.Redis.from_url(address) as client, pytest.raises(redis.ConnectionError):
        client.ping()
