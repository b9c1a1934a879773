"""Notifications as a page, in JSON, and marked by forms: whose they are, and what changes nothing."""

import re
import time
from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext

from django_feeds import verbs
from django_feeds.activity import Activity
from django_feeds.exceptions import FeedsConfigurationError
from django_feeds.feeds import NotificationFeed
from django_feeds.models import Follow, Mute
from django_feeds.notices import notifications_context
from django_feeds.registry import get_feed, get_manager
from django_feeds.storage.database import DatabaseStorage
from django_feeds.testing import run_feeds
from tests.testapp.models import Pin

from .base import MIDDLEWARE, START, SiteTestCase
from .test_outage import DOWN

PAGE = "/feeds/notifications/"
MARK, MARK_ALL = "/feeds/mark/notifications/", "/feeds/mark-all/notifications/"
JSON = {"Accept": "application/json"}
GROUPED = {
    "TASKS": "inline",
    "FEEDS": {"user": {}, "timeline": {}, "grouped": {"CLASS": "django_feeds.feeds.AggregatedFeed"}},
    "MANAGERS": {"default": {"USER_FEED": "user", "FEEDS": ["timeline", "grouped"], "NOTIFICATIONS": "notifications"}},
}


class NotificationTestCase(SiteTestCase):
    """Ann's pins are loved."""

    def setUp(self):
        super().setUp()
        self.pins_of_ann = [Pin.objects.create(user=self.ann, note=f"pin {number}") for number in range(3)]

    def love(self, pin=None, by=None, minutes=0):
        activity = Activity(
            by or self.bob, verbs.Love, pin or self.pins_of_ann[0], time=START + timedelta(minutes=minutes)
        )
        get_manager().publish(activity, recipients=[self.ann])
        run_feeds()
        return activity

    def loves(self):
        """Two groups: two loves of the first pin, then one of the second."""
        carl = get_user_model().objects.create_user("carl")
        return [self.love(), self.love(by=carl, minutes=1), self.love(self.pins_of_ann[1], minutes=2)]

    @property
    def feed(self):
        return get_feed("notifications", self.ann)

    def counts(self):
        counts = self.feed.counts()
        return counts["unseen"], counts["unread"]


