import random
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone as django_timezone
from hypothesis import given
from hypothesis import strategies as st

from django_feeds.activity import Activity, AggregatedActivity, NotificationActivity
from django_feeds.aggregators import Skeleton
from django_feeds.exceptions import ActivityNotFound, DuplicateActivity, FeedsError, NotHydrated
from django_feeds.ids import digest48
from django_feeds.storage import Entry
from django_feeds.verbs import Add, Love
from tests.testapp.models import Pin

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def love(minute=0, *, actor=1, verb=Love, thing=None):
    return Activity(actor, verb, thing or Pin(pk=1), time=NOON + timedelta(minutes=minute))


def loves(count, **values):
    """By different users, of different pins; the oldest first."""
    return [love(n, actor=n, thing=("testapp.Pin", n), **values) for n in range(1, count + 1)]


def counts(group):
    return group.activity_count, group.actor_count, group.other_actor_count, group.minimized_activities


def entry(activity, group=1):
    return Entry(activity.id, activity.actor_digest, group)


# --- counts


def test_of_a_hundred_loves_fifteen_are_shown_and_all_are_counted():
    group = AggregatedActivity("3-2026-11-22", loves(100))

    assert counts(group) == (100, 100, 99, 85)
    assert len(group) == 100
    assert len(group.activities) == 15
    assert group.object_ids == group.actor_ids == list(range(100, 85, -1))
    assert len(group.activity_ids) == 100


def test_what_is_taken_out_is_counted_once_less():
    group = AggregatedActivity("loves", loves(100))

    for activity in group.activities[:14]:
        group.remove(activity)

    assert counts(group) == (86, 86, 85, 71)
    assert group.actor_ids == list(range(86, 71, -1)), "those behind come forward"


def test_folded_ones_can_be_taken_out_and_are_known_when_they_come_again():
    some = loves(100)
    group = AggregatedActivity("loves", some)

    group.remove(some[0])
    assert counts(group) == (99, 99, 98, 84)
    with pytest.raises(DuplicateActivity):
        group.append(some[1])
    group.append(some[0])

    assert counts(group) == (100, 100, 99, 85)


def test_one_busy_actor_is_one_actor_also_where_most_is_folded():
    group = AggregatedActivity("loves", [love(n, actor=n % 2, thing=("testapp.Pin", n)) for n in range(100)])

    assert (group.activity_count, group.actor_count, group.other_actor_count) == (100, 2, 1)


def test_actors_of_different_models_are_different():
    group = AggregatedActivity("loves", [love(1, actor=("auth.User", 1)), love(2, actor=("testapp.Board", 1))])

    assert group.actor_count == 2


def test_a_class_may_show_fewer():
    class Short(AggregatedActivity):
        max_aggregated_activities_length = 2

    group = Short("loves", loves(5))

    assert counts(group) == (5, 5, 4, 3)
    assert group.actor_ids == [5, 4]


def test_objects_are_counted_as_far_as_they_are_known():
    twice = [love(n, actor=n, thing=("testapp.Pin", n % 3)) for n in range(12)]
    folded = [love(n, actor=n, thing=("testapp.Pin", 1)) for n in range(20)]

    assert AggregatedActivity("loves", twice).object_count == 3
    assert AggregatedActivity("loves", folded, one_object=True).object_count == 1
    assert AggregatedActivity("loves", folded).object_count == 20, "at most as many as there are activities"


# --- members


def test_an_activity_comes_once():
    group = AggregatedActivity("loves", [love(), love()])

    assert len(group) == 1
    with pytest.raises(DuplicateActivity, match="'loves'") as caught:
        group.append(love())
    assert isinstance(caught.value, FeedsError)
    assert isinstance(caught.value, ValueError)


def test_what_is_absent_cannot_be_taken_out_and_the_last_one_stays():
    group = AggregatedActivity("loves", [love(1), love(2)])

    with pytest.raises(ActivityNotFound, match="'loves'"):
        group.remove(love(3))
    group.remove(love(1).id)
    with pytest.raises(ValueError, match="last one"):
        group.remove(love(2))

    assert group.activities == [love(2)]


def test_of_many_those_are_taken_out_that_are_in():
    group = AggregatedActivity("loves", loves(20))

    gone = group.remove_many([*loves(5), *loves(3), love(500), loves(6)[5].id])

    assert gone == [*loves(5), loves(6)[5].id]
    assert counts(group) == (14, 14, 13, 0)
    assert group.remove_many([love(500)]) == []


