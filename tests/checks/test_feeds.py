import pytest
from django.core.checks import Error

from django_feeds import sources
from django_feeds.feeds import Feed
from django_feeds.managers import Manager
from django_feeds.storage.memory import MemoryStorage

DATABASE = "django_feeds.storage.database.DatabaseStorage"
HERE = "tests.checks.test_feeds"


class OneForAllFeed(Feed):
    key_format = "everybody"


class RedisLikeFeed(Feed):
    storage = "redis_like"


class EndlessFeed(Feed):
    max_length = 0
    key_format = "endless:%(user_id)s"


class CopyFeed(Feed):
    key_format = "timeline:%(user_id)s"


class CodeManager(Manager):
    feed_classes = {"endless": EndlessFeed}


class CopyManager(Manager):
    feed_classes = {"copy": CopyFeed}


class FussyStorage(MemoryStorage):
    def check(self):
        return [Error("It rains.", id="fussy.E001")]


class BrokenStorage(MemoryStorage):
    def __init__(self, alias, options):
        raise RuntimeError("no")


# Feeds that no manager names, so that each case is about itself.
ALONE = {"MANAGERS": {}}


@pytest.fixture(autouse=True)
def no_sources(monkeypatch):
    """They name the manager "default"."""
    monkeypatch.setattr(sources, "_sources", {})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"STORAGES": {"fast": {}}}, "E010"),
        ({"STORAGES": {"fast": {"BACKEND": "django_feeds.storage.redo.RedisStorage"}}}, "E011"),
        ({"STORAGES": {"fast": {"BACKEND": "nodots"}}}, "E011"),
        ({"STORAGES": {"fast": {"BACKEND": "django_feeds.feeds.Feed"}}}, "E012"),
        ({"STORAGES": {"fast": {"BACKEND": DATABASE, "OPTIONS": {"DATABASE": "second"}}}}, "E051"),
        ({"STORAGES": {"fast": {"BACKEND": DATABASE, "OPTIONS": {"DATABSE": "default"}}}}, "E050"),
        ({"STORAGES": {"fast": {"BACKEND": f"{HERE}.FussyStorage"}}}, "fussy.E001"),
        ({"FEEDS": {"timeline": {"CLASS": "django_feeds.feeds.Fed"}}, **ALONE}, "E020"),
        ({"FEEDS": {"timeline": {"CLASS": "django_feeds.activity.Activity"}}, **ALONE}, "E021"),
        ({"FEEDS": {"timeline": {"STORAGE": "redis"}}, **ALONE}, "E022"),
        ({"FEEDS": {"timeline": {"CLASS": f"{HERE}.RedisLikeFeed"}}, **ALONE}, "E022"),
        ({"FEEDS": {"timeline": {}, "copy": {"KEY_FORMAT": "timeline:%(user_id)s"}}, **ALONE}, "E023"),
        ({"MANAGERS": {"copies": {"CLASS": f"{HERE}.CopyManager"}}}, "E023"),
        ({"FEEDS": {"timeline": {"KEY_FORMAT": "timeline"}}, **ALONE}, "E024"),
        ({"FEEDS": {"timeline": {"KEY_FORMAT": "timeline:%(owner)s"}}, **ALONE}, "E024"),
        ({"FEEDS": {"timeline": {"MAX_LENGTH": 0}}, **ALONE}, "E025"),
        ({"FEEDS": {"timeline": {"MAX_LENGTH": "many"}}, **ALONE}, "E025"),
        ({"FEEDS": {"timeline": {"CLASS": f"{HERE}.EndlessFeed"}}, **ALONE}, "E025"),
        ({"MANAGERS": {"code": {"CLASS": f"{HERE}.CodeManager"}}}, "E025"),
        ({"MANAGERS": {"other": {"CLASS": "django_feeds.managers.Manger"}}}, "E030"),
        ({"MANAGERS": {"other": {"CLASS": "django_feeds.feeds.Feed"}}}, "E031"),
        ({"MANAGERS": {"default": {"USER_FEED": "user", "FEEDS": ["timelines"]}}}, "E032"),
        ({"MANAGERS": {"default": {"USER_FEED": "usr"}}}, "E032"),
        ({"MANAGERS": {"default": {"FEEDS": "timeline"}}}, "E032"),
        ({"MANAGERS": {"default": {"USER_FEED": ["user"]}}}, "E032"),
        ({"MANAGERS": {"default": {"FEEDS": [["timeline"]]}}}, "E032"),
        ({"FEEDS": {"user": {"MAX_LENGTH": 999}, "timeline": {"MAX_LENGTH": 1_000}}}, "E033"),
        ({"MANAGERS": {"default": {"USER_FEED": "timeline", "FEEDS": ["timeline"]}}}, "E034"),
    ],
)
def test_what_does_not_fit_is_found_once(ids, value, expected):
    assert ids(**value) == [expected]