class PageTests(NotificationTestCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.ann)

    def test_it_shows_groups_as_sentences_about_the_reader(self):
        self.loves()

        text = self.get(PAGE)

        self.assertIn("<h1>Notifications", text)
        self.assertIn("carl and bob loved your pin", text)
        self.assertEqual(text.count('<li class="notification unseen unread">'), 2)

    def test_both_addresses_show_the_same(self):
        self.loves()

        for path in (PAGE, "/feeds/feed/notifications/"):
            self.assertEqual(self.get(path).count("data-feeds-mark"), 3)

    def test_looking_marks_nothing(self):
        self.loves()

        for path in (PAGE, f"{PAGE}?unread=1", "/feeds/feed/notifications/"):
            self.client.get(path)
            self.client.get(path, headers=JSON)
            self.client.head(path)

        self.assertEqual(self.counts(), (2, 2))

    def test_unread_ones_alone(self):
        self.loves()
        self.feed.mark_activity(self.feed[0], read=True)

        text = self.get(f"{PAGE}?unread=1")

        self.assertEqual(text.count('<li class="notification'), 1)
        self.assertIn('<a href="/feeds/notifications/?unread=1" aria-current="page">Unread</a>', text)
        self.assertEqual(self.get(PAGE).count('<li class="notification'), 2)
        self.feed.mark_all(read=True)
        self.assertIn("You have read everything.", self.get(f"{PAGE}?unread=1"))

    def test_an_empty_one_says_so(self):
        text = self.get(PAGE)

        self.assertIn("Nothing here yet.", text)
        self.assertNotIn("Mark all", text)

    @override_settings(DJANGO_FEEDS={"TASKS": "inline", "PAGE_SIZE": 1})
    def test_pages_go_on_and_keep_the_filter(self):
        self.loves()

        text = self.get(f"{PAGE}?unread=1")
        older = re.search(r'href="([^"]+)" rel="next"', text)[1].replace("&amp;", "&")

        self.assertIn("unread=1", older)
        self.assertIn("carl and bob", self.get(older))

    def test_in_json(self):
        loves = self.loves()

        page = self.get_json(PAGE)

        self.assertEqual((page["unseen"], page["unread"], page["up_to"] > 0, page["next"]), (2, 2, True, None))
        group = page["items"][1]
        self.assertEqual(group["id"], self.feed[1].id)
        self.assertEqual(group["text"], "carl and bob loved your pin")
        self.assertEqual((group["activity_count"], group["actor_count"], group["object_count"]), (2, 2, 1))
        self.assertEqual((group["is_seen"], group["is_read"], group["verbs"]), (False, False, ["love"]))
        self.assertEqual([one["id"] for one in group["activities"]], [str(loves[1].id), str(loves[0].id)])

    def test_a_visitor_signs_in_first(self):
        response = self.client_class().get(PAGE)

        self.assertRedirects(response, f"/sign-in/?next={PAGE}", fetch_redirect_response=False)
        self.assertEqual(self.client_class().get(PAGE, headers=JSON).status_code, 403)

    def test_nobody_sees_those_of_others(self):
        self.loves()
        self.client.force_login(self.bob)

        self.assertNotIn("loved", self.get(PAGE))
        self.assertEqual(self.get_json(PAGE)["items"], [])
        self.assertEqual(self.client.get(f"/feeds/own/notifications/{self.ann.pk}/").status_code, 404)

    def test_links_to_the_other_filter_begin_at_the_first_page(self):
        self.loves()
        first = notifications_context("notifications", self.ann, limit=1)
        address = f"{PAGE}?after=mine&notes={first['page'].next}"
        request = RequestFactory().get(address)

        shown = notifications_context("notifications", self.ann, request, 1, first["page"].next, "notes")

        self.assertEqual(shown["all_url"], f"{PAGE}?after=mine")
        self.assertEqual(shown["unread_url"], f"{PAGE}?after=mine&unread=1")

    def test_the_bar_tells_what_comes_while_the_page_is_made(self):
        self.loves()
        late = iter([lambda: self.love(self.pins_of_ann[2], minutes=9)])
        real = NotificationFeed.page

        def page(feed, *args, **kwargs):
            found = real(feed, *args, **kwargs)
            next(late)()
            return found

        with mock.patch.object(NotificationFeed, "page", page):
            text = self.client.get(PAGE).content.decode()
        token = re.search(r"live/notifications/\?since=([\d.]+)", text)[1]

        self.assertNotIn("pin 2", text)
        self.assertEqual(self.feed.news(token).count, 1)

    def test_a_page_costs_the_same_however_much_is_on_it(self):
        self.love()
        self.client.get(PAGE)
        run_feeds()  # a new timeline is filled once
        with CaptureQueriesContext(connection) as one:
            self.client.get(PAGE)
        for number in range(20):
            user = get_user_model().objects.create_user(f"user{number}")
            self.love(Pin.objects.create(user=self.ann), by=user, minutes=number)
            self.love(by=user, minutes=number)

        with CaptureQueriesContext(connection) as many:
            text = self.get(PAGE)

        self.assertEqual(text.count('<li class="notification'), 21)
        self.assertEqual(len(many), len(one), [query["sql"] for query in many])

    def test_while_the_storage_is_down_it_says_so(self):
        with mock.patch.object(DatabaseStorage, "marks", side_effect=DOWN):
            self.love()
            self.assertEqual(self.client.get(PAGE).status_code, 503)
            self.assertEqual(self.client.get(PAGE, headers=JSON).status_code, 503)


@override_settings(DJANGO_FEEDS=GROUPED)
class GroupedTests(NotificationTestCase):
    def test_a_grouped_feed_is_shown_as_groups(self):
        self.pins(3)
        self.client.force_login(self.ann)

        text = self.get("/feeds/feed/grouped/")

        self.assertIn("bob pinned 3 things", text)
        self.assertEqual(text.count("<article"), 1)
        self.assertEqual(self.get_json("/feeds/feed/grouped/")["items"][0]["activity_count"], 3)
        self.assertNotIn("is_read", self.get_json("/feeds/feed/grouped/")["items"][0])

    def test_a_view_for_another_kind_of_feed_says_so(self):
        self.client.force_login(self.ann)

        for path in ("/mistaken-notifications/", "/mistaken-groups/"):
            with pytest.raises(FeedsConfigurationError, match=r"DJANGO_FEEDS\['FEEDS'\]\['timeline'\]"):
                self.client.get(path)

    def test_an_unknown_feed_is_not_found(self):
        self.client.force_login(self.ann)

        self.assertEqual(self.client.get("/feeds/feed/nonsense/").status_code, 404)
        for alias in ("nonsense", "timeline", "grouped"):
            for path in (f"/feeds/mark/{alias}/", f"/feeds/mark-all/{alias}/"):
                self.assertEqual(self.client.post(path, {"id": "0" * 12}).status_code, 404, path)


