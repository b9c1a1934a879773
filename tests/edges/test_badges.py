"""Tags about what is new: counts, badges, bars, and the list of notifications, for whom and at what cost."""

import html
import json
import re
from unittest import mock

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.db import connection
from django.template import engines
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from django_feeds import notices
from django_feeds.exceptions import FeedsConfigurationError
from django_feeds.models import Mute
from django_feeds.storage.database import DatabaseStorage
from django_feeds.testing import run_feeds
from tests.browser.quality import assert_valid_html

from .test_notifications import NotificationTestCase
from .test_outage import DOWN

LIVE = {"TASKS": "inline", "FEEDS": {"user": {}, "timeline": {"LIVE": True}}}
COUNTS = "{% unseen_count %}/{% unread_count %}"
ALL = COUNTS + '{% live_badge %}{% live_badge counting="unread" %}{% unseen_count as new %}[{{ new }}]'


class BadgeTestCase(NotificationTestCase):
    def render(self, source, user=None, path="/page/", **context):
        request = RequestFactory().get(path)
        request.user = user or self.ann
        template = engines["django"].from_string("{% load django_feeds %}" + source)
        return template.render(context, request)

    def document(self, source, **kwargs):
        body = self.render(source, **kwargs)
        assert_valid_html(f'<!DOCTYPE html><html lang="en"><head><title>x</title></head><body>{body}</body></html>')
        return body


class CountTests(BadgeTestCase):
    def test_both_counts(self):
        self.loves()
        self.feed.mark_all()
        self.feed.mark_activity(self.feed[0], read=True)

        self.assertEqual(self.render(COUNTS), "0/1")

    def test_anonymous_users_have_none(self):
        self.loves()

        self.assertEqual(self.render(COUNTS, user=AnonymousUser()), "0/0")
        self.assertEqual(self.render(COUNTS, user=self.bob), "0/0")
        template = engines["django"].from_string("{% load django_feeds %}" + COUNTS)
        self.assertEqual(template.render({}), "0/0")

    def test_while_the_storage_is_down_there_is_none(self):
        self.loves()

        with mock.patch.object(DatabaseStorage, "marks", side_effect=DOWN), self.assertLogs("django_feeds.notices"):
            self.assertEqual(self.render(ALL).split(), ["0/0", "[0]"])

    def test_who_is_muted_does_not_count(self):
        self.love()
        Mute.objects.mute(self.ann, self.bob)

        self.assertEqual(self.render(COUNTS), "0/0")

    def test_all_of_them_together_ask_once(self):
        self.loves()
        self.render(ALL)
        run_feeds()
        with CaptureQueriesContext(connection) as one:
            self.render("{% unseen_count %}")
        with CaptureQueriesContext(connection) as many:
            self.render(ALL)

        # Entries, who is muted, marks.
        self.assertEqual((len(one), len(many)), (3, 3), [query["sql"] for query in many])


class LiveBadgeTests(BadgeTestCase):
    def number(self, html):
        return re.search(r'<span role="img" aria-label="([^"]*)"( hidden)?>([^<]*)</span>', html).groups()

    def test_it_works_without_a_script(self):
        self.assertEqual(self.number(self.document("{% live_badge %}")), ("0 new notifications", " hidden", "0"))
        self.love()
        self.assertEqual(self.number(self.document("{% live_badge %}")), ("1 new notification", None, "1"))

    def test_large_numbers_are_capped_in_display_only(self):
        with mock.patch.object(notices, "news_of", return_value=mock.Mock(unseen=345, token="5.1")):
            badge = self.document("{% live_badge in_title=True %}")

        self.assertEqual(self.number(badge), ("345 new notifications", None, "99+"))
        self.assertIn(" data-feeds-title", badge)

    def test_it_says_where_to_hear_of_more(self):
        self.love()
        token = self.feed.news().token

        self.assertIn(f'data-feeds-live="/feeds/live/notifications/?since={token}"', self.document("{% live_badge %}"))

    def test_there_is_none_for_a_visitor(self):
        self.assertEqual(self.render("{% live_badge %}", user=AnonymousUser()).strip(), "")

    def test_what_cannot_be_counted_is_an_error(self):
        with pytest.raises(FeedsConfigurationError, match="'unseen' or 'unread', not 'all'"):
            self.render('{% live_badge counting="all" %}')
        with (
            override_settings(DJANGO_FEEDS=LIVE),
            pytest.raises(FeedsConfigurationError, match="'timeline' is no NotificationFeed; use {% live_bar %}"),
        ):
            self.render('{% live_badge "timeline" %}')

    def test_the_script_has_the_form_for_each_number_whatever_the_language(self):
        rules = {
            "en": lambda n: n != 1,
            "pl": lambda n: 0 if n == 1 else 1 if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else 2,
        }
        said = {"en": ["{} bell", "{} bells"], "pl": ["{} dzwon", "{} dzwony", "{} dzwonów"]}
        for language, rule in rules.items():
            forms = [form.replace("{}", "%(number)d") for form in said[language]]
            with mock.patch.object(notices, "_form", lambda name, n, forms=forms, rule=rule: forms[rule(n)]):
                forms, which = notices.texts.__wrapped__("unseen", language)

            for number in [*range(250), 1000, 1001, 1002, 1012, 1022, 12345]:
                place = number if number < 200 else 100 + number % 100  # as in live.js
                self.assertEqual(json.loads(forms)[int(which[place])], said[language][rule(number)], number)


