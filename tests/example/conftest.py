"""A small community: Ann, who pins to a board, and Ben, who reads."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model

from django_feeds.testing import run_feeds
from example_project import settings as example
from example_project.pins.models import Board, Item, Pin

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


@pytest.fixture(autouse=True)
def feeds_of_the_example(settings):
    """The tests' own settings declare no feeds, and storages whose servers need not run: `demo` asks all of them."""
    declared = {name: example.DJANGO_FEEDS[name] for name in ("FEEDS", "MANAGERS", "SITE_URL")}
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "STORAGES": {}, **declared}


@pytest.fixture
def site(db):
    """Ann has a board with one pin, Ben an empty one."""
    ann, ben = (get_user_model().objects.create_user(name, first_name=name.title()) for name in ("ann", "ben"))
    board, bens = Board.objects.create(owner=ann, name="Tiles"), Board.objects.create(owner=ben, name="Kitchen")
    pin = Pin.objects.create(user=ann, board=board, item=Item.objects.create(title="Quilt", seed=5), comment="Nice")
    run_feeds()
    return SimpleNamespace(ann=ann, ben=ben, board=board, bens=bens, pin=pin)


@pytest.fixture
def as_ann(site, client):
    client.force_login(site.ann)
    return client


@pytest.fixture
def as_ben(site, client):
    client.force_login(site.ben)
    return client


@pytest.fixture
def manage(tmp_path):
    """`manage("seed", REDIS_URL=...)` on a database of this test; returns what it prints."""

    def manage(*arguments, **environment):
        kept = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "CASSANDRA_HOSTS")}
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
