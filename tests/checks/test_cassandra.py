"""What the Cassandra storage says of its OPTIONS without asking a server, and of what the server lacks."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command

from django_feeds.storage import get_storage
from tests import servers

CASSANDRA = "django_feeds.storage.cassandra.CassandraStorage"
HOSTS = {"CONTACT_POINTS": ["10.0.0.1"]}


@pytest.fixture
def said(found):
    """The messages about a storage with these OPTIONS."""
    feeds = {"user": {"STORAGE": "cassandra"}, "timeline": {"STORAGE": "cassandra"}}
    return lambda **options: found(STORAGES={"cassandra": {"BACKEND": CASSANDRA, "OPTIONS": options}}, FEEDS=feeds)


@pytest.mark.parametrize(
    "options",
    [
        HOSTS,
        {**HOSTS, "PORT": 9142, "KEYSPACE": "site_2", "PREFIX": "site:", "LOCAL_DC": "frankfurt", "IN_FLIGHT": 8},
        {**HOSTS, "REPLICATION": 3, "CONSISTENCY": "QUORUM", "TIMEOUT": 2.5, "SPECULATIVE_DELAY": 0.05},
        {**HOSTS, "REPLICATION": {"class": "NetworkTopologyStrategy", "frankfurt": 3}, "CONSISTENCY": {"READ": "ONE"}},
        {**HOSTS, "USERNAME": "feeds", "PASSWORD": "secret", "CLUSTER": {"ssl_context": None}, "KEYSPACES": True},
        {"BUNDLE": "/etc/feeds/bundle.zip", "USERNAME": "feeds", "PASSWORD": "secret"},
    ],
)
def test_these_are_right(said, options):
    assert said(**options) == []


def test_an_unknown_option_is_named(said):
    (message,) = said(**HOSTS, CONTACT_POINT="10.0.0.1", REPLIKATION=3)

    assert message.id == "django_feeds.E050"
    assert message.msg == "The storage 'cassandra' has unknown OPTIONS: CONTACT_POINT, REPLIKATION."
    assert "CONTACT_POINTS" in message.hint


@pytest.mark.parametrize(
    ("options", "problem"),
    [({}, "neither CONTACT_POINTS nor BUNDLE"), ({**HOSTS, "BUNDLE": "x.zip"}, "both CONTACT_POINTS and BUNDLE")],
)
def test_there_is_one_place(said, options, problem):
    (message,) = said(**options)

    assert (message.id, problem in message.msg) == ("django_feeds.E056", True)
    assert '"CONTACT_POINTS": [' in message.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONTACT_POINTS", "10.0.0.1"),
        ("CONTACT_POINTS", []),
        ("CONTACT_POINTS", [13]),
        ("CONTACT_POINTS", ["a", 1]),
        ("CONTACT_POINTS", None),
        ("KEYSPACE", ["feeds"]),
        ("KEYSPACE", "My-Feeds"),
        ("KEYSPACE", "feeds; DROP KEYSPACE feeds"),
        ("KEYSPACE", None),
        ("REPLICATION", 0),
        ("REPLICATION", True),
        ("REPLICATION", "3"),
        ("REPLICATION", {"frankfurt": 3}),
        ("REPLICATION", {"class": "x'; DROP"}),
        ("CONSISTENCY", "LOCAL_QOURUM"),
        ("CONSISTENCY", {"READS": "ONE"}),
        ("CONSISTENCY", "SERIAL"),
        ("CONSISTENCY", {"READ": "ANY"}),
        ("IN_FLIGHT", 0.5),
        ("REPLICATION", {"class": "SimpleStrategy", "replication_factor": None}),
        ("CLUSTER", {"contact_points": ["10.0.0.1"]}),
        ("CONSISTENCY", {"READ": 1}),
        ("PORT", "9042"),
        ("TIMEOUT", 0),
        ("IN_FLIGHT", True),
        ("SPECULATIVE_DELAY", -1),
        ("USERNAME", "feeds"),
        ("PREFIX", 7),
        ("KEYSPACES", "yes"),
        ("CLUSTER", "10.0.0.1"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_one_that_can(said, name, value):
    (message,) = said(**{**HOSTS, name: value})

    assert message.id == "django_feeds.E057"
    assert message.msg == f"The storage 'cassandra' has {value!r} for its {name}."
    assert f'"{name}": ' in message.hint


def test_no_password_is_told(said):
    messages = said(**HOSTS, PASSWORD="hunter2")

    assert [message.id for message in messages] == ["django_feeds.E057"]
    assert "hunter2" not in str(messages)


def test_a_feed_longer_than_a_partition_should_be_is_warned_of(found):
    def messages(length):
        return found(
            STORAGES={"cassandra": {"BACKEND": CASSANDRA, "OPTIONS": HOSTS}},
            FEEDS={"user": {"MAX_LENGTH": length, "STORAGE": "cassandra"}, "timeline": {}},
        )

    assert messages(1_000_000) == []
    (message,) = messages(1_000_001)
    assert message.id == "django_feeds.W010"
    assert "'user' keeps up to 1,000,001 activities" in message.msg


# --- the server


def asked():
    messages = run_checks(tags=[Tags.database], databases=["default"])
    return [message for message in messages if message.id.startswith("django_feeds.")]


def feeds_in(settings, **options):
    options = {**servers.get("cassandra").options, **options}
    settings.DJANGO_FEEDS = {
        "STORAGES": {"cassandra": {"BACKEND": CASSANDRA, "OPTIONS": options}},
        "FEEDS": {"user": {"STORAGE": "cassandra"}, "timeline": {"STORAGE": "cassandra"}},
    }


@pytest.mark.django_db
@pytest.mark.needs("cassandra")
def test_a_missing_schema_is_said_and_mended_by_the_command(settings):
    feeds_in(settings, KEYSPACE="checked")
    get_storage("cassandra").provide("DROP KEYSPACE IF EXISTS checked")
    (message,) = asked()
    assert message.id == "django_feeds.W011"
    assert message.msg.startswith(
        "The storage 'cassandra' lacks something on its server: CREATE KEYSPACE IF NOT EXISTS checked"
    )
    assert message.hint == "manage.py sync_feed_storages"

    def run(*arguments):
        out = StringIO()
        call_command("sync_feed_storages", *arguments, stdout=out, stderr=StringIO())
        return out.getvalue().splitlines()

    told = run("--dry-run")
    assert told[0] == "Dry run: nothing is changed."
    assert "cassandra: 3 statements would be carried out." in told
    assert [message.id for message in asked()] == ["django_feeds.W011"]

    assert [line for line in run() if line.startswith("cassandra: CREATE TABLE IF NOT EXISTS checked.timelines (")]
    assert asked() == []
    assert "cassandra: nothing is missing." in run("--storage", "cassandra")
    assert run("--storage", "memory") == ["memory: nothing is missing."]
    get_storage("cassandra").provide("DROP KEYSPACE checked")


@pytest.mark.django_db
def test_a_server_that_is_not_there_is_a_warning(settings):
    """`migrate` runs this check, too."""
    feeds_in(settings, CONTACT_POINTS=["127.0.0.1"], PORT=1, CLUSTER={"connect_timeout": 1})

    (message,) = asked()

    assert message.id == "django_feeds.W012"
    assert "cannot serve" in message.msg
    call_command("migrate", stdout=StringIO(), stderr=StringIO())


@pytest.mark.django_db
def test_storages_that_no_feed_uses_are_not_asked(settings):
    cassandra = {"BACKEND": CASSANDRA, "OPTIONS": {"CONTACT_POINTS": ["127.0.0.1"], "PORT": 1}}
    settings.DJANGO_FEEDS = {"STORAGES": {"cassandra": cassandra}}

    assert asked() == []


def test_the_command_knows_its_storages():
    with pytest.raises(CommandError, match="There is no storage 'casandra' \\(there are: .*cassandra"):
        call_command("sync_feed_storages", "--storage", "casandra")


@pytest.mark.needs("cassandra")
def test_nobody_is_told_of_copies_and_the_command_says_how_many_to_say(settings):
    feeds_in(settings, KEYSPACE="nowhere", REPLICATION=None)
    del settings.DJANGO_FEEDS["STORAGES"]["cassandra"]["OPTIONS"]["REPLICATION"]

    with pytest.raises(CommandError, match='"REPLICATION": 3'):
        call_command("sync_feed_storages", "--storage", "cassandra", stdout=StringIO())
