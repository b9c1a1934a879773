"""The example with its feeds in Cassandra, as CASSANDRA_HOSTS says."""

from __future__ import annotations

import pytest

from django_feeds.storage.cassandra import CassandraStorage
from tests import servers

pytestmark = pytest.mark.needs("cassandra")


@pytest.fixture
def there():
    """The variables of an example whose keyspace is not there yet."""
    server = servers.get("cassandra")
    storage = CassandraStorage("example", server.options)
    storage.provide("DROP KEYSPACE IF EXISTS example")
    yield {"CASSANDRA_HOSTS": server.nodes[0].host, "CASSANDRA_PORT": str(server.nodes[0].port)}
    storage.provide("DROP KEYSPACE IF EXISTS example")


def test_demo_on_cassandra_keeps_no_feed_in_the_database(manage, show, there):
    manage("demo", "--no-server", "--users", "8", "--pins", "60", **there)

    found = show(**there)

    assert found["storage"] == "CassandraStorage"
    assert found["rows"] == 0
    assert len(found["shown"]) == found["held"] > 10
    assert "no issues" in manage("check", "--database", "default", **there)


def test_a_site_moves_to_cassandra_with_two_variables_and_two_commands(manage, show, there):
    manage("demo", "--no-server", "--users", "8", "--pins", "60")
    in_database = show()
    assert in_database["storage"] == "DatabaseStorage"
    assert in_database["held"] > 10

    manage("sync_feed_storages", **there)
    # Who reads before the feeds are rebuilt sees the same.
    assert show(**there)["shown"] == in_database["shown"]
    manage("rebuild_feeds", **there)
    in_cassandra = show(**there)

    assert in_cassandra["shown"] == in_database["shown"]
    assert in_cassandra["held"] == in_database["held"]
