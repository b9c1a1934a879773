"""Managers: graphs of the project's own, priorities, imports, activities made by hand."""

from unittest.mock import patch

import pytest
from celery import current_app

from django_feeds import tasks
from django_feeds.activity import Activity
from django_feeds.exceptions import InvalidActivity
from django_feeds.feeds import DatabaseFeed, MemoryFeed
from django_feeds.managers import FanoutPriority, Manager
from django_feeds.models import ActivityRecord, Follow
from django_feeds.registry import get_manager
from django_feeds.verbs import Love
from tests.testapp.models import OwnFollow, Photo

from .site import NOON

# --- a graph of the project's own


def follower_ids(user_id, kind="queryset"):
    rows = OwnFollow.objects.filter(target=user_id)
    return {
        "queryset": lambda: rows.values_list("user_id", flat=True),
        "list": lambda: [row.user_id for row in rows],
        "iterator": lambda: iter(rows.values_list("user_id", flat=True)),
        "instances": lambda: [row.user for row in rows],
        "sliced queryset": lambda: rows.order_by("user_id").values_list("user_id", flat=True)[:1_000],
    }[kind]()


class TimelineFeed(DatabaseFeed):
    key_format = "own graph:timeline:%(user_id)s"
    max_length = 5


class ProfileFeed(DatabaseFeed):
    key_format = "own graph:user:%(user_id)s"


class OwnGraphManager(Manager):
    """It says who follows whom, and whom one follows."""

    feed_classes = {"timeline": TimelineFeed}
    user_feed_class = ProfileFeed
    kind = "queryset"

    def get_user_follower_ids(self, user_id):
        return {FanoutPriority.HIGH: follower_ids(user_id, OwnGraphManager.kind)}

    def get_user_following(self, user_id):
        return OwnFollow.objects.filter(user=user_id).values_list("target_id", flat=True)


class FollowersOnlyManager(Manager):
    """It cannot say whom one follows."""

    feed_classes = {"timeline": TimelineFeed}
    user_feed_class = ProfileFeed

    def get_user_follower_ids(self, user_id):
        return {FanoutPriority.HIGH: follower_ids(user_id, OwnGraphManager.kind)}


@pytest.fixture(params=["queryset", "list", "iterator", "instances", "sliced queryset"])
def kind(request, monkeypatch):
    monkeypatch.setattr(OwnGraphManager, "kind", request.param)
    return request.param


def own_follow(manager, user, *targets):
    for target in targets:
        OwnFollow.objects.create(user=user, target=target)
        manager.follow_user(user, target)


def own_unfollow(manager, user, target):
    OwnFollow.objects.filter(user=user, target=target).delete()
    manager.unfollow_user(user, target)


def loves(site, *minutes, actor=None):
    return [Activity(actor or site.bob, Love, site.tea, time=NOON.replace(minute=minute)) for minute in minutes]


def shown(manager, user):
    return list(manager.get_feeds(user)["timeline"][:5])


@pytest.mark.parametrize("manager_class", [OwnGraphManager, FollowersOnlyManager])
@pytest.mark.parametrize("storage", ["database"])
def test_followers_come_from_a_list_a_queryset_or_an_iterator(any_site, kind, manager_class):
    site, manager = any_site, manager_class()
    for reader in (site.ann, site.cleo):
        own_follow(manager, reader, site.bob)
    site.work()

    activities = loves(site, 1, 2)
    for activity in activities:
        manager.add_user_activity(site.bob.pk, activity)
    site.work()

    for reader in (site.ann, site.cleo):
        assert shown(manager, reader) == activities[::-1]
    assert list(manager.get_user_feed(site.bob)) == activities[::-1]
    assert not Follow.objects.exists()

    manager.remove_user_activity(site.bob.pk, activities[0])
    site.work()
    assert shown(manager, site.ann) == activities[1:]


@pytest.mark.parametrize("storage", ["database"])
def test_a_late_task_brings_nothing_to_one_who_left_a_graph_of_ones_own(any_site, kind):
    site, manager = any_site, OwnGraphManager()
    own_follow(manager, site.ann, site.bob)
    site.work()

    manager.add_user_activity(site.bob, loves(site, 1)[0])
    site.held.commit()
    site.held.run()  # the followers are listed
    own_unfollow(manager, site.ann, site.bob)
    site.work()

    assert site.stored(TimelineFeed(site.ann)) == 0


