"""What a review of groups and notifications found, each as it was shown to go wrong."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_feeds import delivery, hydration, mentions, sources
from django_feeds.activity import Activity
from django_feeds.exceptions import FeedsConfigurationError, InvalidOwner, InvalidSlice, UnknownFeed
from django_feeds.feeds import AggregatedFeed
from django_feeds.models import ActivityRecord, Follow, Grouping
from django_feeds.refills import refill
from django_feeds.registry import get_feed_class, get_manager
from django_feeds.sources import ActivitySource, pause_tracking, register, source_of
from django_feeds.storage import get_storage
from django_feeds.verbs import Love as LoveVerb
from tests.flows import test_notifications
from tests.flows.conftest import site
from tests.flows.site import NOON
from tests.flows.test_grouped import declared, warnings
from tests.flows.test_notifications import counts, love, notifications, whole
from tests.testapp.models import Love, Pin, Tag

__all__ = ["site"]

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["memory", "database"])
def storage(request):
    if request.param == "memory":
        get_storage("memory").clear()
    return request.param


@pytest.fixture
def told(site, settings, storage):
    """A site with notifications, of which Bob's are complete."""
    settings.DJANGO_FEEDS = test_notifications.declared(storage)
    return site


def test_a_later_page_does_not_mark_what_no_page_showed(told):
    for minute in range(2):
        love(told.ann, told.pin(told.bob, minute=minute), minute)
    whole(told, told.bob)
    feed = notifications(told.bob)
    first = feed.page(limit=1)
    love(told.cleo, told.pin(told.bob, minute=9), 9)
    love(told.cleo, first.items[0].last_activity.object, 10)
    told.work()

    second = feed.page(first.next, limit=1, mark_seen=True, mark_read=True)
    feed.mark_all(seen=True, read=True, up_to=second.up_to)

    assert counts(told.bob) == (2, 2)


def test_when_the_author_changes_the_right_one_is_told(told):
    pin = told.pin(told.bob)
    by_ann, by_bob = love(told.ann, pin, 1), love(told.bob, pin, 2)
    told.work()
    by_ann.user = told.bob
    by_bob.user = told.ann
    by_ann.save()
    by_bob.save()
    told.work()

    (group,) = notifications(told.bob).page()
    assert [activity.actor for activity in group.activities] == [told.ann]
    assert counts(told.bob) == (1, 1)


def test_what_a_refill_brings_late_is_new(told):
    love(told.cleo, told.pin(told.bob), 0)
    whole(told, told.bob)
    love(told.ann, told.pin(told.bob, minute=1), 1)
    told.held.commit()
    told.held.clear()  # told, and not delivered
    love(told.cleo, told.pin(told.bob, minute=2), 2)
    told.work()
    feed = notifications(told.bob)
    assert len(feed) == 2
    feed.mark_all(seen=True, read=True, up_to=feed.page().up_to)

    call_command("rebuild_feeds", only="notifications", verbosity=0)

    assert len(feed) == 3
    assert counts(told.bob) == (1, 1)


def test_what_was_read_stays_read_under_another_aggregator(told, settings, storage):
    for minute, (user, object) in enumerate([(told.ann, 0), (told.cleo, 0), (told.ann, 1), (told.cleo, 2)]):
        love(user, told.pin(told.bob, minute=object), minute)
    whole(told, told.bob)
    feed = notifications(told.bob)
    first, second, third, fourth = feed.page()
    feed.mark_activities([first, second, third], seen=True, read=True)
    feed.mark_activity(fourth, seen=True)
    assert counts(told.bob) == (0, 1)
    settings.DJANGO_FEEDS = {
        **settings.DJANGO_FEEDS,
        "FEEDS": {
            **settings.DJANGO_FEEDS["FEEDS"],
            "notifications": {**settings.DJANGO_FEEDS["FEEDS"]["notifications"], "AGGREGATOR": "{verb}-{actor}"},
        },
    }

    for _again in range(2):
        call_command("rebuild_feeds", only="notifications", verbosity=0)

        assert len(notifications(told.bob)) == 2
        assert counts(told.bob) == (0, 1)


