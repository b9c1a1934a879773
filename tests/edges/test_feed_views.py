"""Pages of feeds: whose they are, what is on them, how they go on, and what goes wrong."""

import re
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from django_feeds.exceptions import UnknownFeed
from django_feeds.models import ActivityRecord, Follow
from django_feeds.testing import run_feeds
from tests.testapp.models import Board, Pin, Tag

from .base import SiteTestCase

TIMELINE = "/feeds/feed/timeline/"


class FeedViewTests(SiteTestCase):
    def test_an_anonymous_visitor_signs_in_first_and_comes_back(self):
        response = self.client.get(f"{TIMELINE}?after=x")

        expected = f"/sign-in/?next={quote(TIMELINE)}%3Fafter%3Dx"
        self.assertRedirects(response, expected, fetch_redirect_response=False)

    def test_a_page_shows_what_the_followed_did(self):
        self.pins(1)
        self.client.force_login(self.ann)

        text = self.get(TIMELINE)

        self.assertIn("bob pinned pin no. 0 to Cats", text)
        self.assertIn('<time datetime="2026-01-01T', text)

    def test_an_empty_feed_says_so(self):
        self.client.force_login(self.ann)

        self.assertIn("Nothing here yet.", self.get(TIMELINE))

    def test_everybody_gets_his_own_feed_only(self):
        self.pins(1)
        self.client.force_login(self.bob)

        self.assertNotIn("pin no. 0", self.get(TIMELINE))

    def test_a_private_page_is_kept_in_no_cache(self):
        self.client.force_login(self.ann)

        response = self.client.get(TIMELINE)

        self.assertIn("private", response["Cache-Control"])
        self.assertIn("no-store", response["Cache-Control"])
        self.assertIn("Accept", response["Vary"])

    def test_links_lead_through_all_pages_and_back(self):
        pins = self.pins(5)
        self.client.force_login(self.ann)
        seen, path, pages = [], "/news/?colour=blue", 0

        while path:
            text = self.get(path)
            seen += [int(number) for number in re.findall(r"pin no\. (\d+)", text)]
            older = re.search(r'<a href="([^"]+)" rel="next">Older</a>', text)
            path = older and older[1].replace("&amp;", "&")
            pages += 1

        self.assertEqual(seen, [4, 3, 2, 1, 0])
        self.assertEqual((len(pins), pages), (5, 3))
        self.assertIn('<a href="/news/?colour=blue">Newest</a>', text)
        self.assertIn("<h1>What is new</h1>", text)

    def test_a_page_costs_the_same_however_much_is_on_it(self):
        self.pins(1)
        self.client.force_login(self.ann)
        self.client.get(TIMELINE)
        with CaptureQueriesContext(connection) as one:
            self.client.get(TIMELINE)
        for number in range(30):
            user = get_user_model().objects.create_user(f"user{number}")
            Follow.objects.follow(self.ann, user)
            self.pin(f"by {number}", minutes=number, user=user, board=Board.objects.create(name=f"board {number}"))
        run_feeds()

        with CaptureQueriesContext(connection) as many:
            text = self.get(TIMELINE)

        self.assertEqual(text.count("<article"), 25)
        self.assertEqual(len(many), len(one), [query["sql"] for query in many])

    @override_settings(DJANGO_FEEDS={"TASKS": "inline", "PAGE_SIZE": 2})
    def test_the_settings_say_how_long_a_page_is(self):
        self.pins(3)
        self.client.force_login(self.ann)

        self.assertEqual(self.get(TIMELINE).count("<article"), 2)

    def test_a_cursor_that_no_page_gave_is_not_found(self):
        self.client.force_login(self.ann)

        for cursor in ("garbage", "AAAA", "%00", "é" * 40):
            response = self.client.get(f"{TIMELINE}?after={cursor}")

            self.assertEqual(response.status_code, 404)
        self.assertIn("is not a cursor", self.get_json(f"{TIMELINE}?after=garbage", status=404)["error"])

    def test_an_address_with_an_unknown_feed_is_not_found(self):
        self.client.force_login(self.ann)

        self.assertEqual(self.client.get("/feeds/feed/nonsense/").status_code, 404)
        self.assertIn("'nonsense'", self.get_json("/feeds/feed/nonsense/", status=404)["error"])

    def test_an_unknown_feed_in_the_code_is_an_error_that_names_the_setting(self):
        self.client.force_login(self.ann)

        with pytest.raises(
            UnknownFeed, match=r"DJANGO_FEEDS\['FEEDS'\] has no 'timelime'; it has: notifications, timeline, user"
        ):
            self.client.get("/mistaken/")

    def test_a_view_without_an_alias_says_what_to_define(self):
        self.client.force_login(self.ann)

        with pytest.raises(ImproperlyConfigured, match=r"'FeedView' must define 'alias'.*'get_alias\(\)'"):
            self.client.get("/nameless/")

    def test_the_page_is_in_the_language_of_the_reader(self):
        self.client.force_login(self.ann)

        with translation.override("ar"):
            self.assertIn('<html lang="ar" dir="rtl">', self.get(TIMELINE))


