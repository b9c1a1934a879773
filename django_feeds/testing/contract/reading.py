"""Slices, counts, ranks."""

from __future__ import annotations

from ...exceptions import OffsetTooDeep
from ...ids import MAX_ID, MIN_ID, after, before
from .case import WHOLE, ContractCase, entries, entry, ids

__all__ = ["ReadingContract"]


class ReadingContract(ContractCase):
    def setUp(self):
        super().setUp()
        self.ten = self.new_key("ten")
        self.add(self.ten, entries(*range(1, 11)), floor=MIN_ID)

    def times(self, **options):
        """The times of the entries in this slice."""
        return [id.int >> 80 for id in ids(self.storage.slice(self.ten, **{"limit": WHOLE, **options}).entries)]

    def test_a_slice_is_the_newest_first(self):
        self.assertEqual(self.times(limit=3), [10, 9, 8])
        self.assertEqual(self.times(), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1])

    def test_a_slice_of_nothing_still_knows_the_floor(self):
        for options in ({"limit": 0}, {"limit": 5, "offset": 10}, {"limit": 5, "before": entry(1).id}):
            with self.subTest(**options):
                self.assertEqual(self.storage.slice(self.ten, **options), ([], MIN_ID, {}))

    def test_before_is_exclusive(self):
        self.assertEqual(self.times(before=entry(4).id), [3, 2, 1])
        self.assertEqual(self.times(before=after(entry(4).id)), [4, 3, 2, 1])
        self.assertEqual(self.times(before=entry(4).id, limit=2), [3, 2])

    def test_after_is_exclusive(self):
        self.assertEqual(self.times(after=entry(8).id), [10, 9])
        self.assertEqual(self.times(after=before(entry(8).id)), [10, 9, 8])
        self.assertEqual(self.times(after=entry(3).id, limit=2), [10, 9])

    def test_after_and_before_enclose(self):
        self.assertEqual(self.times(after=entry(3).id, before=entry(6).id), [5, 4])
        self.assertEqual(self.times(after=entry(6).id, before=entry(3).id), [])
        self.assertEqual(self.times(after=entry(3).id, before=entry(3).id), [])

    def test_ids_that_are_in_no_timeline_bound_a_slice_too(self):
        self.assertEqual(self.times(before=MAX_ID), list(range(10, 0, -1)))
        self.assertEqual(self.times(before=MIN_ID), [])
        self.assertEqual(self.times(after=MIN_ID, limit=1), [10])
        self.assertEqual(self.times(after=MAX_ID), [])

    def test_an_offset_skips(self):
        self.assertEqual(self.times(offset=3, limit=2), [7, 6])
        self.assertEqual(self.times(offset=9, limit=5), [1])
        self.assertEqual(self.times(offset=10, limit=5), [])

    def test_an_offset_counts_from_the_cursor(self):
        self.assertEqual(self.times(offset=2, limit=2, before=entry(8).id), [5, 4])
        self.assertEqual(self.times(offset=1, limit=9, before=entry(8).id, after=entry(4).id), [6, 5])

    def test_oldest_first(self):
        self.assertEqual(self.times(oldest_first=True, limit=3), [1, 2, 3])
        self.assertEqual(self.times(oldest_first=True, after=entry(3).id, limit=2), [4, 5])
        self.assertEqual(self.times(oldest_first=True, before=entry(3).id), [1, 2])
        self.assertEqual(self.times(oldest_first=True, offset=8, limit=5), [9, 10])
        self.assertEqual(
            self.times(oldest_first=True, after=entry(3).id, before=entry(7).id, offset=1, limit=9), [5, 6]
        )

    def test_pages_meet_when_times_tie(self):
        tied = [entry(20, salt) for salt in "abcdefg"]
        self.add(self.ten, tied)

        pages, cursor = [], None
        while page := self.storage.slice(self.ten, limit=2, before=cursor).entries:
            pages += page
            cursor = page[-1].id

        self.assertEqual(pages, sorted(tied, reverse=True) + entries(*range(10, 0, -1)))

    def test_pages_meet_while_new_ones_come_in(self):
        first = self.storage.slice(self.ten, limit=3).entries
        self.add(self.ten, entries(11, 12))

        second = self.storage.slice(self.ten, limit=3, before=first[-1].id).entries

        self.assertEqual(first + second, entries(10, 9, 8, 7, 6, 5))

    def test_reading_changes_nothing(self):
        self.assertEqual(self.storage.slice(self.ten, limit=3), self.storage.slice(self.ten, limit=3))

    def test_a_count_is_exact_up_to_the_bound(self):
        self.assertEqual(self.storage.count(self.ten, max_length=100), 10)
        self.assertEqual(self.storage.count(self.ten, max_length=10), 10)
        self.assertEqual(self.storage.count(self.ten, max_length=4), 4)
        self.assertEqual(self.storage.count(self.new_key("missing"), max_length=4), 0)

    def test_a_rank_is_how_many_are_newer(self):
        self.assertEqual(self.storage.rank(self.ten, entry(10).id, max_length=100), 0)
        self.assertEqual(self.storage.rank(self.ten, entry(1).id, max_length=100), 9)

    def test_what_is_not_there_has_no_rank(self):
        missing = self.new_key("missing")

        self.assertIsNone(self.storage.rank(self.ten, entry(5, "other").id, max_length=100))
        self.assertIsNone(self.storage.rank(missing, entry(5).id, max_length=100))

    def test_beyond_the_bound_there_is_no_rank(self):
        self.assertEqual(self.storage.rank(self.ten, entry(8).id, max_length=3), 2)
        self.assertIsNone(self.storage.rank(self.ten, entry(7).id, max_length=3))

    def test_an_offset_beyond_the_limit_of_the_storage_is_refused(self):
        deepest = self.storage.offset_limit
        if deepest is None:
            self.assertEqual(self.storage.slice(self.ten, limit=1, offset=1_000_000).entries, [])
            return
        with self.assertRaises(OffsetTooDeep):
            self.storage.slice(self.ten, limit=1, offset=deepest)
        with self.assertRaises(OffsetTooDeep):
            self.storage.slice(self.ten, limit=2, offset=deepest - 1)
        self.assertEqual(self.storage.slice(self.ten, limit=1, offset=deepest - 1).entries, [])
        self.assertEqual(self.times(limit=WHOLE), list(range(10, 0, -1)))