class MarkTests(NotificationTestCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.ann)
        self.activities = self.loves()
        self.first, self.second = self.feed[:2]

    def test_one_is_marked_as_seen_and_read_by_a_plain_form(self):
        response = self.client.post(MARK, {"id": self.first.id, "next": f"{PAGE}?unread=1"})

        self.assertRedirects(response, f"{PAGE}?unread=1", fetch_redirect_response=False)
        self.assertEqual(self.counts(), (1, 1))
        self.assertEqual([group.is_read for group in self.feed], [True, False])

    def test_several_by_whatever_names_them(self):
        ids = [self.first.id, str(self.activities[0].id)]

        response = self.client.post(MARK, {"id": ids}, headers=JSON)

        self.assertEqual(response.json(), {"unseen": 0, "unread": 0})

    def test_seen_and_read_are_independent(self):
        for fields, expected in [
            ({"seen": "1"}, (1, 2)),
            ({"seen": "0"}, (1, 2)),
            ({"read": "1"}, (1, 1)),
            ({"seen": "1", "read": "0", "id": self.second.id}, (0, 1)),
        ]:
            self.client.post(MARK, {"id": self.first.id, **fields})

            self.assertEqual(self.counts(), expected, fields)

    def test_all(self):
        self.assertEqual(self.client.post(MARK_ALL, {"seen": "1", "read": "0"}).status_code, 302)
        self.assertEqual(self.counts(), (0, 2))
        self.assertEqual(self.client.post(MARK_ALL, headers=JSON).json(), {"unseen": 0, "unread": 0})

    def test_what_came_after_the_page_stays_new(self):
        up_to = self.feed.page().up_to
        time.sleep(0.01)  # arrivals are in milliseconds
        self.love(self.pins_of_ann[2], minutes=-9)

        self.client.post(MARK_ALL, {"up_to": str(up_to)})

        self.assertEqual(self.counts(), (1, 1))

    def test_an_id_that_is_not_there_is_not_found_and_the_others_are_marked(self):
        response = self.client.post(MARK, {"id": ["000000000001", self.first.id]}, headers=JSON)

        self.assertEqual(response.status_code, 404)
        self.assertIn("not among your notifications", response.json()["error"])
        self.assertEqual(self.counts(), (1, 1))
        self.client.force_login(self.bob)
        self.assertEqual(self.client.post(MARK, {"id": self.second.id}).status_code, 404)
        self.assertEqual(self.counts(), (1, 1))

    def test_what_cannot_be_is_refused_with_a_sentence(self):
        for path, fields, said in [
            (MARK, {}, "“id” is missing"),
            (MARK, {"id": "garbage"}, "'garbage' is neither the id of a group nor that of an activity"),
            (MARK, {"id": self.first.id, "seen": "yes"}, "“seen” is 1 or 0, not “yes”"),
            (MARK_ALL, {"read": "2"}, "“read” is 1 or 0, not “2”"),
            *[(MARK_ALL, {"up_to": value}, "“up_to” is what the page gave") for value in ("-1", "x", "1e3", "9" * 30)],
        ]:
            response = self.client.post(path, fields, headers=JSON)

            self.assertEqual(response.status_code, 400, fields)
            self.assertIn(said, response.json()["error"])
            self.assertEqual(self.client.post(path, fields).status_code, 400)
        self.assertEqual(self.counts(), (2, 2))

    def test_what_is_no_form_is_not_taken_for_an_empty_one(self):
        fields = {"id": self.first.id, "seen": "1", "read": "0"}
        for path in (MARK, MARK_ALL):
            for kind in ("application/json", "text/plain"):
                response = self.client.post(path, fields, content_type=kind, headers=JSON)

                self.assertEqual(response.status_code, 415)
                self.assertIn(
                    f"application/x-www-form-urlencoded, multipart/form-data), not {kind}", response.json()["error"]
                )
        self.assertEqual(self.counts(), (2, 2))
        # Nothing is said, and nothing is misunderstood.
        self.assertEqual(self.client.post(MARK_ALL, "", content_type="text/plain").status_code, 302)
        self.assertEqual(self.counts(), (0, 0))

    def test_only_a_form_of_this_site_marks(self):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(self.ann)

        for path in (MARK, MARK_ALL):
            self.assertEqual(strict.post(path, {"id": self.first.id}).status_code, 403)
            for method in ("get", "head", "put", "delete"):
                response = getattr(self.client, method)(path, {"id": self.first.id})
                self.assertEqual((response.status_code, response["Allow"]), (405, "POST, OPTIONS"))
        self.assertEqual(self.counts(), (2, 2))

    def test_the_forms_of_the_page_are_accepted(self):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(self.ann)
        forms = re.findall(r"<form.*?</form>", strict.get(PAGE).content.decode(), re.DOTALL)
        left = []

        for form in [*forms[1:], forms[0]]:
            fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
            self.assertEqual(strict.post(re.search(r'action="([^"]+)"', form)[1], fields).status_code, 302)
            left.append(self.counts())

        # One, the other, what the script posts, and all.
        self.assertEqual(left, [(1, 1), (0, 0), (0, 0), (0, 0)])

    def test_a_visitor_signs_in_first_and_another_site_is_never_the_next_page(self):
        for path in (MARK, MARK_ALL):
            with self.settings(MIDDLEWARE=[*MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]):
                response = Client().post(path, {"id": self.first.id, "next": "https://evil.example/"})
            expected = "/sign-in/?next=/feeds/feed/notifications/"
            self.assertRedirects(response, expected, fetch_redirect_response=False)
            self.assertEqual(Client().post(path, headers=JSON).status_code, 403)
            response = self.client.post(path, {"id": self.first.id, "next": "//evil.example/"})
            self.assertEqual(response["Location"], "/feeds/feed/notifications/")


