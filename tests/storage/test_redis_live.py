"""Listening to timelines in Redis: who hears of what, what it costs, and what is heard after a loss."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import sleep

import pytest
import redis

from django_feeds.exceptions import StorageUnavailable
from django_feeds.storage import get_storage
from django_feeds.storage.redis import RedisStorage, live
from tests import servers, storages

from .redis_listening import listen_and_tell
from .redis_methods import EVERYTHING

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "howto" / "redis.md"

LONG = 30.0
"""Seconds after which news would not come any more."""

SHORT = 0.2
"""Seconds in which news that were on their way would have come."""


@pytest.fixture(
    params=[
        *storages.REDIS,
        pytest.param("redis_alias", marks=pytest.mark.needs("redis_7")),
        pytest.param("redis_sentinel", marks=pytest.mark.needs("redis_sentinel")),
    ]
)
def storage(request):
    return emptied(request.param)


@pytest.fixture
def server(own_redis):
    server = own_redis()
    server.start()
    return server


@pytest.fixture
def own_storage(server):
    return RedisStorage("mine", {"URL": server.url, "CLIENT": {"socket_timeout": 3}})


def emptied(alias):
    """The storage, when nobody listens any more who was there before: his thread would say so again."""
    until(lambda: not listening_threads())
    storages.empty(alias)
    return get_storage(alias)


def listening_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("django_feeds ")]


def until(done):
    while not done():
        sleep(0.01)


def hears(waiter, timeout=LONG):
    return asyncio.run(waiter.news(timeout))


def listened_to(storage):
    """The timelines in the set, and how many seconds each has left there."""
    (client,) = [client for client in storages.clients(storage.alias) if holds(client, storage.live)]
    now, _microseconds = client.time()
    return {name.decode(): ends - now for name, ends in client.zrange(storage.live, 0, -1, withscores=True)}


def holds(client, key):
    try:
        return bool(client.exists(key))
    except redis.exceptions.MovedError:
        return False


def asked(client, *commands):
    """How often the server was asked each of these, since its statistics were reset."""
    stats = client.info("commandstats")
    return [stats.get(f"cmdstat_{command}", {}).get("calls", 0) for command in commands]


# --- who hears of what


def test_who_listens_hears_of_his_timeline_and_of_no_other(storage):
    with storage.hub().listening("home") as mine, storage.hub().listening("häuser: 7\n") as other:
        storage.announce(["home", "third"])

        assert hears(mine)
        assert not hears(other, SHORT)
        assert not hears(mine, SHORT)

        storage.announce(["häuser: 7\n"])

        assert hears(other)
        assert not hears(mine, SHORT)


def test_several_news_that_nobody_waited_for_are_one(storage):
    with storage.hub().listening("home") as waiter:
        for _ in range(5):
            storage.announce(["home"])
        sleep(SHORT)

        assert hears(waiter)
        assert not hears(waiter, SHORT)


def test_one_among_many_thousand_hears(storage):
    with storage.hub().listening("reader 4321") as waiter:
        storage.announce(f"reader {number}" for number in range(5_000))

        assert hears(waiter)


@pytest.mark.parametrize("alias", [pytest.param("redis_7", marks=pytest.mark.needs("redis_7"))])
def test_waiters_hear_in_the_event_loops_in_which_they_wait(alias):
    storage, number = emptied(alias), 8
    barrier = threading.Barrier(number + 1)

    def wait(reader):
        async def waits():
            hearing = asyncio.create_task(waiter.news(LONG))
            await asyncio.sleep(0)
            barrier.wait()
            return await hearing

        with get_storage(alias).hub().listening(f"reader {reader % 4}") as waiter:
            return asyncio.run(waits())

    with ThreadPoolExecutor(number) as pool:
        heard = [pool.submit(wait, reader) for reader in range(number)]
        barrier.wait()
        storage.announce([f"reader {reader}" for reader in range(4)])

        assert [each.result() for each in heard] == [True] * number


# From Python 3.12 on it warns of forks where there are threads, which is what we are here for.
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("alias", [pytest.param("redis_7", marks=pytest.mark.needs("redis_7"))])
def test_other_processes_hear_too_also_when_one_of_them_leaves(alias, method):
    storage = emptied(alias)
    context = multiprocessing.get_context(method)
    with storage.hub().listening("home") as waiter:  # its thread is not in a fork
        ours, theirs = context.Pipe()
        child = context.Process(target=listen_and_tell, args=(alias, theirs))
        child.start()
        theirs.close()  # a child that died is the end of what it says
        assert ours.recv() == "listening"

        storage.announce(["home"])
        assert ours.recv() is True
        assert hears(waiter)

        ours.send("leave")
        assert ours.recv() == "left"
        assert hears(waiter)  # it may have missed something just then
        assert set(listened_to(storage)) == {"home"}
        storage.announce(["home"])
        assert hears(waiter)

        ours.send("end")
        child.join()
        assert child.exitcode == 0


# --- what it costs


@pytest.mark.parametrize("alias", [pytest.param("redis_7", marks=pytest.mark.needs("redis_7"))])
def test_where_nobody_listens_it_is_one_command_and_nothing_is_published(alias):
    storage = emptied(alias)
    storage.announce(["home"])  # the script is known now
    (client,) = storages.clients(alias)
    with client.monitor() as monitor:
        storage.announce(f"reader {number}" for number in range(5_000))
        storage.connection.client.ping()
        commands = []
        while (command := monitor.next_command())["command"] != "PING":
            commands.append(command)

    sent = [command for command in commands if command["client_type"] != "lua"]
    assert [command["command"].split()[0] for command in sent] == ["EVALSHA"]
    assert len(sent[0]["command"]) < 200
    assert not [command for command in commands if command["command"].startswith("PUBLISH")]


def test_it_publishes_for_those_alone_who_listen(own_storage, server):
    with server.connect() as client, own_storage.hub().listening("reader 7") as waiter:
        client.config_resetstat()
        own_storage.announce([f"reader {number}" for number in range(3_000)])

        assert hears(waiter)
        assert asked(client, "publish") == [1]


def test_many_who_listen_in_a_process_use_one_subscription_and_one_thread(own_storage, server):
    with server.connect() as client, ExitStack() as stack:
        hub = own_storage.hub()
        waiters = [stack.enter_context(hub.listening(name)) for name in ("home", "home", "other") for _ in range(5)]
        again = RedisStorage("the same under another name", own_storage.options)

        assert again.hub() is hub
        assert client.pubsub_numsub(own_storage.live) == [(own_storage.live, 1)]
        assert len(client.client_list(_type="pubsub")) == 1
        assert len(listening_threads()) == 1
        own_storage.announce(["home", "other"])
        assert all(hears(waiter) for waiter in waiters)


def test_when_the_last_one_leaves_nothing_is_left(own_storage, server):
    hub = own_storage.hub()
    with server.connect() as client:
        with hub.listening("home"), hub.listening("other"):
            with hub.listening("home"):
                pass
            assert sorted(client.zrange(own_storage.live, 0, -1)) == ["home", "other"]
        assert client.keys() == []
        until(lambda: not listening_threads())

        assert client.pubsub_channels() == []
        with hub.listening("home") as waiter:  # another thread
            own_storage.announce(["home"])
            assert hears(waiter)


def test_who_comes_while_the_last_one_leaves_hears(own_storage):
    """Over and over, so that each comes at another moment of the thread's end."""
    hub, stop = own_storage.hub(), threading.Event()

    def come_and_go():
        while not stop.is_set():
            with hub.listening("home"):
                pass

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(come_and_go) for _ in range(2)]
        try:
            for _ in range(200):
                with hub.listening("home") as waiter:
                    own_storage.announce(["home"])
                    assert hears(waiter)
        finally:
            stop.set()
        for each in running:
            each.result()


