"""Sessions: opened when needed, each process its own; and what is said where a node, or the schema, is not there."""

from __future__ import annotations

import multiprocessing
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest
from cassandra import ConsistencyLevel, DriverException, RequestValidationException, protocol
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, NoHostAvailable
from cassandra.connection import ConnectionException
from cassandra.policies import ConstantReconnectionPolicy
from cassandra.protocol import ErrorMessage

from django_feeds.exceptions import FeedsConfigurationError, OffsetTooDeep, StorageUnavailable
from django_feeds.ids import MIN_ID
from django_feeds.storage import get_storage
from django_feeds.storage.cassandra import CassandraStorage, connections
from django_feeds.storage.cassandra.options import check
from django_feeds.testing.contract.case import entries, entry
from tests import servers, storages

from .cassandra_methods import EVERYTHING, READS, WRITES, prepare, requests, sessions

THREADS = 8


@pytest.fixture
def storage():
    storages.empty("cassandra")
    return get_storage("cassandra")


@pytest.fixture
def options(storage):
    """OPTIONS of the one node, where the tables are."""
    return servers.get("cassandra").options


@pytest.fixture
def three():
    storages.empty("cassandra_3")
    return get_storage("cassandra_3")


def write(storage, writer, rounds=30):
    """Into a timeline of one's own and a shared one, and each answer is the answer to what was asked."""
    for number in range(1, rounds + 1):
        one = entry(number, f"by {writer}")
        storage.add([f"own:{writer}", "shared"], [one], max_length=1_000, create=False)
        assert storage.slice(f"own:{writer}", limit=1).entries == [one]


def begin(storage, writers):
    storage.add(["shared", *(f"own:{writer}" for writer in range(writers))], [], max_length=1_000, floor=MIN_ID)


# --- processes and threads


@pytest.mark.needs("cassandra")
def test_threads_share_a_session_and_get_their_own_answers(storage):
    begin(storage, THREADS)
    barrier = threading.Barrier(THREADS)

    def work(writer):
        barrier.wait()
        mine = get_storage("cassandra")
        write(mine, writer)
        return mine, mine.server.connection.session

    with ThreadPoolExecutor(THREADS) as pool:
        kept, opened = zip(*pool.map(work, range(THREADS)), strict=True)

    assert len(set(map(id, kept))) == THREADS
    assert len(set(map(id, opened))) == 1
    assert storage.count("shared", max_length=1_000) == THREADS * 30


def in_a_child(prefix, writer, told):
    storage = get_storage("cassandra")
    write(storage, writer)
    told.put((storage.prefix == prefix, sessions()))


@pytest.mark.needs("cassandra")
def test_children_of_a_process_with_a_session_open_their_own(storage):
    """As Celery's prefork and gunicorn with --preload do."""
    begin(storage, 3)
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    children = [context.Process(target=in_a_child, args=(storage.prefix, writer, told)) for writer in (1, 2)]
    for child in children:
        child.start()
    write(storage, 0)
    for child in children:
        child.join(600)

    assert [child.exitcode for child in children] == [0, 0]
    # The parent's is still in the child's memory, and nobody's there.
    assert [told.get(timeout=60)[0] for _ in children] == [True, True]
    assert storage.count("shared", max_length=1_000) == 90


