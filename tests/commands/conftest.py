from datetime import datetime, timedelta, timezone
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from django_feeds import sources
from django_feeds.models import Follow
from django_feeds.registry import get_feed
from tests import storages
from tests.testapp.models import Board, Photo, Pin

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


class OldSite:
    """
    A site that had its rows before the app came: 3 users, 2 boards, 12 pins, 1 photo, and nothing of feeds.

    Ann follows Bob and the board tea, Bob follows Cleo; Cleo follows nobody.
    """

    def __init__(self):
        names = ["ann", "bob", "cleo"]
        self.ann, self.bob, self.cleo = User.objects.bulk_create(User(username=name) for name in names)
        self.tea, self.cats = Board.objects.bulk_create(Board(name=name) for name in ("tea", "cats"))
        who, where = [self.ann, self.bob, self.cleo, self.cleo], [self.tea, self.cats, None]
        self.pins = Pin.objects.bulk_create(
            Pin(user=who[n % 4], board=where[n % 3], note=f"pin {n}", created_at=NOON + timedelta(minutes=n))
            for n in range(12)
        )
        Photo.objects.bulk_create([Photo(user=self.bob)])
        Photo.objects.update(taken_at=NOON - timedelta(minutes=1))  # auto_now_add says now
        pairs = [
            (self.ann, str(self.bob.pk)),
            (self.ann, f"testapp.Board:{self.tea.pk}"),
            (self.bob, str(self.cleo.pk)),
        ]
        Follow.objects.bulk_create(Follow(user=user, target=target) for user, target in pairs)

    def timeline(self, user):
        return held("timeline", user)

    def own(self, owner):
        return held("user", owner)

    def snapshot(self):
        owners = [self.ann, self.bob, self.cleo]
        return {
            **{("timeline", str(owner)): self.timeline(owner) for owner in owners},
            **{("user", str(owner)): self.own(owner) for owner in [*owners, self.tea, self.cats]},
        }


def held(alias, owner):
    """The notes of what a timeline holds itself, newest first: nothing that a page would pull."""
    feed = get_feed(alias, owner)
    return [activity.extra_context.get("note", "photo") for activity in feed.hydrate(feed.entries(1_000))]


@pytest.fixture(autouse=True)
def only_the_test_app(monkeypatch):
    """The example project has sources too."""
    kept = {model: found for model, found in sources._sources.items() if model._meta.app_label == "testapp"}
    monkeypatch.setattr(sources, "_sources", kept)


SERVERS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("redis_7", "cassandra")]


@pytest.fixture(params=["memory", "database", *SERVERS])
def old_site(request, db, settings):
    settings.TIME_ZONE = "UTC"
    settings.DJANGO_FEEDS = {
        "TASKS": "inline",
        "FEEDS": {
            "user": {"STORAGE": request.param, "MAX_LENGTH": 50},
            "timeline": {"STORAGE": request.param, "MAX_LENGTH": 5},
        },
        "STORAGES": storages.declared(request.param),
    }
    storages.empty(request.param)
    return OldSite()


@pytest.fixture
def rebuilt(old_site, run):
    run("rebuild_feeds")
    return old_site


@pytest.fixture
def run():
    """Run a command; returns what it prints, as lines."""

    def run(name, *args, **options):
        out = StringIO()
        call_command(name, *args, stdout=out, stderr=StringIO(), **options)
        return out.getvalue().splitlines()

    return run
