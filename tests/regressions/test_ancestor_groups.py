"""What went wrong with groups in the ancestor, as stories that come out right here: those told without a feed."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from django_feeds import serializers
from django_feeds.activity import Activity, AggregatedActivity
from django_feeds.aggregators import NotificationAggregator, RecentVerbAggregator
from django_feeds.verbs import Add, Love
from tests.flows.site import NOON


def love(minute=0, *, actor=1, verb=Love, pin=1, **values):
    return Activity(actor, verb, ("testapp.Pin", pin), time=NOON + timedelta(minutes=minute), **values)


def test_groups_of_one_second_are_as_many_groups():
    """W-03: they had one id, the second, so all but one were lost, and marking one marked all."""
    aggregator = NotificationAggregator(time_zone="UTC")

    groups = aggregator.aggregate([love(pin=pin, verb=verb) for pin in range(50) for verb in (Love, Add)])

    assert {group.updated_at for group in groups} == {NOON}
    assert len({group.id for group in groups}) == len(set(groups)) == 100


def test_an_activity_finds_its_group_however_many_are_newer():
    """W-07: only the newest 20 groups were looked at, and an older one came twice."""
    aggregator = NotificationAggregator(time_zone="UTC")
    groups = aggregator.aggregate([love(pin, pin=pin) for pin in range(100)])

    new, [(old, after)], _deleted = aggregator.merge(groups, [love(200, actor=2, pin=0)])

    assert new == []
    assert old is groups[-1]
    assert (old.actor_ids, after.actor_ids) == ([1], [2, 1])


def test_taking_out_fourteen_of_a_hundred_leaves_eighty_six():
    """W-09: each counted twice, and 72 were left."""
    group = AggregatedActivity("loves", [love(n, actor=n, pin=n) for n in range(100)])

    group.remove_many(group.activities[:14])

    assert (group.activity_count, group.actor_count, group.minimized_activities) == (86, 86, 71)


def test_taking_out_all_that_is_shown_leaves_what_is_folded():
    """W-09: the group was deleted, together with 85 that nobody had taken out."""
    group = AggregatedActivity("loves", [love(n, actor=n) for n in range(100)])

    group.remove_many(group.activities)

    assert (group.activity_count, group.actor_ids) == (85, list(range(84, 69, -1)))


def test_what_is_folded_is_known_when_it_comes_again():
    """W-09: a task that was tried again counted its activity once more."""
    aggregator = NotificationAggregator(time_zone="UTC")
    activities = [love(n, actor=n) for n in range(100)]
    groups = aggregator.aggregate(activities)

    assert aggregator.merge(groups, activities) == ([], [], [])
    assert groups[0].activity_count == 100


def test_somebody_busy_is_one_person():
    """W-09: each of his activities that was folded counted as another actor."""
    group = AggregatedActivity("loves", [love(n, pin=n) for n in range(100)])

    assert (group.activity_count, group.actor_count, group.other_actor_count) == (100, 1, 0)


def test_a_group_begins_with_the_first_that_is_left():
    """W-09: created_at stayed that of an activity that was gone."""
    group = AggregatedActivity("loves", [love(n, actor=n) for n in range(3)])

    group.remove(love(0, actor=0))

    assert group.created_at == NOON + timedelta(minutes=1)


def test_groups_of_one_time_are_keys_of_their_own():
    """W-10: groups with the same times and nothing at hand were equal, and so merged."""
    loves, adds = AggregatedActivity("loves", [love()]), AggregatedActivity("adds", [love()])

    assert loves != adds
    assert Counter([loves, adds, AggregatedActivity("loves", [love()])]) == {loves: 2, adds: 1}


def test_groups_that_differ_in_what_is_folded_differ():
    """W-10: only what was shown was compared."""
    some = [love(n, actor=n) for n in range(100)]

    assert AggregatedActivity("loves", some) != AggregatedActivity("loves", some[1:])
    assert AggregatedActivity("loves", some) != AggregatedActivity("loves", [love(-1), *some[1:]])


def test_nobodys_groups_are_emptied():
    """W-11: storing a group emptied it, so that hooks and callers were handed groups without activities."""
    aggregator = NotificationAggregator(time_zone="UTC")
    [group] = aggregator.aggregate([love(n, actor=n) for n in range(3)])

    _new, [(old, after)], _deleted = aggregator.merge([group], [love(5, actor=5)])

    assert old.activities == [love(n, actor=n) for n in (2, 1, 0)]
    assert after.activities == [love(5, actor=5), *old.activities]


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_late_is_not_the_latest(seed):
    """W-13: members were in the order of their coming, so an old one was shown as the last, and time went back."""
    some = [love(n, actor=n) for n in range(40)]
    group = AggregatedActivity("loves", random.Random(seed).sample(some, 40))

    assert group.activities == some[:24:-1]
    group.remove(some[39])
    group.append(love(-10, actor=50))

    assert (group.last_activity, group.updated_at) == (some[38], some[38].time)


@pytest.mark.parametrize("context", [{"note": "a;b"}, {"n": 59}, {"text": ";" * 59}, {";": {";": [";", 59, None]}}])
def test_semicolons_break_nothing(context):
    """W-21: any semicolon, the number 59 or a text of 59 bytes was refused."""
    activity = love(extra_context=context)

    again = serializers.loads_many({activity.id: serializers.dumps(activity)})[activity.id]
    [group] = RecentVerbAggregator(time_zone="UTC").aggregate([again])

    assert group.last_activity.extra_context == context


def test_a_target_of_zero_is_a_target():
    """W-21: it became None."""
    activity = Activity(1, Love, ("testapp.Pin", 0), ("testapp.Board", 0), NOON)

    [group] = NotificationAggregator(time_zone="UTC").aggregate([activity])

    assert (group.object_ids, group.last_activity.target_id) == ([0], 0)