@pytest.mark.needs("cassandra")
def test_a_process_that_used_it_ends_at_once_and_quietly(storage):
    script = """
import django; django.setup()
from django_feeds.storage import get_storage
print(get_storage("cassandra").slice("nobody", limit=1).floor.hex[:8])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "ffffffff", "")


@pytest.mark.needs("cassandra")
def test_a_child_that_ends_in_order_leaves_its_parents_session_alone(storage):
    """As gunicorn's do: they come from a fork, and run what was registered for the exit before that."""
    script = """
import os, sys
import django; django.setup()
from cassandra import cluster
from django_feeds.storage import get_storage
storage = get_storage("cassandra")
storage.slice("nobody", limit=1)
for child in range(3):
    if os.fork() == 0:
        assert not cluster._clusters_for_shutdown, "the driver would end at exit what is the parent's"
        if child:
            storage.slice("nobody", limit=1)
        sys.exit(0)
assert [os.wait()[1] for child in range(3)] == [0, 0, 0]
for number in range(20):
    storage.slice("nobody", limit=1)
print("well")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=600
    )

    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "well", "")


@pytest.mark.needs("cassandra")
def test_a_session_that_was_closed_is_opened_again(storage):
    storage.slice("home", limit=1)
    connections.close()

    assert sessions() == 0
    assert storage.slice("home", limit=1).entries == []


# --- options


@pytest.mark.needs("cassandra")
def test_aliases_of_one_place_share_a_session_and_have_consistencies_of_their_own(storage, options):
    fast = CassandraStorage("fast", {**options, "CONSISTENCY": {"READ": "ONE"}})

    def levels(storage):
        with requests(storage) as made:
            storage.slice("home", limit=1)
            storage.remove(["home"], [entry(1).id])
        return [one.query.consistency_level for one in made]

    assert levels(storage) == [ConsistencyLevel.LOCAL_QUORUM] * 2
    assert levels(fast) == [ConsistencyLevel.ONE, ConsistencyLevel.LOCAL_QUORUM]
    assert fast.server.connection is storage.server.connection


@pytest.mark.needs("cassandra")
def test_what_the_driver_knows_is_passed_on(options):
    """This server asks nobody who he is, and the driver has the answer ready."""
    cluster = {"metrics_enabled": False, "idle_heartbeat_interval": 7, "sockopts": [(1, 9, 1)]}
    storage = CassandraStorage(
        "secured",
        {
            **options,
            "USERNAME": "ann",
            "PASSWORD": "secret",
            "TIMEOUT": 3,
            "SPECULATIVE_DELAY": 0.5,
            "CLUSTER": cluster,
        },
    )

    session = storage.server.connection.session
    assert isinstance(session.cluster.auth_provider, PlainTextAuthProvider)
    assert (session.cluster.idle_heartbeat_interval, session.cluster.protocol_version) == (7, 4)
    assert not session.cluster.prepare_on_all_hosts  # one that has fallen silent would be waited for
    assert [option[:2] for option in session.cluster.sockopts] == [(1, 9), (6, 1)]
    profile = session.get_execution_profile(EXEC_PROFILE_DEFAULT)
    assert profile.request_timeout == 3
    assert profile.speculative_execution_policy.new_plan("feeds", None).next_execution(None) == 0.5
    with requests(storage) as made:
        storage.slice("home", limit=1)
    assert made[0].query.is_idempotent


@pytest.mark.needs("cassandra")
def test_a_node_that_was_away_for_long_is_used_again_soon_however_long(storage):
    delays = list(islice(storage.server.connection.session.cluster.reconnection_policy.new_schedule(), 1_000))

    assert delays[0] < 2
    assert max(delays) == 15


@pytest.mark.needs("cassandra")
def test_how_often_a_node_is_tried_may_be_said(options):
    chosen = ConstantReconnectionPolicy(60)
    storage = CassandraStorage("steady", {**options, "CLUSTER": {"reconnection_policy": chosen}})

    assert storage.server.connection.session.cluster.reconnection_policy is chosen


@pytest.mark.needs("cassandra")
def test_an_argument_that_the_driver_does_not_have_is_named(options):
    storage = CassandraStorage("cassandra", {**options, "CLUSTER": {"contact_pionts": []}})

    with pytest.raises(
        FeedsConfigurationError, match="'cassandra' has a CLUSTER, or a BUNDLE, that the driver refuses.*pionts"
    ):
        storage.slice("home", limit=1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "neither CONTACT_POINTS nor BUNDLE"),
        ({"CONTACT_POINTS": ["127.0.0.1"], "USERNAME": "ann"}, "for its USERNAME. Write .* with PASSWORD"),
        ({"CONTACT_POINTS": ["127.0.0.1"], "CONSISTENCY": "QUORUMS"}, "'QUORUMS' for its CONSISTENCY"),
        ({"CONTACT_POINTS": ["127.0.0.1"], "TIMEOUT": "9"}, "'9' for its TIMEOUT"),
    ],
)
def test_what_a_check_would_say_is_said_without_one_too(wrong, said):
    with pytest.raises(FeedsConfigurationError, match=said):
        CassandraStorage("wrong", wrong).slice("home", limit=1)


@pytest.mark.needs("cassandra")
@pytest.mark.parametrize("level", ["ONE", "LOCAL_ONE", "LOCAL_QUORUM", "QUORUM", "EACH_QUORUM", "ALL"])
def test_each_level_that_a_check_lets_through_is_one_to_read_and_to_write_at(storage, options, level):
    assert not list(check("some", {**options, "CONSISTENCY": level}))
    some = CassandraStorage("some", {**options, "PREFIX": storage.prefix, "CONSISTENCY": level})

    some.add(["home"], entries(1), max_length=5, floor=MIN_ID)

    assert some.slice("home", limit=5).entries == entries(1)


@pytest.mark.needs("cassandra")
def test_a_level_that_is_none_is_an_error_of_ours_on_an_open_session_too(options):
    CassandraStorage("right", options).slice("home", limit=1)

    for level in ("QUORUMS", 3, {"READ": "ONCE"}):
        with pytest.raises(FeedsConfigurationError, match="is no CONSISTENCY; write"):
            CassandraStorage("wrong", {**options, "CONSISTENCY": level}).slice("home", limit=1)


def test_a_bundle_that_is_not_there_is_named():
    storage = CassandraStorage("astra", {"BUNDLE": "/nowhere/bundle.zip", "USERNAME": "ann", "PASSWORD": "secret"})

    with pytest.raises(FeedsConfigurationError, match="'astra' has a CLUSTER, or a BUNDLE, that the driver refuses"):
        storage.slice("home", limit=1)


def all_of(kind):
    return {kind, *(deeper for child in kind.__subclasses__() for deeper in all_of(child))}


DRIVERS = {*all_of(DriverException), *all_of(ErrorMessage), NoHostAvailable, *all_of(ConnectionException)}


@pytest.mark.parametrize("kind", sorted(DRIVERS, key=str), ids=lambda kind: kind.__name__)
def test_every_error_of_the_driver_becomes_one_of_ours(kind):
    ours = (StorageUnavailable, FeedsConfigurationError)
    with pytest.raises(ours, match="of the storage 'cassandra'") as raised, connections.translated("cassandra"):
        raise kind(0, "said", None) if issubclass(kind, ErrorMessage) else kind.__new__(kind)
    refused = issubclass(kind, RequestValidationException | protocol.RequestValidationException)
    assert isinstance(raised.value, FeedsConfigurationError) == refused


def test_who_waits_for_a_server_that_does_not_answer_waits_once(monkeypatch):
    """It listens, and says nothing."""
    monkeypatch.setattr(connections, "PAUSE", 3_600.0)
    connections._failures.clear()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cluster = {"connect_timeout": 2, "control_connection_timeout": 1}
        mute = {"CONTACT_POINTS": ["127.0.0.1"], "PORT": silent.getsockname()[1], "CLUSTER": cluster}

        def wait(_number):
            with pytest.raises(StorageUnavailable):
                CassandraStorage("mute", mute).slice("home", limit=1)
            ((failed_at, _error),) = connections._failures.values()
            return failed_at

        with ThreadPoolExecutor(4) as pool:
            dialled = set(pool.map(wait, range(4)))

    assert len(dialled) == 1


@pytest.mark.needs("cassandra")
def test_offsets_end_at_a_thousand(storage):
    storage.add(["home"], entries(*range(1, 1_101)), max_length=2_000, floor=MIN_ID)

    assert storage.count("home", max_length=2_000) == 1_000
    assert storage.rank("home", entry(101).id, max_length=2_000) == 999
    with pytest.raises(OffsetTooDeep, match="page by cursor"):
        storage.rank("home", entry(100).id, max_length=2_000)
    assert storage.rank("home", entry(100).id, max_length=1_000) is None


# --- nobody there


def test_every_method_is_among_those_that_are_tried_without_a_server():
    public = {name for name, value in vars(CassandraStorage).items() if callable(value) and not name.startswith("_")}

    assert {name.split()[0] for name in EVERYTHING} == public - {"check", "identity", "lacks", "provide"}


@pytest.mark.parametrize("work", ["lacks", "provide"])
def test_without_a_server_nothing_is_made(work):
    storage = CassandraStorage("gone", {"CONTACT_POINTS": ["127.0.0.1"], "PORT": 1, "CLUSTER": {"connect_timeout": 1}})

    with pytest.raises(StorageUnavailable, match="The Cassandra of the storage 'gone' cannot serve"):
        getattr(storage, work)(*["SELECT 1"][: work == "provide"])


@pytest.mark.parametrize("work", EVERYTHING.values(), ids=EVERYTHING)
def test_without_a_server_each_method_says_so(work):
    storage = CassandraStorage("gone", {"CONTACT_POINTS": ["127.0.0.1"], "PORT": 1, "CLUSTER": {"connect_timeout": 1}})

    with pytest.raises(StorageUnavailable, match="The Cassandra of the storage 'gone' cannot serve") as raised:
        work(storage)
    assert isinstance(raised.value.__cause__, NoHostAvailable)


@pytest.mark.needs("cassandra")
@pytest.mark.parametrize("work", EVERYTHING.values(), ids=EVERYTHING)
def test_without_its_tables_each_method_says_what_to_do(options, work):
    storage = CassandraStorage("cassandra", {**options, "KEYSPACE": "nowhere"})

    with pytest.raises(FeedsConfigurationError, match="manage.py sync_feed_storages"):
        work(storage)


@pytest.mark.needs("cassandra_3")
def test_with_two_of_three_nodes_down_each_method_says_so_and_goes_on_when_they_are_back(three):
    options = {**servers.get("cassandra_3").options, "TIMEOUT": 5, "CLUSTER": HASTY["CLUSTER"]}
    storage, nodes = CassandraStorage("three", {**options, "PREFIX": three.prefix}), servers.get("cassandra_3").nodes
    until_done(lambda some: some.add(["home"], entries(1, 2), max_length=5, floor=MIN_ID), storage)
    for node in nodes[1:]:
        node.kill()
    try:
        for work in EVERYTHING.values():
            with pytest.raises(StorageUnavailable):
                work(storage)
        weak = CassandraStorage("weak", {**storage.options, "CONSISTENCY": "ONE"})
        assert weak.slice("home", limit=5).entries == entries(2, 1)
    finally:
        servers.get("cassandra_3").start()

    storages.wait_for_all_nodes(storage)
    for work in WRITES.values():
        until_done(work, storage)
    until_done(lambda some: some.add(["home"], entries(7), max_length=5, floor=MIN_ID), storage)
    assert storage.slice("home", limit=5).entries == entries(7)


# --- silent


HASTY = {"TIMEOUT": 3, "CLUSTER": {"connect_timeout": 60, "control_connection_timeout": 60}}


def until_done(work, storage, patience=120):
    """As long as the server is well, a pause of this machine is no failure."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return work(storage)
        except StorageUnavailable:
            if time.monotonic() > deadline:
                raise


