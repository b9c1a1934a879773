"""What is new, as it comes: over a real uvicorn from another process, and in short answers without an event loop."""

import asyncio
import json
import time
from datetime import timedelta
from itertools import count
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import AsyncRequestFactory, Client, override_settings

from django_feeds import verbs
from django_feeds.activity import Activity
from django_feeds.models import Follow
from django_feeds.registry import get_feed, get_manager
from django_feeds.storage import get_storage
from django_feeds.storage.memory import MemoryStorage
from django_feeds.testing import run_feeds
from django_feeds.views.live import LiveView, Stream
from tests import storages
from tests.testapp.models import Pin

from .base import MIDDLEWARE, START, TEMPLATES
from .streaming import Uvicorn, feeds
from .test_notifications import NotificationTestCase

NOTIFICATIONS = "/feeds/live/notifications/"
JSON = {"Accept": "application/json"}
SSE = {"Accept": "text/event-stream"}


def blocks(response):
    """The blocks of a short answer, each as its fields."""
    text = response.content.decode()
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in text.split("\n\n") if block]


class WithoutEventLoopTests(NotificationTestCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.ann)

    def test_the_answer_is_short_and_says_when_to_come_again(self):
        self.loves()

        response = self.client.get(NOTIFICATIONS, headers=SSE)

        (block,) = blocks(response)
        self.assertEqual((block["retry"], block["event"]), ("1500", "news"))
        self.assertEqual(json.loads(block["data"]), {"count": 0, "unseen": 2, "unread": 2, "items": []})
        self.assertEqual(block["id"], self.feed.news().token)
        self.assertEqual(response["Content-Type"], "text/event-stream; charset=utf-8")
        self.assertEqual((response["X-Accel-Buffering"], response["Content-Encoding"]), ("no", "identity"))
        self.assertIn("no-store", response["Cache-Control"])
        self.assertIn("private", response["Cache-Control"])

    def test_it_answers_where_requests_are_transactions(self):
        """Django refuses async views there, unless they say that they are none."""
        with mock.patch.dict(connection.settings_dict, ATOMIC_REQUESTS=True):
            self.assertEqual(self.client.get(NOTIFICATIONS, headers=SSE).status_code, 200)

    def test_it_goes_on_where_the_last_answer_ended(self):
        (block,) = blocks(self.client.get(NOTIFICATIONS, headers=SSE))
        self.love()

        for headers, query in [({"Last-Event-ID": block["id"]}, "?since=9.9"), ({}, f"?since={block['id']}")]:
            (next,) = blocks(self.client.get(NOTIFICATIONS + query, headers={**SSE, **headers}))

            news = json.loads(next["data"])
            self.assertEqual((news["count"], news["unread"]), (1, 1))
            self.assertEqual(news["items"][0]["text"], "bob loved your pin")

    def test_a_program_gets_json(self):
        token = self.get_json(NOTIFICATIONS)["token"]
        self.love()

        news = self.get_json(f"{NOTIFICATIONS}?since={token}")

        self.assertEqual((news["count"], news["unseen"], news["unread"]), (1, 1, 1))
        self.assertEqual(news["items"][0]["actor_count"], 1)
        self.assertEqual(self.get_json(f"{NOTIFICATIONS}?since={news['token']}")["count"], 0)

    @override_settings(DJANGO_FEEDS={"TASKS": "inline", "FEEDS": {"user": {}, "timeline": {"LIVE": True}}})
    def test_a_flat_feed_has_no_counts(self):
        Follow.objects.follow(self.ann, self.bob)
        run_feeds()
        (block,) = blocks(self.client.get("/feeds/live/timeline/", headers=SSE))
        self.pin("a cat")
        run_feeds()

        news = self.get_json(f"/feeds/live/timeline/?since={block['id']}")

        self.assertNotIn("event", block)
        self.assertEqual(
            (news["count"], news["unseen"], news["items"][0]["text"]), (1, None, "bob pinned a cat to Cats")
        )

    def test_what_is_no_token_is_not_found(self):
        for token in ("garbage", "1", "1.x", "-1.0", "²."):
            self.assertIn("is not a token", self.get_json(f"{NOTIFICATIONS}?since={token}", status=404)["error"])
            self.assertEqual(self.client.get(f"{NOTIFICATIONS}?since={token}", headers=SSE).status_code, 404)
        self.assertEqual(self.client.get(NOTIFICATIONS, headers={**SSE, "Last-Event-ID": "x"}).status_code, 404)

    def test_what_is_not_live_is_not_found(self):
        self.assertIn("is not live: set LIVE", self.get_json("/feeds/live/timeline/", status=404)["error"])
        self.assertIn("'nonsense'", self.get_json("/feeds/live/nonsense/", status=404)["error"])
        for alias in ("timeline", "nonsense"):
            self.assertEqual(self.client.get(f"/feeds/live/{alias}/", headers=SSE).status_code, 404)

    def test_a_visitor_signs_in_first(self):
        for middleware in (MIDDLEWARE, [*MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]):
            with self.settings(MIDDLEWARE=middleware):
                response = Client().get(NOTIFICATIONS, headers=SSE)
                self.assertRedirects(response, f"/sign-in/?next={NOTIFICATIONS}", fetch_redirect_response=False)
                self.assertEqual(Client().get(NOTIFICATIONS, headers=JSON).status_code, 403)

    def test_everybody_hears_of_his_own(self):
        self.loves()
        self.client.force_login(self.bob)

        news = self.get_json(f"{NOTIFICATIONS}?since=0.0")

        self.assertEqual((news["count"], news["unseen"], news["items"]), (0, 0, []))

    def test_it_changes_nothing(self):
        self.loves()

        for method in ("get", "post", "put", "delete"):
            response = getattr(self.client, method)(NOTIFICATIONS, headers=SSE)
            self.assertEqual(response.status_code, 200 if method == "get" else 405)

        self.assertEqual(self.counts(), (2, 2))


