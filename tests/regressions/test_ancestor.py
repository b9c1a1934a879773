"""
What went wrong in the ancestor, Stream Framework, as stories that come out right here.

Each is told in its smallest form; how the right thing is done is tested where it is done.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.functional import lazy
from django.utils.translation import get_language, override

import django_feeds
from django_feeds import delivery, records, serializers, tasks, verbs
from django_feeds.activity import Activity
from django_feeds.exceptions import InvalidActivity
from django_feeds.feeds import DatabaseFeed, MemoryFeed
from django_feeds.models import ActivityRecord, Follow, RecordSource
from django_feeds.registry import get_manager
from django_feeds.storage import Entry, get_storage
from django_feeds.verbs import Love, Verb
from tests.flows.site import NOON
from tests.testapp.models import Photo, Pin


@pytest.fixture(params=[DatabaseFeed, MemoryFeed])
def feed_class(request, db):
    class SomeFeed(request.param):
        key_format = "regressions:%(user_id)s"
        max_length = 10

    get_storage("memory").clear()
    return SomeFeed


def love(user, minute=0, thing=None, **values):
    return Activity(user, Love, thing or ("testapp.Board", 1), time=NOON + timedelta(minutes=minute), **values)


def ids(feed):
    return [entry.id for entry in feed.entries(1_000)]


# --- wrong results


def test_activities_of_one_millisecond_keep_their_order_and_none_is_lost(feed_class):
    """A double cannot hold the ancestor's 26 digits, so distinct activities had equal scores."""
    activities = [love(1, thing=("testapp.Pin", pk)) for pk in range(10)]
    assert len({activity.id.int >> 80 for activity in activities}) == 1

    feed = feed_class(1)
    feed.add_many(activities)

    assert ids(feed) == sorted((activity.id for activity in activities), reverse=True)
    assert [feed.index_of(id) for id in ids(feed)] == list(range(10))


def test_two_people_loving_one_thing_in_one_millisecond_are_two_activities(feed_class):
    """The ancestor's id left the actor out, so one of the two was overwritten."""
    feed = feed_class(1)
    ann, bob = User.objects.create(username="ann"), User.objects.create(username="bob")

    feed.add_many([love(ann, thing=ann), love(bob, thing=ann)])

    assert {activity.actor for activity in feed} == {ann, bob}


def test_unfollowing_goes_by_who_brought_it_not_by_who_did_it(any_site):
    """Leaving an actor removed what a board had brought, and kept what he had brought himself."""
    site = any_site
    site.follow(site.ann, site.bob, site.tea)
    on_tea = site.pin(site.bob, site.tea, minute=1)
    site.pin(site.bob, minute=2)
    site.work()

    site.unfollow(site.ann, site.bob)
    site.work()

    site.assertFeedEqual(site.timeline(site.ann), [on_tea])


def test_boards_can_be_left_too(any_site):
    """What is not a user could not be unfollowed at all."""
    site = any_site
    site.follow(site.ann, site.tea)
    site.pin(site.bob, site.tea)
    site.work()

    site.unfollow(site.ann, site.tea)
    site.work()

    assert site.stored(site.timeline(site.ann)) == 0


@pytest.mark.parametrize("lost", ["record", "body", "object"])
def test_one_missing_activity_breaks_no_page(site, lost):
    """One lost activity made every feed that held it unreadable; here the page is filled from behind."""
    site.follow(site.ann, site.bob)
    pins = [site.pin(site.bob, minute=minute) for minute in range(4)]
    site.work()
    feed = site.timeline(site.ann)
    id = feed[1].id

    if lost == "record":
        ActivityRecord.objects.filter(activity_id=id).delete()
        feed.get_storage().forget([id])
    elif lost == "body":
        feed.get_storage().forget([id])
    else:
        Pin.objects.filter(pk=pins[2].pk)._raw_delete("default")

    # A row that carries its own body needs no record to be shown.
    whole = lost == "body" or (lost == "record" and feed.get_storage().bodies_in_rows)
    left = [pins[3], pins[2] if whole else pins[1]]
    assert [activity.object for activity in feed.page(limit=2)] == left