@pytest.mark.parametrize("storage", ["database"])
def test_leaving_keeps_what_another_source_brings_where_the_manager_can_name_them(any_site):
    site, manager = any_site, OwnGraphManager()
    his, both, hers = *loves(site, 1, 2), *loves(site, 3, actor=site.cleo)
    manager.publish(his)
    manager.publish(both, to=[site.cleo])
    manager.publish(hers)
    own_follow(manager, site.ann, site.bob, site.cleo)
    site.work()
    assert shown(manager, site.ann) == [hers, both, his]

    own_unfollow(manager, site.ann, site.bob)
    site.work()

    assert shown(manager, site.ann) == [hers, both]


@pytest.mark.parametrize("storage", ["database"])
def test_leaving_removes_all_that_a_source_brings_where_nobody_can_name_the_others(any_site):
    site, manager = any_site, FollowersOnlyManager()
    his, both, hers = *loves(site, 1, 2), *loves(site, 3, actor=site.cleo)
    own_follow(manager, site.ann, site.bob, site.cleo)
    site.work()
    manager.publish(his)
    manager.publish(both, to=[site.cleo])
    manager.publish(hers)
    site.work()
    assert shown(manager, site.ann) == [hers, both, his]

    own_unfollow(manager, site.ann, site.bob)
    site.work()

    assert shown(manager, site.ann) == [hers]


@pytest.mark.parametrize("storage", ["database"])
@pytest.mark.parametrize("manager_class", [OwnGraphManager, FollowersOnlyManager])
def test_following_in_a_graph_of_ones_own_shows_what_was_before(any_site, manager_class):
    site, manager = any_site, manager_class()
    activities = loves(site, *range(8))
    for activity in activities:
        manager.publish(activity)
    site.work()

    own_follow(manager, site.ann, site.bob)
    site.work()

    assert shown(manager, site.ann) == activities[:2:-1]


# --- priorities


class QueueingManager(OwnGraphManager):
    def get_user_follower_ids(self, user_id):
        ids = list(follower_ids(user_id))
        return {FanoutPriority.HIGH: ids[:1], FanoutPriority.LOW: ids[1:]}


@pytest.mark.parametrize("storage", ["database"])
def test_priorities_are_celery_queues(site, settings):
    settings.DJANGO_FEEDS = {"TASKS": "celery", "QUEUES": {"high": "soon", "low": "later"}}
    for reader in (site.ann, site.cleo):
        OwnFollow.objects.create(user=reader, target=site.bob)
    manager = QueueingManager()
    manager.add_user_activity(site.bob, loves(site, 1)[0])
    site.held.commit()
    ((task, args),) = site.held

    with patch.object(tasks, "held", None), patch.object(tasks.settle, "apply_async") as apply_async:
        task(*args)

    sent = [(call.kwargs["queue"], call.args[0][3]["owners"]) for call in apply_async.call_args_list]
    assert sent == [("soon", [str(site.ann.pk)]), ("later", [str(site.cleo.pk)])]


# --- the first lines that anybody reads


class PinFeed(DatabaseFeed):
    key_format = "feed:normal:%(user_id)s"


class UserPinFeed(PinFeed):
    key_format = "feed:user:%(user_id)s"


class PinManager(Manager):
    feed_classes = {"normal": PinFeed}
    user_feed_class = UserPinFeed

    def add_pin(self, pin):
        self.add_user_activity(pin.user_id, pin.create_activity())

    def get_user_follower_ids(self, user_id):
        ids = Follow.objects.filter(target=user_id).values_list("user_id", flat=True)
        return {FanoutPriority.HIGH: ids}


class MemoryPinFeed(MemoryFeed):
    key_format = "feed:normal:%(user_id)s"


class MemoryUserPinFeed(MemoryPinFeed):
    key_format = "feed:user:%(user_id)s"


class MemoryPinManager(PinManager):
    feed_classes = {"normal": MemoryPinFeed}
    user_feed_class = MemoryUserPinFeed


@pytest.mark.parametrize(("manager_class", "storage"), [(PinManager, "database"), (MemoryPinManager, "memory")])
def test_the_example_of_the_readme(any_site, manager_class):
    site, manager = any_site, manager_class()
    site.follow(site.ann, site.bob)
    pin = Photo.objects.create(user=site.bob)
    site.work()
    user_id = site.ann.pk

    manager.add_pin(pin)
    site.work()
    activities = manager.get_feeds(user_id)["normal"][:25]

    assert [activity.object for activity in activities] == [pin]
    assert manager.get_user_feed(site.bob.pk)[0].object == pin


# --- imports


