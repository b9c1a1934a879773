import re
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_feeds import ids
from django_feeds.activity import Activity, AggregatedActivity, NotificationActivity
from django_feeds.aggregators import (
    BaseAggregator,
    NotificationAggregator,
    RecentVerbAggregator,
    TemplateAggregator,
    group_entries,
)
from django_feeds.exceptions import FeedsConfigurationError
from django_feeds.storage import Entry
from django_feeds.verbs import Add, Love
from tests.testapp.models import Board

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
AGGREGATORS = [
    RecentVerbAggregator(time_zone="UTC"),
    NotificationAggregator(time_zone="America/New_York"),
    TemplateAggregator("{actor}-{time:%H}", time_zone="Asia/Tokyo"),
]


def did(verb=Love, *, minute=0, actor=1, pin=1, target=None, time=None, **context):
    time = time or NOON + timedelta(minutes=minute)
    return Activity(actor, verb, ("testapp.Pin", pin), target, time, context or None)


def labels(groups):
    return [group.group for group in groups]


def members(groups):
    return [(group.id, group.group, group.activity_ids, group.activities, group.actor_count) for group in groups]


def entry(activity, aggregator):
    return Entry(activity.id, activity.actor_digest, aggregator.digest(activity))


# --- the groups of each aggregator


def test_recent_verbs_are_split_by_verb_and_by_day():
    aggregator = RecentVerbAggregator(time_zone="UTC")
    activities = [
        did(Love, actor=1, pin=1),
        did(Love, minute=1, actor=2, pin=2),
        did(Add, minute=2),
        did(Love, minute=24 * 60),
    ]

    groups = aggregator.aggregate(activities)

    assert labels(groups) == ["3-2026-11-23", "4-2026-11-22", "3-2026-11-22"]
    assert groups[2].activities == [activities[1], activities[0]], "newest first"


def test_notifications_are_split_by_verb_by_object_and_by_day():
    aggregator = NotificationAggregator(time_zone="UTC")
    activities = [did(pin=1), did(minute=1, actor=2), did(Add, minute=2), did(minute=3, pin=2), did(minute=24 * 60)]

    groups = aggregator.aggregate(activities)

    assert labels(groups) == [
        "3-testapp.Pin:1-2026-11-23",
        "3-testapp.Pin:2-2026-11-22",
        "4-testapp.Pin:1-2026-11-22",
        "3-testapp.Pin:1-2026-11-22",
    ]
    assert [len(group) for group in groups] == [1, 1, 1, 2]
    assert groups[3].one_object


def test_a_template_names_what_a_group_has_in_common():
    template = "{actor} {verb} {verb.id} {object} {target} {time:%Y-%m-%d %H:%M}"
    aggregator = TemplateAggregator(template, time_zone="Asia/Tokyo")

    assert aggregator.get_group(did()) == "auth.User:1 love 3 testapp.Pin:1  2026-11-22 21:00"
    assert "testapp.Board:7" in aggregator.get_group(did(target=Board(pk=7)))


def test_a_template_may_be_said_by_a_class():
    class ByActor(TemplateAggregator):
        template = "{actor}"

    assert labels(ByActor().aggregate([did(actor=1), did(minute=1, actor=2)])) == ["auth.User:2", "auth.User:1"]
    assert TemplateAggregator().template == "{verb}-{object}-{time:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("template", "one"),
    [
        ("{verb}-{object}", True),
        ("{object!s}", False),
        ("{object:.3}", False),
        ("{{object}}", False),
        ("{target}", False),
        ("all", False),
    ],
)
def test_a_group_has_one_object_where_its_template_names_it_whole(template, one):
    assert TemplateAggregator(template).one_object is one


