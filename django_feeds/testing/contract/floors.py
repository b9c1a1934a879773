"""Bounds and floors: what a timeline claims to know."""

from __future__ import annotations

from ...ids import MAX_ID, MIN_ID, before
from .case import WHOLE, ContractCase, entries, entry

__all__ = ["FloorsContract"]


class FloorsContract(ContractCase):
    def test_a_missing_timeline_knows_nothing(self):
        self.assertEqual(self.storage.slice(self.key, limit=5), ([], MAX_ID, {}))

    def test_a_push_makes_a_timeline_complete_above_what_is_right_under_its_first_entry(self):
        self.add(self.key, entries(5))

        self.assertEqual(self.floor(), before(entry(5).id))

    def test_a_push_of_several_puts_the_floor_under_the_oldest(self):
        self.add(self.key, entries(7, 5, 6))

        self.assertEqual(self.floor(), before(entry(5).id))
        self.assertEqual(self.read(), entries(7, 6, 5))

    def test_nothing_comes_in_under_the_floor(self):
        self.add(self.key, entries(5))

        self.add(self.key, entries(4, 6, 3))

        self.assertEqual(self.read(), entries(6, 5))
        self.assertEqual(self.floor(), before(entry(5).id))

    def test_nothing_comes_in_at_the_floor(self):
        self.add(self.key, entries(6), floor=entry(5).id)

        self.add(self.key, entries(5))

        self.assertEqual(self.read(), entries(6))

    def test_right_above_the_floor_is_above_it(self):
        self.add(self.key, entries(6), floor=before(entry(5).id))

        self.add(self.key, entries(5))

        self.assertEqual(self.read(), entries(6, 5))

    def test_a_given_floor_is_that_of_a_new_timeline(self):
        self.add(self.key, entries(5, 6), floor=entry(2).id)

        self.assertEqual(self.floor(), entry(2).id)
        self.assertEqual(self.read(), entries(6, 5))

    def test_a_given_floor_lowers_that_of_a_timeline(self):
        self.add(self.key, entries(9))

        self.add(self.key, entries(7, 8), floor=entry(6).id)

        self.assertEqual(self.floor(), entry(6).id)
        self.assertEqual(self.read(), entries(9, 8, 7))

    def test_a_given_floor_never_raises_one(self):
        self.add(self.key, entries(3), floor=MIN_ID)

        self.add(self.key, entries(2, 8), floor=entry(5).id)

        self.assertEqual(self.floor(), MIN_ID)
        self.assertEqual(self.read(), entries(8, 3, 2))

    def test_an_empty_timeline_can_be_complete(self):
        self.add(self.key, [], floor=MIN_ID)

        self.assertEqual(self.storage.slice(self.key, limit=5), ([], MIN_ID, {}))

        self.add(self.key, entries(1))
        self.assertEqual(self.read(), entries(1))
        self.assertEqual(self.floor(), MIN_ID)

    def test_a_refill_twice_is_a_refill_once(self):
        self.add(self.key, entries(9))

        for _ in range(2):
            self.add(self.key, entries(7, 8), floor=entry(6).id)

            self.assertEqual(self.floor(), entry(6).id)
            self.assertEqual(self.read(), entries(9, 8, 7))

    def test_a_cut_keeps_the_newest_and_raises_the_floor_to_the_newest_that_went(self):
        self.add(self.key, entries(*range(1, 501)), max_length=10)

        self.assertEqual(self.storage.slice(self.key, limit=10).entries, entries(*range(500, 490, -1)))
        known = self.storage.slice(self.key, limit=WHOLE)
        self.assertEqual(known.floor, entry(500 - len(known.entries)).id)

    def test_at_most_a_hundred_lie_beyond_a_short_bound_unseen(self):
        self.add(self.key, entries(*range(1, 501)), max_length=10)

        self.assertLessEqual(len(self.storage.slice(self.key, limit=WHOLE).entries), 110)

    def test_the_reader_is_never_shown_more_than_the_bound(self):
        for ms in range(1, 31):
            self.add(self.key, entries(ms), max_length=5)

            self.assertEqual(self.storage.count(self.key, max_length=5), min(ms, 5))
        self.assertIsNone(self.storage.rank(self.key, entry(25).id, max_length=5))
        self.assertEqual(self.storage.rank(self.key, entry(26).id, max_length=5), 4)

    def test_what_a_cut_took_does_not_come_back_by_a_late_push(self):
        self.add(self.key, entries(*range(1, 11)))
        self.trim(self.key, 5)

        self.add(self.key, entries(3, 5))

        self.assertEqual(self.storage.slice(self.key, limit=WHOLE).entries, entries(10, 9, 8, 7, 6))
        self.assertEqual(self.floor(), entry(5).id)

    def test_what_a_cut_took_comes_back_by_a_refill(self):
        self.add(self.key, entries(*range(1, 11)), floor=MIN_ID)
        self.trim(self.key, 5)
        self.remove(self.key, [entry(ms).id for ms in range(7, 11)])

        self.add(self.key, entries(3, 4, 5, 6), floor=entry(2).id)

        self.assertEqual(self.read(), entries(6, 5, 4, 3))
        self.assertEqual(self.floor(), entry(2).id)

    def test_a_refill_is_cut_too(self):
        self.add(self.key, entries(*range(1, 301)), floor=MIN_ID, max_length=100)

        known = self.storage.slice(self.key, limit=WHOLE)
        self.assertEqual(known.floor, entry(300 - len(known.entries)).id)
        self.assertLessEqual(len(known.entries), 200)

    def test_a_late_push_takes_its_place_above_the_floor(self):
        self.add(self.key, entries(2, 4, 6))

        self.add(self.key, entries(3))
        self.add(self.key, entries(5))

        self.assertEqual(self.read(), entries(6, 5, 4, 3, 2))

    def test_each_timeline_has_a_floor_of_its_own(self):
        low, high, absent = self.new_keys("low", "high", "absent")
        self.add(low, entries(1))
        self.add(high, entries(9))

        self.add([low, high, absent], entries(5))

        self.assertEqual(self.read(low), entries(5, 1))
        self.assertEqual(self.read(high), entries(9))
        self.assertEqual(self.read(absent), entries(5))
        self.assertEqual(self.floor(absent), before(entry(5).id))

    def test_a_push_that_is_to_make_none_leaves_missing_timelines_missing(self):
        here, missing = self.new_keys("here", "missing")
        self.add(here, entries(5))

        self.add([here, missing], entries(6), create=False)
        self.add([here, missing], entries(*range(7, 27)), create=False)

        self.assertEqual(self.read(here), entries(*range(26, 4, -1)))
        self.assertEqual(self.storage.slice(missing, limit=5), ([], MAX_ID, {}))

    def test_who_vouches_for_a_timeline_makes_it(self):
        self.add(self.key, entries(5), floor=MIN_ID, create=False)

        self.assertEqual(self.storage.slice(self.key, limit=5), (entries(5), MIN_ID, {}))
