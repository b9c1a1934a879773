"""While a storage is down: pages come by pull where somebody knows the sources, else they say so with 503."""

from unittest import mock

import pytest
from django.db import OperationalError
from django.template import engines
from django.test import override_settings

from django_feeds.exceptions import StorageUnavailable
from django_feeds.models import Follow
from django_feeds.registry import get_feed
from django_feeds.storage.database import DatabaseStorage
from django_feeds.storage.memory import MemoryStorage
from django_feeds.testing import hold_tasks, run_feeds

from .base import SiteTestCase

DOWN = StorageUnavailable("The storage is down.")
MEMORY = {
    "TASKS": "inline",
    "PAGE_SIZE": 2,
    "FEEDS": {"user": {"STORAGE": "memory"}, "timeline": {"STORAGE": "memory"}, "lonely": {"STORAGE": "memory"}},
}


def down(storage_class):
    """Nobody is there: neither for timelines nor for bodies."""
    return mock.patch.multiple(storage_class, slice=mock.Mock(side_effect=DOWN), get=mock.Mock(side_effect=DOWN))


@override_settings(DJANGO_FEEDS=MEMORY)
class OutageTests(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.ann)

    def test_all_pages_come_by_pull(self):
        self.pins(5)
        before = self.texts("/feeds/feed/timeline/")

        with down(MemoryStorage), self.assertLogs("django_feeds.feeds.pages"):
            during = self.texts("/feeds/feed/timeline/")

        self.assertEqual(len(before), 5)
        self.assertEqual(during, before)

    def test_an_own_feed_too(self):
        self.pins(2)

        with down(MemoryStorage):
            self.assertIn("pin no. 1", self.get(f"/feeds/own/user/{self.bob.pk}/"))

    def test_a_page_can_go_on_where_the_outage_began_or_ended(self):
        self.pins(4)
        first = self.get_json("/feeds/feed/timeline/")
        with down(MemoryStorage):
            second = self.get_json(first["next_url"])

        texts = [item["text"] for item in second["items"]]
        self.assertEqual(texts, ["bob pinned pin no. 1 to Cats", "bob pinned pin no. 0 to Cats"])

    def test_only_those_who_may_see(self):
        Follow.objects.follow(self.ann, self.bob)
        self.pin("a secret", private=True)
        run_feeds()

        with down(MemoryStorage):
            self.assertNotIn("a secret", self.get("/feeds/feed/timeline/"))

    def test_nothing_is_asked_of_the_storage_that_is_down(self):
        self.pins(1)

        with down(MemoryStorage), hold_tasks() as held:
            get_feed("timeline", self.ann).page()

        self.assertEqual(held, [])

    def test_a_feed_that_nobody_else_knows_is_503_for_a_moment(self):
        with down(MemoryStorage):
            response = self.client.get("/feeds/feed/lonely/")
            as_json = self.client.get("/feeds/feed/lonely/", headers={"Accept": "application/json"})

        self.assertContains(response, "cannot be read just now", status_code=503)
        self.assertEqual((response["Retry-After"], as_json["Retry-After"]), ("30", "30"))
        self.assertTemplateUsed(response, "django_feeds/unavailable.html")
        self.assertEqual(list(as_json.json()), ["error"])
        self.assertEqual(self.client.get("/feeds/feed/lonely/").status_code, 200)

    def test_it_leaves_the_rest_of_a_page_alone(self):
        source = '{% load django_feeds %}before {% render_feed "lonely" user %} after'
        with down(MemoryStorage):
            html = engines["django"].from_string(source).render({"user": self.ann})

        self.assertRegex(html, "(?s)before .*cannot be read just now.* after")

    def texts(self, path):
        found = []
        while path:
            page = self.get_json(path)
            found += [item["text"] for item in page["items"]]
            path = page["next_url"]
        return found


class DatabaseOutageTests(SiteTestCase):
    @override_settings(DJANGO_FEEDS={"TASKS": "inline"})
    def test_where_the_records_are_gone_too_it_says_so(self):
        with (
            down(DatabaseStorage),
            mock.patch("django_feeds.reader.sources_of", side_effect=OperationalError),
            pytest.raises(StorageUnavailable, match="cannot be read"),
        ):
            get_feed("timeline", self.ann).page()
