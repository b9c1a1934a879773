"""What the Redis storage says of its OPTIONS, without asking a server."""

import traceback

import pytest
from django_redis.client import DefaultClient

from django_feeds import sources
from django_feeds.exceptions import FeedsConfigurationError
from django_feeds.storage import get_storage

REDIS = "django_feeds.storage.redis.RedisStorage"
URL = {"URL": "redis://127.0.0.1:6379/2"}
CLUSTER = {"CLUSTER": "redis://127.0.0.1:7000"}

CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:6379/0"},
    "feeds": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:6379/1"},
    "sentinel": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://feeds/0",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.SentinelClient",
            "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
            "SENTINELS": [("127.0.0.1", 26379)],
        },
    },
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "djangos": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:6379/8"},
    "shards": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": ["redis://127.0.0.1:6379/3", "redis://127.0.0.1:6379/4"],
        "OPTIONS": {"CLIENT_CLASS": "django_redis.client.ShardClient"},
    },
    "misspelt": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://127.0.0.1:6379/5",
        "OPTIONS": {"CLIENT_CLASS": "django_redis.client.HerdKlient"},
    },
    "nowhere": {"BACKEND": "django_redis.cache.RedisCache"},
    "port": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://:secret/2@127.0.0.1"},
    "text": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://127.0.0.1:6379/6",
        "OPTIONS": {"CONNECTION_POOL_KWARGS": {"decode_responses": True}},
    },
    "text_in_url": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://127.0.0.1:6379/7?decode_responses=False",
    },
}


@pytest.fixture(autouse=True)
def no_sources(monkeypatch):
    """They name the manager "default"."""
    monkeypatch.setattr(sources, "_sources", {})


@pytest.fixture
def said(found, settings):
    """The messages about a Redis storage with these options."""
    settings.CACHES = CACHES

    def said(options):
        return found(STORAGES={"fast": {"BACKEND": REDIS, "OPTIONS": options}}, FEEDS={}, MANAGERS={})

    return said


def ids(messages):
    return [message.id.removeprefix("django_feeds.") for message in messages]


@pytest.mark.parametrize(
    "options",
    [
        URL,
        CLUSTER,
        {"CACHE": "feeds"},
        {"CACHE": "sentinel", "PREFIX": "shop", "BODIES": 5_000},
        {"URL": "unix:///run/redis.sock?db=2", "CLIENT": {"socket_timeout": 1, "max_connections": 9}, "PREFIX": "{a}"},
        {"URL": "rediss://reader:secret@redis.example:6380/1"},
        {**CLUSTER, "CLIENT": {"socket_timeout": 1}, "PREFIX": "shop}{"},
    ],
)
def test_sound_options_are_silent(said, options):
    assert said(options) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({**URL, "DATABASE": "default"}, "E050"),
        ({**URL, "prefix": "shop"}, "E050"),
        ({}, "E052"),
        ({"PREFIX": "shop"}, "E052"),
        ({**URL, "CACHE": "feeds"}, "E052"),
        ({**CLUSTER, "CACHE": "feeds"}, "E052"),
        ({"CACHE": "fedes"}, "E053"),
        ({"CACHE": "memory"}, "E053"),
        ({"CACHE": "djangos"}, "E053"),
        ({"CACHE": "shards"}, "E053"),
        ({"CACHE": "misspelt"}, "E053"),
        ({"CACHE": "nowhere"}, "E053"),
        ({"CACHE": "port"}, "E053"),
        ({"CACHE": ["feeds"]}, "E054"),
        ({"CACHE": "feeds", "CLIENT": {"socket_timeout": 1}}, "E054"),
        ({"URL": ""}, "E054"),
        ({"URL": None}, "E054"),
        ({"URL": "http://127.0.0.1"}, "E054"),
        ({"URL": "redis://127.0.0.1:port"}, "E054"),
        ({"URL": "127.0.0.1:6379"}, "E054"),
        ({"CLUSTER": "127.0.0.1:7000"}, "E054"),
        ({"CLUSTER": ["redis://127.0.0.1:7000"]}, "E054"),
        ({"CLUSTER": "redis://127.0.0.1:7000/1"}, "E054"),
        ({"CLUSTER": "unix:///run/redis.sock"}, "E054"),
        ({"URL": "redis://127.0.0.1:6379?socket_timout=1"}, "E054"),
        ({"URL": "redis://127.0.0.1:6379", "CLIENT": {"db": 2}}, "E054"),
        ({**URL, "CLIENT": {"host": "127.0.0.2", "port": 6380}}, "E054"),
        ({"URL": "unix://", "CLIENT": {"path": "/run/redis.sock"}}, "E054"),
        ({**URL, "CLIENT": {"unix_socket_path": "/run/redis.sock"}}, "E054"),
        ({**CLUSTER, "CLIENT": {"host": "127.0.0.2"}}, "E054"),
        ({**CLUSTER, "CLIENT": {"startup_nodes": []}}, "E054"),
        ({**URL, "CLIENT": {"socket_timout": 1}}, "E054"),
        ({**URL, "CLIENT": [("socket_timeout", 1)]}, "E054"),
        ({**URL, "BODIES": 0}, "E054"),
        ({**URL, "BODIES": "1000"}, "E054"),
        ({**URL, "BODIES": True}, "E054"),
        ({**URL, "BODIES": None}, "E054"),
        ({**URL, "PREFIX": ""}, "E054"),
        ({**URL, "PREFIX": b"shop"}, "E054"),
        ({"CACHE": "text"}, "E055"),
        ({"CACHE": "text_in_url"}, "E055"),
        ({"URL": "redis://127.0.0.1/9", "CLIENT": {"decode_responses": True}}, "E055"),
        ({"URL": "redis://127.0.0.1/9?decode_responses=True"}, "E055"),
        ({**CLUSTER, "CLIENT": {"decode_responses": True}}, "E055"),
        ({"CACHE": "default"}, "W005"),
        ({"URL": "redis://127.0.0.1:6379/1"}, "W005"),
        ({"URL": "redis://localhost?db=1"}, "W005"),
        ({"URL": "redis://127.0.0.1:6379/8"}, "W005"),
        ({**CLUSTER, "PREFIX": "{shop}"}, "W006"),
        ({**CLUSTER, "PREFIX": "all:{shop}:feeds"}, "W006"),
        ("feeds", "E003"),
        (None, "E003"),
    ],
)
def test_each_mistake_is_told(said, options, expected):
    assert ids(said(options)) == [expected]


