"""Following by a form: only by POST, with a CSRF token, and back to a page of this site."""

import json
import re

from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse

from django_feeds.following import is_following
from django_feeds.managers import Manager
from django_feeds.models import Follow
from django_feeds.registry import get_feed
from django_feeds.testing import run_feeds
from django_feeds.views import FollowView
from tests.testapp.models import Board, OwnFollow, Photo, Tag

from .base import MIDDLEWARE, START, SiteTestCase

JSON = {"Accept": "application/json"}


class FollowTests(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.follow, self.unfollow = f"/feeds/follow/{self.bob.pk}/", f"/feeds/unfollow/{self.bob.pk}/"
        self.client.force_login(self.ann)

    def follows(self):
        return sorted(Follow.objects.following(self.ann).targets())

    def test_following_shows_what_was_done_before(self):
        pin = self.pin("a cat")

        response = self.client.post(self.follow, {"next": "/news/?page=2"})
        run_feeds()

        self.assertRedirects(response, "/news/?page=2", fetch_redirect_response=False)
        self.assertInFeed(pin, get_feed("timeline", self.ann))

    def test_unfollowing_takes_it_away(self):
        self.pins(1)

        self.client.post(self.unfollow)
        run_feeds()

        self.assertEqual(self.follows(), [])
        self.assertFeedEqual(get_feed("timeline", self.ann), [])

    def test_boards_and_whatever_sources_fill_can_be_followed(self):
        tag = Tag.objects.create(name="cats")

        for owner in (f"testapp.Board:{self.board.pk}", f"testapp.Tag:{tag.pk}"):
            self.assertEqual(self.client.post(f"/feeds/follow/{owner}/").status_code, 302)

        self.assertEqual(self.follows(), sorted([f"testapp.Board:{self.board.pk}", f"testapp.Tag:{tag.pk}"]))

    def test_one_row_is_one_target_however_it_is_written(self):
        for owner in (self.bob.pk, f"auth.User:{self.bob.pk}", f"auth.user:0{self.bob.pk}", f"00{self.bob.pk}"):
            self.assertEqual(self.client.post(f"/feeds/follow/{owner}/").status_code, 302)

        self.assertEqual(self.follows(), [str(self.bob.pk)])

    def test_what_cannot_be_followed_is_not_found(self):
        pin = self.pin("a pin")

        for owner in ("0", "x", "9" * 40, f"testapp.Pin:{pin.pk}", "testapp.Board:0", "no.Model:1", "auth.Group:1"):
            self.assertEqual(self.client.post(f"/feeds/follow/{owner}/").status_code, 404, owner)
        self.assertEqual(self.follows(), [])

    @override_settings(DJANGO_FEEDS={"TASKS": "inline", "FOLLOWABLE": ["testapp.Pin"]})
    def test_the_settings_allow_more(self):
        pin = self.pin("a pin")

        self.assertEqual(self.client.post(f"/feeds/follow/testapp.Pin:{pin.pk}/").status_code, 302)

    @override_settings(DJANGO_FEEDS={"TASKS": "inline", "FOLLOWABLE": ["testapp.photo", "sessions.Session"]})
    def test_any_primary_key_will_do(self):
        photo = Photo.objects.create(user=self.bob)
        keys = ["plain", "with/slashes/", "50% off?#&", "ümlaut:colon"]
        for key in keys:
            Session.objects.create(session_key=key, expire_date=START)

        for row in (photo, *Session.objects.filter(session_key__in=keys)):
            response = self.client.post(reverse("django_feeds:follow", args=[row]))

            self.assertEqual(response.status_code, 302)
            self.assertTrue(Follow.objects.is_following(self.ann, row))
        self.client.post(f"/feeds/unfollow/testapp.Photo:{photo.pk.hex.upper()}/")
        self.assertFalse(Follow.objects.is_following(self.ann, photo))
        for nobody in ("testapp.Photo:5", "sessions.Session:none", "sessions.Session:%00"):
            self.assertEqual(self.client.post(f"/feeds/follow/{nobody}/").status_code, 404)

    def test_who_was_deactivated_is_not_followed_but_can_be_left(self):
        Follow.objects.follow(self.ann, self.bob)
        self.bob.is_active = False
        self.bob.save()

        self.assertEqual(self.client.post(self.follow).status_code, 404)
        self.assertEqual(self.client.post(self.unfollow).status_code, 302)
        self.assertEqual(self.follows(), [])

    def test_nobody_follows_himself(self):
        response = self.client.post(f"/feeds/follow/auth.User:{self.ann.pk}/")

        self.assertContains(response, "You cannot follow yourself.", status_code=400)
        response = self.client.post(f"/feeds/follow/{self.ann.pk}/", headers=JSON)
        self.assertEqual((response.status_code, response.json()), (400, {"error": "You cannot follow yourself."}))
        self.assertEqual(self.follows(), [])

    def test_doing_it_twice_is_harmless(self):
        for path in (self.follow, self.follow, self.unfollow, self.unfollow):
            self.assertEqual(self.client.post(path).status_code, 302)

    def test_in_json(self):
        Follow.objects.follow(self.board.owner, self.ann)
        for path, answer in [
            (self.follow, {"following": True, "followers": 1}),
            (self.follow, {"following": True, "followers": 1}),
            (self.unfollow, {"following": False, "followers": 0}),
        ]:
            response = self.client.post(path, headers=JSON)

            self.assertEqual(response.json(), answer)
        response = self.client.post("/feeds/follow/0/", headers=JSON)
        self.assertEqual(response.status_code, 404)
        self.assertIn("There is no auth.User with the pk '0'", response.json()["error"])

    def test_a_follow_costs_the_same_whoever_follows(self):
        for number in range(20):
            user = type(self.ann).objects.create_user(f"user{number}")
            Follow.objects.follow(user, self.bob)
        run_feeds()

        # Session, user, target; is he blocked, is there a row, savepoint, insert, the task to remember, release.
        with self.assertNumQueries(9):
            self.client.post(self.follow)


class OwnManager(Manager):
    """Keeps who follows whom in a table of its own."""

    def get_user_follower_ids(self, user_id):
        return {None: OwnFollow.objects.filter(target=user_id).values_list("user_id", flat=True)}

    def follow_user(self, user_id, target_user_id, async_=True):
        OwnFollow.objects.get_or_create(user=user_id, target=target_user_id)


class OwnGraphTests(SiteTestCase):
    def test_a_manager_that_keeps_the_graph_itself_is_asked(self):
        view = FollowView.as_view(manager=f"{__name__}.OwnManager")
        request = RequestFactory().post("/", headers=JSON)
        request.user = self.ann

        before = is_following(OwnManager(), self.ann, self.bob)
        answer = json.loads(view(request, owner=str(self.bob.pk)).content)

        self.assertEqual(answer, {"following": True, "followers": None})
        self.assertEqual((before, is_following(OwnManager(), self.ann, self.bob)), (False, True))
        self.assertFalse(is_following(OwnManager(), self.bob, self.ann))
        self.assertEqual(Follow.objects.count(), 0)


class MethodTests(SiteTestCase):
    def test_a_link_changes_nothing(self):
        for client in (self.client, self.signed_in()):
            for change in ("follow", "unfollow"):
                for method in (client.get, client.head, client.put, client.delete):
                    response = method(f"/feeds/{change}/{self.bob.pk}/")

                    self.assertEqual((response.status_code, response["Allow"]), (405, "POST, OPTIONS"))
        self.assertEqual(Follow.objects.count(), 0)

    def test_a_form_of_another_site_changes_nothing(self):
        response = self.signed_in(enforce_csrf_checks=True).post(f"/feeds/follow/{self.bob.pk}/")

        self.assertEqual(response.status_code, 403)
        self.assertEqual(Follow.objects.count(), 0)

    def test_the_buttons_form_is_accepted(self):
        client = self.signed_in(enforce_csrf_checks=True)
        page = client.get(f"/feeds/own/user/{self.bob.pk}/").content.decode()
        action = re.search(r'action="([^"]+)"', page)[1]
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))

        response = client.post(action, fields)

        self.assertRedirects(response, f"/feeds/own/user/{self.bob.pk}/")
        self.assertTrue(Follow.objects.is_following(self.ann, self.bob))
        self.assertIn("Unfollow bob", client.get(f"/feeds/own/user/{self.bob.pk}/").content.decode())

    def test_an_anonymous_visitor_signs_in_and_comes_back_to_a_page_not_to_the_form(self):
        path = f"/feeds/follow/{self.bob.pk}/"
        expected = {"/news/": "/sign-in/?next=/news/", "https://evil.example/": "/sign-in/?next=/"}

        for next, login in expected.items():
            response = self.client.post(path, {"next": next})

            self.assertRedirects(response, login, fetch_redirect_response=False)
        self.assertEqual(self.client.post(path, headers=JSON).status_code, 403)
        with self.settings(
            MIDDLEWARE=[*MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"],
        ):
            response = Client().post(path, {"next": "/news/"})
        self.assertRedirects(response, "/sign-in/?next=/news/", fetch_redirect_response=False)
        self.assertEqual(Follow.objects.count(), 0)

    def signed_in(self, **kwargs):
        client = Client(**kwargs)
        client.force_login(self.ann)
        return client


class NextTests(SiteTestCase):
    """Where a follow leads to."""

    EVIL = [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "https://testserver@evil.example/",
        "\x08//evil.example",
        "",
    ]

    def lands(self, next, referer="", secure=False):
        self.client.force_login(self.ann)
        headers = {"Referer": referer} if referer else {}
        data = {} if next is None else {"next": next}
        path = f"/feeds/follow/testapp.Board:{self.board.pk}/"
        return self.client.post(path, data, headers=headers, secure=secure)["Location"]

    def test_a_page_of_this_site_is_fine(self):
        self.assertEqual(self.lands("/news/?a=1&b=2"), "/news/?a=1&b=2")
        self.assertEqual(self.lands("http://testserver/news/"), "http://testserver/news/")

    def test_another_site_is_not(self):
        for evil in self.EVIL:
            self.assertEqual(self.lands(evil), "/", evil)

    def test_nor_is_plain_http_where_this_was_https(self):
        self.assertEqual(self.lands("http://testserver/news/", secure=True), "/")

    def test_else_the_page_of_the_target(self):
        Board.get_absolute_url = lambda board: f"/boards/{board.pk}/"
        self.addCleanup(delattr, Board, "get_absolute_url")

        for next in (None, *self.EVIL):
            self.assertEqual(self.lands(next, referer="http://testserver/news/"), f"/boards/{self.board.pk}/")

    def test_else_the_page_before(self):
        self.assertEqual(self.lands(None, referer="http://testserver/news/"), "http://testserver/news/")
        self.assertEqual(self.lands(None, referer="https://evil.example/"), "/")