def test_no_feed_is_ever_longer_than_its_bound(feed_class):
    """Trimming happened at random, so length and count were anybody's guess."""
    feed = feed_class(1)
    for minute in range(40):
        feed.add(love(1, minute))
        assert feed.count() == len(feed) == len(ids(feed_class(1))[:10]) == min(minute + 1, 10)

    feed_class.push(["1", "2"], [Entry(love(1, minute).id) for minute in range(40, 100)])
    assert feed.count() == feed_class(2).count() == 10
    feed.trim(0)
    assert feed.count() == 0


def test_aware_times_are_welcome_and_naive_ones_are_not(db):
    """The ancestor knew naive UTC only, and failed on Django's own default."""
    tokyo = timezone(timedelta(hours=9))
    here = Activity(1, Love, 1, time=datetime(2026, 1, 1, 9, tzinfo=tokyo))
    there = Activity(1, Love, 1, time=datetime(2026, 1, 1, tzinfo=timezone.utc))

    assert here.id == there.id
    assert serializers.loads_many({here.id: serializers.dumps(here)})[here.id].time == here.time
    with pytest.raises(InvalidActivity, match="naive"):
        Activity(1, Love, 1, time=datetime(2026, 1, 1))  # noqa: DTZ001


def test_following_a_long_past_does_not_push_out_what_is_newer(any_site):
    """5,000 old items of a target went into a feed of 100, in turn, and nothing was cut."""
    site = any_site
    site.follow(site.ann, site.cleo)
    newest = [site.pin(site.cleo, minute=100 + minute) for minute in range(3)]
    past = [site.pin(site.bob, minute=minute) for minute in range(20)]
    site.work()

    site.follow(site.ann, site.bob)
    site.work()

    site.assertFeedEqual(site.timeline(site.ann), [*newest[::-1], past[19], past[18]])


def test_a_verb_that_is_gone_leaves_the_feed_readable(feed_class):
    """An activity whose verb was not imported raised KeyError for the whole feed."""

    user = User.objects.create(username="ann")
    feed = feed_class(user)
    feed.add(love(user, thing=user))

    with patch.dict(verbs._verbs):
        del verbs._verbs[Love.id]
        (activity,) = feed_class(user)[:]
        assert str(activity)


def test_updating_brings_nothing_back_that_was_taken_away(any_site):
    """An update was a publication, to today's followers, whatever they had removed or trimmed."""
    site = any_site
    site.follow(site.ann, site.bob)
    manager = get_manager()
    activities = [love(site.bob, minute, thing=site.tea) for minute in range(8)]
    for activity in activities:
        manager.publish(activity)
    manager.retract(activities[7])
    site.work()
    shown = ids(site.timeline(site.ann))

    manager.update_user_activities(
        [Activity(site.bob, Love, site.tea, time=one.time, extra_context={"n": 1}) for one in activities]
    )
    site.work()

    assert ids(site.timeline(site.ann)) == shown
    assert [one.extra_context for one in site.timeline(site.ann)] == [{"n": 1}] * 5
    assert not ActivityRecord.objects.get(activity_id=activities[7].id).published


def test_an_edit_that_changes_the_time_leaves_no_second_entry(any_site):
    """Another time was another id, and the old entry stayed for ever."""
    site = any_site
    site.follow(site.ann, site.bob)
    pin = site.pin(site.bob)
    site.work()

    pin.created_at += timedelta(days=1)
    pin.save()
    site.work()

    assert site.stored(site.timeline(site.ann)) == site.stored(site.own(site.bob)) == 1


def test_a_filter_is_still_there_the_second_time(feed_class):
    """The first read consumed the filter, and the second showed everything."""
    activities = [love(1, minute) for minute in range(5)]
    feed = feed_class(1)
    feed.add_many(activities)
    older = feed.filter(activity_id__lt=activities[3].id)

    first, second = ids(older), ids(older)

    assert first == second == [activity.id for activity in activities[2::-1]]
    both = feed.filter(activity_id__gt=activities[0].id, activity_id__gte=activities[2].id)
    assert ids(both) == [activity.id for activity in activities[:1:-1]]


def test_slices_are_those_of_a_list(feed_class):
    """Feed[10:5] was everything, feed[3] a list, and some ranges one too long."""
    user = User.objects.create(username="ann")
    feed = feed_class(user)
    feed.add_many(love(user, minute, thing=user) for minute in range(6))
    plain = list(feed)

    assert feed[10:5] == feed[5:2] == []
    assert feed[3] == plain[3]
    for start in range(8):
        for stop in range(8):
            assert feed[start:stop] == plain[start:stop]


