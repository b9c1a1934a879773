"""The contract on Cassandra: alone, and on three nodes that keep three copies."""

from __future__ import annotations

import pytest
from django.test import SimpleTestCase

from django_feeds.storage import get_storage
from django_feeds.storage.cassandra import CassandraStorage
from django_feeds.testing.contract import StorageContract
from django_feeds.testing.contract.comparison import ComparedWithMemory
from tests import storages

from .cassandra_methods import requests


@pytest.mark.needs("cassandra")
class OneNodeTests(StorageContract, ComparedWithMemory, SimpleTestCase):
    examples = 40

    def make_storage(self):
        storages.empty("cassandra")
        return get_storage("cassandra")


@pytest.mark.needs("cassandra")
class ManagedTests(StorageContract, SimpleTestCase):
    """With what Amazon Keyspaces takes of CQL; said to Apache's, whose tables these are."""

    def make_storage(self):
        storages.empty("cassandra")
        storage = CassandraStorage("managed", {**get_storage("cassandra").options, "KEYSPACES": True})
        said = self.enterContext(requests(storage))
        self.addCleanup(self.look, said)
        return storage

    def look(self, said):
        for one in said:
            text = getattr(one.query, "prepared_statement", one.query).query_string
            self.assertNotRegex(text, "DISTINCT|PER PARTITION|COUNT|DELETE [^;]* IN ")
            self.assertLessEqual(text.count(";"), 30)


@pytest.mark.needs("cassandra_3")
class ThreeNodesTests(StorageContract, ComparedWithMemory, SimpleTestCase):
    examples = 15

    def make_storage(self):
        storages.empty("cassandra_3")
        return get_storage("cassandra_3")