class LiveBarTests(BadgeTestCase):
    @override_settings(DJANGO_FEEDS=LIVE)
    def test_it_is_hidden_until_there_is_something(self):
        bar = self.document('{% live_bar "timeline" %}', path="/page/?after=x")

        self.assertIn('<a href="/page/" hidden></a>', bar)
        self.assertIn('data-feeds-live="/feeds/live/timeline/?since=0.0"', bar)
        forms = html.unescape(re.search('data-feeds-forms="([^"]*)"', bar)[1])
        self.assertEqual(sorted(json.loads(forms)), ["{} new item", "{} new items"])
        self.assertIn('href="/elsewhere/"', self.render('{% live_bar "timeline" url="/elsewhere/" %}'))
        self.assertEqual(self.render('{% live_bar "timeline" %}', user=AnonymousUser()).strip(), "")

    def test_a_feed_that_is_not_live_says_what_to_set(self):
        with pytest.raises(FeedsConfigurationError, match="LIVE in DJANGO_FEEDS"):
            self.render('{% live_bar "timeline" %}')


class RenderNotificationsTests(BadgeTestCase):
    def test_it_renders_a_valid_list(self):
        self.loves()

        page = self.document("{% render_notifications %}", path="/page/?colour=blue")

        self.assertEqual(page.count('<li class="notification'), 2)
        self.assertIn('action="/feeds/mark/notifications/"', page)
        self.assertIn('action="/feeds/mark-all/notifications/"', page)
        self.assertIn('name="next" value="/page/?colour=blue"', page)
        self.assertIn('aria-label="Mark as read: carl and bob loved your pin"', page)
        self.assertEqual(self.counts(), (2, 2))

    def test_it_is_for_who_is_signed_in(self):
        self.loves()

        self.assertEqual(self.render("{% render_notifications %}", user=AnonymousUser()), "")
        self.assertNotIn("loved", self.render("{% render_notifications %}", user=self.bob))

    def test_while_the_storage_is_down_it_says_so(self):
        with mock.patch.object(DatabaseStorage, "marks", side_effect=DOWN):
            self.love()
            self.assertIn("cannot be read just now", self.document("{% render_notifications %}"))

    def test_another_kind_of_feed_is_an_error(self):
        with pytest.raises(FeedsConfigurationError, match="not a NotificationFeed"):
            self.render('{% render_notifications "timeline" %}')


class MuteButtonTests(BadgeTestCase):
    def test_it_offers_what_can_be_done(self):
        self.assertIn(f'action="/feeds/mute/{self.bob.pk}/"', self.document("{% mute_button bob %}", bob=self.bob))
        Mute.objects.mute(self.ann, self.bob)
        button = self.document("{% mute_button bob %}", bob=self.bob)
        self.assertIn(f'action="/feeds/unmute/{self.bob.pk}/"', button)
        self.assertIn('aria-label="Unmute bob">Unmute<', button)

    def test_there_is_none_for_a_visitor_and_for_oneself(self):
        for user in (AnonymousUser(), self.bob):
            self.assertEqual(self.render("{% mute_button bob %}", user=user, bob=self.bob).strip(), "")

    def test_it_costs_one_query_and_none_where_it_is_known(self):
        with self.assertNumQueries(1):
            self.render("{% mute_button bob %}", bob=self.bob)
        with self.assertNumQueries(0):
            self.render("{% mute_button bob muted=muted %}", bob=self.bob, muted=frozenset())


class ScriptTests(BadgeTestCase):
    def test_it_is_one_file_of_ours(self):
        source = re.fullmatch('<script src="([^"]+)" defer></script>', self.render("{% live_script %}"))[1]

        self.assertEqual(source, "/static/django_feeds/live.js")
        self.assertTrue(finders.find("django_feeds/live.js"))

    def test_pages_need_nothing_inline(self):
        self.loves()
        self.client.force_login(self.ann)

        page = self.get("/feeds/notifications/")

        self.assertEqual(re.findall(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:", page), [])

    def test_texts_are_in_the_language_of_the_reader(self):
        with translation.override("en"):
            before = notices.texts("bar", "en")
        with translation.override("de"):
            notices.texts("bar", "de")
        with translation.override("en"):
            self.assertEqual(notices.texts("bar", "en"), before)