def test_where_nothing_would_be_left_nothing_is_taken_out():
    group = AggregatedActivity("loves", loves(3))

    with pytest.raises(ValueError, match="'loves'"):
        group.remove_many(loves(4))

    assert len(group) == 3


def test_contains_takes_activities_and_ids_and_nothing_else():
    some = loves(20)
    group = AggregatedActivity("loves", some)

    assert group.contains(some[0]), "a folded one"
    assert group.contains(some[0].id)
    assert not group.contains(uuid4())
    for strange in (5, "5", str(some[0].id), None, object()):
        with pytest.raises(ValueError, match="neither an activity nor"):
            group.contains(strange)


def test_the_newest_is_the_first_in_whatever_order_they_come():
    some = loves(30)
    shuffled = random.Random(5).sample(some, 30)

    group = AggregatedActivity("loves", shuffled)

    assert group.activities == group.last_activities == some[:14:-1]
    assert group.last_activity == some[-1]
    assert group.activity_ids == [activity.id for activity in some[::-1]]
    assert group.last_id == some[-1].id


def test_verbs_actors_and_objects_are_named_once_the_latest_first():
    group = AggregatedActivity(
        "things",
        [
            love(1, actor=1, thing=("testapp.Pin", 7)),
            love(2, actor=2, thing=("testapp.Pin", 8), verb=Add),
            love(3, actor=1, thing=("testapp.Pin", 8)),
        ],
    )

    assert group.verb == Love()
    assert group.verbs == [Love(), Add()]
    assert group.actor_ids == [1, 2]
    assert group.object_ids == [8, 7]


def test_rows_are_those_of_what_is_shown_without_those_that_are_gone():
    some = [love(n, actor=n % 3, thing=("testapp.Pin", n)) for n in range(4)]
    rows = {activity.actor_reference: User(pk=activity.actor_id) for activity in some}
    rows.update({activity.object_reference: Pin(pk=activity.object_id) for activity in some})
    del rows[some[0].object_reference], rows[some[2].actor_reference]
    group = AggregatedActivity("loves", some)
    with pytest.raises(NotHydrated):
        group.actors
    for activity in some:
        activity.hydrate(rows)

    assert group.actors == [User(pk=0), User(pk=1)]
    assert group.objects == [Pin(pk=3), Pin(pk=2), Pin(pk=1)]


# --- times


def test_times_are_those_of_the_members_there_are():
    some = loves(30)
    group = AggregatedActivity("loves", some[::-1])
    assert (group.created_at, group.updated_at) == (some[0].time, some[-1].time)

    group.remove_many([some[0], some[-1]])
    assert (group.created_at, group.updated_at) == (some[1].time, some[-2].time)

    group.append(some[0])
    assert (group.created_at, group.updated_at) == (some[0].time, some[-2].time), "an older one does not update it"


def test_an_empty_group_has_the_times_that_it_was_given():
    group = AggregatedActivity("loves", created_at=NOON, updated_at=NOON + timedelta(hours=1))

    assert (group.created_at, group.updated_at) == (NOON, NOON + timedelta(hours=1))
    assert (group.last_activity, group.verb, len(group), bool(group)) == (None, None, 0, True)
    assert AggregatedActivity("loves").updated_at is None


def test_a_fresh_group_is_neither_seen_nor_read():
    group = AggregatedActivity("loves", loves(3))

    assert (group.seen_at, group.read_at, group.is_seen, group.is_read) == (None, None, False, False)


def test_seen_and_read_are_two_things_and_a_new_activity_undoes_both():
    group = AggregatedActivity("loves", loves(3))
    now = django_timezone.now()

    group.seen_at = group.updated_at
    assert (group.is_seen, group.is_read) == (True, False)
    group.update_read_at()
    assert group.read_at >= now
    group.seen_at = group.read_at = group.updated_at
    group.append(love(10))

    assert (group.is_seen, group.is_read) == (False, False)


def test_an_older_activity_does_not_make_it_new():
    group = AggregatedActivity("loves", loves(3))
    group.seen_at = group.updated_at

    group.append(love(0))

    assert group.is_seen


