"""What users want to hear of: the form, and the link in an e-mail."""

from datetime import timedelta
from unittest import mock

from django.core import signing
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_feeds import preferences, verbs
from django_feeds.digests import Digest
from django_feeds.managers import Manager
from django_feeds.models import DigestState, Mute, NotificationPreference
from django_feeds.registry import get_manager
from django_feeds.testing import run_feeds
from tests.edges.base import MIDDLEWARE, START, SiteTestCase
from tests.testapp.models import Love, Remark
from tests.testapp.verbs import Pin as PinVerb
from tests.testapp.verbs import Shoot

LOGIN_EVERYWHERE = [*MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]


def told(user):
    """What this user is told of, as (verb, object)."""
    groups = get_manager().get_notification_feed(user)[:]
    return [(group.verb.infinitive, str(group.last_activity.object)) for group in groups]


class PreferencesTests(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.cleo = type(self.bob).objects.create_user("cleo")
        self.path = reverse("django_feeds:preferences")

    def love(self, pin, user=None):
        Love.objects.create(pin=pin, user=user or self.ann, created_at=START)
        run_feeds()

    def save(self, *chosen, digest=True, **kwargs):
        data = {"verbs": [verb.id for verb in chosen], **({"digest": "on"} if digest else {})}
        return self.client.post(self.path, data, **kwargs)

    def all_but(self, *off):
        return [verb for verb in preferences.offered() if verb not in off]

    # Without views

    def test_every_verb_of_a_source_that_names_somebody_is_offered_once(self):
        offered = preferences.offered()

        self.assertLessEqual({verbs.Love, verbs.Comment, PinVerb}, set(offered))
        self.assertEqual([verb.id for verb in offered], sorted({verb.id for verb in offered}))
        self.assertNotIn(verbs.Follow, offered)
        self.assertNotIn(Shoot, offered, "nobody is told of photos")

    def test_a_manager_that_names_recipients_says_which_verbs(self):
        class Telling(Manager):
            tells = (verbs.Follow,)

        with override_settings(DJANGO_FEEDS={"MANAGERS": {"default": {"CLASS": Telling}}}):
            self.assertIn(verbs.Follow, preferences.offered())

    def test_who_never_said_anything_wants_everything(self):
        wanted = preferences.load(self.bob)

        self.assertEqual(set(wanted.verbs.values()), {True})
        self.assertTrue(wanted.digest)

    def test_verbs_are_read_by_one_query_and_written_by_one(self):
        for _again in range(2):
            with CaptureQueriesContext(connection) as written:
                preferences.save(self.bob, {verbs.Love.id}, False)
            with CaptureQueriesContext(connection) as read:
                wanted = preferences.load(self.bob)

            self.assertEqual([self.queries(context, "notificationpreference") for context in (written, read)], [1, 1])
        self.assertEqual([verb for verb, on in wanted.verbs.items() if on], [verbs.Love])
        self.assertFalse(wanted.digest)
        self.assertEqual(NotificationPreference.objects.filter(user=self.bob).count(), len(preferences.offered()))

    def queries(self, context, table):
        return sum(table in query["sql"] for query in context.captured_queries)

    # Never told

    def test_a_verb_that_is_switched_off_tells_nothing(self):
        preferences.save(self.bob, {verb.id for verb in self.all_but(verbs.Love)}, True)
        pin = self.pin("tea")
        self.love(pin)
        Remark.objects.create(pin=pin, user=self.ann, text="nice", created_at=START)
        run_feeds()

        self.assertEqual(told(self.bob), [("comment", "tea")])

    def test_switched_on_again_it_tells_what_comes_then(self):
        early, late = self.pin("early"), self.pin("late")
        preferences.save(self.bob, set(), True)
        self.love(early)
        preferences.save(self.bob, {verbs.Love.id}, True)
        self.love(late)

        self.assertEqual(told(self.bob), [("love", "late")])

    def test_a_muted_user_tells_nothing(self):
        Mute.objects.mute(self.bob, self.ann)
        pin = self.pin("tea")
        self.love(pin)
        self.assertEqual(told(self.bob), [])

        self.love(pin, self.cleo)
        self.assertEqual(told(self.bob), [("love", "tea")])

    # The form

    def test_the_form_shows_what_is_wanted(self):
        preferences.save(self.ann, {verb.id for verb in self.all_but(verbs.Love)}, False)
        self.client.force_login(self.ann)

        page = self.get(self.path)

        self.assertInHTML("<legend>Tell me when</legend>", page)
        boxes = {verb: self.box(page, verb) for verb in (verbs.Love, verbs.Comment)}
        self.assertIn("Somebody loved something", boxes[verbs.Love])
        self.assertNotIn("checked", boxes[verbs.Love])
        self.assertIn("checked", boxes[verbs.Comment])
        self.assertNotIn("checked", page.partition('name="digest"')[2].partition(">")[0])

    def box(self, page, verb):
        return page.partition(f'name="verbs" value="{verb.id}"')[2].partition("</label>")[0]

    def test_the_form_is_saved(self):
        self.client.force_login(self.ann)

        response = self.save(*self.all_but(verbs.Comment), digest=False)

        self.assertRedirects(response, f"{self.path}?saved=1")
        self.assertInHTML('<p role="status">Saved.</p>', self.get(f"{self.path}?saved=1"))
        wanted = preferences.load(self.ann)
        self.assertEqual([verb for verb, on in wanted.verbs.items() if not on], [verbs.Comment])
        self.assertFalse(wanted.digest)
        self.assertTrue(all(preferences.load(self.bob).verbs.values()), "somebody else's")

    def test_json(self):
        self.client.force_login(self.ann)

        response = self.save(verbs.Love, headers={"Accept": "application/json"})

        self.assertEqual(response.json(), self.get_json(self.path))
        self.assertTrue(response.json()["digest"])
        said = {verb["name"]: (verb["id"], verb["label"], verb["enabled"]) for verb in response.json()["verbs"]}
        self.assertEqual(said["love"], (3, "Somebody loved something", True))
        self.assertEqual(said["comment"], (2, "Somebody commented on something", False))

    def test_what_is_no_form_does_not_switch_all_off(self):
        self.client.force_login(self.ann)

        response = self.client.post(self.path, {"digest": True}, content_type="application/json")

        self.assertEqual(response.status_code, 415)
        self.assertTrue(preferences.load(self.ann).digest)

    def test_a_verb_that_is_not_offered_is_refused(self):
        self.client.force_login(self.ann)

        self.assertContains(self.save(verbs.Love, verbs.Follow), "1 is not one of the available", status_code=400)
        response = self.save(verbs.Follow, headers={"Accept": "application/json"})

        self.assertEqual((response.status_code, list(response.json()["errors"])), (400, ["verbs"]))
        self.assertFalse(NotificationPreference.objects.exists())

    def test_who_is_not_signed_in_is_sent_to_sign_in(self):
        for method in (self.client.get, self.client.post):
            self.assertRedirects(method(self.path), f"/sign-in/?next={self.path}", fetch_redirect_response=False)
        self.assertEqual(self.get_json(self.path, 403), {"error": "Sign in to choose what you are told."})
        self.assertFalse(NotificationPreference.objects.exists())

    def test_a_form_of_another_site_is_refused(self):
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(self.ann)

        self.assertEqual(self.save().status_code, 403)
        self.assertFalse(NotificationPreference.objects.exists())

    def test_looking_changes_nothing(self):
        self.client.force_login(self.ann)
        self.get(f"{self.path}?verbs=3&saved=1")

        self.assertFalse(NotificationPreference.objects.exists())
        self.assertFalse(DigestState.objects.exists())


@override_settings(DJANGO_FEEDS={"TASKS": "inline", "SITE_URL": "https://example.com"})
class UnsubscribeTests(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.path = Digest(self.ann).unsubscribe_url.removeprefix("https://example.com")
        # A mail program has no cookies.
        self.client = Client(enforce_csrf_checks=True)

    def wanted(self, user=None):
        return preferences.load(user or self.ann).digest

    def test_opening_the_link_only_asks(self):
        page = self.get(self.path)

        self.assertIn("Shall we send you no more e-mails", page)
        self.assertTrue(self.wanted())
        self.assertFalse(DigestState.objects.exists())

    def test_the_button_unsubscribes(self):
        response = self.client.post(self.path)

        self.assertContains(response, "You will get no more e-mails")
        self.assertFalse(self.wanted())
        self.assertTrue(self.wanted(self.bob))
        self.assertIn("You will get no more e-mails", self.get(self.path))

    def test_one_click_of_a_mail_program(self):
        body = "List-Unsubscribe=One-Click"
        for _again in range(2):
            response = self.client.post(self.path, body, content_type="application/x-www-form-urlencoded")

            self.assertEqual(response.status_code, 200)
            self.assertFalse(response.cookies)
        self.assertFalse(self.wanted())

    @override_settings(MIDDLEWARE=LOGIN_EVERYWHERE)
    def test_it_works_where_all_else_wants_a_login(self):
        self.assertEqual(self.client.post(self.path).status_code, 200)
        self.assertFalse(self.wanted())

    def test_what_was_sent_stays_known(self):
        DigestState.objects.create(user=self.ann, sent_up_to=5)

        self.client.post(self.path)

        self.assertEqual(DigestState.objects.get().sent_up_to, 5)

    def test_a_wrong_signature_unsubscribes_nobody(self):
        forged = [
            self.path[:-3] + ("A" if self.path[-3] != "A" else "B") + self.path[-2:],
            reverse("django_feeds:unsubscribe", args=[signing.dumps(str(self.ann.pk))]),
            reverse("django_feeds:unsubscribe", args=[signing.dumps("nobody", salt=preferences.SALT)]),
            reverse("django_feeds:unsubscribe", args=[str(self.ann.pk)]),
        ]
        for path in forged:
            for method in (self.client.get, self.client.post):
                self.assertContains(method(path), "is not right, or too old", status_code=404)
        self.assertTrue(self.wanted())

    def test_a_link_of_long_ago_is_stale(self):
        then = timezone.now() - preferences.TOKEN_AGE - timedelta(days=1)
        with mock.patch("django.core.signing.time.time", return_value=then.timestamp()):
            path = reverse("django_feeds:unsubscribe", args=[preferences.unsubscribe_token(self.ann)])

        response = self.client.post(path, headers={"Accept": "application/json"})

        self.assertEqual(response.status_code, 404)
        self.assertIn("too old", response.json()["error"])
        self.assertTrue(self.wanted())

    def test_who_is_gone_gets_the_same_answer(self):
        self.ann.delete()

        self.assertEqual(self.client.post(self.path).status_code, 404)
