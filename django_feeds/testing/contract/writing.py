"""Adding, removing, trimming, deleting."""

from __future__ import annotations

from random import Random

from ...ids import MAX_ID, MIN_ID
from .case import WHOLE, ContractCase, entries, entry, ids

__all__ = ["WritingContract"]


class WritingContract(ContractCase):
    def test_order_is_that_of_ids_whatever_the_order_of_adding(self):
        shuffled = entries(*range(1, 31))
        Random(5).shuffle(shuffled)

        self.add(self.key, shuffled[:20], floor=entry(0).id)
        for each in shuffled[20:]:
            self.add(self.key, [each])

        self.assertEqual(self.read(), entries(*range(30, 0, -1)))

    def test_an_entry_is_there_once_however_often_it_is_added(self):
        for _ in range(3):
            self.add(self.key, entries(1, 2))
        self.add(self.key, entries(2, 2, 2))

        self.assertEqual(self.read(), entries(2, 1))
        self.assertEqual(self.storage.count(self.key, max_length=10), 2)

    def test_adding_again_with_the_same_time_changes_nothing(self):
        at = self.later()
        self.add(self.key, entries(1, 2), at=at)
        floor = self.floor()
        self.add(self.key, entries(1, 2), at=at)

        self.assertEqual(self.read(), entries(2, 1))
        self.assertEqual(self.floor(), floor)

    def test_adding_again_replaces_the_digests_and_never_the_place(self):
        self.add(self.key, [entry(1, actor=1, group=1), entry(2, actor=2, group=2), entry(3)])

        self.add(self.key, [entry(2, actor=20, group=21)])
        self.add(self.key, [entry(1)])
        self.add(self.key, [entry(3, actor=30)])

        self.assertEqual(self.read(), [entry(3, actor=30), entry(2, actor=20, group=21), entry(1)])

    def test_digests_come_onto_a_timeline_that_is_there_and_has_none(self):
        empty, plain = self.new_key("empty"), self.new_key("plain")
        self.add(empty, [], floor=MIN_ID)
        self.add(plain, entries(1), floor=MIN_ID)

        self.storage.add([empty, plain, self.key], [entry(2, actor=2, group=3)], max_length=10, create=False)

        self.assertEqual(self.read(empty), [entry(2, actor=2, group=3)])
        self.assertEqual(self.read(plain), [entry(2, actor=2, group=3), entry(1)])
        self.assertEqual(self.floor(), MAX_ID)

    def test_digests_have_48_bits(self):
        wide = entry(1, actor=2**48 - 1, group=2**47)

        self.add(self.key, [wide])

        self.assertEqual(self.read(), [wide])

    def test_activities_of_one_millisecond_are_all_kept(self):
        tied = [entry(1_000, salt) for salt in "abcdefghij"]

        for each in tied:
            self.add(self.key, [each], floor=entry(0).id)

        self.assertEqual(self.read(), sorted(tied, reverse=True))

    def test_ids_that_differ_in_their_last_bit_are_two(self):
        least, next_to_it = MAX_ID, entry(2**48 - 1, "x").id
        self.add(self.key, [entry(1)])
        for id in (least, next_to_it):
            self.add(self.key, [entry(1)._replace(id=id)])

        self.assertEqual(ids(self.read()), [least, next_to_it, entry(1).id])

    def test_the_first_and_the_last_possible_time_are_times(self):
        self.add(self.key, [entry(0), entry(2**48 - 1)])

        self.assertEqual(self.read(), [entry(2**48 - 1), entry(0)])

    def test_adding_nothing_makes_nothing(self):
        self.add(self.key, [])
        self.add([], entries(1))

        self.assertEqual(self.storage.slice(self.key, limit=1), ([], MAX_ID, {}))

    def test_removing_takes_entries_off_and_leaves_the_floor(self):
        self.add(self.key, entries(1, 2, 3))
        floor = self.floor()

        self.remove(self.key, [entry(2).id, entry(1).id])

        self.assertEqual(self.read(), entries(3))
        self.assertEqual(self.floor(), floor)

    def test_removing_what_is_not_there_is_no_error(self):
        self.add(self.key, entries(1))
        missing = self.new_key("missing")

        self.remove(self.key, [entry(7).id])
        self.remove([self.key, missing], [entry(7).id, entry(1).id])
        self.remove(self.key, [entry(1).id])
        self.remove(self.key, [])

        self.assertEqual(self.read(), [])
        self.assertEqual(self.floor(missing), MAX_ID)

    def test_a_timeline_that_was_emptied_is_still_there(self):
        self.add(self.key, entries(5))
        floor = self.floor()
        self.remove(self.key, [entry(5).id])

        self.assertEqual(self.storage.slice(self.key, limit=5), ([], floor, {}))

    def test_what_was_removed_may_come_back(self):
        self.add(self.key, entries(1, 2, 3))
        self.remove(self.key, [entry(2).id])
        self.add(self.key, entries(2))

        self.assertEqual(self.read(), entries(3, 2, 1))

    def test_trimming_keeps_the_newest(self):
        self.add(self.key, entries(*range(1, 11)))

        for _ in range(2):
            self.trim([self.key, self.new_key("missing")], 4)

            self.assertEqual(self.storage.slice(self.key, limit=WHOLE).entries, entries(10, 9, 8, 7))
            self.assertEqual(self.floor(), entry(6).id)

    def test_trimming_to_more_than_there_is_changes_nothing(self):
        self.add(self.key, entries(1, 2))
        floor = self.floor()

        self.trim(self.key, 2)

        self.assertEqual(self.read(), entries(2, 1))
        self.assertEqual(self.floor(), floor)

    def test_trimming_to_nothing_empties(self):
        self.add(self.key, entries(1, 2))

        self.trim(self.key, 0)

        self.assertEqual(self.read(), [])
        self.assertEqual(self.floor(), entry(2).id)

    def test_deleting_forgets_entries_and_floor(self):
        other = self.new_key("other")
        self.add([self.key, other], entries(5, 6))

        for _ in range(2):
            self.delete([self.key, self.new_key("missing")])

            self.assertEqual(self.storage.slice(self.key, limit=5), ([], MAX_ID, {}))
            self.assertEqual(self.storage.count(self.key, max_length=5), 0)
        self.assertEqual(self.read(other), entries(6, 5))

    def test_a_deleted_timeline_begins_anew(self):
        self.add(self.key, entries(5, 6))
        self.delete(self.key)

        self.add(self.key, entries(3))

        self.assertEqual(self.read(), entries(3))
