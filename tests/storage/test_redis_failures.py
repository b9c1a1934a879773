"""A Redis that is gone, silent, full, busy, a replica or forbidden: each method says so, and works when it is back."""

from contextlib import contextmanager

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from django_feeds.exceptions import FeedsConfigurationError, StorageUnavailable
from django_feeds.ids import MAX_ID
from django_feeds.storage import Mark
from django_feeds.storage.redis import RedisStorage
from django_feeds.testing.contract.case import entries, entry
from tests import servers

from .redis_methods import EVERYTHING, READS, WRITES

CLIENT = {"socket_timeout": 0.6, "socket_connect_timeout": 0.6}
"""A server that is frozen is waited for so long, by each method."""

RETRY = Retry(NoBackoff(), 1, (redis.ConnectionError,))

WRITING = {name: work for name, work in EVERYTHING.items() if name in (*WRITES, "put", "forget", "mark", "unmark")}
"""What writes something, where there is something to do."""

NOBODY = ("127.0.0.1", 1)


@pytest.fixture(params=servers.REDIS)
def server(own_redis, request):
    server = own_redis(request.param)
    server.start()
    return server


@pytest.fixture(params=["URL", "CACHE"])
def storage(server, settings, request):
    if request.param == "URL":
        return RedisStorage("mine", {"URL": server.url, "CLIENT": CLIENT})
    settings.CACHES = {
        **settings.CACHES,
        "feeds": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": server.url,
            "OPTIONS": {"CONNECTION_POOL_KWARGS": {**CLIENT, "retry": RETRY}},
        },
    }
    return RedisStorage("mine", {"CACHE": "feeds"})


def says_so(storage, cause, work):
    """Does this call say that the storage is not there, with the driver's error?"""
    with pytest.raises(StorageUnavailable, match="'mine'") as caught:
        work(storage)
    assert isinstance(caught.value.__cause__, cause)
    assert str(caught.value.__cause__) in str(caught.value)


def no_write_is_swallowed(storage, refusing):
    """While the server refuses, each write that has something to do says so and does nothing; afterwards it works."""
    for name, work in WRITING.items():
        storage.delete(["home"])
        storage.add(["home"], entries(1, 2, 3) if name.startswith("remove") else entries(1, 3), max_length=5)
        storage.forget([entry(1).id])
        if name != "put":
            storage.put({entry(1).id: "{}"})
        storage.unmark(["home"])
        if name == "unmark":
            storage.mark("home", {7: Mark(9, 9)})
        before = kept(storage)
        with refusing():
            says_so(storage, redis.ResponseError, work)
        assert kept(storage) == before
        work(storage)
        assert kept(storage) != before


def kept(storage):
    return storage.slice("home", limit=50), storage.get([entry(1).id]), storage.marks("home")


def test_a_server_that_is_gone(storage, server):
    storage.add(["home"], entries(1), max_length=5)
    server.kill()

    for work in EVERYTHING.values():
        says_so(storage, redis.ConnectionError, work)

    server.start()
    for work in EVERYTHING.values():
        work(storage)


def test_a_server_that_is_silent(storage, server):
    storage.add(["home"], entries(1), max_length=5)
    storage.put({entry(8).id: "{}"})
    server.freeze()

    for work in EVERYTHING.values():
        says_so(storage, redis.TimeoutError, work)

    server.thaw()
    # Answers that come late belong to nobody; what was asked meanwhile, and may be done late, leaves this alone.
    assert storage.get([entry(8).id, entry(9).id]) == {entry(8).id: "{}"}
    for work in EVERYTHING.values():
        work(storage)
    storage.add(["home"], entries(7), max_length=5)
    assert storage.slice("home", limit=1).entries == entries(7)


def test_a_server_that_was_restarted_between_two_calls(storage, server):
    for work in EVERYTHING.values():
        server.kill()
        server.start()
        work(storage)
    storage.add(["home"], entries(1), max_length=5)
    server.kill()
    server.start()

    assert storage.slice("home", limit=5).floor == MAX_ID


def test_scripts_that_were_flushed(storage, server):
    for work in EVERYTHING.values():
        work(storage)
        with server.connect() as client:
            client.script_flush()
        work(storage)


def test_connections_that_were_closed_by_the_server(storage, server):
    for work in EVERYTHING.values():
        work(storage)
        with server.connect() as client:
            client.client_kill_filter(_type="normal", skipme=True)
        work(storage)


def test_a_server_that_is_not_there_at_first(own_redis):
    server = own_redis()
    storage = RedisStorage("mine", {"URL": server.url, "CLIENT": CLIENT})
    for work in EVERYTHING.values():
        says_so(storage, redis.ConnectionError, work)

    server.start()

    storage.add(["home"], entries(1), max_length=5)
    assert storage.slice("home", limit=5).entries == entries(1)


def test_a_replica_takes_no_writes_and_becomes_master_again(storage, server):
    @contextmanager
    def replica():
        with server.connect() as client:
            client.replicaof(*NOBODY)
            yield
            client.replicaof("NO", "ONE")

    no_write_is_swallowed(storage, replica)
    with replica():
        for name in READS:
            EVERYTHING[name](storage)


