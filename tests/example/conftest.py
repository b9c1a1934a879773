"""A small community: Ann, who pins to a board, and Ben, who reads."""

from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model

from django_feeds.testing import run_feeds
from example_project import settings as example
from example_project.pins.models import Board, Item, Pin


@pytest.fixture(autouse=True)
def feeds_of_the_example(settings):
    """The tests' own settings declare no feeds."""
    declared = {name: example.DJANGO_FEEDS[name] for name in ("FEEDS", "MANAGERS", "SITE_URL")}
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, **declared}


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