class JsonTests(SiteTestCase):
    def test_a_page_in_json(self):
        pins = self.pins(3)
        self.client.force_login(self.ann)

        page = self.get_json("/news/")

        record = ActivityRecord.objects.get(object=f"testapp.Pin:{pins[2].pk}")
        self.assertEqual(
            page["items"][0],
            {
                "id": str(record.activity_id),
                "verb": "pin",
                "actor": {"type": "auth.User", "id": str(self.bob.pk), "text": "bob", "url": None},
                "object": {"type": "testapp.Pin", "id": str(pins[2].pk), "text": "pin no. 2", "url": None},
                "target": {"type": "testapp.Board", "id": str(self.board.pk), "text": "Cats", "url": None},
                "time": "2026-01-01T12:02:00+00:00",
                "text": "bob pinned pin no. 2 to Cats",
                "extra_context": {"note": "pin no. 2"},
            },
        )
        self.assertEqual(len(page["items"]), 2)
        self.assertEqual(page["next_url"], f"/news/?after={page['next']}")

    def test_the_last_page_has_no_next(self):
        self.pins(3)
        self.client.force_login(self.ann)

        last = self.get_json(self.get_json("/news/")["next_url"])

        self.assertEqual([item["text"] for item in last["items"]], ["bob pinned pin no. 0 to Cats"])
        self.assertEqual((last["next"], last["next_url"]), (None, None))

    def test_an_anonymous_client_is_told_rather_than_led_to_a_form(self):
        self.assertEqual(self.get_json(TIMELINE, status=403), {"error": "Sign in to read your feed."})

    def test_a_browser_gets_a_page(self):
        self.client.force_login(self.ann)

        for accept in ("text/html,application/xhtml+xml,*/*;q=0.8", "*/*", ""):
            response = self.client.get(TIMELINE, headers={"Accept": accept})

            self.assertEqual(response["Content-Type"], "text/html; charset=utf-8", accept)


class UserFeedViewTests(SiteTestCase):
    def test_everybody_may_read_what_somebody_did(self):
        self.pin("a cat")
        run_feeds()

        text = self.get(f"/feeds/own/user/{self.bob.pk}/")

        self.assertIn("<h1>bob</h1>", text)
        self.assertIn("bob pinned a cat to Cats", text)
        self.assertIn(f'href="/sign-in/?next=/feeds/own/user/{self.bob.pk}/"', text)

    def test_a_board_has_a_feed_too(self):
        self.pin("a cat")
        self.pin("elsewhere", board=None)
        run_feeds()

        text = self.get(f"/feeds/own/user/testapp.Board:{self.board.pk}/")

        self.assertIn("<h1>Cats</h1>", text)
        self.assertIn("a cat", text)
        self.assertNotIn("elsewhere", text)

    def test_what_not_everybody_may_see_is_seen_by_those_who_may(self):
        self.pin("a secret", private=True)
        run_feeds()
        path = f"/feeds/own/user/{self.bob.pk}/"

        self.assertNotIn("a secret", self.get(path))
        self.client.force_login(self.ann)
        self.assertNotIn("a secret", self.get(path))
        self.assertEqual(self.get_json(path)["items"], [])
        self.client.force_login(self.bob)
        self.assertIn("a secret", self.get(path))

    def test_what_somebody_reads_is_no_business_of_others(self):
        self.pins(1)
        self.client.force_login(self.bob)

        for user in (self.client, self.client_class()):
            response = user.get(f"/feeds/own/timeline/{self.ann.pk}/")

            self.assertEqual(response.status_code, 404)

    def test_a_page_of_what_is_not_there_is_not_found(self):
        tag = Tag.objects.create(name="a tag, which sources fill")
        pin = self.pin("a pin, which nobody follows")
        self.bob.is_active = False
        self.bob.save()
        there = [str(self.ann.pk), f"auth.User:{self.ann.pk}", f"auth.user:{self.ann.pk}", f"testapp.Tag:{tag.pk}"]
        gone = ["0", "9" * 40, "x", "x/y", "testapp.Board:0", "testapp.Board:x", "testapp.Board:", ":5", "no.Model:5"]
        never = [str(self.bob.pk), f"testapp.Pin:{pin.pk}", "auth.Permission:1", "sessions.Session:x", "%00", "é"]

        for owner in there:
            self.assertEqual(self.client.get(f"/feeds/own/user/{owner}/").status_code, 200, owner)
        for owner in gone + never:
            self.assertEqual(self.client.get(f"/feeds/own/user/{owner}/").status_code, 404, owner)

    def test_what_was_deleted_is_left_out(self):
        pins = self.pins(3)
        Pin.objects.filter(pk=pins[1].pk)._raw_delete("default")  # as if no task ran yet
        self.client.force_login(self.ann)

        for path in (TIMELINE, f"/feeds/own/user/{self.bob.pk}/"):
            self.assertEqual(re.findall(r"pin no\. \d", self.get(path)), ["pin no. 2", "pin no. 0"])

    def test_a_verb_that_is_no_longer_registered_breaks_no_page(self):
        self.pins(1)
        from django_feeds import verbs

        pin_verb = verbs._verbs.pop(105)
        self.addCleanup(verbs._verbs.__setitem__, 105, pin_verb)
        self.client.force_login(self.ann)

        self.assertIn("bob did something with pin no. 0 and Cats", self.get(TIMELINE))
        self.assertEqual(self.get_json(TIMELINE)["items"][0]["verb"], "unknown")