class MuteTests(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.ann)

    def post(self, what, target=None, **kwargs):
        target = target or self.bob
        return self.client.post(f"/feeds/{what}/{target.pk}/", **kwargs)

    def test_muted_and_heard_again(self):
        for what, answer in [
            ("mute", {"muted": True, "blocked": False}),
            ("mute", {"muted": True, "blocked": False}),
            ("block", {"muted": True, "blocked": True}),
            ("mute", {"muted": True, "blocked": True}),
            ("unblock", {"muted": False, "blocked": False}),
            ("unmute", {"muted": False, "blocked": False}),
        ]:
            self.assertEqual(self.post(what, headers=JSON).json(), answer)

    def test_who_is_muted_is_gone_from_the_timeline(self):
        self.pins(1)

        self.assertEqual(self.post("mute", data={"next": "/news/"})["Location"], "/news/")
        self.assertNotIn("pin no. 0", self.get("/feeds/feed/timeline/"))
        self.post("unmute")
        self.assertIn("pin no. 0", self.get("/feeds/feed/timeline/"))

    def test_a_block_ends_both_follows_and_allows_no_other(self):
        Follow.objects.follow(self.ann, self.bob)
        Follow.objects.follow(self.bob, self.ann)

        self.post("block")

        self.assertEqual(Follow.objects.count(), 0)
        self.client.force_login(self.bob)
        response = self.post("follow", self.ann, headers=JSON)
        self.assertEqual((response.status_code, response.json()), (400, {"error": "You cannot follow ann."}))
        self.assertContains(self.post("follow", self.ann), "You cannot follow ann.", status_code=400)
        self.assertEqual(Follow.objects.count(), 0)

    def test_nobody_mutes_himself_or_what_is_not_there(self):
        for what in ("mute", "block"):
            self.assertContains(self.post(what, self.ann), f"You cannot {what} yourself.", status_code=400)
            self.assertEqual(self.client.post(f"/feeds/{what}/0/").status_code, 404)
        self.assertEqual(Mute.objects.count(), 0)

    def test_only_by_post_and_only_when_signed_in(self):
        for what in ("mute", "unmute", "block", "unblock"):
            self.assertEqual(self.client.get(f"/feeds/{what}/{self.bob.pk}/").status_code, 405)
            response = Client().post(f"/feeds/{what}/{self.bob.pk}/", {"next": "/news/"})
            self.assertRedirects(response, "/sign-in/?next=/news/", fetch_redirect_response=False)
            self.assertEqual(Client().post(f"/feeds/{what}/{self.bob.pk}/", headers=JSON).status_code, 403)
        self.assertEqual(Mute.objects.count(), 0)