def test_one_key_in_two_storages_is_fine(ids):
    feeds = {"timeline": {}, "copy": {"KEY_FORMAT": "timeline:%(user_id)s", "STORAGE": "memory"}}

    assert ids(FEEDS=feeds, MANAGERS={}) == []


def test_two_names_of_one_storage_are_one_place(ids):
    feeds = {"timeline": {}, "copy": {"KEY_FORMAT": "timeline:%(user_id)s", "STORAGE": "database"}}

    assert ids(FEEDS=feeds, MANAGERS={}) == ["E023"]


def test_a_storage_that_cannot_be_made_breaks_no_check(ids):
    storages = {"fast": {"BACKEND": f"{HERE}.BrokenStorage"}}

    assert ids(STORAGES=storages, FEEDS={"timeline": {"STORAGE": "fast"}}, MANAGERS={}) == []


def test_a_missing_storage_comes_with_the_lines_to_add(found):
    (message,) = found(FEEDS={"timeline": {"STORAGE": "redis"}}, MANAGERS={}, TASKS="inline")

    assert message.msg == (
        "Where is the feed 'timeline' kept? There is no storage 'redis' (there are: database, default, memory). "
        "Add it to the settings:"
    )
    assert message.hint == (
        'DJANGO_FEEDS = {"STORAGES": {"redis": {"BACKEND": "django_feeds.storage.redis.RedisStorage", '
        '"OPTIONS": {"URL": "redis://127.0.0.1:6379/1"}}}}'
    )


def test_a_missing_feed_comes_with_the_word_that_was_meant(found):
    (message,) = found(MANAGERS={"default": {"FEEDS": ["timelines"]}}, TASKS="inline")

    assert message.hint == 'Did you mean \'timeline\'? Or add it: "FEEDS": {"timelines": {}}.'


GROUPED = "django_feeds.feeds.AggregatedFeed"


@pytest.mark.parametrize(
    "aggregator",
    [
        "django_feeds.aggregators.NoSuchAggregator",
        "django_feeds.feeds.Feed",
        "{nonsense}-{verb}",
        {"CLASS": "django_feeds.aggregators.RecentVerbAggregator", "OPTIONS": {"colour": "red"}},
        {"CLASS": "django_feeds.aggregators.RecentVerbAggregator", "OPTIONS": {"time_zone": "Mars/Olympus"}},
        5,
    ],
)
def test_an_aggregator_that_is_none(found, aggregator):
    (message,) = found(FEEDS={"grouped": {"CLASS": GROUPED, "AGGREGATOR": aggregator}}, **ALONE)

    assert message.id == "django_feeds.E026"
    assert "DJANGO_FEEDS['FEEDS']['grouped']" in message.msg


def test_an_aggregator_of_a_feed_that_does_not_group(ids):
    recent = "django_feeds.aggregators.RecentVerbAggregator"

    assert ids(FEEDS={"flat": {"AGGREGATOR": recent}}, **ALONE) == ["E026"]
    assert ids(FEEDS={"grouped": {"CLASS": GROUPED, "AGGREGATOR": recent}}, **ALONE) == []
    assert ids(FEEDS={"grouped": {"CLASS": GROUPED, "AGGREGATOR": "{verb}-{object}"}}, **ALONE) == []


def test_a_long_feed_that_is_grouped(ids):
    assert ids(FEEDS={"grouped": {"CLASS": GROUPED, "MAX_LENGTH": 5_000}}, **ALONE) == []
    assert ids(FEEDS={"grouped": {"CLASS": GROUPED, "MAX_LENGTH": 5_001}}, **ALONE) == ["W008"]


def test_a_live_feed_is_no_longer_than_is_read_at_each_look(ids):
    assert ids(FEEDS={"timeline": {"LIVE": True, "MAX_LENGTH": 5_000}}, **ALONE) == []
    assert ids(FEEDS={"timeline": {"LIVE": True, "MAX_LENGTH": 5_001}}, **ALONE) == ["W013"]
    assert ids(FEEDS={"timeline": {"LIVE": False, "MAX_LENGTH": 5_001}}, **ALONE) == []


def test_notifications_that_are_none(found, ids):
    managers = {"default": {"NOTIFICATIONS": "bell"}}

    assert ids(MANAGERS=managers) == ["E032"]
    (message,) = found(FEEDS={"bell": {"CLASS": GROUPED}}, MANAGERS=managers)
    assert (message.id, "is no NotificationFeed" in message.msg) == ("django_feeds.E035", True)
    assert ids(FEEDS={"bell": {"CLASS": "django_feeds.feeds.NotificationFeed"}}, MANAGERS=managers) == []