# --- races, retries


@pytest.mark.parametrize("first", ["add", "remove"])
def test_adding_and_removing_cannot_overtake_each_other(site, first):
    """A late addition after the removal brought the item back for ever."""
    site.follow(site.ann, site.bob)
    site.work()
    pin = site.pin(site.bob)
    site.held.commit()
    adding = list(site.held)
    site.held.clear()
    pin.delete()
    site.held.commit()

    site.held[:] = site.held[:] + adding if first == "remove" else adding + site.held[:]
    site.work()

    assert site.stored(site.timeline(site.ann)) == 0


def test_a_fan_out_in_flight_does_not_outlive_an_unfollow(site):
    """The same between leaving somebody and what he was just publishing."""
    site.follow(site.ann, site.bob)
    site.work()
    site.pin(site.bob)
    site.held.commit()
    site.held.run()  # the followers are walked, their chunks are queued
    settling = list(site.held)
    site.held.clear()

    site.unfollow(site.ann, site.bob)
    site.work()
    site.held[:] = settling
    site.work()

    assert site.stored(site.timeline(site.ann)) == 0


def test_nothing_is_queued_or_written_before_the_commit(site):
    """Tasks ran inside the transaction, and showed rows that were never there."""
    site.follow(site.ann, site.bob)
    site.work()

    with transaction.atomic():
        site.pin(site.bob)
        assert not site.held
        assert site.stored(site.own(site.bob)) == 0
        transaction.set_rollback(True)
    site.held.commit()

    assert not site.held
    assert site.stored(site.own(site.bob)) == 0


def test_a_task_that_fails_half_way_can_simply_run_again(site):
    """A chunk that failed was half done, and its repetition counted twice."""
    for name in ("dora", "emil", "fred"):
        site.follow(User.objects.create(username=name), site.bob)
    site.work()
    pin = site.pin(site.bob)
    site.held.commit()
    site.held.run()
    whole = delivery._apply

    def half(*args):
        whole(*args)
        raise ConnectionError("the worker was killed")

    with patch.object(delivery, "_apply", half), pytest.raises(ConnectionError):
        site.held.run(keep=True)
    site.work()

    for user in User.objects.filter(username__in=["dora", "emil", "fred"]):
        site.assertFeedEqual(site.timeline(user), [pin])


def test_every_task_is_retried_and_acknowledged_late():
    """Tasks had no retry, and were gone with the worker that had taken them."""
    for task in (
        *(tasks.fan_out, tasks.deliver_own, tasks.settle, tasks.back_fill),
        *(tasks.sweep, tasks.refill, tasks.forget, tasks.leave),
    ):
        assert task.acks_late
        assert task.max_retries >= 5
        assert task.autoretry_for


def test_tasks_carry_nothing_but_names_ids_ranges_and_times(site):
    """The ancestor pickled its manager, a feed class, a function and the activities."""
    site.follow(site.ann, site.bob, site.tea)
    pin = site.pin(site.bob, site.tea, note="a secret note")
    site.unfollow(site.ann, site.bob)
    list(site.timeline(site.ann))
    site.tea.delete()
    seen = set()

    site.held.commit()
    while site.held:
        task, args = site.held[0]
        text = json.dumps(args)
        assert "secret" not in text
        assert json.loads(text) == list(args)
        seen.add(task.name.rpartition(".")[2])
        site.held.run()
        site.held.commit()

    assert seen == {"fan_out", "settle", "back_fill", "sweep", "refill", "forget", "leave"}
    assert not Pin.objects.filter(pk=pin.pk).exists()


def test_bodies_are_json_whatever_the_extra_context(feed_class):
    """Whoever could write to the store could run code, since it was unpickled. (And No ";" hurts.)"""
    user = User.objects.create(username="ann")
    extra = {"text": "a; b\n", "number": 59, "list": [1, None, {"deep": "ü"}]}
    activity = love(user, thing=user, extra_context=extra)
    feed_class(user).add(activity)

    assert json.loads(serializers.dumps(activity))
    assert feed_class(user)[0].extra_context == extra
    with pytest.raises(InvalidActivity):
        love(user, extra_context={"object": object()})