def test_an_edit_beside_a_push_leaves_no_old_group(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage, "{verb}-{target}")
    site.follow(site.ann, site.bob)
    site.pin(site.bob, site.tea, minute=1)
    site.work()
    site.timeline(site.ann).page()
    site.work()
    pin = site.pin(site.bob, site.tea, minute=2)
    site.held.commit()
    site.held.run()  # own feeds, and the chunk
    real, edited = AggregatedFeed.entries_for.__func__, []

    def entries_for(cls, ids):
        entries = real(cls, ids)
        if not edited:
            edited.append(pin)
            pin.board = site.cats
            pin.save()
            site.held.commit()
            with mock.patch.object(AggregatedFeed, "entries_for", classmethod(real)):
                while len(site.held) > 1:  # the whole edit, while this one is at work
                    site.held.run(1)
        return entries

    with mock.patch.object(AggregatedFeed, "entries_for", classmethod(entries_for)):
        settle, args = site.held.pop(0)
        settle(*args)
    site.work()

    expected = {(site.cats, 1), (site.tea, 1)}
    assert {(group.last_activity.target, group.activity_count) for group in site.timeline(site.ann)} == expected


def test_places_that_were_noted_before_anybody_was_told_are_cleaned(told):
    pin = told.pin(told.bob)
    told.follow(told.ann, told.bob)
    told.work()
    record = ActivityRecord.objects.get(object=f"testapp.Pin:{pin.pk}")
    record.former = [[record.activity_id.hex, [str(told.bob.pk)]]]
    record.save()

    assert list(delivery.walk(get_manager(), [record.pk], timezone.now()))