@pytest.mark.needs("cassandra")
def test_when_it_falls_silent_methods_say_so_after_the_timeout_and_go_on_when_it_answers(storage, options):
    hasty = CassandraStorage("hasty", {**options, **HASTY, "PREFIX": storage.prefix})
    some = [READS["slice"], WRITES["add to those that are there"], WRITES["remove many"]]
    for work in some:
        until_done(work, hasty)
    (node,) = servers.get("cassandra").nodes
    node.freeze()
    try:
        for work in some:
            with pytest.raises(StorageUnavailable, match="'hasty' cannot serve.*timeout"):
                work(hasty)
    finally:
        node.thaw()

    for work in some:
        work(storage)
    storage.add(["home"], entries(3, 4), max_length=5, floor=MIN_ID)
    assert storage.slice("home", limit=5).entries == entries(4, 3)


@pytest.mark.needs("cassandra_3")
def test_where_one_of_three_falls_silent_another_is_asked_if_that_is_wanted(three):
    options = {**servers.get("cassandra_3").options, "PREFIX": three.prefix, "CONSISTENCY": "ONE"}
    patient = CassandraStorage("patient", {**options, **HASTY})
    eager = CassandraStorage("eager", {**options, "SPECULATIVE_DELAY": 0.1})
    three.add(["home"], entries(1, 2), max_length=5, floor=MIN_ID)
    for storage in (patient, eager):
        storages.wait_for_all_nodes(storage)
        until_done(READS["slice"], storage)
    metadata = three.server.connection.session.cluster.metadata
    first, *_others = metadata.get_replicas(three.server.connection.keyspace, f"{three.prefix}home".encode())
    (node,) = (node for node in servers.get("cassandra_3").nodes if node.host == first.address)
    node.freeze()
    try:
        with pytest.raises(StorageUnavailable, match="'patient' cannot serve.*timeout"):
            patient.slice("home", limit=5)
        assert eager.slice("home", limit=5).entries == entries(2, 1)
    finally:
        node.thaw()

    storages.wait_for_all_nodes(three)