def test_nothing_of_the_package_unpickles():
    """No module of the package so much as names it."""
    package = Path(django_feeds.__file__).parent
    found = [path for path in package.rglob("*.py") if re.search(r"import (pickle|marshal|shelve)", path.read_text())]
    assert found == []


# --- cost


def test_publishing_lists_no_followers_in_the_request(site):
    """The request listed and chunked all followers."""
    site.follow(site.ann, site.bob)
    site.work()

    with CaptureQueriesContext(connection) as queries:
        site.pin(site.bob)
        site.held.commit()

    assert not any(Follow._meta.db_table in query["sql"] for query in queries)
    assert len(site.held) == 1


def test_unfollowing_asks_for_the_truth_of_a_thousand_entries_at_once(site):
    """Leaving read and hydrated the whole feed, and compared lists with lists."""
    costs = []
    for number in (2, 5):
        reader, author = (User.objects.create(username=f"{name} {number}") for name in ("reader", "author"))
        site.follow(reader, author)
        for minute in range(number):
            site.pin(author, minute=minute)
        site.work()
        site.unfollow(reader, author)
        site.held.commit()
        with CaptureQueriesContext(connection) as queries:
            site.work()
        costs.append(len(queries))

    assert costs[0] == costs[1]


# --- what can be used


def test_any_primary_key_will_do(any_site):
    """Pks were integers below 10**10, and pin 5 and photo 5 were one thing."""
    site = any_site
    site.follow(site.ann, site.bob)
    photo = Photo.objects.create(user=site.bob)
    get_manager().publish(love(site.bob, 1, thing=photo))
    get_manager().publish(love(site.bob, 1, thing=("testapp.Pin", 10**12)))
    get_manager().publish(love(site.bob, 1, thing=("testapp.Board", 10**12)))
    site.work()

    assert site.timeline(site.ann).count() == RecordSource.objects.filter(owner=str(site.bob.pk)).count() == 4
    assert [one.object for one in site.timeline(site.ann)] == [photo, photo]  # the others have no rows


def test_importing_the_package_connects_to_nothing_and_reads_no_settings():
    """Settings were copied at import, and Cassandra was connected to in a class body."""
    code = (
        "import django_feeds.conf, django_feeds.verbs, django_feeds.activity, django_feeds.storage\n"
        "from django.conf import settings\n"
        "assert not settings.configured\n"
        "settings.configure(INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'django_feeds'])\n"
        "import django; django.setup()\n"
        "import django_feeds.managers, django_feeds.feeds, django_feeds.tasks\n"
        "from django.db import connections\n"
        "assert not any(one.connection for one in connections.all(initialized_only=True))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


def test_settings_are_read_when_they_are_used(settings):
    """Override_settings had no effect."""
    from django_feeds.registry import get_feed_class

    for length in (7, 9):
        settings.DJANGO_FEEDS = {"FEEDS": {"timeline": {"MAX_LENGTH": length}}}
        assert get_feed_class("timeline").max_length == length


def test_a_sentence_is_in_the_language_of_whoever_reads_it(monkeypatch):
    """Nothing of a verb is made when it is imported, in whatever language is active then."""

    class Greet(Verb):
        id, infinitive, past_tense = 32_000, "greet", "greeted"
        phrase = lazy(lambda: f"%(actor)s {get_language()} %(object)s", str)()

    monkeypatch.setattr(verbs, "_verbs", dict(verbs._verbs))
    verbs.register(Greet)
    with patch.dict(verbs._verbs):
        activity = Activity(1, verbs.register(Greet), 2, target=3)
    for language in ("nl", "de"):
        with override(language):
            assert str(activity) == f"auth.User:1 {language} auth.User:2 (auth.User:3)"


def test_subclasses_of_activity_go_where_activities_go(feed_class):
    """Validation compared types, and refused subclasses."""

    class MyActivity(Activity):
        pass

    user = User.objects.create(username="ann")
    feed = feed_class(user)
    activity = MyActivity(user, Love, user, time=NOON)
    feed.add(activity)
    records.write(records.Publication(MyActivity(user, Love, user), [str(user.pk)]))

    assert ids(feed) == [activity.id]
    feed.remove(activity)
    assert ids(feed) == []
