"""
W-03, W-07, W-22, W-23: two workers add to one follower's grouped feed at once, ten thousand times.

The ancestor read groups, merged and wrote them back, so that two workers made a group twice and lost each other's
members. Here each of them appends.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from threading import Barrier

import pytest
from django.db import connections

from django_feeds.activity import Activity
from django_feeds.aggregators import NotificationAggregator
from django_feeds.feeds import NotificationFeed
from django_feeds.verbs import Love
from tests import storages
from tests.settings import FEED_STORAGES

ADDED = 10_000
ACTORS, OBJECTS = 97, 31
NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def on(alias, *needs, databases=("default",)):
    """Each has its databases in a mark of its own: one of the function would come before it, and forbid them."""
    marks = [pytest.mark.django_db(databases=databases, transaction=True), *needs]
    return pytest.param(alias, marks=marks, id=alias)


ON = [
    on("memory"),
    *(on(one.values[0], *one.marks) for one in (*storages.REDIS, *storages.CASSANDRA)),
    *(on(f"in {name}", databases=["default", name]) for name in ("default", "postgresql", "mysql")),
]


@pytest.fixture(params=ON)
def feed_class(request, settings):
    _in, _space, database = request.param.partition(" ")
    alias = "raced" if database else request.param
    raced = {"BACKEND": "django_feeds.storage.database.DatabaseStorage", "OPTIONS": {"DATABASE": database or "default"}}
    settings.DJANGO_FEEDS = {"STORAGES": {**FEED_STORAGES, "raced": raced}}
    if not database:
        storages.empty(alias)

    class Raced(NotificationFeed):
        key_format = "raced:%(user_id)s"
        aggregator_class = NotificationAggregator
        storage = alias
        max_length = ADDED

    return Raced


def loved(number):
    """One after the other, of few objects by few actors; the id is the same whoever asks."""
    time = NOON + timedelta(milliseconds=number)
    return Activity(("auth.User", number % ACTORS + 1), Love, ("testapp.Pin", number % OBJECTS + 1), time=time)


def test_no_group_twice_no_update_lost_and_counts_exact(feed_class):
    entries = [feed_class.entry(loved(number)) for number in range(ADDED)]
    entries.sort(reverse=True)
    feed_class.push(["7"], [entries.pop()])  # the oldest: what comes is newer
    barrier = Barrier(2)

    def work(mine):
        barrier.wait(30)
        try:
            for entry in mine:
                feed_class.push(["7"], [entry])
        finally:
            connections.close_all()

    # Each from its end, so that they meet in the middle; some are pushed by both.
    shares = [entries[:5_100], entries[:4_900:-1]]
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work, share) for share in shares]:
            future.result(1_800)

    groups = feed_class("7")._window().groups
    expected = Counter(feed_class.get_aggregator().digest(loved(number)) for number in range(ADDED))
    assert {group.digest: group.activity_count for group in groups} == expected
    assert len(groups) == len(expected) == OBJECTS
    assert {group.actor_count for group in groups} == {ACTORS}
    assert feed_class("7").counts() == {"unseen": OBJECTS, "unread": OBJECTS}