def test_batch_import_brings_a_history_to_the_followers(any_site):
    site, manager = any_site, get_manager()
    site.follow(site.ann, site.bob)
    site.work()
    activities = loves(site, *range(7))

    assert manager.batch_import(site.bob, activities, chunk_size=3) == 7
    site.work()

    assert list(site.own(site.bob)) == activities[::-1]
    assert list(site.timeline(site.ann)) == activities[:1:-1]
    assert manager.batch_import(site.bob, activities) == 0


def test_batch_import_without_fan_out_fills_the_own_feed_only(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    site.work()
    activities = loves(site, 1, 2)

    get_manager().batch_import(site.bob, activities, fanout=False)
    site.held.commit()

    assert not site.held
    assert list(site.own(site.bob)) == activities[::-1]
    assert site.stored(site.timeline(site.ann)) == 0
    assert all(record.delivered for record in ActivityRecord.objects.all())


def test_batch_import_refuses_activities_of_somebody_else_before_it_writes(site):
    activities = [*loves(site, 1), *loves(site, 2, actor=site.cleo)]

    with pytest.raises(InvalidActivity, match="not by"):
        get_manager().batch_import(site.bob, activities)

    assert not ActivityRecord.objects.exists()


def test_publish_many_takes_activities_and_rows_together(any_site):
    site = any_site
    site.follow(site.ann, site.bob)
    site.work()
    pin = site.pin(site.bob, minute=3)
    (love,) = loves(site, 5)

    assert get_manager().publish_many([love, pin]) == 1  # saving the pin has published it
    site.work()

    assert [activity.object for activity in site.timeline(site.ann)] == [site.tea, pin]


# --- ids


@pytest.fixture
def same_digests(monkeypatch):
    """Every identity has the same digest, unless it is hashed again with a counter."""
    from django_feeds import activity

    def digest(text):
        return 7 + int(text.rpartition("#")[2]) if "#" in text else 7

    monkeypatch.setattr(activity, "digest48", digest)


def test_two_identities_that_meet_in_one_id_get_two_and_keep_them(any_site, same_digests):
    site = any_site
    site.follow(site.ann, site.bob)
    pins = [site.pin(site.bob) for _ in range(3)]
    site.work()
    ids = {record.object: record.activity_id for record in ActivityRecord.objects.all()}
    assert len(set(ids.values())) == 3
    assert len(site.timeline(site.ann)) == 3

    assert get_manager().publish_many(reversed(pins)) == 0
    pins[1].note = "edited"
    pins[1].save()
    site.work()

    assert {record.object: record.activity_id for record in ActivityRecord.objects.all()} == ids
    assert len(site.timeline(site.ann)) == 3


def test_colliding_ids_in_one_bulk_are_told_apart_too(any_site, same_digests):
    from django_feeds.sources import pause_tracking

    site = any_site
    site.follow(site.ann, site.bob)
    with pause_tracking():
        pins = [site.pin(site.bob) for _ in range(3)]

    assert get_manager().publish_many(pins) == 3
    site.work()

    assert len(site.timeline(site.ann)) == 3
    assert get_manager().publish_many(pins) == 0


def test_moving_into_an_id_that_is_taken_finds_another(any_site, same_digests):
    site = any_site
    site.follow(site.ann, site.bob)
    first, second = site.pin(site.bob), site.pin(site.bob, minute=1)
    site.work()

    second.created_at = first.created_at
    second.save()
    site.work()

    assert {activity.object for activity in site.timeline(site.ann)} == {first, second}
    assert site.stored(site.timeline(site.ann)) == 2


def test_tasks_find_a_manager_by_the_path_of_its_class():
    assert OwnGraphManager.name == f"{__name__}.OwnGraphManager"
    assert isinstance(get_manager(OwnGraphManager.name), OwnGraphManager)
    assert "django_feeds.settle" in current_app.tasks


@pytest.mark.parametrize(("manager_class", "storage"), [(PinManager, "database"), (MemoryPinManager, "memory")])
def test_two_managers_may_fill_feeds_with_one_activity(any_site, manager_class):
    site, manager = any_site, manager_class()
    site.follow(site.ann, site.bob, site.tea)
    site.work()
    pin = site.pin(site.bob, site.tea)  # the default manager publishes it
    (record,) = ActivityRecord.objects.all()
    manager.add_user_activity(site.bob, record.activity())
    site.work()

    for feed in (site.timeline(site.ann), manager.get_feeds(site.ann)["normal"], site.own(site.tea)):
        site.assertInFeed(pin, feed)

    pin.delete()
    site.work()
    manager.remove_user_activity(site.bob, record.activity())
    site.work()
    for feed in (site.timeline(site.ann), manager.get_feeds(site.ann)["normal"], manager.get_user_feed(site.bob)):
        assert site.stored(feed) == 0
