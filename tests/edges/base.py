"""A few people and a board, for tests of pages."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

from django.contrib.auth import get_user_model
from django.test import TestCase, override_settings

import django_feeds
from django_feeds.models import Follow
from django_feeds.testing import FeedAssertions, run_feeds
from tests.browser.quality import assert_valid_html
from tests.testapp.models import Board, Pin

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before what the example project's apps have.
        "DIRS": [Path(django_feeds.__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": PROCESSORS},
    }
]
START = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


# The package's own templates and defaults, not those of the example project.
@override_settings(
    ROOT_URLCONF="tests.edges.urls",
    MIDDLEWARE=MIDDLEWARE,
    TEMPLATES=TEMPLATES,
    LOGIN_URL="login",
    DJANGO_FEEDS={"TASKS": "inline"},
)
class SiteTestCase(FeedAssertions, TestCase):
    """Ann reads, Bob pins, on Bob's board."""

    def setUp(self):
        users = get_user_model().objects
        self.ann = users.create_user("ann", password="secret")
        self.bob = users.create_user("bob")
        self.board = Board.objects.create(owner=self.bob, name="Cats")

    def pin(self, note, minutes=0, **fields):
        fields = {"user": self.bob, "board": self.board, **fields}
        return Pin.objects.create(note=note, created_at=START + timedelta(minutes=minutes), **fields)

    def pins(self, count):
        """So many pins of Bob's, whom Ann follows; the newest is the last."""
        Follow.objects.follow(self.ann, self.bob)
        pins = [self.pin(f"pin no. {number}", minutes=number) for number in range(count)]
        run_feeds()
        return pins

    def get(self, path, **kwargs):
        """The text of a page, which must be valid HTML."""
        response = self.client.get(path, **kwargs)
        self.assertEqual(response.status_code, 200)
        assert_valid_html(response.content.decode())
        return response.content.decode()

    def get_json(self, path, status=200):
        response = self.client.get(path, headers={"Accept": "application/json"})
        self.assertEqual(response.status_code, status)
        return response.json()