# --- the schema


@pytest.mark.needs("cassandra")
def test_the_schema_is_made_once_and_mended(options):
    storage = CassandraStorage("new", {**options, "KEYSPACE": "made_by_a_test"})
    session = storage.server.connection.session
    session.execute("DROP KEYSPACE IF EXISTS made_by_a_test")
    made = storage.lacks()
    assert [statement.partition(" made_by")[0] for statement in made] == [
        "CREATE KEYSPACE IF NOT EXISTS",
        *["CREATE TABLE IF NOT EXISTS"] * 2,
    ]

    prepare(storage)
    assert storage.lacks() == []
    storage.add(["home"], entries(1), max_length=5)
    assert storage.slice("home", limit=5).entries == entries(1)

    session.execute("ALTER TABLE made_by_a_test.timelines DROP arrived")
    session.execute("ALTER TABLE made_by_a_test.marks WITH gc_grace_seconds = 5")
    assert storage.lacks() == ["ALTER TABLE made_by_a_test.timelines ADD arrived map<bigint, bigint>"]
    session.execute("DROP KEYSPACE made_by_a_test")


@pytest.mark.needs("cassandra")
@pytest.mark.parametrize(
    ("asked", "altered"),
    [
        (2, "'datacenter1': '2'"),
        ({"class": "NetworkTopologyStrategy", "replication_factor": 2}, "'datacenter1': '2'"),
        ({"class": "NetworkTopologyStrategy", "datacenter1": 3}, "'datacenter1': '3'"),
        (
            {"class": "SimpleStrategy", "replication_factor": 1},
            "{'class': 'SimpleStrategy', 'replication_factor': '1'}",
        ),
    ],
)
def test_copies_are_as_many_as_the_settings_say(options, asked, altered):
    prepare(CassandraStorage("one", {**options, "KEYSPACE": "copied", "REPLICATION": 1}))
    storage = CassandraStorage("more", {**options, "KEYSPACE": "copied", "REPLICATION": asked})

    (statement,) = storage.lacks()
    assert statement.startswith("ALTER KEYSPACE copied WITH replication = ")
    assert altered in statement
    storage.provide(statement)
    assert storage.lacks() == []

    told = {name: value for name, value in storage.options.items() if name != "REPLICATION"}
    assert CassandraStorage("silent", told).lacks() == []
    storage.provide("DROP KEYSPACE copied")


