"""The admin: every page loads in a constant number of queries, and actions do what they say."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_feeds import verbs
from django_feeds.activity import Activity
from django_feeds.models import ActivityRecord, DigestState, Follow, Mute, NotificationPreference, VerbRecord
from django_feeds.registry import get_feed, get_manager
from django_feeds.testing import run_feeds
from tests.testapp.models import Board, Pin

from .base import SiteTestCase

ACTIVITIES = "/admin/django_feeds/activityrecord/"
FOLLOWS = "/admin/django_feeds/follow/"


class AdminTestCase(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.root = get_user_model().objects.create_superuser("root")
        self.client.force_login(self.root)

    def page(self, path):
        response = self.client.get(path)
        self.assertEqual(response.status_code, 200, path)
        return response.content.decode()

    def act(self, action, *records):
        data = {"action": action, "_selected_action": [record.pk for record in records]}
        return self.client.post(ACTIVITIES, data, follow=True).content.decode()


class ActivityAdminTests(AdminTestCase):
    def test_the_list_tells_what_was_done_and_what_became_of_it(self):
        self.pins(2)
        ActivityRecord.objects.filter(extra_context__note="pin no. 0").update(
            delivered_version=0, delivery_error="Boom"
        )

        text = self.page(ACTIVITIES)

        self.assertIn("bob pinned pin no. 1 to Cats", text)
        self.assertIn(f'<a href="/admin/auth/user/{self.bob.pk}/change/">auth.User:{self.bob.pk}</a>', text)
        self.assertLess(text.index("pin no. 1"), text.index("pin no. 0"))
        for state, count in [("delivered", 1), ("failed", 1), ("waiting", 0)]:
            self.assertIn(f"{count} activit", self.page(f"{ACTIVITIES}?delivery={state}"))

    def test_the_list_costs_the_same_however_long_it_is(self):
        self.pins(1)
        with CaptureQueriesContext(connection) as one:
            self.page(ACTIVITIES)
        for number in range(30):
            user = get_user_model().objects.create_user(f"user{number}")
            self.pin(f"by {number}", user=user, board=Board.objects.create(name=f"board {number}"))

        with CaptureQueriesContext(connection) as many:
            self.page(ACTIVITIES)

        self.assertEqual(len(many), len(one), [query["sql"] for query in many])

    def test_it_is_found_by_actor_object_and_target(self):
        pins = self.pins(2)

        for search, count in [
            (self.bob.pk, 2),
            (f"auth.User:{self.bob.pk}", 2),
            (self.ann.pk, 0),
            (f"testapp.pin:{pins[0].pk}", 1),
            (f"testapp.Board:{self.board.pk}", 2),
            ("nonsense", 0),
            ("no.Model:1", 0),
        ]:
            self.assertIn(f"{count} activit", self.page(f"{ACTIVITIES}?q={search}"), search)
        self.assertIn("2 activit", self.page(f"{ACTIVITIES}?verb__id__exact=105&published__exact=1"))

    def test_a_record_is_to_look_at(self):
        pins = self.pins(1)
        record = ActivityRecord.objects.get()

        text = self.page(f"{ACTIVITIES}{record.pk}/change/")

        self.assertIn(f"{self.bob.pk}, testapp.Board:{self.board.pk}", text)
        self.assertIn(f"testapp.Pin:{pins[0].pk}", text)
        self.assertNotIn("<textarea", text)
        self.assertEqual(self.client.get(f"{ACTIVITIES}add/").status_code, 403)
        self.assertEqual(self.client.post(f"{ACTIVITIES}{record.pk}/delete/", {"post": "yes"}).status_code, 403)
        self.assertEqual(self.client.get(f"{ACTIVITIES}0/change/").status_code, 302)

    def test_what_is_gone_breaks_no_page(self):
        self.pins(1)
        get_manager().publish(Activity(self.ann, verbs.Love, ("testapp.Board", 999)))
        record = ActivityRecord.objects.get(verb_id=105)
        Pin.objects.all()._raw_delete("default")
        VerbRecord.objects.filter(pk=105).delete()
        old = ActivityRecord.objects.get(verb_id=verbs.Love.id)
        ActivityRecord.objects.filter(pk=old.pk).update(object="testapp.Board:not-a-number", actor="gone.Model:1")

        self.assertIn("2 activit", self.page(ACTIVITIES))
        self.assertIn("something deleted", self.page(f"{ACTIVITIES}{record.pk}/change/"))
        self.assertIn("gone.Model:1", self.page(f"{ACTIVITIES}{old.pk}/change/"))

    def test_deliver_again(self):
        Follow.objects.follow(self.ann, self.bob)
        pin = self.pin("a cat")
        run_feeds()
        feed = get_feed("timeline", self.ann)
        feed.remove(feed[0])
        ActivityRecord.objects.update(delivered_version=0, delivery_error="Boom")

        text = self.act("deliver_again", *ActivityRecord.objects.all())
        run_feeds()

        self.assertIn("1 activity is on its way.", text)
        self.assertInFeed(pin, feed)
        self.assertEqual(len(feed.entries()), 1)
        record = ActivityRecord.objects.get()
        self.assertEqual((record.delivered, record.delivery_error), (True, ""))

    def test_retract(self):
        pins = self.pins(2)
        record = ActivityRecord.objects.get(object=f"testapp.Pin:{pins[0].pk}")

        text = self.act("retract", record)
        run_feeds()

        self.assertIn("1 activity was taken back.", text)
        self.assertFeedEqual(get_feed("timeline", self.ann), [pins[1]])
        self.assertFeedEqual(get_feed("user", self.bob), [pins[1]])
        self.assertIn("0 activities were taken back.", self.act("retract", record))

    def test_who_may_only_look_may_not_act(self):
        self.pins(1)
        clerk = get_user_model().objects.create_user("clerk", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="view_activityrecord"))
        self.client.force_login(clerk)

        text = self.page(ACTIVITIES)
        self.act("retract", ActivityRecord.objects.get())

        self.assertNotIn("Deliver again", text)
        self.assertTrue(ActivityRecord.objects.get().published)


class FollowAdminTests(AdminTestCase):
    def test_the_list(self):
        Follow.objects.follow(self.ann, self.board)
        with CaptureQueriesContext(connection) as one:
            self.page(FOLLOWS)
        for number in range(20):
            Follow.objects.follow(get_user_model().objects.create_user(f"user{number}"), self.bob)

        with CaptureQueriesContext(connection) as many:
            text = self.page(FOLLOWS)

        self.assertEqual(len(many), len(one))
        self.assertIn(f'<a href="/admin/auth/user/{self.bob.pk}/change/">{self.bob.pk}</a>', text)
        self.assertIn("21 follows", text)
        self.assertIn("1 follow", self.page(f"{FOLLOWS}?q=testapp.Board:{self.board.pk}"))
        self.assertIn("20 follows", self.page(f"{FOLLOWS}?q=user"))

    def test_adding_one_fills_feeds_and_deleting_it_clears_them(self):
        pin = self.pin("a cat")
        run_feeds()

        self.client.post(f"{FOLLOWS}add/", {"user": self.ann.pk, "target": f"testapp.board:0{self.board.pk}"})
        run_feeds()

        follow = Follow.objects.get()
        self.assertEqual(follow.target, f"testapp.Board:{self.board.pk}")
        self.assertInFeed(pin, get_feed("timeline", self.ann))
        self.client.post(FOLLOWS, {"action": "delete_selected", "_selected_action": [follow.pk], "post": "yes"})
        run_feeds()
        self.assertNotInFeed(pin, get_feed("timeline", self.ann))

    def test_a_target_that_is_not_there_is_an_error_in_the_form(self):
        for target in ("0", "x", "testapp.Board:0", "no.Model:1"):
            response = self.client.post(f"{FOLLOWS}add/", {"user": self.ann.pk, "target": target})

            self.assertContains(response, 'class="errorlist"')
        self.assertEqual(Follow.objects.count(), 0)

    def test_a_follow_is_not_turned_into_another(self):
        follow, _new = Follow.objects.follow(self.ann, self.bob)

        response = self.client.post(f"{FOLLOWS}{follow.pk}/change/", {"user": self.ann.pk, "target": self.root.pk})

        self.assertEqual(response.status_code, 403)
        self.page(f"{FOLLOWS}{follow.pk}/change/")


class VerbAdminTests(AdminTestCase):
    def test_verbs_are_to_look_at(self):
        verb = VerbRecord.objects.get(pk=105)

        self.assertIn("tests.testapp.verbs.Pin", self.page("/admin/django_feeds/verbrecord/"))
        self.assertIn("pinned", self.page(f"/admin/django_feeds/verbrecord/{verb.pk}/change/"))
        self.assertEqual(self.client.get("/admin/django_feeds/verbrecord/add/").status_code, 403)
        self.assertEqual(self.client.get("/admin/django_feeds/timeline/").status_code, 404)


class MuteAdminTests(AdminTestCase):
    def test_a_block_ends_both_follows(self):
        Follow.objects.follow(self.ann, self.bob)
        Follow.objects.follow(self.bob, self.ann)

        self.client.post(
            "/admin/django_feeds/mute/add/", {"user": self.ann.pk, "target": self.bob.pk, "is_block": "on"}
        )

        self.assertEqual(
            Mute.objects.values_list("user", "target", "is_block").get(), (self.ann.pk, str(self.bob.pk), True)
        )
        self.assertEqual(Follow.objects.count(), 0)
        self.assertIn(f"/admin/auth/user/{self.bob.pk}/", self.page("/admin/django_feeds/mute/"))

    def test_nobody_mutes_himself_or_what_is_not_there(self):
        for target, said in ((self.ann.pk, "Nobody mutes himself."), ("0", "There is no auth.User with the pk")):
            response = self.client.post("/admin/django_feeds/mute/add/", {"user": self.ann.pk, "target": target})

            self.assertContains(response, said)
        self.assertEqual(Mute.objects.count(), 0)


class PreferenceAdminTests(AdminTestCase):
    def test_what_users_want_is_listed_and_can_be_changed(self):
        preference = NotificationPreference.objects.create(user=self.ann, verb_id=verbs.Love.id, enabled=False)
        DigestState.objects.create(user=self.bob)

        self.assertIn("love", self.page("/admin/django_feeds/notificationpreference/"))
        self.assertIn("bob", self.page("/admin/django_feeds/digeststate/?q=bo"))
        path = f"/admin/django_feeds/notificationpreference/{preference.pk}/change/"
        self.client.post(path, {"user": self.ann.pk, "verb": verbs.Love.id, "enabled": "on"})
        preference.refresh_from_db()
        self.assertTrue(preference.enabled)

    def test_an_activity_says_who_was_told(self):
        readers = [get_user_model().objects.create_user(f"reader{number}") for number in range(51)]
        get_manager().publish(Activity(self.bob, verbs.Love, self.board), recipients=readers)
        record = ActivityRecord.objects.get(verb=verbs.Love.id)

        text = self.page(f"/admin/django_feeds/activityrecord/{record.pk}/change/")

        self.assertIn(f"{readers[49].pk} (", text)
        self.assertIn(", …", text)
        self.assertNotIn(f"{readers[50].pk} (", text)
