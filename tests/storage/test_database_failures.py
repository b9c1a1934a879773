"""A database that does not answer, options that are wrong, and work inside the caller's transaction."""

import sqlite3
import uuid
from contextlib import closing

from django.db import InterfaceError, OperationalError, connections, transaction
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from django_feeds.exceptions import StorageUnavailable
from django_feeds.ids import MIN_ID
from django_feeds.models import TimelineEntry
from django_feeds.storage.base import Entry
from django_feeds.storage.cuts import due_for_cut
from django_feeds.storage.database import DatabaseStorage
from django_feeds.storage.dialects.sql import uuid_of
from django_feeds.testing.contract.case import entries, entry

EVERYTHING = {
    "add": lambda storage: storage.add(["home"], entries(1), max_length=5),
    "add with a floor": lambda storage: storage.add(["home"], entries(1), floor=MIN_ID, max_length=5),
    "remove": lambda storage: storage.remove(["home"], [entry(1).id]),
    "trim": lambda storage: storage.trim(["home"], 5),
    "delete": lambda storage: storage.delete(["home"]),
    "slice": lambda storage: storage.slice("home", limit=5),
    "slice_many": lambda storage: storage.slice_many(["home"], limit=5),
    "count": lambda storage: storage.count("home", max_length=5),
    "rank": lambda storage: storage.rank("home", entry(1).id, max_length=5),
}


class UnreachableTests(TestCase):
    databases = {"default"}

    def test_every_method_says_that_the_database_is_gone(self):
        for error in (OperationalError("server closed the connection"), InterfaceError("connection already closed")):
            for name, work in EVERYTHING.items():
                with self.subTest(name, error=error), connections["default"].execute_wrapper(raising(error)):
                    with self.assertRaisesMessage(StorageUnavailable, "The database of the storage 'mine'") as caught:
                        work(DatabaseStorage("mine", {}))
                    self.assertIs(caught.exception.__cause__, error)
                    self.assertIn(str(error), str(caught.exception))


def raising(error):
    def wrapper(execute, sql, params, many, context):
        raise error

    return wrapper


