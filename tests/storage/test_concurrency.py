"""Threads on real databases: no deadlock, nothing lost, floors that tell the truth."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from random import Random
from threading import Barrier

from django.db import connections
from django.test import TransactionTestCase

from django_feeds.ids import MIN_ID
from django_feeds.models import Timeline, TimelineEntry
from django_feeds.storage.base import Entry, Mark
from django_feeds.storage.database import DatabaseStorage
from django_feeds.testing.contract.case import entry

KEYS = [f"reader {number}" for number in range(40)]
LENGTH = 60
WORKERS = 6


class Racing:
    """Mixed into one TestCase for each database."""

    using = ""

    def setUp(self):
        self.storage = self.make_storage()

    def make_storage(self):
        return DatabaseStorage("default", {"DATABASE": self.using})

    def together(self, *works):
        """Run these at the same time; returns what each returns, raises what any of them raises."""
        barrier = Barrier(len(works))

        def run(work):
            try:
                barrier.wait(30)
                return work()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(works)) as pool:
            return [future.result(120) for future in [pool.submit(run, work) for work in works]]


class RacingMarksTests(Racing):
    def marking(self, seed):
        """Raise marks of the same groups in any order, now and then of the whole; returns what was asked for."""

        def work():
            storage, random, asked = self.make_storage(), Random(seed), []
            for _ in range(60):
                marks = {
                    group: Mark(random.randint(0, 1_000), random.randint(0, 1_000))
                    for group in random.sample(range(1, 40), random.choice([1, 5, 30]))
                }
                if random.random() < 0.3:
                    marks[0] = Mark(random.randint(0, 800), random.randint(0, 800))
                storage.mark("home", marks)
                asked.append(marks)
            return asked

        return work

    def test_marks_of_many_workers_are_all_kept(self):
        asked = self.together(*[self.marking(seed) for seed in range(WORKERS)])

        highest = Counter()
        for marks in chain(*asked):
            for group, mark in marks.items():
                for name, number in mark._asdict().items():
                    highest[group, name] = max(highest[group, name], number)
        kept = self.storage.marks("home")
        for group in range(40):
            mark = kept.get(group, Mark())
            for name in ("seen", "read"):
                said = max(getattr(mark, name), getattr(kept[0], name))
                self.assertEqual(said, max(highest[group, name], highest[0, name]), (group, name))


class RacingTests(RacingMarksTests):
    def pushing(self, times, seed):
        """Push these, one after the other, to all timelines in a shuffled order."""

        def work():
            storage, keys = self.make_storage(), list(KEYS)
            random = Random(seed)
            for ms in times:
                random.shuffle(keys)
                storage.add(keys, [entry(ms)], max_length=LENGTH)

        return work

    def cutting(self, seed):
        def work():
            storage, keys = self.make_storage(), list(KEYS)
            random = Random(seed)
            for _ in range(60):
                random.shuffle(keys)
                storage.trim(keys, LENGTH)

        return work

    def refilling(self, truth, seed):
        """What a refill does: brings all there is above a floor, and lowers the floor to it."""

        def work():
            storage, keys = self.make_storage(), list(KEYS)
            random = Random(seed)
            for _ in range(20):
                random.shuffle(keys)
                kept = sorted(truth)[-random.randint(10, LENGTH) :]
                some = random.sample(keys, 8)
                storage.add(some, [Entry(id) for id in kept[1:]], floor=kept[0], max_length=LENGTH)

        return work

    def removing(self, times, seed):
        """Take these off all timelines, and put some back."""

        def work():
            storage, random = self.make_storage(), Random(seed)
            ids = [entry(ms).id for ms in times]
            for _ in range(30):
                some, keys = random.sample(ids, 20), random.sample(KEYS, 20)
                storage.remove(keys, some)
                storage.add(keys, [Entry(id) for id in some[:5]], max_length=LENGTH)

        return work

    def shown(self, key):
        part = self.storage.slice(key, limit=LENGTH)
        return part.floor, [each.id for each in part.entries]

    def test_pushes_of_many_workers_all_arrive(self):
        works = [self.pushing(range(worker, 240, WORKERS), worker) for worker in range(WORKERS)]
        self.storage.add(KEYS, [], floor=MIN_ID, max_length=1_000)

        self.together(*works)

        newest = [entry(ms).id for ms in range(239, 239 - LENGTH, -1)]
        for key in KEYS:
            self.assertEqual(self.shown(key)[1], newest)

    def test_new_timelines_are_made_once_and_tell_what_they_know(self):
        self.together(*[self.pushing(range(worker, 120, WORKERS), worker) for worker in range(WORKERS)])

        self.assertEqual(Timeline.objects.using(self.using).count(), len(KEYS))
        for key in KEYS:
            floor, ids = self.shown(key)
            above = [entry(ms).id for ms in range(119, -1, -1) if entry(ms).id > floor]
            self.assertEqual(ids, above[:LENGTH])

    def test_the_same_push_by_many_workers_is_one(self):
        self.together(*[self.pushing(range(100), worker) for worker in range(WORKERS)])

        for key in KEYS:
            floor, ids = self.shown(key)
            self.assertEqual(ids, [id for ms in range(99, -1, -1) if (id := entry(ms).id) > floor][:LENGTH])

    def test_pushes_cuts_and_refills_of_the_same_timelines(self):
        old = [entry(ms).id for ms in range(200)]
        self.storage.add(KEYS, [Entry(id) for id in old], floor=MIN_ID, max_length=LENGTH)

        self.together(
            self.pushing(range(200, 300), 1),
            self.pushing(range(199, 300, 2), 2),
            self.cutting(3),
            self.cutting(4),
            self.refilling(old, 5),
            self.refilling(old, 6),
        )

        truth = [entry(ms).id for ms in range(299, -1, -1)]
        for key in KEYS:
            floor, ids = self.shown(key)
            self.assertEqual(ids, [id for id in truth if id > floor][:LENGTH])
            self.assertEqual(len(ids), LENGTH)

    def test_removals_and_pushes_of_the_same_entries_wait_in_no_circle(self):
        old = [entry(ms) for ms in range(LENGTH)]
        self.storage.add(KEYS, old, floor=MIN_ID, max_length=LENGTH)

        self.together(*[self.removing(range(LENGTH), seed) for seed in range(WORKERS)])

        for key in KEYS:
            self.assertLessEqual(set(self.shown(key)[1]), {each.id for each in old})

    def test_what_came_in_under_a_floor_is_taken_by_the_next_cut(self):
        self.storage.add(["home"], [entry(5), entry(6)], max_length=LENGTH)
        timeline = Timeline.objects.using(self.using).get()
        TimelineEntry.objects.using(self.using).create(timeline=timeline, activity_id=entry(1).id)

        self.assertEqual(self.shown("home")[1], [entry(6).id, entry(5).id])

        self.storage.trim(["home"], 1)
        self.assertEqual(TimelineEntry.objects.using(self.using).count(), 1)


class PostgreSQLRacingTests(RacingTests, TransactionTestCase):
    databases = {"default", "postgresql"}
    using = "postgresql"


class MySQLRacingTests(RacingTests, TransactionTestCase):
    databases = {"default", "mysql"}
    using = "mysql"


class SQLiteRacingTests(RacingMarksTests, TransactionTestCase):
    using = "default"