@pytest.mark.needs("cassandra")
def test_a_keyspace_is_not_made_without_a_word_about_copies(options):
    told = {name: value for name, value in options.items() if name != "REPLICATION"}

    with pytest.raises(FeedsConfigurationError, match='"REPLICATION": 3'):
        CassandraStorage("new", {**told, "KEYSPACE": "nowhere"}).lacks()
    assert CassandraStorage("cassandra", told).lacks() == []


def test_replication_is_written_as_it_is_told():
    from django_feeds.storage.cassandra.schema import _keyspace

    dc = {"class": "NetworkTopologyStrategy", "frankfurt": 3, "dublin": 2}
    assert _keyspace("feeds", 3) == (
        "CREATE KEYSPACE IF NOT EXISTS feeds WITH replication = "
        "{'class': 'NetworkTopologyStrategy', 'replication_factor': '3'}"
    )
    assert _keyspace("feeds", dc).endswith("'frankfurt': '3', 'dublin': '2'}")


def test_amazons_keeps_the_times_of_writes_and_looks_after_its_files():
    from django_feeds.storage.cassandra.schema import _table

    assert _table("feeds", "timelines", managed=True).endswith(
        "WITH CLUSTERING ORDER BY (id DESC) AND CUSTOM_PROPERTIES = {'client_side_timestamps': {'status': 'enabled'}}"
    )