@pytest.mark.parametrize(
    ("template", "blank"),
    [
        ("{verb}-{board}", "{board}"),
        ("{}", "{}"),
        ("{0}", "{0}"),
        ("{object.name}", "{object.name}"),
        ("{target[key]}", "{target[key]}"),
        ("{verb:%Y}", "{verb:%Y}"),
        ("{actor!x}", "{actor!x}"),
        ("{actor:d}", "{actor:d}"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_refused_at_once(template, blank):
    said = re.escape(f"The blank {blank} in the template {template!r} of TemplateAggregator cannot be filled in")
    with pytest.raises(FeedsConfigurationError, match=said):
        TemplateAggregator(template)


@pytest.mark.parametrize("template", ["{verb", "verb}", "{verb}{", 5])
def test_what_is_no_template_is_refused_at_once(template):
    said = re.escape(f"The template {template!r} of TemplateAggregator cannot be read")
    with pytest.raises(FeedsConfigurationError, match=said):
        TemplateAggregator(template)


def test_an_aggregator_must_say_its_groups():
    class Lazy(BaseAggregator):
        pass

    with pytest.raises(NotImplementedError, match=r"Lazy must override get_group\(\)"):
        Lazy().aggregate([did()])


# --- days


@pytest.mark.parametrize(
    ("zone", "time", "day"),
    [
        ("UTC", "2026-11-22T14:59:59+00:00", "2026-11-22"),
        ("Asia/Tokyo", "2026-11-22T14:59:59+00:00", "2026-11-22"),
        ("Asia/Tokyo", "2026-11-22T15:00:00+00:00", "2026-11-23"),
        ("UTC", "2026-11-23T04:59:59+00:00", "2026-11-23"),
        ("America/New_York", "2026-11-23T04:59:59+00:00", "2026-11-22"),
        ("America/New_York", "2026-11-23T05:00:00+00:00", "2026-11-23"),
        # Clocks go back on 1 November 2026: the day has 25 hours and begins at 04:00 UTC.
        ("America/New_York", "2026-11-01T03:59:59+00:00", "2026-10-31"),
        ("America/New_York", "2026-11-01T04:00:00+00:00", "2026-11-01"),
        ("America/New_York", "2026-11-02T04:59:59+00:00", "2026-11-01"),
        ("America/New_York", "2026-11-02T05:00:00+00:00", "2026-11-02"),
        # And forward on 8 March: 23 hours.
        ("America/New_York", "2026-03-08T05:00:00+00:00", "2026-03-08"),
        ("America/New_York", "2026-03-09T03:59:59+00:00", "2026-03-08"),
        ("America/New_York", "2026-03-09T04:00:00+00:00", "2026-03-09"),
    ],
)
def test_days_end_at_the_midnight_of_the_zone(zone, time, day):
    activity = did(time=datetime.fromisoformat(time))

    assert RecentVerbAggregator(time_zone=zone).get_group(activity) == f"3-{day}"
    assert NotificationAggregator(time_zone=zone).get_group(activity) == f"3-testapp.Pin:1-{day}"
    assert TemplateAggregator("{time:%Y-%m-%d}", time_zone=zone).get_group(activity) == day


def test_it_does_not_matter_in_which_zone_a_time_was_given():
    aggregator = NotificationAggregator(time_zone="America/New_York")
    here = did()
    there = did(time=NOON.astimezone(ZoneInfo("Pacific/Auckland")))

    assert aggregator.digest(here) == aggregator.digest(there)


def test_the_zone_is_an_option_else_the_class_says_it_else_the_settings(settings):
    class InTokyo(RecentVerbAggregator):
        time_zone = "Asia/Tokyo"

    settings.TIME_ZONE = "Europe/Berlin"
    settings.DJANGO_FEEDS = {}
    assert RecentVerbAggregator().zone.key == "Europe/Berlin"
    settings.DJANGO_FEEDS = {"TIME_ZONE": "America/New_York"}
    assert RecentVerbAggregator().zone.key == "America/New_York"
    assert InTokyo().zone.key == "Asia/Tokyo"
    assert InTokyo(time_zone="UTC").zone.key == "UTC"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "/etc/passwd", "../UTC", 5])
def test_a_zone_that_is_none_is_named(settings, zone):
    with pytest.raises(FeedsConfigurationError, match=f"RecentVerbAggregator.*{zone!r}.*'Europe/Berlin'"):
        RecentVerbAggregator(time_zone=zone)
    settings.DJANGO_FEEDS = {"TIME_ZONE": zone}
    with pytest.raises(FeedsConfigurationError, match=r"DJANGO_FEEDS\['TIME_ZONE'\]"):
        TemplateAggregator()


# --- fingerprints and digests


class Second(RecentVerbAggregator):
    version = 2


class Same(RecentVerbAggregator):
    pass


def test_two_aggregators_never_share_a_digest():
    aggregators = [
        RecentVerbAggregator(time_zone="UTC"),
        RecentVerbAggregator(time_zone="Asia/Tokyo"),
        Second(time_zone="UTC"),
        Same(time_zone="UTC"),
        TemplateAggregator("{verb.id}-{time:%Y-%m-%d}", time_zone="UTC"),
        TemplateAggregator("{verb.id}-{time:%Y-%m-%d}", time_zone="Asia/Tokyo"),
        TemplateAggregator("{verb.id}-2026-11-22", time_zone="UTC"),
    ]

    assert {aggregator.get_group(did()) for aggregator in aggregators} == {"3-2026-11-22"}
    assert len({aggregator.fingerprint() for aggregator in aggregators}) == len(aggregators)
    assert len({aggregator.digest(did()) for aggregator in aggregators}) == len(aggregators)


def test_a_new_version_makes_new_groups(monkeypatch):
    before = RecentVerbAggregator(time_zone="UTC")
    old, digest = before.fingerprint(), before.digest(did())

    monkeypatch.setattr(RecentVerbAggregator, "version", 2)
    after = RecentVerbAggregator(time_zone="UTC")

    assert (after.fingerprint(), after.digest(did())) != (old, digest)
    assert after.fingerprint() == ('["django_feeds.aggregators.RecentVerbAggregator",2,{"time_zone":"UTC"}]'), (
        "it is kept in the database: other text means other groups everywhere"
    )


def test_the_digest_of_a_group_is_that_of_its_label():
    aggregator = NotificationAggregator(time_zone="UTC")

    digest = aggregator.digest(did())

    assert digest == aggregator.label_digest("3-testapp.Pin:1-2026-11-22")
    assert digest == aggregator.aggregate([did()])[0].digest
    assert 0 < digest < 2**48


def test_long_options_still_make_fingerprints_of_their_own():
    one = TemplateAggregator("{verb}" + "é" * 300 + "1")
    other = TemplateAggregator("{verb}" + "é" * 300 + "2")

    assert len(one.fingerprint()) <= 255
    assert one.fingerprint() != other.fingerprint()
    assert one.fingerprint() == TemplateAggregator("{verb}" + "é" * 300 + "1").fingerprint()


# --- ranking


def test_whoever_ranks_sees_skeletons_and_groups_alike():
    class Popular(NotificationAggregator):
        def rank(self, groups):
            return sorted(groups, key=lambda group: (group.actor_count, group.last_id), reverse=True)

    aggregator = Popular(time_zone="UTC")
    activities = [
        *(did(minute=minute, actor=1, pin=1) for minute in range(5)),
        *(did(minute=minute, actor=minute, pin=2) for minute in range(3)),
        did(minute=10, actor=9, pin=3),
    ]
    entries = [entry(activity, aggregator) for activity in sorted(activities, reverse=True)]

    groups = aggregator.aggregate(activities)
    skeletons = aggregator.rank(group_entries(entries))

    assert [group.object_ids for group in groups] == [[2], [3], [1]]
    for name in ("digest", "activity_count", "actor_count", "created_at", "updated_at", "last_id"):
        assert [getattr(group, name) for group in groups] == [getattr(one, name) for one in skeletons], name


def test_the_group_with_the_newest_activity_is_the_first():
    aggregator = NotificationAggregator(time_zone="UTC")

    groups = aggregator.aggregate([did(minute=9, pin=1), did(minute=8, pin=2), did(minute=1, pin=2), did(pin=1)])

    assert [group.object_ids for group in groups] == [[1], [2]]


# --- skeletons


def test_entries_are_grouped_in_their_order():
    some = [
        Entry(ids.make_id(ms, ms), actor=actor, group=group)
        for ms, actor, group in [(9_001, 5, 1), (7_000, 5, 2), (5_000, 5, 1), (3_000, 6, 1), (1_000, 7, 2)]
    ]

    first, second = group_entries(some)

    assert (first.digest, first.members) == (1, [some[0], some[2], some[3]])
    assert (second.digest, second.members) == (2, [some[1], some[4]])
    assert (first.activity_count, first.actor_count, first.last_id) == (3, 2, some[0].id)
    assert (first.created_at, first.updated_at) == (ids.id_time(some[3].id), ids.id_time(some[0].id))
    assert group_entries([]) == []


# --- the whole list, one by one, and in parts

activity_lists = st.lists(
    st.builds(
        did,
        st.sampled_from([Love, Add]),
        minute=st.integers(0, 60 * 48),
        actor=st.integers(1, 3),
        pin=st.integers(1, 3),
    ),
    max_size=40,
)
aggregators = st.sampled_from(AGGREGATORS)


def by_hand(aggregator, activities):
    found = {}
    for activity in set(activities):
        found.setdefault(aggregator.get_group(activity), []).append(activity)
    newest_first = [(label, sorted(some, reverse=True)) for label, some in found.items()]
    return sorted(newest_first, key=lambda group: group[1][0], reverse=True)


def put(aggregator, groups, activities):
    """Merge, as somebody would who keeps groups."""
    new, changed, deleted = aggregator.merge(groups, activities)
    assert deleted == []
    after = {group.digest: group for group in groups}
    for old, group in changed:
        assert after[old.digest] is old
        after[old.digest] = group
    return aggregator.rank([*after.values(), *new])


@given(aggregators, activity_lists)
def test_aggregate_is_grouping_by_label(aggregator, activities):
    groups = aggregator.aggregate([*activities, *activities[::2]])

    assert [(group.group, group.activity_ids) for group in groups] == [
        (label, [activity.id for activity in some]) for label, some in by_hand(aggregator, activities)
    ]


@given(aggregators, activity_lists, st.randoms())
def test_one_by_one_in_any_order_with_duplicates_is_as_the_whole_list(aggregator, activities, random):
    stream = [*activities, *random.sample(activities, len(activities) // 2)]
    random.shuffle(stream)
    groups = []
    for activity in stream:
        groups = put(aggregator, groups, [activity])

    assert members(groups) == members(aggregator.aggregate(activities))


@given(aggregators, activity_lists, st.lists(st.integers(0, 40), max_size=4))
def test_merging_in_any_split_is_as_the_whole_list_and_changes_nothing_it_was_given(aggregator, activities, cuts):
    groups, start = [], 0
    for stop in [*sorted(cuts), len(activities)]:
        before = deepcopy(groups)
        after = put(aggregator, groups, activities[max(0, start - 1) : stop])  # one comes twice
        assert members(groups) == members(before)
        groups, start = after, stop

    assert members(groups) == members(aggregator.aggregate(activities))


@given(aggregators, activity_lists)
def test_entries_make_the_groups_that_activities_make(aggregator, activities):
    entries = [entry(activity, aggregator) for activity in sorted(set(activities), reverse=True)]

    skeletons = aggregator.rank(group_entries(entries))

    assert [(one.digest, [member.id for member in one.members]) for one in skeletons] == [
        (group.digest, group.activity_ids) for group in aggregator.aggregate(activities)
    ]


def test_merging_into_nothing_makes_all_new():
    aggregator = NotificationAggregator(time_zone="UTC")
    activities = [did(minute=minute, pin=minute % 2) for minute in range(10)]

    new, changed, deleted = aggregator.merge([], activities)

    assert (members(new), changed, deleted) == (members(aggregator.aggregate(activities)), [], [])


def test_merging_the_second_half_changes_the_group_and_keeps_the_old_one():
    aggregator = NotificationAggregator(time_zone="UTC")
    activities = [did(minute=minute, actor=minute) for minute in range(10)]
    [old] = aggregator.aggregate(activities[:5])

    new, [(before, after)], deleted = aggregator.merge([old], activities)

    assert (new, deleted) == ([], [])
    assert before is old
    assert old.activities == activities[4::-1]
    assert after.activities == activities[::-1]
    assert after.digest == old.digest


def test_what_is_known_already_or_not_touched_is_not_reported():
    aggregator = NotificationAggregator(time_zone="UTC")
    groups = aggregator.aggregate([did(pin=1), did(pin=2, minute=1), did(pin=3, minute=2)])

    new, changed, _deleted = aggregator.merge(groups, [did(pin=1), did(pin=2, minute=5), did(pin=2, minute=5)])

    assert new == []
    assert [(old.object_ids, len(old), len(after)) for old, after in changed] == [([2], 1, 2)]


def test_a_folded_member_is_known_already():
    aggregator = NotificationAggregator(time_zone="UTC")
    activities = [did(minute=minute, actor=minute) for minute in range(100)]
    groups = aggregator.aggregate(activities)

    assert groups[0].minimized_activities == 85
    assert aggregator.merge(groups, activities[:50]) == ([], [], [])


def test_groups_of_another_aggregator_take_nothing_up():
    before, after = RecentVerbAggregator(time_zone="UTC"), Second(time_zone="UTC")
    groups = before.aggregate([did(minute=1)])

    new, changed, _deleted = after.merge(groups, [did(minute=2)])

    assert labels(new) == labels(groups)
    assert (len(new[0]), changed) == (1, [])


def test_groups_are_of_the_class_that_the_aggregator_names():
    class OfNotifications(RecentVerbAggregator):
        aggregated_activity_class = NotificationActivity

    assert {type(group) for group in OfNotifications().aggregate([did()])} == {NotificationActivity}
    assert {type(group) for group in RecentVerbAggregator().aggregate([did()])} == {AggregatedActivity}
