"""What Redis drops for want of room, or loses, comes back by itself, and no page is wrong meanwhile."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_feeds.ids import pack
from django_feeds.storage import get_storage
from django_feeds.testing import hold_tasks
from tests import servers
from tests.flows.site import Site
from tests.model_based import oracle
from tests.settings import REDIS

LENGTH = 8


@pytest.fixture(params=servers.REDIS)
def server(own_redis, request):
    server = own_redis(request.param)
    server.start("--maxmemory-policy", "allkeys-lru")
    return server


@pytest.fixture
def site(db, server, settings):
    """Three who read and pin."""
    settings.DJANGO_FEEDS = {
        "FEEDS": {name: {"STORAGE": "narrow", "MAX_LENGTH": LENGTH} for name in ("user", "timeline")},
        "STORAGES": {"narrow": {"BACKEND": REDIS, "OPTIONS": {"URL": server.url}}},
        "FANOUT_CHUNK_SIZE": 2,
    }
    with hold_tasks() as held:
        site = Site("narrow", held)
        site.follow(site.ann, site.bob, site.cats)
        site.follow(site.bob, site.ann, site.cleo, site.tea)
        site.follow(site.cleo, site.ann)
        site.work()
        yield site


def feeds(site):
    """Each feed with the ids that it should show."""
    for person in (site.ann, site.bob, site.cleo):
        yield site.timeline(person), list(oracle.timeline(person, set(), False))[:LENGTH]
        yield site.own(person), list(oracle.own_feed(person, set()))[:LENGTH]


def pin(site, minute):
    who = (site.ann, site.bob, site.cleo)[minute % 3]
    board = (site.tea, site.cats, None)[minute % 5 % 3]
    return site.pin(who, board=board, minute=minute, note=str(minute))


def assert_all_is_right(site):
    for feed, expected in feeds(site):
        assert [activity.id for activity in feed.page(limit=LENGTH)] == expected
        assert [activity.extra_context["note"] for activity in feed[:]] == [
            activity.object.note for activity in feed[:]
        ]


def assert_all_is_stored(site):
    for feed, expected in feeds(site):
        part = feed.get_storage().slice(feed.key, limit=LENGTH)
        assert [entry.id for entry in part.entries] == expected
        assert part.floor < expected[-1]


def test_a_site_on_a_server_with_too_little_memory(site, server):
    with server.connect() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 400_000)
        for minute in range(40):
            for number in range(10):
                client.set(f"somebody's {minute} {number}", "x" * 10_000)
            made = pin(site, minute)
            site.work()
            if minute % 7 == 3:
                made.note = "edited"
                made.save()
            if minute % 7 == 5:
                made.delete()
            site.work()
            assert_all_is_right(site)
        others = 40 * 10 - len(client.keys("somebody's*"))
        assert client.info("stats")["evicted_keys"] > others
        client.config_set("maxmemory", 0)

    assert_all_is_right(site)
    site.work()
    assert_all_is_stored(site)


def test_each_key_that_is_dropped_alone(site, server):
    for minute in range(30):
        pin(site, minute)
    site.work()
    with server.connect() as client:
        names = sorted(client.keys())
        assert len(names) > 20
        for name in names:
            client.delete(name)
            assert_all_is_right(site)
            site.work()
            assert_all_is_stored(site)


def test_a_server_that_was_restarted_empty(site, server):
    for minute in range(30):
        pin(site, minute)
    site.work()
    server.kill()
    server.start()

    assert_all_is_right(site)
    site.work()

    assert_all_is_stored(site)
    pin(site, 31)
    site.work()
    assert_all_is_right(site)
    assert_all_is_stored(site)


def test_bodies_that_were_dropped_are_read_from_their_records_once(site, server):
    for minute in range(30):
        pin(site, minute)
    site.work()
    storage = get_storage("narrow")
    usual = queries(site)
    entries = site.timeline(site.ann).entries()
    with server.connect() as client:
        for entry in entries[1:4]:
            client.delete(storage._bucket(pack(entry.id)))

    # Inside a transaction they are put back at its end.
    assert len(queries(site)) == len(queries(site)) == len(usual) + 1
    site.work()
    assert len(queries(site)) == len(usual)
    assert set(storage.get([entry.id for entry in entries])) == {entry.id for entry in entries}


def queries(site):
    with CaptureQueriesContext(connection) as captured:
        site.timeline(site.ann).page(limit=LENGTH)
    return captured.captured_queries
