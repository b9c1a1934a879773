"""The example with its feeds in Redis, as REDIS_URL says: processes of its own, as the settings read it at import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

SHOW = """
import json
from django.contrib.auth.models import User
from django_feeds.models import TimelineEntry
from django_feeds.registry import get_feed, get_feed_class
feed = get_feed("timeline", User.objects.get(username="demo"))
shown = [str(activity.id) for activity in feed[:100]]
storage = type(get_feed_class("timeline").get_storage()).__name__
print(json.dumps({"shown": shown, "held": feed.count(), "rows": TimelineEntry.objects.count(), "storage": storage}))
"""


@pytest.fixture
def manage(tmp_path):
    """`manage("seed", REDIS_URL=...)` on a database of this test; returns what it prints."""

    def manage(*arguments, **environment):
        kept = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
        variables = {
            **kept,
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
            "DATABASE_PATH": str(tmp_path / "site.sqlite3"),
            **environment,
        }
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return manage


@pytest.fixture
def show(manage):
    return lambda **environment: json.loads(manage("shell", "-v", "0", "-c", SHOW, **environment).splitlines()[-1])


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
