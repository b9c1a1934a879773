from django.test import SimpleTestCase

from django_feeds.storage.base import Entry, Mark
from django_feeds.storage.memory import MemoryStorage
from django_feeds.testing.contract import StorageContract
from django_feeds.testing.contract.case import entry
from django_feeds.testing.contract.comparison import ComparedWithMemory


class MemoryStorageTests(StorageContract, ComparedWithMemory, SimpleTestCase):
    def make_storage(self):
        storage = MemoryStorage("tested", {})
        self.addCleanup(storage.clear)
        return storage

    def test_storages_of_one_name_are_one_place(self):
        self.add(self.key, [entry(1)])

        self.assertEqual(MemoryStorage("tested", {}).count(self.key, max_length=5), 1)
        self.assertEqual(MemoryStorage("another", {"NAME": "tested"}).count(self.key, max_length=5), 1)
        self.assertEqual(MemoryStorage("another", {}).count(self.key, max_length=5), 0)

    def test_clear_forgets_everything(self):
        self.add(self.key, [entry(1)])
        self.storage.put({entry(1).id: "{}"})
        self.storage.mark(self.key, {7: Mark(9, 9)})

        self.storage.clear()

        self.assertEqual(self.storage.count(self.key, max_length=5), 0)
        self.assertEqual(self.storage.get([entry(1).id]), {})
        self.assertEqual(self.storage.marks(self.key), {})

    def test_it_keeps_not_one_more_than_the_bound(self):
        for ms in range(1, 31):
            self.add(self.key, [Entry(entry(ms).id)], max_length=5)

        self.assertEqual(len(self.storage.slice(self.key, limit=100).entries), 5)
        self.assertEqual(self.floor(), entry(25).id)
