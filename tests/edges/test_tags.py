"""Template tags: what they render, for whom, and what never gets through them."""

import re
from datetime import timedelta
from types import SimpleNamespace
from unittest import mock

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.template import Context, engines
from django.test import RequestFactory, override_settings
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from django_feeds import verbs
from django_feeds.activity import Activity
from django_feeds.exceptions import FeedsConfigurationError, InvalidOwner, NotHydrated, UnknownFeed
from django_feeds.models import Follow
from django_feeds.registry import get_feed
from django_feeds.testing import run_feeds
from tests.browser.quality import assert_valid_html
from tests.testapp.models import Board, Pin
from tests.testapp.verbs import Pin as PinVerb

from .base import SiteTestCase

XSS = '<script>alert("1")</script>'


class TagTestCase(SiteTestCase):
    def render(self, source, user=None, path="/page/", **context):
        request = RequestFactory().get(path)
        request.user = user or AnonymousUser()
        template = engines["django"].from_string("{% load django_feeds %}" + source)
        return template.render({"ann": self.ann, "bob": self.bob, "board": self.board, **context}, request)

    def url(self, model, url):
        """Give the rows of a model a page."""
        model.get_absolute_url = lambda row: url
        self.addCleanup(delattr, model, "get_absolute_url")


class RenderFeedTests(TagTestCase):
    def test_it_renders_a_valid_list(self):
        self.pins(3)

        html = self.render('{% render_feed "timeline" ann %}', user=self.ann)

        assert_valid_html(f'<!DOCTYPE html><html lang="en"><head><title>x</title></head><body>{html}</body></html>')
        self.assertEqual(re.findall(r"pin no\. \d", html), ["pin no. 2", "pin no. 1", "pin no. 0"])
        self.assertNotIn("Older", html)

    def test_it_goes_on_by_the_query_string(self):
        self.pins(5)
        tag, path, seen = '{% render_feed "timeline" ann limit=2 %}', "/page/?q=a%26b", []

        while path:
            html = self.render(tag, user=self.ann, path=path)
            seen += re.findall(r"pin no\. (\d)", html)
            older = re.search(r'<a href="(\S+)" rel="next">', html)
            path = older and older[1].replace("&amp;", "&")

        self.assertEqual(seen, list("43210"))
        self.assertIn('href="/page/?q=a%26b">Newest', html)

    def test_two_feeds_on_a_page_go_on_each_for_itself(self):
        self.pins(3)
        both = '{% render_feed "timeline" ann limit=1 %}|{% render_feed "user" board limit=1 parameter="pins" %}'
        timeline, pins = self.render(both, user=self.ann).split("|")
        next = re.search(r'href="([^"]+)" rel', pins)[1]

        timeline, pins = self.render(both, user=self.ann, path=next).split("|")

        self.assertIn("?pins=", next)
        self.assertIn("pin no. 2", timeline)
        self.assertIn("pin no. 1", pins)
        self.assertIn("&amp;after=", re.search(r'href="([^"]+)" rel', timeline)[1])

    def test_a_cursor_can_be_given(self):
        self.pins(3)
        cursor = get_feed("timeline", self.ann).page(limit=2).next

        self.assertIn("pin no. 0", self.render('{% render_feed "timeline" ann after=cursor %}', cursor=cursor))

    def test_an_anonymous_owner_has_no_feed(self):
        self.assertEqual(self.render('{% render_feed "timeline" user %}'), "")

    def test_rows_are_shown_as_far_as_the_visitor_may_see_them(self):
        Follow.objects.follow(self.bob, self.bob)
        self.pin("a secret", private=True)
        run_feeds()

        for tag in ('{% render_feed "timeline" bob %}', '{% render_feed "user" bob %}'):
            self.assertIn("a secret", self.render(tag, user=self.bob))
            self.assertNotIn("a secret", self.render(tag, user=self.ann))
            self.assertNotIn("a secret", self.render(tag))

    def test_in_a_mail_a_feed_is_for_its_owner(self):
        Follow.objects.follow(self.bob, self.bob)
        self.pin("a secret", private=True)
        run_feeds()
        template = engines["django"].from_string(
            '{% load django_feeds %}{% render_feed "timeline" bob %}|{% render_feed "user" bob %}'
        )

        mine, own = template.render({"bob": self.bob}).split("|")

        self.assertIn("a secret", mine)
        self.assertNotIn("a secret", own)

    def test_garbage_is_not_found(self):
        for tag, path in (
            ('{% render_feed "timeline" ann %}', "/?after=garbage"),
            ('{% render_feed "timeline" ann after="garbage" %}', "/"),
        ):
            with pytest.raises(Http404, match="'garbage' is not a cursor"):
                self.render(tag, path=path)
        self.client.force_login(self.ann)
        self.assertEqual(self.client.get("/?after=garbage").status_code, 404)

    def test_a_feed_or_an_owner_that_is_none_is_an_error(self):
        with pytest.raises(UnknownFeed, match=r"DJANGO_FEEDS\['FEEDS'\]"):
            self.render('{% render_feed "timelime" ann %}')
        with pytest.raises(InvalidOwner):
            self.render('{% render_feed "timeline" typo %}')

    def test_the_context_around_it_stays_as_it_was(self):
        self.pins(1)
        source = (
            '{% load django_feeds %}{% render_feed "timeline" ann %}{% for a in p %}{% render_activity a %}{% endfor %}'
        )
        template = engines["django"].from_string(source + "{% follow_button bob %}").template
        context = Context(
            {"ann": self.ann, "bob": self.bob, "p": get_feed("timeline", self.ann).page(), "page": "mine"}
        )
        before = context.flatten()

        template.render(context)

        self.assertEqual(context.flatten(), before)

    @override_settings(
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        (
                            "django.template.loaders.locmem.Loader",
                            {
                                "mine.html": "{{ page.items|length }} of {{ feed.owner }} in {{ place }}",
                                "django_feeds/activity/pin.html": "PIN {{ activity.object }} {{ place }}",
                                "django_feeds/activity.html": "ANY {{ activity.actor }}",
                            },
                        ),
                    ]
                },
            }
        ]
    )
    def test_templates_by_verb_see_what_is_around_them(self):
        self.pins(2)
        page = get_feed("timeline", self.ann).page()
        love = Activity(self.ann, verbs.Love, self.bob)

        self.assertEqual(
            self.render('{% render_feed "timeline" ann template="mine.html" %}', place="town"),
            f"2 of {self.ann.pk} in town",
        )
        self.assertEqual(self.render("{% render_activity a %}", a=page.items[0], place="town"), "PIN pin no. 1 town")
        self.assertEqual(self.render("{% render_activity a %}", a=love), "ANY ann")