# Over uvicorn


class Site:
    """Ann, whose pin Bob loves, and a server in a process of its own."""

    def __init__(self, server):
        self.server = server
        self.ann, self.bob = (User.objects.create_user(name) for name in ("ann", "bob"))
        self.pin = Pin.objects.create(user=self.ann, note="a cat")
        self.minutes = count()

    def love(self, pin=None):
        time = START + timedelta(minutes=next(self.minutes))
        get_manager().publish(Activity(self.bob, verbs.Love, pin or self.pin, time=time), recipients=[self.ann])

    def stream(self, user=None, alias="notifications", **kwargs):
        return self.server.stream(alias, user or self.ann, **kwargs)


@pytest.fixture(
    params=["database", *(pytest.param(name, marks=pytest.mark.needs(name)) for name in ("redis_7", "redis_cluster"))]
)
def site(request, transactional_db, settings):
    storages.empty(request.param)
    settings.DJANGO_FEEDS = feeds(request.param)
    settings.ROOT_URLCONF = "tests.edges.urls"
    with Uvicorn(settings.DJANGO_FEEDS) as server:
        yield Site(server)


def test_what_one_process_publishes_comes_out_of_the_stream_of_another(site):
    stream = site.stream()
    headers, first = stream.response.headers, stream.news()
    site.love()
    second = stream.news()
    site.love(Pin.objects.create(user=site.ann))
    third = stream.news()

    assert (first["count"], first["unseen"], first["unread"]) == (0, 0, 0)
    assert (second["count"], second["unseen"], second["unread"]) == (1, 1, 1)
    assert second["items"][0]["text"] == "bob loved your pin"
    assert (third["count"], third["unread"]) == (1, 2)
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert headers["X-Accel-Buffering"] == "no"
    assert "no-store" in headers["Cache-Control"]


def test_marks_elsewhere_are_news_too(site):
    site.love()
    stream = site.stream()
    before = stream.news()

    get_feed("notifications", site.ann).mark_all(seen=True, read=False)

    assert (before["unseen"], before["unread"]) == (1, 1)
    after = stream.news()
    assert (after["count"], after["unseen"], after["unread"]) == (0, 0, 1)


def test_who_comes_back_has_missed_nothing(site):
    stream = site.stream()
    stream.news()
    stream.close()
    site.love()
    site.love(Pin.objects.create(user=site.ann))

    again = site.stream(**{"Last-Event-ID": stream.id}).news()
    by_address = site.stream(since=stream.id).news()

    assert again["count"] == by_address["count"] == 2
    assert [item["text"] for item in again["items"]] == ["bob loved your pin"] * 2


def test_a_flat_feed_tells_only_of_what_came(site):
    Follow.objects.follow(site.ann, site.bob)
    stream = site.stream(alias="timeline")
    beginning = [stream.block(), stream.block()]
    Pin.objects.create(user=site.bob, note="a dog")

    news = stream.news()

    assert beginning[0] == {"retry": "3000"}
    assert beginning[1].keys() == {"id"}
    assert (news["count"], news["items"][0]["text"], news["unseen"]) == (1, "bob pinned a dog", None)


def test_a_silent_stream_says_that_it_is_there(site):
    stream = site.stream()
    stream.news()

    assert [stream.block(), stream.block()] == [{"": "heartbeat"}] * 2


def test_nobody_hears_of_what_others_are_told(site):
    bobs, anns = site.stream(site.bob), site.stream(site.ann)
    bobs.news(), anns.news()
    site.love()

    assert anns.news()["count"] == 1
    assert [bobs.block() for _ in range(2)] == [{"": "heartbeat"}] * 2


