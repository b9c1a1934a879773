"""The Redis storage on each version of Redis, on a Cluster, and through a cache of django-redis."""

import pytest
from django.test import SimpleTestCase

from django_feeds.storage import get_storage
from django_feeds.testing.contract import StorageContract
from django_feeds.testing.contract.comparison import ComparedWithMemory
from tests import servers


@pytest.mark.needs("redis_7")
class Redis7StorageTests(StorageContract, ComparedWithMemory, SimpleTestCase):
    def make_storage(self):
        return get_storage("redis_7")


# Not skipif: what a test needs is started before that is looked at.
@(pytest.mark.needs if "redis_6" in servers.REDIS else pytest.mark.skip)("redis_6")
class Redis6StorageTests(StorageContract, ComparedWithMemory, SimpleTestCase):
    def make_storage(self):
        return get_storage("redis_6")


@pytest.mark.needs("redis_cluster")
class ClusterStorageTests(StorageContract, ComparedWithMemory, SimpleTestCase):
    examples = 25

    def make_storage(self):
        return get_storage("redis_cluster")


@pytest.mark.needs("redis_7")
class CacheStorageTests(StorageContract, ComparedWithMemory, SimpleTestCase):
    def make_storage(self):
        return get_storage("redis_alias")