def test_who_is_said_to_have_left_while_another_comes_is_listened_to(own_storage, server):
    with server.connect() as client, own_storage.hub().listening("home") as waiter:
        own_storage.run_live("leave", b"home")  # of one who was there before, and whose word comes late

        assert hears(waiter)
        assert client.zrange(own_storage.live, 0, -1) == ["home"]
        own_storage.announce(["home"])
        assert hears(waiter)


# --- what a process or a server loses


def test_what_a_process_left_that_died_runs_out(own_storage, server):
    with server.connect() as client:
        now, _microseconds = client.time()
        client.zadd(own_storage.live, {"dead": now - 1, "dying": now + 30})
        client.config_resetstat()

        own_storage.announce(["dead", "other"])

        assert asked(client, "publish") == [0]
        assert client.zrange(own_storage.live, 0, -1) == ["dying"]


@pytest.mark.needs("redis_7")
def test_whoever_listens_says_so_again_in_time(monkeypatch):
    monkeypatch.setattr(live, "RENEWAL", 1)
    monkeypatch.setattr(live, "PAUSE", 0.05)
    storage = emptied("redis_7")
    (client,) = storages.clients("redis_7")
    with storage.hub().listening("home") as waiter:
        assert 50 < listened_to(storage)["home"] <= live.LEASE
        client.zadd(storage.live, {"home": client.time()[0] + 5})

        until(lambda: listened_to(storage)["home"] > 50)

        assert not hears(waiter, SHORT)  # nothing was missed

        client.flushdb()

        assert hears(waiter)  # nobody was told of what happened meanwhile
        storage.announce(["home"])
        assert hears(waiter)