def test_a_stream_ends_when_its_user_is_signed_out_or_deactivated(site):
    signed_out, deactivated = site.stream(site.ann), site.stream(site.bob)
    signed_out.news(), deactivated.news()

    Session.objects.get(session_key=signed_out.session_key).delete()
    User.objects.filter(pk=site.bob.pk).update(is_active=False)

    for stream in (signed_out, deactivated):
        assert [block for block in iter(stream.block, None) if block != {"": "heartbeat"}] == []


def test_who_is_not_signed_in_gets_no_stream(site):
    response = site.server.stream("notifications").response

    assert (response.status, response.headers["Location"]) == (302, f"/sign-in/?next={NOTIFICATIONS}")
    assert site.stream(alias="quiet").response.status == 404
    assert site.stream(alias="nonsense").response.status == 404
    assert site.stream(since="garbage").response.status == 404
    polled = site.stream(Accept="application/json").response
    assert json.loads(polled.read())["unread"] == 0


def test_open_streams_hold_neither_threads_nor_connections(site):
    streams = [site.stream() for _ in range(100)]
    for stream in streams:
        stream.news()
    site.love()

    assert [stream.news()["count"] for stream in streams] == [1] * 100
    # Those of the default executor, of Django's own, and of what listens.
    assert site.server.threads < 50
    assert site.server.open_files("test.sqlite3") < 50


@pytest.mark.parametrize("site", [pytest.param("redis_7", marks=pytest.mark.needs("redis_7"))], indirect=True)
def test_when_clients_are_gone_nobody_listens_any_more(site):
    storage = get_storage("redis_7")
    listened = lambda: storage.connection.client.zcard(storage.live)  # noqa: E731
    streams = [site.stream() for _ in range(5)]
    for stream in streams:
        stream.news()
    before = listened()

    for stream in streams:
        stream.close()
    deadline = time.monotonic() + 120
    while listened() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert (before, listened()) == (1, 0)
    assert "Traceback" not in site.server.log()


@pytest.mark.django_db(transaction=True)
def test_a_stream_outlives_its_storage(own_redis, settings):
    redis = own_redis()
    redis.start()
    declared = {"own": {"BACKEND": "django_feeds.storage.redis.RedisStorage", "OPTIONS": {"URL": redis.url}}}
    settings.DJANGO_FEEDS = feeds("own", STORAGES=declared)
    settings.ROOT_URLCONF = "tests.edges.urls"
    with Uvicorn(settings.DJANGO_FEEDS) as server:
        site = Site(server)
        site.love()
        stream = site.stream()
        stream.news()
        redis.kill()
        while stream.block() != {"": "unavailable"}:
            pass
        redis.start()
        while stream.block() != {"": "heartbeat"}:
            pass
        site.love(Pin.objects.create(user=site.ann, note="another"))

        assert "bob loved your pin" in [item["text"] for item in stream.news()["items"]]
        assert "Traceback" not in server.log()


# In this process


@pytest.mark.django_db(transaction=True)
class TestStream:
    @pytest.fixture(autouse=True)
    def own_site(self, settings):
        settings.DJANGO_FEEDS = feeds("memory", LIVE_LIFETIME=6, LIVE_HEARTBEAT=0.3)
        settings.ROOT_URLCONF, settings.TEMPLATES = "tests.edges.urls", TEMPLATES
        self.ann = User.objects.create_user("ann")

    def request(self):
        request = AsyncRequestFactory().get(NOTIFICATIONS, headers=SSE)

        async def auser():
            return self.ann

        request.auser = auser
        return request

    def test_it_ends_after_its_lifetime(self):
        async def read():
            response = await LiveView.as_view()(self.request(), alias="notifications")
            return [part.decode() async for part in response]

        parts = asyncio.run(read())

        assert parts[0] == "retry: 3000\n\n"
        assert ": heartbeat\n\n" in parts

    def test_who_goes_away_is_let_go_at_once(self, monkeypatch):
        left = []

        class Hub:
            def listening(self, key):
                return self

            def __enter__(self):
                return self

            def __exit__(self, *error):
                left.append(error)

            async def news(self, timeout):
                await asyncio.Event().wait()

        async def read():
            stream = Stream(self.request(), get_feed("notifications", self.ann, viewer=self.ann))
            monkeypatch.setattr(MemoryStorage, "hub", lambda storage: Hub())
            heard = asyncio.Event()

            async def client():
                async for part in stream.events(None):
                    if "event: news" in part:
                        heard.set()

            task = asyncio.create_task(client())
            await asyncio.wait([task, asyncio.create_task(heard.wait())], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0.3)  # until it waits for more
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            while not left:
                await asyncio.sleep(0.01)

        asyncio.run(read())

        assert left == [(None, None, None)]