def test_two_mistakes_are_two_messages(said):
    assert ids(said({"BODIES": 0, "PREFIX": 5, "PLACE": "redis://"})) == ["E050", "E054", "E054"]


def test_each_message_says_how_to_mend_it(said):
    """The fault in the message, and in the hint what to write."""
    assert said({"CACHE": "fedes"})[0].hint.startswith("There are: default, feeds, ")
    assert '"LOCATION": "redis://127.0.0.1:6379/1"' in said({"CACHE": "memory"})[0].hint
    assert '"BODIES": 1_000_000' in said({**URL, "BODIES": 0})[0].hint
    assert '"URL": "redis://127.0.0.1:6379/1"' in said({})[0].hint
    assert "db, host: they belong into URL" in said({**URL, "CLIENT": {"db": 2, "host": "127.0.0.2"}})[0].msg
    assert "they belong into CLUSTER" in said({**CLUSTER, "CLIENT": {"port": 2}})[0].msg
    assert "must be percent-encoded" in said({"URL": "redis://:s3c/ret@127.0.0.1"})[0].msg
    assert "must be percent-encoded" in said({"CACHE": "port"})[0].msg
    assert "LocMemCache" in said({"CACHE": "memory"})[0].msg
    assert "socket_timout" in said({**URL, "CLIENT": {"socket_timout": 1}})[0].msg
    assert "with the cache 'default', whose" in said({"CACHE": "default"})[0].msg


@pytest.mark.parametrize(
    "options",
    [
        {"URL": "http://:secret@127.0.0.1"},
        {"URL": ["redis://:secret@127.0.0.1"]},
        {"URL": "redis://:secret@127.0.0.1:port"},
        {"URL": "redis://:secret/2@127.0.0.1"},
        {"URL": "redis://:a?secret=2@127.0.0.1"},
        {"URL": "redis://:[secret@127.0.0.1"},
        {"CLUSTER": "redis://:secret/2@127.0.0.1"},
        {"CLUSTER": "redis://:a?secret=2@127.0.0.1"},
        {"CACHE": "port"},
        {"URL": "redis://:secret@127.0.0.1", "CLIENT": {"pasword": "secret"}},
        {"URL": "redis://127.0.0.1", "CLIENT": [("password", "secret")]},
        {"CLUSTER": "redis://:secret@127.0.0.1/1"},
    ],
)
def test_no_message_shows_a_password(said, options):
    (message,) = said(options)

    assert "secret" not in f"{message.msg} {message.hint}"


