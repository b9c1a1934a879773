"""The database storage on each database, in a transaction and without one."""

from django.test import TestCase, TransactionTestCase

from django_feeds.storage.database import DatabaseStorage
from django_feeds.storage.dialects import Dialect
from django_feeds.testing.contract import StorageContract
from django_feeds.testing.contract.comparison import ComparedWithMemory


class SQLiteStorageTests(StorageContract, ComparedWithMemory, TestCase):
    def make_storage(self):
        return DatabaseStorage("default", {})


class PostgreSQLStorageTests(StorageContract, ComparedWithMemory, TestCase):
    databases = {"default", "postgresql"}

    def make_storage(self):
        return DatabaseStorage("default", {"DATABASE": "postgresql"})


class MySQLStorageTests(StorageContract, ComparedWithMemory, TestCase):
    databases = {"default", "mysql"}

    def make_storage(self):
        return DatabaseStorage("default", {"DATABASE": "mysql"})


class PlainDialectStorage(DatabaseStorage):
    """As on a database that we know nothing about."""

    def reader(self):
        return Dialect(self.options["DATABASE"])

    writer = reader


class PlainDialectTests(StorageContract, ComparedWithMemory, TestCase):
    examples = 25

    def make_storage(self):
        return PlainDialectStorage("default", {"DATABASE": "default"})


class SQLiteAutocommitTests(StorageContract, TransactionTestCase):
    def make_storage(self):
        return DatabaseStorage("default", {})


class PostgreSQLAutocommitTests(StorageContract, TransactionTestCase):
    databases = {"default", "postgresql"}

    def make_storage(self):
        return DatabaseStorage("default", {"DATABASE": "postgresql"})
