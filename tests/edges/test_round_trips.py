"""What a badge on every page costs, with feeds in Redis."""

import pytest
from django.contrib.auth.models import User
from django.template import engines
from django.test import RequestFactory
from redis.connection import AbstractConnection

from django_feeds import verbs
from django_feeds.activity import Activity
from django_feeds.registry import get_manager
from django_feeds.testing import run_feeds
from tests import storages
from tests.testapp.models import Pin

from .streaming import feeds

PAGE = "{% load django_feeds %}{% unseen_count %}{% unread_count %}{% live_badge %}{% live_badge counting='unread' %}"


@pytest.mark.needs("redis_7")
@pytest.mark.django_db
def test_all_badges_of_a_page_take_two_round_trips_and_one_query(settings, monkeypatch, django_assert_num_queries):
    storages.empty("redis_7")
    settings.DJANGO_FEEDS, settings.ROOT_URLCONF = feeds("redis_7"), "tests.edges.urls"
    ann, bob = (User.objects.create_user(name) for name in ("ann", "bob"))
    for _number in range(30):
        love = Activity(bob, verbs.Love, Pin.objects.create(user=ann))
        get_manager().publish(love, recipients=[ann])
    run_feeds()

    def render():
        request = RequestFactory().get("/")
        request.user = ann
        return engines["django"].from_string(PAGE).render({}, request)

    render()
    run_feeds()
    trips, send = [], AbstractConnection.send_packed_command
    monkeypatch.setattr(
        AbstractConnection,
        "send_packed_command",
        lambda self, *args, **kwargs: trips.append(self) or send(self, *args, **kwargs),
    )
    with django_assert_num_queries(1):  # who is muted
        page = render()

    assert page.count("30 new notifications") == 1
    assert page.count("30 unread notifications") == 1
    assert len(trips) == 2