class GoneServerTests(TransactionTestCase):
    databases = {"default", "postgresql"}

    def test_a_server_that_ended_the_connection(self):
        storage = DatabaseStorage("default", {"DATABASE": "postgresql"})
        storage.add(["home"], entries(1), max_length=5)
        connection = connections["postgresql"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        self.end(pid)

        with self.assertRaises(StorageUnavailable) as caught:
            storage.slice("home", limit=5)

        self.assertIsInstance(caught.exception.__cause__, (OperationalError, InterfaceError))
        connection.close()  # as Django does at the end of a request
        self.assertEqual(storage.slice("home", limit=5).entries, entries(1))

    def end(self, pid):
        other = connections["postgresql"].copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        finally:
            other.close()


class LockedSQLiteTests(TransactionTestCase):
    def test_a_database_that_another_process_keeps_locked(self):
        connection = connections["default"]
        if connection.vendor != "sqlite":
            self.skipTest("about SQLite's one writer at a time")
        storage = DatabaseStorage("default", {})
        storage.add(["home"], entries(1), max_length=5)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        self.addCleanup(connection.close)

        with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for name in ("add", "remove", "delete"):
                with self.subTest(name), self.assertRaisesMessage(StorageUnavailable, "locked"):
                    EVERYTHING[name](storage)
            self.assertEqual(storage.slice("home", limit=5).entries, entries(1))


class InsideTransactionTests(TransactionTestCase):
    databases = {"default", "postgresql", "mysql"}

    def test_what_is_rolled_back_was_never_there(self):
        for using in sorted(self.databases):
            with self.subTest(using):
                storage = DatabaseStorage("default", {"DATABASE": using})
                storage.add(["kept"], entries(1), max_length=5)

                with transaction.atomic(using=using):
                    storage.add(["kept", "new"], entries(2), max_length=5)
                    storage.add(["kept"], [], floor=MIN_ID, max_length=5)
                    storage.trim(["kept"], 1)
                    transaction.set_rollback(True, using=using)

                self.assertEqual(storage.slice("kept", limit=5).entries, entries(1))
                self.assertEqual(storage.slice("kept", limit=5).floor.int + (1 << 26), entry(1).id.int)
                self.assertEqual(storage.count("new", max_length=5), 0)

    def test_each_database_has_timelines_of_its_own(self):
        here, there = (DatabaseStorage("default", {"DATABASE": using}) for using in ("default", "postgresql"))

        here.add(["home"], entries(1), max_length=5)

        self.assertEqual(there.count("home", max_length=5), 0)
        self.assertNotEqual(here.identity(), there.identity())
        self.assertEqual(here.identity(), DatabaseStorage("another", {}).identity())


class CutTests(TestCase):
    def test_single_pushes_are_cut_now_and_then(self):
        storage = DatabaseStorage("default", {})
        keys = [f"reader {number}" for number in range(10)]

        for ms in range(1_500):
            storage.add(keys, [entry(ms)], max_length=20)

        self.assertEqual({storage.count(key, max_length=20) for key in keys}, {20})
        self.assertEqual(storage.slice(keys[0], limit=20).entries, entries(*range(1_499, 1_479, -1)))
        self.assertLess(TimelineEntry.objects.count() / len(keys), 20 + 2 * 100)

    def test_the_timelines_counted_are_the_same_for_a_task_that_runs_twice(self):
        keys = [f"timeline:{number}" for number in range(1_000)]

        for ms in range(50):
            self.assertEqual(due_for_cut(keys, entries(ms), 500), due_for_cut(keys, entries(ms), 500))

    def test_a_timeline_is_counted_about_once_in_a_tenth_of_its_length(self):
        keys = [f"timeline:{number}" for number in range(1_000)]
        for length, every in ((10, 100), (1_000, 100), (5_000, 500)):
            with self.subTest(length):
                counted = sum(len(due_for_cut(keys, entries(ms), length)) for ms in range(2_000))
                self.assertAlmostEqual(2_000_000 / counted, every, delta=every * 0.35)

    def test_where_counting_is_dear_it_is_done_less_often(self):
        keys = [f"timeline:{number}" for number in range(1_000)]

        counted = sum(len(due_for_cut(keys, entries(ms), 1_000, 2)) for ms in range(4_000))

        self.assertAlmostEqual(4_000_000 / counted, 500, delta=500 * 0.35)

    def test_many_entries_at_once_are_always_followed_by_a_count(self):
        self.assertEqual(due_for_cut(["a", "b"], entries(*range(30)), 1_000), ["a", "b"])

    def test_a_few_entries_for_one_timeline_are_followed_by_one_now_and_then(self):
        counted = sum(len(due_for_cut(["a"], entries(ms, ms + 1), 1_000)) for ms in range(0, 20_000, 2))

        self.assertAlmostEqual(20_000 / counted, 100, delta=35)


class OptionTests(SimpleTestCase):
    def test_good_options_pass(self):
        self.assertEqual(DatabaseStorage("default", {}).check(), [])
        self.assertEqual(DatabaseStorage("default", {"DATABASE": "default"}).check(), [])

    def test_an_unknown_database_is_named_with_those_there_are(self):
        (message,) = DatabaseStorage("feeds", {"DATABASE": "replica"}).check()

        self.assertEqual(message.id, "django_feeds.E051")
        self.assertIn("'replica'", message.msg)
        self.assertIn("default", message.hint)

    def test_an_unknown_option_is_named(self):
        (message,) = DatabaseStorage("feeds", {"DATBASE": "default"}).check()

        self.assertEqual(message.id, "django_feeds.E050")
        self.assertIn("DATBASE", message.msg)


class IdTests(SimpleTestCase):
    def test_an_id_made_of_bytes_is_a_uuid_like_any_other(self):
        id = uuid.uuid4()
        made = uuid_of(id.bytes)

        self.assertEqual((made, hash(made), str(made), made.is_safe), (id, hash(id), str(id), id.is_safe))
        self.assertEqual({Entry(made)}, {Entry(id)})