@pytest.mark.parametrize(
    "options",
    [
        {"URL": "http://:secret@127.0.0.1"},
        {"CLUSTER": "http://:secret@127.0.0.1"},
        {"URL": "redis://:secret/2@127.0.0.1"},
        {"URL": "redis://:a?secret=2@127.0.0.1"},
        {"CLUSTER": "redis://:secret/2@127.0.0.1"},
        {"CACHE": "port"},
    ],
)
def test_nor_does_the_error_of_one_who_ran_no_checks(settings, options):
    settings.CACHES = CACHES
    settings.DJANGO_FEEDS = {"STORAGES": {"fast": {"BACKEND": REDIS, "OPTIONS": options}}}

    with pytest.raises(FeedsConfigurationError, match="The storage 'fast' (cannot have a client|wants)") as caught:
        get_storage("fast").count("timeline:1", max_length=5)

    assert "secret" not in "".join(traceback.format_exception(caught.value))


class BrokenClient(DefaultClient):
    """Somebody's own, with a mistake in it."""

    def get_client(self, *args, **kwargs):
        return self.no_such_attribute


class UnfinishedClient(DefaultClient):
    def __init__(self, server):
        super().__init__(server, {}, None)


@pytest.mark.parametrize(("client", "error"), [(BrokenClient, AttributeError), (UnfinishedClient, TypeError)])
def test_a_mistake_in_a_client_of_ones_own_is_not_hidden(said, settings, client, error):
    own = {**CACHES["feeds"], "OPTIONS": {"CLIENT_CLASS": f"{__name__}.{client.__name__}"}}
    settings.CACHES = {**CACHES, "own": own}

    with pytest.raises(error, match="no_such_attribute|__init__"):
        said({"CACHE": "own"})


def test_all_caches_that_share_the_database_are_named(said, settings):
    settings.CACHES = {**CACHES, "pages": CACHES["feeds"]}

    (message,) = said({"URL": "redis://127.0.0.1:6379/1"})

    assert "with the caches 'feeds' and 'pages', whose" in message.msg


# --- where two storages are one place


@pytest.fixture
def shared(found, settings):
    """Are these two storages one place, so that a feed in each with one key is a clash?"""
    settings.CACHES = CACHES

    def shared(first, second):
        storages = {"first": {"BACKEND": REDIS, "OPTIONS": first}, "second": {"BACKEND": REDIS, "OPTIONS": second}}
        feeds = {name: {"STORAGE": name, "KEY_FORMAT": "timeline:%(user_id)s"} for name in storages}
        return "E023" in ids(found(STORAGES=storages, FEEDS=feeds, MANAGERS={}))

    return shared


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (URL, URL),
        (URL, {**URL, "BODIES": 5}),
        (URL, {**URL, "PREFIX": "feeds"}),
        ({"URL": "redis://127.0.0.1:6379/1"}, {"CACHE": "feeds"}),
        ({"URL": "redis://localhost"}, {"URL": "redis://127.0.0.1:6379/0"}),
        ({"URL": "redis://localhost?db=3"}, {"URL": "redis://:secret@localhost/3"}),
        ({"URL": "unix:///run/redis.sock"}, {"URL": "unix:///run/redis.sock?db=0"}),
        ({"CACHE": "sentinel"}, {"CACHE": "sentinel"}),
    ],
)
def test_two_ways_to_write_one_place_are_one(shared, first, second):
    assert shared(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (URL, {**URL, "PREFIX": "shop"}),
        (URL, {"URL": "redis://127.0.0.1:6379/3"}),
        (URL, {"URL": "redis://127.0.0.2:6379/2"}),
        (URL, {"URL": "redis://127.0.0.1:6380/2"}),
        (URL, CLUSTER),
        ({"URL": "unix:///run/redis.sock?db=1"}, {"URL": "unix:///run/redis.sock?db=2"}),
        ({"URL": "redis://feeds"}, {"CACHE": "sentinel"}),
        ({"CACHE": "feeds"}, {"CACHE": "djangos"}),
    ],
)
def test_two_places_are_two(shared, first, second):
    assert not shared(first, second)
