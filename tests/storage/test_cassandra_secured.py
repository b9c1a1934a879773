"""Against a Cassandra that asks who one is and talks TLS alone."""

from __future__ import annotations

import ssl

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_feeds.exceptions import FeedsConfigurationError, StorageUnavailable
from django_feeds.ids import MIN_ID
from django_feeds.storage import get_storage
from django_feeds.storage.cassandra import CassandraStorage, connections
from django_feeds.testing.contract.case import entries
from tests import servers

from .cassandra_methods import EVERYTHING, prepare

pytestmark = pytest.mark.needs("cassandra_secured")

FEEDS = {"USERNAME": "feeds", "PASSWORD": "a secret"}


@pytest.fixture
def server():
    """It is there, and so are the keyspace and a role that may do nothing yet."""
    server = servers.get("cassandra_secured")
    storage = CassandraStorage("owner", server.options)
    prepare(storage)
    session = storage.server.connection.session
    session.execute("DROP ROLE IF EXISTS feeds")
    session.execute("CREATE ROLE feeds WITH PASSWORD = 'a secret' AND LOGIN = true")
    yield server
    connections.close()  # who has logged in stays so


@pytest.fixture
def session(server):
    return CassandraStorage("owner", server.options).server.connection.session


def test_a_role_that_may_select_and_modify_can_do_everything(server, session):
    session.execute("GRANT SELECT ON KEYSPACE feeds TO feeds")
    session.execute("GRANT MODIFY ON KEYSPACE feeds TO feeds")
    storage = CassandraStorage("secured", {**server.options, **FEEDS})

    for work in EVERYTHING.values():
        work(storage)
    storage.add(["home"], entries(1, 2), max_length=5, floor=MIN_ID)

    assert storage.slice("home", limit=5).entries == entries(2, 1)


@pytest.mark.parametrize("work", EVERYTHING.values(), ids=EVERYTHING)
def test_a_role_that_may_not_is_told_what_it_needs(server, work):
    storage = CassandraStorage("secured", {**server.options, **FEEDS})

    with pytest.raises(FeedsConfigurationError, match="'secured' may not do what it has to(.|\n)*SELECT and MODIFY"):
        work(storage)


def test_a_wrong_password_is_said(server):
    storage = CassandraStorage("secured", {**server.options, **FEEDS, "PASSWORD": "a guess"})

    with pytest.raises(StorageUnavailable, match="'secured' cannot serve(.|\n)*credentials"):
        storage.slice("home", limit=1)


def test_who_does_not_talk_tls_does_not_get_through(server):
    plain = {name: value for name, value in server.options.items() if name != "CLUSTER"}

    with pytest.raises(StorageUnavailable, match="'plain' cannot serve"):
        CassandraStorage("plain", {**plain, "CLUSTER": {"connect_timeout": 2}}).slice("home", limit=1)


def test_a_certificate_of_somebody_else_is_not_trusted(server):
    stranger = {"ssl_context": ssl.create_default_context(), "connect_timeout": 60}

    with pytest.raises(StorageUnavailable, match="(?i)certificate"):
        CassandraStorage("secured", {**server.options, "CLUSTER": stranger}).slice("home", limit=1)


def test_the_command_says_that_a_role_may_not_make_tables(server):
    options = {**server.options, **FEEDS, "KEYSPACE": "another"}
    backend = "django_feeds.storage.cassandra.CassandraStorage"
    declared = {"secured": {"BACKEND": backend, "OPTIONS": options}}

    with override_settings(DJANGO_FEEDS={"STORAGES": declared}):
        assert get_storage("secured").lacks()
        with pytest.raises(CommandError, match="CREATE and ALTER"):
            call_command("sync_feed_storages", verbosity=0)