class ActivityTests(TagTestCase):
    def activity(self, object=None, target=None, verb=PinVerb, **kwargs):
        return Activity(self.bob, verb, object or Pin.objects.create(user=self.bob, note="a cat"), target, **kwargs)

    def test_names_lead_to_their_pages(self):
        self.url(Pin, "/pins/?a=1&b=2")

        html = self.render("{% activity_text a %}", a=self.activity(target=self.board))

        self.assertEqual(html, 'bob pinned <a href="/pins/?a=1&amp;b=2">a cat</a> to Cats')

    def test_without_links_it_is_plain_text(self):
        activity = self.activity(Pin.objects.create(user=self.bob, note="cats & <dogs>"))

        html = self.render("{% activity_text a links=False %}", a=activity)

        self.assertEqual(html, "bob pinned cats &amp; &lt;dogs&gt;")

    def test_nothing_that_was_typed_becomes_html(self):
        self.board.name = XSS
        self.url(Pin, '/"><script>')
        pin = Pin.objects.create(user=self.bob, note=XSS)
        self.bob.username = XSS
        activity = self.activity(pin, self.board, extra_context={"note": XSS})

        for tag in ("{% activity_text a %}", "{% activity_text a links=False %}", "{% render_activity a %}"):
            html = self.render(tag, a=activity)

            self.assertNotIn("<script", html)
            self.assertEqual(html.count("&lt;script&gt;alert("), 3)

    def test_nor_does_a_phrase(self):
        class Shout(verbs.Verb):
            id = 900
            infinitive = past_tense = "shouts"
            phrase = "%(actor)s <b>shouts</b> 100%% {loud} at %(object)s"

        with mock.patch.dict(verbs._verbs):
            verbs.register(Shout)
            html = self.render("{% activity_text a %}", a=self.activity(verb=Shout))

        self.assertEqual(html, "bob &lt;b&gt;shouts&lt;/b&gt; 100% {loud} at a cat")

    def test_a_page_is_linked_only_where_a_browser_may_go(self):
        for url in (
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "\x01java\tscript:alert(1)",
            "data:text/html,x",
            "http://[",
        ):
            self.url(Pin, url)

            self.assertNotIn("<a", self.render("{% activity_text a %}", a=self.activity()), url)
            self.doCleanups()
        for url in ("/pins/1/", "https://example.org/", "//example.org/", "?pin=1"):
            self.url(Pin, url)
            self.assertIn(f'<a href="{url}">', self.render("{% activity_text a %}", a=self.activity()), url)
            self.doCleanups()

    def test_an_address_that_cannot_be_made_is_no_link(self):
        from django.urls import reverse

        Pin.get_absolute_url = lambda pin: reverse("gone")
        self.addCleanup(delattr, Pin, "get_absolute_url")

        self.assertEqual(self.render("{% activity_text a %}", a=self.activity()), "bob pinned a cat")

    def test_rows_that_are_gone_break_nothing(self):
        activity = self.activity(target=self.board)
        references = activity.references()

        activity.hydrate({references["actor"]: self.bob, references["object"]: activity.object})
        self.assertEqual(self.render("{% activity_text a %}", a=activity), "bob pinned a cat")
        activity.hydrate({})
        self.assertEqual(self.render("{% activity_text a %}", a=activity), "something deleted pinned something deleted")
        self.assertIn("something deleted", self.render("{% render_activity a %}", a=activity))

    def test_rows_that_were_never_loaded_are_named(self):
        activity = Activity(self.bob.pk, PinVerb, 5, ("testapp.Board", 7))

        self.assertIn(
            f"auth.User:{self.bob.pk} pinned testapp.Pin:5 to testapp.Board:7",
            self.render("{% render_activity a %}", a=activity),
        )
        with pytest.raises(NotHydrated):
            str(activity.actor)
        self.assertEqual(self.render("[{{ a.actor }}]", a=activity), "[]")

    def test_a_verb_whose_name_makes_no_file_name_has_a_template_too(self):
        class Pinned(verbs.Verb):
            id = 901
            infinitive, past_tense = "留める", "留めた"

        with mock.patch.dict(verbs._verbs):
            verbs.register(Pinned)
            html = self.render("{% render_activity a %}", a=self.activity(verb=Pinned))

        self.assertIn("bob 留めた a cat", html)

    def test_the_time_is_for_people_and_for_programs(self):
        time = timezone.now() - timedelta(hours=3)

        html = self.render("{% render_activity a %}", a=self.activity(time=time))

        self.assertIn(f'<time datetime="{time:%Y-%m-%d}', html)
        self.assertIn("3\xa0hours ago", html)