def test_a_server_that_was_restarted_is_heard_again(own_storage, server):
    with own_storage.hub().listening("home") as waiter, own_storage.hub().listening("other") as other:
        server.kill()
        with pytest.raises(StorageUnavailable, match="'mine'"):
            own_storage.announce(["home"])
        assert not hears(waiter, SHORT)

        server.start()

        assert hears(waiter)
        assert hears(other)
        own_storage.announce(["home"])
        assert hears(waiter)
        assert not hears(other, SHORT)


def test_a_connection_that_was_closed_by_the_server_is_made_anew(own_storage, server):
    with server.connect() as client, own_storage.hub().listening("home") as waiter:
        for _ in range(3):
            client.client_kill_filter(_type="pubsub")

            assert hears(waiter)
            own_storage.announce(["home"])
            assert hears(waiter)
            assert not hears(waiter, SHORT)


def test_a_server_that_is_silent_is_left_and_heard_when_it_speaks_again(own_storage, server, monkeypatch, caplog):
    """Where nobody closes a connection, nothing but asking shows that it is dead."""
    monkeypatch.setattr(live, "RENEWAL", 2)
    monkeypatch.setattr(live, "PAUSE", 0.1)
    with own_storage.hub().listening("home") as waiter:
        server.freeze()
        until(lambda: "hear nothing from the storage 'mine'" in caplog.text)
        server.thaw()

        assert hears(waiter)
        own_storage.announce(["home"])
        assert hears(waiter)
    assert caplog.text.count("hear nothing") == 1


def test_a_server_that_is_not_there_is_said_at_once(own_redis):
    server = own_redis()
    storage = RedisStorage("mine", {"URL": server.url})
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="'mine'") as caught, storage.hub().listening("home"):
            pass
        assert isinstance(caught.value.__cause__, redis.ConnectionError)

    server.start()

    with storage.hub().listening("home") as waiter:
        storage.announce(["home"])
        assert hears(waiter)


def test_a_user_who_may_not_subscribe_is_told_so(server):
    with server.connect() as client:
        client.acl_setuser("feeder", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all"], channels=[])
        client.execute_command("ACL", "SETUSER", "feeder", "resetchannels")
    storage = RedisStorage("mine", {"URL": server.url, "CLIENT": {"username": "feeder", "password": "secret"}})

    with pytest.raises(StorageUnavailable, match="'mine' takes no subscription") as caught:
        listen(storage)
    assert isinstance(caught.value.__cause__, redis.exceptions.NoPermissionError)
    with server.connect() as client:
        assert client.keys() == []


def test_the_rights_that_the_guide_gives_a_user_are_enough(server):
    (line,) = re.findall(r"^ACL SETUSER feeds .*", GUIDE.read_text(), re.MULTILINE)
    with server.connect() as client:
        client.execute_command(*line.split())
    storage = RedisStorage("mine", {"URL": server.url, "CLIENT": {"username": "feeds", "password": "secret"}})

    for work in EVERYTHING.values():
        work(storage)
    with storage.hub().listening("home") as waiter:
        storage.announce(["home"])
        assert hears(waiter)


def listen(storage):
    with storage.hub().listening("home"):
        pass


@pytest.mark.needs("redis_sentinel")
def test_after_a_fail_over_the_new_master_is_heard():
    storage = emptied("redis_sentinel")
    with storage.hub().listening("home") as waiter:
        servers.get("redis_sentinel").fail_over()

        assert hears(waiter)
        announce_until_done(storage)
        assert hears(waiter)


@pytest.fixture
def lost_node():
    """`with lost_node(storage)`: without the node of the Cluster that has the set of those who listen."""

    @contextmanager
    def lose(storage):
        cluster = servers.get("redis_cluster")
        port = storage.connection.client.get_node_from_key(storage.live).port
        next(node for node in cluster.nodes if node.port == port).kill()
        try:
            yield
        finally:
            cluster.start()

    return lose


@pytest.mark.needs("redis_cluster")
def test_a_node_of_the_cluster_that_comes_back_is_heard_again(lost_node):
    storage = emptied("redis_cluster")
    with storage.hub().listening("home") as waiter:
        with lost_node(storage):
            with pytest.raises(StorageUnavailable):
                storage.announce(["home"])
            assert not hears(waiter, SHORT)

        assert hears(waiter)
        announce_until_done(storage)
        assert hears(waiter)


def announce_until_done(storage):
    """Where the client does not know yet who is the master."""
    while True:
        try:
            return storage.announce(["home"])
        except StorageUnavailable:
            sleep(0.05)
