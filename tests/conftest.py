from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connections
from django.utils import translation

from tests import servers

# --- servers: started for the tests that were collected, missing ones skipped loudly


def pytest_configure(config: pytest.Config) -> None:
    # Here as in CI: a pause of the machine is no failure, and what failed once fails again.
    hypothesis.settings.register_profile("feeds", deadline=None, derandomize=True, database=None)
    hypothesis.settings.load_profile("feeds")
    # A run that is asked to end stops its servers on the way out, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.option.collectonly:
        return
    start_default_database()
    # Those that keep both cores busy while they start come last: PostgreSQL's program gives it ten seconds.
    for name in sorted(set().union(*map(needed_by, session.items)), key=lambda name: (name in servers.CASSANDRA, name)):
        try:
            servers.get(name).start()
        except servers.Unavailable:
            # It keeps the reason, for each test that needs it. Nobody shall make a test database there.
            connections.settings.pop(name, None)


def start_default_database() -> None:
    """With FEEDS_TEST_DB even "default" is a server, and without it no test makes sense."""
    name = getattr(settings, "FEEDS_TEST_DB", "sqlite")
    if name in servers.DATABASES:
        try:
            servers.get(name).start()
        except servers.Unavailable as error:
            pytest.exit(f"FEEDS_TEST_DB={name}: {error}", returncode=1)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    needed = sorted(needed_by(item))
    for name in needed:
        start(name)
    if set(needed) & {*servers.CASSANDRA, "cassandra_secured"}:
        from tests import storages

        storages.leave_lost_sessions()


def pytest_unconfigure(config: pytest.Config) -> None:
    servers.stop_all()


def needed_by(item: pytest.Item) -> set[str]:
    """Servers named by the marker `needs`, and those behind the databases that the test declares."""
    named = {name for mark in item.iter_markers("needs") for name in mark.args}
    return named | {name for name in databases_of(item) if name in servers.DATABASES}


def databases_of(item: pytest.Item) -> Iterable[str]:
    marker = item.get_closest_marker("django_db")
    declared: Any = getattr(getattr(item, "cls", None), "databases", None)
    if declared is None and marker:
        declared = marker.kwargs.get("databases")
    return servers.DATABASES if declared == "__all__" else declared or ()


def start(name: str) -> servers.Server:
    """A running server; the test that asked is skipped where it cannot be had, and fails in CI."""
    server = servers.get(name)
    try:
        server.start()
    except servers.Unavailable as error:
        unavailable(f"{name}: {error}")
    return server


def unavailable(reason: str) -> None:
    if servers.must_be_there():
        pytest.fail(f"{reason} (CI must have it)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(params=servers.REDIS)
def redis_url(request: pytest.FixtureRequest) -> str:
    """An empty Redis, once of each version: the address for redis-py."""
    import redis

    server = start(request.param)
    with redis.Redis.from_url(server.url) as client:
        client.flushdb()
    return server.url


@pytest.fixture
def own_redis() -> Iterator[Callable[..., servers.RedisServer]]:
    """
    A Redis that only this test has, and may do anything to; gone at its end.

        redis = own_redis()                     # or own_redis("redis_6")
        redis.start("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru")
        redis.url                               # the same for all of its life
        redis.kill(); redis.start()             # back with the same arguments, without its data
        redis.freeze(); redis.thaw()
    """
    made: list[servers.RedisServer] = []

    def make(version: str = "redis_7") -> servers.RedisServer:
        server = servers.own_redis(version)
        try:
            server.program()
        except servers.Unavailable as error:
            unavailable(f"{version}: {error}")
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


# --- this process


@pytest.fixture(autouse=True)
def words_of_the_settings() -> Iterator[None]:
    """No test speaks the language that another's last request asked for."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def empty_memory() -> Iterator[None]:
    """No test sees what another left in a memory storage."""
    from django_feeds.storage import memory

    yield
    for store in memory._stores.values():
        store.timelines.clear()
        store.bodies.clear()
        store.marks.clear()


# --- a real Celery worker


@pytest.fixture(scope="session")
def _worker() -> Iterator[Any]:
    from tests.worker import Worker

    worker = Worker()
    yield worker
    worker.stop()


@pytest.fixture
def celery_worker_process(transactional_db: None, settings: Any, _worker: Any) -> Iterator[Any]:
    """
    A running Celery worker on this test's databases, with "TASKS" set to "celery": see tests/worker.py.

    Started by the first test that asks, emptied and kept for the next. Results are in the database.
    """
    from tests.celery_app import app

    start(servers.broker().name)
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "TASKS": "celery"}
    # The example has a Celery app too; both read the same settings.
    app.set_current()
    _worker.forget()
    _worker.start()
    yield _worker
    # What still runs would write into the tables that the end of this test empties.
    if _worker.running and _worker.waiting():
        try:
            _worker.wait_until_idle(timeout=30)
        except TimeoutError:
            _worker.kill()
    _worker.forget()