class FollowButtonTests(TagTestCase):
    def test_it_offers_what_can_be_done(self):
        html = self.render("{% follow_button bob %}", user=self.ann, path="/page/?a=1&b=2")

        self.assertIn(f'<form class="follow" method="post" action="/feeds/follow/{self.bob.pk}/">', html)
        self.assertIn('name="csrfmiddlewaretoken"', html)
        self.assertIn('name="next" value="/page/?a=1&amp;b=2"', html)
        self.assertIn('aria-label="Follow bob">Follow<', html)
        Follow.objects.follow(self.ann, self.bob)
        html = self.render("{% follow_button bob %}", user=self.ann)
        self.assertIn(f'action="/feeds/unfollow/{self.bob.pk}/"', html)
        self.assertIn('aria-label="Unfollow bob">Unfollow<', html)

    def test_it_is_valid(self):
        for user in (self.ann, self.bob, None):
            html = self.render("{% follow_button bob %}", user=user)

            assert_valid_html(f'<!DOCTYPE html><html lang="en"><head><title>x</title></head><body>{html}</body></html>')

    def test_names_in_it_are_escaped(self):
        self.board.name = XSS

        for user in (self.ann, None):
            self.assertNotIn("<script", self.render("{% follow_button board %}", user=user, path="/?" + XSS))

    def test_nobody_follows_himself(self):
        self.assertEqual(self.render("{% follow_button ann %}", user=self.ann).strip(), "")
        lazily = SimpleLazyObject(lambda: self.ann)  # as the middleware gives it
        self.assertEqual(self.render("{% follow_button user %}", user=lazily).strip(), "")

    def test_a_visitor_signs_in_first(self):
        html = self.render("{% follow_button bob %}", path="/page/?a=1")

        self.assertEqual(html.strip(), '<a class="follow" href="/sign-in/?next=/page/%3Fa%3D1">Sign in to follow</a>')

    def test_it_costs_one_query_and_none_where_it_is_known(self):
        boards = [Board.objects.create(name=f"board {number}") for number in range(3)]
        Follow.objects.follow(self.ann, boards[1])
        followed = set(Follow.objects.following(self.ann).targets())

        with self.assertNumQueries(1):
            self.render("{% follow_button board %}", user=self.ann)
        with self.assertNumQueries(0):
            html = self.render(
                "{% for b in boards %}{% follow_button b following=followed %}{% endfor %}",
                user=self.ann,
                boards=boards,
                followed=followed,
            )
            known = self.render("{% follow_button board following=True %}", user=self.ann)
        self.assertEqual(re.findall(r">(Follow|Unfollow)<", html), ["Follow", "Unfollow", "Follow"])
        self.assertIn("Unfollow", known)

    def test_what_cannot_be_followed_gets_no_button_but_an_error(self):
        for target in (Pin.objects.create(user=self.bob), "", SimpleNamespace(pk=1)):
            with pytest.raises(FeedsConfigurationError, match="FOLLOWABLE"):
                self.render("{% follow_button target %}", user=self.ann, target=target)

    @override_settings(ROOT_URLCONF="django.contrib.auth.urls")
    def test_without_our_urls_it_says_what_to_add(self):
        with pytest.raises(FeedsConfigurationError, match=r"include\('django_feeds.urls'\)"):
            self.render("{% follow_button bob %}", user=self.ann)
