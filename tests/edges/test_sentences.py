"""Groups in one sentence: who did it, to whose things, and that nothing typed becomes HTML."""

from datetime import timedelta
from unittest import mock

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from django.utils.translation import ngettext_lazy

from django_feeds import verbs
from django_feeds.activity import Activity, AggregatedActivity
from django_feeds.sentences import group_text
from tests.testapp.models import Board, Pin
from tests.testapp.verbs import Pin as PinVerb

from .base import START, SiteTestCase

XSS = '<script>alert("1")</script>'


class SentenceTestCase(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.users = [get_user_model().objects.create_user(f"user{number}") for number in range(6)]
        self.pins = [Pin.objects.create(user=self.ann, note=f"pin {number}") for number in range(3)]

    def group(self, actors, objects=None, verb=verbs.Love, target=None):
        """What each of these actors did with each of these objects; the first one's are the newest."""
        objects = self.pins[:1] if objects is None else objects
        done = [(actor, object) for actor in actors for object in objects]
        return AggregatedActivity(
            "group",
            [
                Activity(actor, verb, object, target, START - timedelta(minutes=n))
                for n, (actor, object) in enumerate(done)
            ],
        )

    def text(self, actors, objects=None, verb=verbs.Love, viewer=None, links=False, **kwargs):
        return group_text(self.group(actors, objects, verb, **kwargs), viewer=viewer, links=links)


class ActorsTests(SentenceTestCase):
    def test_two_are_named_and_all_others_counted(self):
        expected = {
            1: "user0 loved pin 0",
            2: "user0 and user1 loved pin 0",
            3: "user0, user1 and 1 other loved pin 0",
            6: "user0, user1 and 4 others loved pin 0",
        }

        for number, sentence in expected.items():
            self.assertEqual(self.text(self.users[:number]), sentence)

    def test_one_who_did_it_twice_is_one(self):
        group = AggregatedActivity(
            "group",
            [
                Activity(self.bob, verbs.Comment, self.pins[0], time=START),
                Activity(self.bob, verbs.Comment, self.pins[0], time=START + timedelta(minutes=1)),
            ],
        )

        self.assertEqual(group_text(group, links=False), "bob commented on pin 0")

    def test_those_who_are_not_shown_are_counted_too(self):
        class Short(AggregatedActivity):
            max_aggregated_activities_length = 1

        group = self.group(self.users)
        short = Short("group", [activity for activity in group.activities], one_object=True)

        self.assertEqual(group_text(short, links=False), "user0 and 5 others loved pin 0")

    def test_one_who_is_gone_is_not_named(self):
        group = self.group(self.users[:3])
        rows = {activity.actor_reference: activity.actor for activity in group.activities[1:]}
        rows[group.activities[0].object_reference] = self.pins[0]
        for activity in group.activities:
            activity.hydrate(rows)

        self.assertEqual(group_text(group, links=False), "user1, user2 and 1 other loved pin 0")
        for activity in group.activities:
            activity.hydrate({})
        self.assertEqual(group_text(group, links=False), "something deleted and 2 others loved something deleted")


class ObjectsTests(SentenceTestCase):
    def test_several_are_counted(self):
        self.assertEqual(self.text(self.users[:1], self.pins), "user0 loved 3 things")
        self.assertEqual(self.text(self.users[:2], self.pins[:2]), "user0 and user1 loved 2 things")

    def test_a_verb_without_a_phrase_for_groups_has_a_sentence(self):
        self.assertEqual(self.text(self.users[:2], verb=PinVerb), "user0 and user1 pinned pin 0")
        self.assertEqual(self.text(self.users[:2], self.pins, verb=PinVerb), "user0 and user1 pinned 3 things")

    def test_a_plain_plural_will_do_as_phrase(self):
        phrase = ngettext_lazy("%(actors)s pinned %(object)s", "%(actors)s pinned %(count)d pins", "count")

        with mock.patch.object(PinVerb, "group_phrase", phrase):
            self.assertEqual(self.text(self.users[:2], verb=PinVerb), "user0 and user1 pinned pin 0")
            self.assertEqual(self.text(self.users[:2], self.pins, verb=PinVerb), "user0 and user1 pinned 3 pins")

    def test_a_group_of_one_reads_as_its_activity(self):
        self.assertEqual(self.text(self.users[:1], target=self.board), "user0 loved pin 0 in Cats")

    def test_different_verbs_are_not_told_as_one(self):
        group = self.group(self.users[:2])
        group.append(Activity(self.bob, verbs.Comment, self.pins[0], time=START + timedelta(minutes=5)))

        self.assertEqual(group_text(group, links=False), "bob, user0 and 1 other did something with pin 0")


class OwnTests(SentenceTestCase):
    def test_the_readers_own_things_are_his(self):
        self.assertEqual(self.text(self.users[:1], viewer=self.ann), "user0 loved your pin")
        self.assertEqual(self.text(self.users, viewer=self.ann), "user0, user1 and 4 others loved your pin")
        self.assertEqual(self.text(self.users[:2], self.pins, viewer=self.ann), "user0 and user1 loved 3 of your pins")

    def test_those_of_others_are_not(self):
        for viewer in (self.bob, None, AnonymousUser()):
            self.assertEqual(self.text(self.users[:2], viewer=viewer), "user0 and user1 loved pin 0")

    def test_of_several_all_must_be_his(self):
        mixed = [self.pins[0], Pin.objects.create(user=self.bob)]

        self.assertEqual(self.text(self.users[:1], mixed, viewer=self.ann), "user0 loved 2 things")

    def test_what_is_folded_away_is_nobodys(self):
        class Short(AggregatedActivity):
            max_aggregated_activities_length = 2

        short = Short("group", self.group(self.users[:1], self.pins).activities)

        self.assertEqual(group_text(short, viewer=self.ann, links=False), "user0 loved 3 things")

    def test_whom_they_follow_is_the_reader(self):
        followed = self.group(self.users[:2], [self.ann], verbs.Follow)

        self.assertEqual(group_text(followed, viewer=self.ann, links=False), "user0 and user1 followed you")
        self.assertEqual(group_text(followed, viewer=self.bob, links=False), "user0 and user1 followed ann")
        self.assertEqual(
            self.text(self.users[:1], self.users[1:4], verbs.Follow, viewer=self.bob), "user0 followed 3 others"
        )

    def test_whose_it_is_costs_no_query(self):
        pins = list(Pin.objects.filter(user=self.ann))
        group = self.group(self.users[:2], pins)

        with self.assertNumQueries(0):
            self.assertIn("your pins", group_text(group, viewer=self.ann))


class MarkupTests(SentenceTestCase):
    def page(self, model, url):
        model.get_absolute_url = lambda row: url
        self.addCleanup(delattr, model, "get_absolute_url")

    def test_names_and_kinds_lead_to_their_pages(self):
        self.page(Pin, "/pins/?a=1&b=2")

        self.assertEqual(
            self.text(self.users[:3], links=True),
            'user0, user1 and 1 other loved <a href="/pins/?a=1&amp;b=2">pin 0</a>',
        )
        self.assertEqual(
            self.text(self.users[:1], links=True, viewer=self.ann),
            'user0 loved your <a href="/pins/?a=1&amp;b=2">pin</a>',
        )

    def test_nothing_that_was_typed_becomes_html(self):
        self.page(Board, '/"><script>')
        for user in self.users:
            user.username = XSS
        board = Board.objects.create(owner=self.bob, name=XSS)

        html = self.text(self.users, [board], links=True)

        self.assertNotIn("<script", html)
        self.assertEqual(html.count("&lt;script&gt;alert("), 3)

    def test_nor_does_a_phrase(self):
        phrase = ngettext_lazy("%(actors)s <b> 100%% %(object)s", "%(actors)s <b> %(count)d", "count")

        with mock.patch.object(PinVerb, "group_phrase", phrase):
            self.assertEqual(
                self.text(self.users[:2], verb=PinVerb, links=True), "user0 and user1 &lt;b&gt; 100% pin 0"
            )

    def test_percent_signs_and_blanks_in_names_are_only_text(self):
        self.users[0].username, self.users[1].username = "%(object)s", "100%"

        self.assertEqual(self.text(self.users[:2]), "%(object)s and 100% loved pin 0")

    def test_the_tags_know_the_reader(self):
        group = self.group(self.users[:2])
        request = RequestFactory().get("/")
        request.user = self.ann

        def render(source):
            template = engines["django"].from_string("{% load django_feeds %}" + source)
            return template.render({"group": group, "bob": self.bob}, request)

        self.assertEqual(render("{% group_text group %}"), "user0 and user1 loved your pin")
        self.assertEqual(render("{% group_text group viewer=bob %}"), "user0 and user1 loved pin 0")
        for tag in ("{% render_group group %}", "{% render_item group %}"):
            html = render(tag)
            self.assertIn("user0 and user1 loved your pin", html)
            self.assertIn("2 activities", html)
            self.assertIn("<li>user1 loved pin 0</li>", html)


class LanguageTests(SentenceTestCase):
    def test_a_translation_may_agree_with_how_many_there_are(self):
        catalog = translation.trans_real.translation("de")._catalog
        english = "%(actors)s loved %(object)s"
        said = {
            ("one actor\4" + english, 0): "%(actors)s hat %(object)s gemocht",
            ("several actors\4" + english, 0): "%(actors)s haben %(object)s gemocht",
            "%(first)s and %(second)s": "%(first)s und %(second)s",
        }
        twice = AggregatedActivity(
            "group",
            [Activity(self.bob, verbs.Love, self.pins[0], time=START + timedelta(minutes=n)) for n in range(2)],
        )

        with translation.override("de"), mock.patch.object(catalog, "_catalogs", [said, *catalog._catalogs]):
            one, several = group_text(twice, links=False), self.text(self.users[:2])

        self.assertEqual((one, several), ("bob hat pin 0 gemocht", "user0 und user1 haben pin 0 gemocht"))
