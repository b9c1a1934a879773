"""What reviews of the code found, each as the shortest story that went wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_feeds import following, hydration, receivers, sources, tasks, verbs
from django_feeds.activity import Activity
from django_feeds.buttons import follow_context
from django_feeds.exceptions import (
    InvalidActivity,
    InvalidOwner,
    InvalidReference,
    InvalidSlice,
    InvalidSource,
    UnknownManager,
    VerbClash,
)
from django_feeds.feeds import DatabaseFeed, Feed, MemoryFeed
from django_feeds.managers import FanoutPriority, Manager
from django_feeds.models import ActivityRecord, Follow, PendingTask, RecordSource
from django_feeds.owners import refer
from django_feeds.registry import get_feed, get_manager
from django_feeds.rendering import activity_text
from django_feeds.sources import ActivitySource, pause_tracking, register, source_of
from django_feeds.verbs import Love, Verb
from tests import servers
from tests.celery_app import app
from tests.flows.conftest import feeds_on
from tests.flows.site import NOON
from tests.testapp.models import Board, OwnFollow, Pin
from tests.testapp.verbs import Pin as PinVerb
from tests.testapp.verbs import Shoot


def love(actor, thing=("testapp.Board", 1), minute=0, **values):
    return Activity(actor, Love, thing, time=NOON + timedelta(minutes=minute), **values)


def shown(feed):
    return [activity.object for activity in feed]


# --- reading


@pytest.fixture
def tasks_at_once(transactional_db: None, storage: str, settings: Any) -> None:
    """A site without a worker: each save commits, and its tasks are done before it returns."""
    settings.DJANGO_FEEDS = {**feeds_on(storage, length=10), "TASKS": "inline"}


@pytest.fixture(params=["user", "timeline"])
def short_feed(tasks_at_once, request):
    """Pins, newest first, that were saved in that order, and a feed that is complete only down to the first."""
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))
    Follow.objects.bulk_create([Follow(user=ann, target=str(bob.pk))])  # nothing is filled for her beforehand
    now = timezone.now()
    pins = [Pin.objects.create(user=bob, created_at=now - timedelta(hours=hours)) for hours in range(6)]
    feed = get_feed(request.param, ann if request.param == "timeline" else bob)
    # A fan-out makes no timelines where it would have to look which are there.
    assert feed.count() == (0 if request.param == "timeline" and feed.get_storage().looks_to_create else 1)
    return pins, feed


@pytest.mark.parametrize("place", [1, 4])
def test_an_index_stays_right_while_the_feed_is_filled_up_in_between(short_feed, place):
    pins, feed = short_feed

    assert feed[place].object == pins[place]


@pytest.mark.parametrize("part", [slice(2, 4), slice(4, 20)])
def test_a_slice_stays_right_while_the_feed_is_filled_up_in_between(short_feed, part):
    pins, feed = short_feed

    assert shown(feed[part]) == pins[part]


@pytest.fixture
def ten(db, storage):
    """A feed of ten activities, and those, oldest first."""
    feed_class = type("TenFeed", (Feed,), {"key_format": "review:%(user_id)s", "storage": storage})
    ann = User.objects.create(username="ann")
    activities = [love(ann, Board.objects.create(name=str(minute)), minute) for minute in range(10)]
    feed = feed_class(ann)
    feed.add_many(activities)
    return feed, activities


def test_a_filtered_feed_counts_and_iterates_only_its_range(ten):
    feed, activities = ten
    part = feed.filter(activity_id__lt=activities[4])

    async def read():
        return [activity async for activity in part], await part.acount()

    assert list(part) == part[:] == activities[3::-1]
    assert part.count() == len(part) == 4
    assert async_to_sync(read)() == (activities[3::-1], 4)
    assert list(feed.order_by("activity_id")) == activities


@pytest.mark.parametrize(
    "use",
    [
        lambda part, one: part.delete(),
        lambda part, one: part.trim(2),
        lambda part, one: part.index_of(one),
        lambda part, one: part.page(),
    ],
    ids=["delete", "trim", "index_of", "page"],
)
def test_what_is_about_the_whole_feed_is_refused_on_a_filtered_one(ten, use):
    feed, activities = ten
    part = feed.filter(activity_id__lt=activities[4])

    with pytest.raises(InvalidSlice):
        use(part, activities[1])

    assert feed.count() == 10


def test_an_async_loop_ends_at_the_bound(site):
    site.follow(site.ann, site.bob)
    pins = [site.pin(site.bob, minute=minute) for minute in range(8)]
    site.work()

    async def read():
        return [activity async for activity in site.timeline(site.ann)]

    assert [activity.object for activity in async_to_sync(read)()] == pins[:2:-1]


@pytest.mark.parametrize("kind", [int, str])
def test_a_reader_sees_his_private_pins_also_where_only_his_pk_is_known(site, kind):
    site.follow(site.ann, site.tea)
    private = site.pin(site.ann, site.tea, private=True)
    site.work()

    feed = get_manager().get_feeds(kind(site.ann.pk))["timeline"]

    assert shown(feed[:]) == shown(feed.page()) == [private]
    assert shown(get_manager().get_feeds(site.cleo.pk)["timeline"]) == []


def test_what_is_taken_back_from_one_feed_class_is_shown_by_none_on_any_storage(db, settings):
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "STORAGES": {}}
    ann = User.objects.create(username="ann")
    activity = love(ann, ann)
    for feed_class in (MemoryFeed, DatabaseFeed):
        feed_class(ann).add(activity)

    DatabaseFeed.remove_activity(activity)

    assert MemoryFeed(ann)[:] == DatabaseFeed(ann)[:] == []


# --- sources


@pytest.fixture
def registry(monkeypatch):
    """Sources that are registered here are gone after the test."""
    monkeypatch.setattr(sources, "_sources", {model: [*found] for model, found in sources._sources.items()})
    monkeypatch.setattr(sources, "listeners", [])
    monkeypatch.setattr(hydration, "_querysets", dict(hydration._querysets))
    monkeypatch.setattr(hydration, "_rules", {label: [*rules] for label, rules in hydration._rules.items()})


class BoardSource(ActivitySource):
    verb = Love
    actor = "owner"

    def get_time(self, instance):
        return NOON


def test_a_rule_that_nobody_would_ask_is_refused(registry):
    with pytest.raises(InvalidSource, match="can_see"):

        @register(Board)
        class OwnersBoardSource(BoardSource):
            object = "owner"

            def can_see(self, viewer, instance):
                return False


class PinnedAtWork(Pin):
    class Meta:
        app_label = "testapp"
        proxy = True


class Member(User):
    class Meta:
        app_label = "testapp"
        proxy = True


class Wall(Board):
    class Meta:
        app_label = "testapp"
        proxy = True


@pytest.fixture
def proxies():
    """The app is ready again, now that it has proxies."""
    receivers.connect()


def test_saving_and_deleting_through_a_proxy_is_as_good(site, proxies):
    site.follow(site.ann, site.bob)
    site.work()
    plain = site.pin(site.bob)
    PinnedAtWork.objects.create(user=site.bob, created_at=NOON + timedelta(minutes=1))
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), [Pin.objects.last(), plain])

    PinnedAtWork.objects.get(pk=plain.pk).delete()
    site.work()
    site.assertFeedEqual(site.timeline(site.ann), [Pin.objects.get()])

    PinnedAtWork.objects.all().delete()
    site.work()
    assert site.stored(site.timeline(site.ann)) == site.stored(site.own(site.bob)) == 0


def test_deleting_a_user_through_a_proxy_deletes_his_feeds(site, proxies):
    site.follow(site.bob, site.cleo)
    site.pin(site.bob)
    site.pin(site.cleo)
    site.work()
    feeds = [site.own(site.bob), site.timeline(site.bob)]
    assert all(site.stored(feed) for feed in feeds)

    Member.objects.get(pk=site.bob.pk).delete()
    site.work()

    assert [feed.floor() for feed in feeds] == [None, None]


def test_registering_a_proxy_registers_its_model(db, registry):
    register(Wall)(BoardSource)
    wall = Wall.objects.create(owner=User.objects.create(), name="wall")

    assert source_of(Board) is source_of(Wall)
    assert source_of(Board).model is Board
    assert get_manager().publish_many([wall, Board.objects.get()]) == 1


def test_a_property_may_say_on_whose_feeds_it_appears(site, registry, monkeypatch):
    @register(Board)
    class PatronsBoardSource(BoardSource):
        feeds = ("patron",)

    monkeypatch.setattr(Board, "patron", property(lambda board: site.cleo), raising=False)
    board = Board.objects.create(owner=site.bob, name="milk")

    assert get_manager().publish_many([board]) == 1
    site.work()

    assert shown(site.own(site.cleo)) == [board]
    assert "auth.User" in following.followable_labels()
    assert follow_context(site.bob)["owner"] == str(site.bob.pk)
    assert following.find_target(str(site.bob.pk)) == site.bob


# --- managers


class HouseFeed(DatabaseFeed):
    key_format = "house:timeline:%(user_id)s"


class HouseOwnFeed(DatabaseFeed):
    key_format = "house:user:%(user_id)s"


class HouseManager(Manager):
    """It is in no settings; only its path is known."""

    feed_classes = {"house": HouseFeed}
    user_feed_class = HouseOwnFeed


class UnitedManager(HouseManager):
    """Its followers come from two tables."""

    def get_user_follower_ids(self, user_id):
        own = OwnFollow.objects.filter(target=user_id).values_list("user_id", flat=True)
        follows = Follow.objects.followers(user_id).values_list("user_id", flat=True)
        return {FanoutPriority.HIGH: own.union(follows)}


only_database = pytest.mark.parametrize("storage", ["database"])


@only_database
def test_a_deleted_user_leaves_a_manager_too_that_only_its_path_names(any_site):
    site, house = any_site, get_manager(HouseManager.name)
    house.follow_user(site.ann, site.bob)
    site.work()
    house.publish(love(site.bob, site.tea))
    site.work()
    own, timeline = house.get_user_feed(site.bob), HouseFeed(site.ann)
    assert site.stored(own) == site.stored(timeline) == 1

    site.bob.delete()
    site.work()

    assert own.floor() is None
    assert site.stored(timeline) == 0
    assert not ActivityRecord.objects.exists()


@only_database
def test_a_bulk_is_published_by_the_managers_that_its_sources_name(site, registry):
    @register(Board)
    class HouseBoardSource(BoardSource):
        manager = HouseManager.name

    board = Board.objects.create(owner=site.bob, name="milk")
    with pause_tracking():
        pin = site.pin(site.bob)

    assert get_manager().publish_many([board, pin]) == 2
    site.work()

    site.assertInFeed(board, HouseOwnFeed(site.bob))
    site.assertInFeed(pin, site.own(site.bob))
    assert {row.object: row.manager for row in ActivityRecord.objects.all()} == {
        f"testapp.Board:{board.pk}": HouseManager.name,
        f"testapp.Pin:{pin.pk}": "default",
    }


@only_database
def test_a_bulk_takes_rows_back_by_the_managers_that_its_sources_name(site, registry, monkeypatch):
    @register(Board)
    class HouseBoardSource(BoardSource):
        manager = HouseManager.name

    board = Board.objects.create(owner=site.bob, name="milk")
    get_manager(HouseManager.name).publish_many([board])
    site.work()
    assert site.stored(HouseOwnFeed(site.bob)) == 1
    monkeypatch.setattr(HouseBoardSource, "should_publish", lambda self, instance: False)

    assert get_manager().publish_many([board]) == 1
    site.work()

    assert site.stored(HouseOwnFeed(site.bob)) == 0


@only_database
def test_followers_may_come_from_united_queries(any_site):
    site, manager = any_site, get_manager(UnitedManager.name)
    OwnFollow.objects.create(user=site.ann, target=site.bob)
    Follow.objects.follow(site.cleo, site.bob)
    for reader in (site.ann, site.cleo):
        manager.follow_user(reader, site.bob)
    site.work()

    activity = love(site.bob, site.tea)
    manager.publish(activity)
    site.work()

    assert list(HouseFeed(site.ann)) == list(HouseFeed(site.cleo)) == [activity]
    assert HouseFeed(site.bob).floor() is None


def sources_in(activity):
    return set(RecordSource.objects.filter(activity_id=activity.id).values_list("owner", flat=True))


def test_an_update_keeps_an_activity_on_the_board_it_was_published_to(any_site):
    site, manager = any_site, get_manager()
    site.follow(site.ann, site.tea)
    activity = love(site.bob, site.cats)
    manager.publish(activity, to=[site.tea], recipients=[site.cleo])
    site.work()
    before = sources_in(activity)

    manager.update(love(site.bob, site.cats, extra_context={"n": 1}))
    site.work()

    assert sources_in(activity) == before == {str(site.bob.pk), f"testapp.Board:{site.tea.pk}"}
    assert ActivityRecord.objects.get().recipients == [str(site.cleo.pk)]
    for feed in (site.timeline(site.ann), site.own(site.tea), site.own(site.bob)):
        assert [one.extra_context for one in feed] == [{"n": 1}]


def test_an_update_does_not_bring_back_what_was_retracted(any_site):
    site, manager = any_site, get_manager()
    activity = love(site.bob, site.cats)
    manager.publish(activity, to=[site.tea])
    manager.retract(activity)
    site.work()

    manager.update(love(site.bob, site.cats, extra_context={"n": 1}))
    site.work()

    assert not ActivityRecord.objects.get().published
    assert site.stored(site.own(site.tea)) == site.stored(site.own(site.bob)) == 0


@pytest.mark.parametrize("path", ["os.path.join", "decimal.Decimal", "os.sep"])
def test_a_path_to_something_else_is_no_manager(path):
    with pytest.raises(UnknownManager, match=path):
        get_manager(path)


# --- tasks


def pending(name, *args, minutes):
    queued_at = timezone.now() - timedelta(minutes=minutes)
    return PendingTask.objects.create(name=name, args=[*args], priority="high", queued_at=queued_at)


def test_a_task_that_is_unknown_or_fails_does_not_stop_the_others(db, settings):
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "TASKS": "inline"}
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))
    pin = Pin.objects.create(user=bob)
    ActivityRecord.objects.update(delivered_version=1)
    Follow.objects.bulk_create([Follow(user=ann, target=str(bob.pk))])
    PendingTask.objects.all().delete()
    at = timezone.now().isoformat()
    unknown = pending("django_feeds.gone", 1, minutes=5)
    failing = pending("django_feeds.sweep", "nobody", str(ann.pk), [str(bob.pk)], at, minutes=4)
    pending("django_feeds.back_fill", "default", str(ann.pk), [str(bob.pk)], at, minutes=3)

    resumed = tasks.resume(older_than=0)

    assert resumed == (0, 1)
    assert set(PendingTask.objects.all()) == {unknown, failing}
    assert shown(get_feed("timeline", ann)) == [pin]
    assert get_feed("timeline", ann).count() == 1


@pytest.fixture
def queue(transactional_db: None, settings: Any, _worker: Any) -> Any:
    """A broker whose worker is dead: what is sent stays in its queue."""
    settings.DJANGO_FEEDS = {**feeds_on("database"), "TASKS": "celery"}
    app.set_current()
    _worker.stop()
    _worker.forget()
    yield _worker
    _worker.forget()


@pytest.mark.needs(servers.broker().name)
def test_resuming_over_and_over_does_not_multiply_what_waits_for_a_worker(queue):
    bob = User.objects.create(username="bob")
    for minute in range(3):
        Pin.objects.create(user=bob, created_at=NOON + timedelta(minutes=minute))
    tasks.deliver(older_than=60)
    assert queue.waiting() == 3  # all are on their way

    queue.forget()
    tasks.deliver(older_than=0)
    assert queue.waiting() == 3

    for _ in range(3):
        tasks.deliver(older_than=60)
    assert queue.waiting() == 3


@pytest.mark.needs(servers.broker().name)
def test_fan_outs_are_remembered_until_they_are_done(queue):
    Pin.objects.create(user=User.objects.create(username="bob"))

    (row,) = PendingTask.objects.all()

    assert row.name == "django_feeds.fan_out"
    assert row.args[:2] == ["default", [ActivityRecord.objects.get().pk]]


def test_handing_out_many_records_costs_as_much_as_handing_out_few(site):
    costs = []
    site.pin(site.ann, minute=30)  # what is the newest of all costs less
    site.work()
    for number in (100, 200):
        author = User.objects.create(username=f"author of {number}")
        with pause_tracking():
            pins = [site.pin(author) for _ in range(number)]
        get_manager().publish_many(pins)
        site.held.commit()
        site.held.clear()
        pks = list(RecordSource.objects.filter(owner=str(author.pk)).values_list("record_id", flat=True))
        with CaptureQueriesContext(connection) as queries:
            tasks.fan_out("default", pks, timezone.now().isoformat())
        costs.append(len(queries))

    assert all(record.delivered for record in ActivityRecord.objects.all())
    assert costs[1] <= costs[0] + 1  # a storage may count what lies beyond the bound
    assert costs[1] <= 20


# --- words


@pytest.mark.parametrize(
    "pair",
    [
        ("testapp.Pin", None),
        ("testapp.Pin", ""),
        ("testapp.Pin", 10**30),
        ("testapp.Pin", -(10**30)),
        ("testapp.Photo", None),
        ("sessions.Session", ""),
    ],
)
def test_a_pk_that_no_row_can_have_is_no_reference(pair):
    with pytest.raises(InvalidReference):
        refer(pair)
    with pytest.raises(InvalidReference):
        Activity(1, Love, pair)


@pytest.mark.parametrize("target", ["nonsense", "testapp.Nothing:1", "testapp.Board:x"])
def test_nobody_follows_what_cannot_be(db, target):
    ann = User.objects.create(username="ann")

    with pytest.raises(InvalidOwner):
        Follow.objects.follow(ann, target)

    assert not Follow.objects.exists()


def test_a_target_is_followed_under_the_one_name_that_it_has(db):
    ann = User.objects.create(username="ann")

    Follow.objects.follow(ann, "testapp.board:1")

    assert Follow.objects.get().target == "testapp.Board:1"


@pytest.fixture
def words(monkeypatch):
    """Verbs that are registered here are gone after the test."""
    monkeypatch.setattr(verbs, "_verbs", dict(verbs._verbs))
    monkeypatch.setattr(verbs, "clashes", [])


def test_a_verb_that_is_not_registered_makes_no_activity():
    class Unheard(Verb):
        id, infinitive, past_tense = 31_001, "unhear", "unheard"

    class Nameless(Verb):
        infinitive, past_tense = "forget", "forgot"

    for verb in (Unheard, Unheard(), Nameless):
        with pytest.raises(InvalidActivity, match=r"Unheard|Nameless"):
            Activity(1, verb, 2)


def test_verbs_that_clash_make_no_activity(words):
    @verbs.register
    class Repin(Verb):
        id, infinitive, past_tense = PinVerb.id, "repin", "repinned"

    for verb in (Repin, PinVerb):
        with pytest.raises(VerbClash, match="Repin"):
            Activity(1, verb, 2)


def test_a_percent_sign_in_a_verb_is_just_that(words):
    @verbs.register
    class Sell(Verb):
        id, infinitive, past_tense = 31_002, "sell", "sold 100% of"

    assert str(Activity(1, Sell, 2)) == "auth.User:1 sold 100% of auth.User:2"
    assert str(Activity(1, Sell, 2, 3)) == "auth.User:1 sold 100% of auth.User:2 (auth.User:3)"
    assert "sold 100% of" in activity_text(Activity(User(pk=1), Sell, User(pk=2), User(pk=3)))


@pytest.mark.parametrize("parent", [Shoot, Love, PinVerb])
def test_a_verb_made_of_another_has_a_sentence_of_its_own(words, parent):
    @verbs.register
    class Adore(parent):
        id, infinitive, past_tense = 31_003, "adore", "adored"

    assert str(Activity(1, Adore, 2, 3)).startswith("auth.User:1 adored ")
    assert str(Activity(1, parent, 2, 3)).startswith(f"auth.User:1 {parent.past_tense} ")