@pytest.mark.parametrize("version", servers.REDIS)
def test_a_name_that_leads_to_another_master_is_asked_again(own_redis, version):
    former, present = own_redis(version), own_redis(version)
    former.start()
    present.start()
    name = former.folder / "master.sock"
    name.symlink_to(former.socket)
    storage = RedisStorage("mine", {"URL": f"unix://{name}", "CLIENT": CLIENT})
    storage.add(["home"], entries(1), max_length=5)
    name.unlink()
    name.symlink_to(present.socket)
    with former.connect() as client:
        client.replicaof(*NOBODY)

    says_so(storage, redis.ResponseError, EVERYTHING["add"])

    storage.add(["home"], entries(3), max_length=5)
    assert storage.slice("home", limit=5).entries == entries(3)


def test_a_server_that_wants_replicas_which_are_not_there(own_redis):
    server = own_redis()  # to older ones, it does not matter what scripts write
    server.start()

    @contextmanager
    def lonely():
        with server.connect() as client:
            client.config_set("min-replicas-to-write", 1)
            yield
            client.config_set("min-replicas-to-write", 0)

    no_write_is_swallowed(RedisStorage("mine", {"URL": server.url}), lonely)


def test_a_server_that_cannot_save(storage, server):
    @contextmanager
    def unable():
        (server.folder / "dump.rdb").mkdir()
        with server.connect() as client:
            client.config_set("save", "3600 1000000")
            save(client)
            yield
            (server.folder / "dump.rdb").rmdir()
            save(client)
        (server.folder / "dump.rdb").unlink()

    no_write_is_swallowed(storage, unable)


def save(client):
    client.bgsave()
    while client.info("persistence")["rdb_bgsave_in_progress"]:
        pass


def test_a_server_that_is_busy_with_another_script(storage, server):
    with another_script(server):
        for work in EVERYTHING.values():
            says_so(storage, redis.ResponseError, work)

    for work in EVERYTHING.values():
        work(storage)


@contextmanager
def another_script(server):
    """That does not end, and that the server has begun to be tired of."""
    with server.connect() as client, server.connect() as tired:
        client.config_set("lua-time-limit", 10)
        connection = client.connection_pool.get_connection()
        connection.send_command("EVAL", "while true do end", 0)
        try:
            while is_served(tired):
                pass
            yield
        finally:
            tired.script_kill()
            while not is_served(tired):
                pass
            connection.disconnect()


def is_served(client):
    try:
        client.ping()
    except redis.ResponseError:
        return False
    return True


def test_a_server_that_is_still_loading_its_data(own_redis):
    server = own_redis()
    server.start("--key-load-delay", "1500", "--loading-process-events-interval-bytes", "1024")
    storage = RedisStorage("mine", {"URL": server.url})
    storage.add([f"reader {number}" for number in range(8_000)], entries(1), max_length=5)
    with server.connect() as client:
        client.save()
    server.kill()

    server.start()

    for work in EVERYTHING.values():
        says_so(storage, redis.BusyLoadingError, work)
    with server.connect() as client:
        while client.info("persistence")["loading"]:
            pass
    assert storage.slice("reader 7", limit=5).entries == entries(1)


@pytest.mark.parametrize("forbidden", ["evalsha", "lrange", "lindex"])
def test_a_user_who_may_not_read(server, forbidden):
    storage = storage_of_user(server, "+@all", f"-{forbidden}")
    with server.connect() as client:
        RedisStorage("other", {"URL": server.url}).add(["home"], entries(1), max_length=5)

        says_so(storage, redis.ResponseError, EVERYTHING["slice"])

        client.acl_setuser("feeder", commands=["+@all"])
    assert storage.slice("home", limit=5).entries == entries(1)


@pytest.mark.parametrize("forbidden", ["eval", "rpush", "hset"])
def test_a_user_who_may_not_write(server, forbidden):
    storage = storage_of_user(server, "+@all", f"-{forbidden}")
    work = EVERYTHING["put" if forbidden == "hset" else "add with a floor"]
    with server.connect() as client:
        says_so(storage, redis.ResponseError, work)

        client.acl_setuser("feeder", commands=["+@all"])
    work(storage)


def test_a_user_who_may_not_touch_these_keys(server):
    storage = storage_of_user(server, "+@all", keys=["shop:*"])

    for work in EVERYTHING.values():
        says_so(storage, redis.exceptions.NoPermissionError, work)


def storage_of_user(server, *commands, keys=("*",)):
    with server.connect() as client:
        client.acl_setuser("feeder", enabled=True, passwords=["+secret"], keys=keys, commands=commands)
    return RedisStorage("mine", {"URL": server.url, "CLIENT": {**CLIENT, "username": "feeder", "password": "secret"}})


# --- what only a person can mend: not to be tried again


@pytest.mark.parametrize("option", ["URL", "CACHE"])
def test_a_database_that_is_not_there(server, settings, option):
    url = server.database_url(99)
    settings.CACHES = {**settings.CACHES, "feeds": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url}}
    storage = RedisStorage("mine", {option: {"URL": url, "CACHE": "feeds"}[option]})

    for work in EVERYTHING.values():
        with pytest.raises(FeedsConfigurationError, match="'mine' has no database of this number.* the URL, "):
            work(storage)
