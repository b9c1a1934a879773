"""The example with its feeds in Redis, as REDIS_URL says: processes of its own, as the settings read it at import."""

from __future__ import annotations

import pytest


def test_demo_on_redis_keeps_no_feed_in_the_database(manage, show, redis_url):
    manage("demo", "--no-server", "--users", "8", "--pins", "60", REDIS_URL=redis_url)

    found = show(REDIS_URL=redis_url)

    assert found["storage"] == "RedisStorage"
    assert found["rows"] == 0
    assert len(found["shown"]) == found["held"] > 10


@pytest.mark.needs("redis_7")
def test_a_site_moves_to_redis_with_one_variable_and_one_command(manage, show, own_redis):
    manage("demo", "--no-server", "--users", "8", "--pins", "60")
    in_database, server = show(), own_redis()
    assert in_database["storage"] == "DatabaseStorage"
    assert in_database["held"] > 10
    server.start()

    manage("rebuild_feeds", REDIS_URL=server.url)
    with server.connect() as client:
        assert len(client.keys("feeds:1:t:timeline:*")) >= 8
    in_redis = show(REDIS_URL=server.url)

    assert in_redis["shown"] == in_database["shown"]
    assert in_redis["held"] == in_database["held"]


@pytest.mark.needs("redis_7")
def test_who_reads_before_the_command_ran_sees_the_same(manage, show, own_redis):
    manage("demo", "--no-server", "--users", "8", "--pins", "60")
    server = own_redis()
    server.start()

    assert show(REDIS_URL=server.url)["shown"] == show()["shown"]


def test_the_checks_have_nothing_against_it(manage, redis_url):
    assert "no issues" in manage("check", REDIS_URL=redis_url)