def test_notifications_are_seen_and_read_as_the_feed_says():
    group = NotificationActivity("loves", loves(3))
    assert (group.is_seen, group.is_read) == (False, False)

    group.is_seen = True

    assert (group.is_seen, group.is_read) == (True, False)
    assert not NotificationActivity("loves").is_seen


# --- ids, equality, text


def test_the_id_is_the_digest_as_text():
    group = AggregatedActivity("loves", digest=0xAB)

    assert group.id == "0000000000ab"
    assert AggregatedActivity.parse_id(group.id) == 0xAB
    assert AggregatedActivity("loves").digest == digest48("loves")


@pytest.mark.parametrize(
    "text",
    ["", "ab", "0000000000AB", "0000000000ag", "0x00000000ab", "000000000000", "0000000000ab\n", 171, None, b"a" * 12],
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ValueError, match="not the id of a group"):
        AggregatedActivity.parse_id(text)


def test_groups_are_equal_when_group_and_members_are():
    group = AggregatedActivity("loves", loves(20))

    assert group == AggregatedActivity("loves", loves(20)[::-1])
    assert hash(group) == hash(AggregatedActivity("loves", loves(2)))
    assert group != AggregatedActivity("adds", loves(20)), "of the same seconds, in another group"
    assert group != AggregatedActivity("loves", loves(21)[1:]), "as many, one of them folded and another"
    assert group != loves(1)[0]
    assert group.__eq__("loves") is NotImplemented


def test_a_copy_changes_apart():
    group = AggregatedActivity("loves", loves(3))
    before = deepcopy(group)

    other = group.copy()
    other.append(love(10))
    other.update_seen_at()

    assert (group, group.seen_at, len(other)) == (before, None, 4)


def test_as_text_it_is_the_last_sentence_and_how_many_more():
    group = AggregatedActivity("loves", loves(1))
    assert str(group) == "auth.User:1 loved testapp.Pin:1"

    group.append(love(10, actor=9, thing=("testapp.Pin", 9)))

    assert str(group) == "auth.User:9 loved testapp.Pin:9, and 1 more"
    assert str(AggregatedActivity("loves")) == "loves"
    assert repr(group) == "<AggregatedActivity loves of 2>"
    assert repr(NotificationActivity("loves")) == "<NotificationActivity loves of 0>"


# --- of a feed


def test_a_group_of_a_feed_knows_more_members_than_it_has_at_hand():
    some = loves(100)[::-1]
    skeleton = Skeleton(0xAB, [entry(activity) for activity in some])

    group = NotificationActivity.of(skeleton, "loves", some[:15], one_object=True, is_seen=True)

    assert (group.group, group.id, group.is_seen, group.is_read) == ("loves", "0000000000ab", True, False)
    assert counts(group) == (100, 100, 99, 85)
    assert group == AggregatedActivity("loves", some, digest=0xAB)
    assert (group.created_at, group.updated_at) == (some[-1].time, some[0].time)
    assert group.object_count == 1
    group.remove(some[0])
    group.remove(some[50])
    assert counts(group) == (98, 98, 97, 84)


def test_a_group_of_which_nothing_is_at_hand_is_still_counted():
    some = loves(20)[::-1]
    group = AggregatedActivity.of(Skeleton(1, [entry(activity) for activity in some]), "loves", some[:15])

    group.remove_many(some[:15])

    assert counts(group) == (5, 5, 4, 5)
    assert (group.activities, group.last_activity, group.verb, group.verbs) == ([], None, None, [])
    assert (group.last_id, str(group)) == (some[15].id, "loves")


some_loves = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 5)), min_size=1, max_size=60).map(
    lambda pairs: [love(minute, actor=actor) for minute, actor in pairs]
)


@given(some_loves, st.data())
def test_taking_out_is_never_having_put_in(some, data):
    distinct = list(dict.fromkeys(some))
    kept = data.draw(st.sets(st.sampled_from(distinct), min_size=1))
    group = AggregatedActivity("loves", some)

    for activity in data.draw(st.permutations([one for one in distinct if one not in kept])):
        group.remove(activity)

    never = AggregatedActivity("loves", kept)
    assert group == never
    assert counts(group) == counts(never)
    assert group.activities == never.activities
    assert (group.created_at, group.updated_at) == (never.created_at, never.updated_at)
    assert group.actor_count == len({activity.actor_id for activity in kept})