def test_a_text_full_of_names_asks_for_few_of_them(told, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert mentions.mentioned([" ".join(f"@nobody{n}" for n in range(20_000)) + " @ann"]) == []


def test_names_that_cannot_be_are_no_error(told, monkeypatch):
    monkeypatch.setattr(type(told.ann), "USERNAME_FIELD", "id")

    assert [who.pk for who in mentions.mentioned([f"@ann and @{told.bob.pk}"])] == [told.bob.pk]


def test_a_flat_feed_that_becomes_a_grouped_one_waits_to_be_rebuilt(site, settings, storage):
    settings.DJANGO_FEEDS = {**declared(storage), "FEEDS": {"timeline": {"STORAGE": storage, "MAX_LENGTH": 50}}}
    settings.DJANGO_FEEDS["FEEDS"]["user"] = {"STORAGE": storage, "MAX_LENGTH": 200}
    Grouping.objects.all().delete()
    call_command("migrate", verbosity=0)
    site.follow(site.ann, site.bob)
    site.pin(site.bob, minute=1)
    site.work()
    site.timeline(site.ann).page()
    site.work()

    settings.DJANGO_FEEDS = declared(storage)
    assert [message.hint for message in warnings()] == ["manage.py rebuild_feeds --manager default --feed timeline"]
    assert site.timeline(site.ann)[:] == []
    call_command("rebuild_feeds", feed=["timeline"], verbosity=0)
    assert [group.activity_count for group in site.timeline(site.ann)] == [1]
    assert warnings() == []


def test_notifications_are_always_live(settings):
    settings.DJANGO_FEEDS = {
        "FEEDS": {"notifications": {"CLASS": "django_feeds.feeds.NotificationFeed", "LIVE": False}}
    }

    with pytest.raises(UnknownFeed, match="must keep when they arrived"):
        get_feed_class("notifications")


def test_a_group_that_sinks_takes_no_others_along(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage, "{target}")
    site.follow(site.ann, site.bob)
    boards = [type(site.tea).objects.create(name=str(n)) for n in range(4)]
    for n, board in enumerate(boards):
        site.pin(site.bob, board, minute=n)
    newest = site.pin(site.bob, boards[0], minute=30)
    site.work()
    feed = site.timeline(site.ann)
    first = feed.page(limit=1)
    assert first.items[0].last_activity.target == boards[0]
    newest.delete()  # now it is the last
    site.work()

    shown, after = list(first), first.next
    while after:
        page = feed.page(after, limit=1)
        shown += page
        after = page.next
    assert {group.last_activity.target for group in shown} == set(boards)


def test_a_time_in_the_future_does_not_deafen_a_live_feed(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage)
    settings.DJANGO_FEEDS["FEEDS"]["timeline"] = {"STORAGE": storage, "MAX_LENGTH": 50, "LIVE": True}
    pin = site.pin(site.bob)
    pin.created_at = timezone.now() + timedelta(days=2)
    pin.save()
    site.work()
    site.follow(site.ann, site.bob)
    site.work()
    token = site.timeline(site.ann).news().token

    site.pin(site.bob, minute=5)
    site.work()

    assert site.timeline(site.ann).news(token).count == 1


def test_a_filtered_feed_is_not_marked(told):
    love(told.ann, told.pin(told.bob), 1)
    told.work()
    feed = notifications(told.bob)
    some = feed.filter(activity_id__lte=feed[0].last_activity.id)

    for mark in (some.mark_all, lambda: some.mark_activity(feed[0])):
        with pytest.raises(InvalidSlice, match="marked"):
            mark()


def test_the_order_of_those_who_are_named_is_no_change(told):
    activity = source_of(Love).activity(love(told.ann, told.pin(told.bob)))
    get_manager().publish(activity, recipients=[told.bob, told.cleo])
    version = ActivityRecord.objects.get(activity_id=activity.id).version
    get_manager().publish(activity, recipients=[told.cleo, told.bob])

    assert ActivityRecord.objects.get(activity_id=activity.id).version == version


def test_a_full_feed_of_one_group_is_not_filled_again(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage, length=3)
    site.follow(site.ann, site.bob)
    for minute in range(5):
        site.pin(site.bob, minute=minute)
    site.work()
    feed_class = get_feed_class("timeline")
    site.timeline(site.ann).page()
    site.work()
    with mock.patch.object(feed_class, "fill", side_effect=AssertionError("filled")):
        refill(get_manager(), feed_class, str(site.ann.pk), timezone.now())


def test_a_grouped_feed_that_is_not_live_says_so(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage)

    with pytest.raises(FeedsConfigurationError, match="set `live = True`"):
        site.timeline(site.ann).news()


def test_what_is_published_again_by_hand_tells_whom_it_told(told):
    activity = Activity(told.ann, LoveVerb, told.pin(told.bob), time=NOON)
    get_manager().publish(activity, recipients=[told.bob])
    told.work()
    get_manager().publish_many([activity])
    told.work()

    assert counts(told.bob) == (1, 1)


@pytest.fixture
def without_sources(monkeypatch):
    """The Pin has no source, and has the ones of before again afterwards, in their place."""
    monkeypatch.setattr(sources, "_sources", {**sources._sources, Pin: []})
    monkeypatch.setattr(hydration, "_querysets", dict(hydration._querysets))
    monkeypatch.setattr(hydration, "_rules", {label: list(rules) for label, rules in hydration._rules.items()})


def test_whoever_comes_into_a_relation_is_told(told, without_sources):
    @register(Pin)
    class Invited(ActivitySource):
        verb = LoveVerb
        notify = ("tags",)  # whatever the rows are, they are told
        time = "created_at"

    pin = told.pin(told.bob)
    tag = Tag.objects.create(name="team")
    pin.tags.add(tag)
    told.work()

    assert notifications(tag).count() == 1
    pin.tags.remove(tag)
    told.work()
    assert notifications(tag).count() == 0


def test_many_rows_cost_few_queries(told):
    def queries(number):
        with pause_tracking():
            loves = [love(told.ann, told.pin(told.bob, minute=n), n) for n in range(number)]
        rows = Love.objects.filter(pk__in=[row.pk for row in loves])
        with CaptureQueriesContext(connection) as captured:
            get_manager().publish_many(rows)
        return len(captured)

    assert queries(20) == queries(5)


def test_rows_that_are_told_and_are_no_users_are_rebuilt(told):
    activity = source_of(Love).activity(love(told.ann, told.pin(told.bob)))
    get_manager().publish(activity, recipients=[told.tea])
    told.work()
    feed = notifications(told.tea)
    feed.get_storage().delete([feed.key])

    call_command("rebuild_feeds", only="notifications", verbosity=0)

    assert told.stored(feed) == 1


def test_what_was_added_by_hand_gets_its_new_digest_too(site, settings, storage):
    settings.DJANGO_FEEDS = declared(storage)
    site.timeline(site.ann).add(Activity(site.bob, LoveVerb, site.cleo, time=NOON))
    settings.DJANGO_FEEDS = declared(storage, "{actor}")

    call_command("rebuild_feeds", feed=["timeline"], verbosity=0)

    assert [group.group for group in site.timeline(site.ann)] == [f"auth.User:{site.bob.pk}"]


def test_who_can_be_no_recipient_is_an_error_of_ours(told):
    activity = source_of(Love).activity(love(told.ann, told.pin(told.bob)))

    with pytest.raises(InvalidOwner):
        get_manager().publish(activity, recipients=["nobody"])


def test_what_cannot_be_seen_is_no_news(told):
    feed = notifications(told.ann)
    token = feed.news().token
    pin = told.pin(told.bob, private=True, note=f"@{told.ann.username}")
    told.work()

    news = feed.news(token)
    assert (news.count, news.items, pin.private) == (0, [], True)


def test_followers_who_leave_while_they_are_counted_end_the_walk(site):
    site.follow(site.ann, site.bob)
    follows = Follow.objects.followers(site.bob)
    real = type(follows).first

    def first(queryset):
        found = real(queryset)
        Follow.objects.all().delete()
        return found

    with mock.patch.object(type(follows), "first", first):
        assert list(follows.ranges(10)) == []
