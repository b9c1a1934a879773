"""The contract on Cassandra: alone, and on three nodes that keep three copies."""

from __future__ import annotations

import pytest
from django.test import SimpleTestCase

from django_feeds.storage import get_storage
from django_feeds.testing.contract import StorageContract
from django_feeds.testing.contract.comparison import ComparedWithMemory
from tests import storages


@pytest.mark.needs("cassandra")
class OneNodeTests(StorageContract, ComparedWithMemory, SimpleTestCase):
    examples = 40

    def make_storage(self):
        storages.empty("cassandra")
        return get_storage("cassandra")


@pytest.mark.needs("cassandra_3")
class ThreeNodesTests(StorageContract, ComparedWithMemory, SimpleTestCase):
    examples = 15

    def make_storage(self):
        storages.empty("cassandra_3")
        return get_storage("cassandra_3")
