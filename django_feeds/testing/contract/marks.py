"""What the reader of a timeline has seen and read, and how open pages hear that it changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from itertools import permutations

from ...storage.base import Mark
from ...storage.live import Waiter
from .case import ContractCase, entries

__all__ = ["ListenersContract", "MarksContract"]

LAST = 2**48 - 1
"""The greatest digest, and the last arrival."""

WITHIN = 30.0
"""Seconds after which news would not come any more."""


class MarksContract(ContractCase):
    def new_keys(self, *names: str) -> list[str]:
        keys = super().new_keys(*names)
        self.addCleanup(self.storage.unmark, keys)
        return keys

    def said(self, groups: Iterable[int], key: str | None = None) -> dict[int, Mark]:
        """What the marks say of these groups: a storage may drop those that say no more than the whole timeline's."""
        marks = self.storage.marks(key or self.key)
        whole = marks.get(0, Mark())
        return {group: _higher(whole, marks.get(group, Mark())) for group in groups}

    def test_nothing_is_marked_at_first(self):
        self.add(self.key, entries(1))

        self.assertEqual(self.storage.marks(self.key), {})
        self.assertEqual(self.storage.marks(self.new_key("missing")), {})

    def test_seen_and_read_are_two_marks(self):
        self.storage.mark(self.key, {7: Mark(seen=20), 8: Mark(read=30), 9: Mark(40, 10)})

        self.assertEqual(self.storage.marks(self.key), {7: Mark(20, 0), 8: Mark(0, 30), 9: Mark(40, 10)})

    def test_marks_are_raised_and_never_lowered(self):
        self.storage.mark(self.key, {7: Mark(20, 10), 8: Mark(20, 10)})

        self.storage.mark(self.key, {7: Mark(seen=30)})
        self.storage.mark(self.key, {8: Mark(19, 11)})
        self.storage.mark(self.key, {7: Mark(), 8: Mark(20, 10)})

        self.assertEqual(self.storage.marks(self.key), {7: Mark(30, 10), 8: Mark(20, 11)})

    def test_marks_are_compared_as_numbers(self):
        rising = [9, 10, 99, 255, 256, 65_536, 2**32 - 1, 2**32, 10**12, 2**47, LAST]
        for number in rising:
            self.storage.mark(self.key, {7: Mark(number, number)})
            self.storage.mark(self.key, {7: Mark(number - 1, number - 2)})

            self.assertEqual(self.storage.marks(self.key), {7: Mark(number, number)})

    def test_neither_order_nor_repetition_matters(self):
        calls: list[Mapping[int, Mark]] = [
            {7: Mark(20, 5), 8: Mark(10, 10)},
            {0: Mark(15, 0)},
            {7: Mark(10, 12)},
            {0: Mark(12, 12), 9: Mark(40, 2)},
        ]
        expected = {0: Mark(15, 12), 7: Mark(20, 12), 8: Mark(15, 12), 9: Mark(40, 12), 10: Mark(15, 12)}
        orders = list(permutations(calls))
        keys = self.new_keys(*map(str, range(len(orders))))

        for key, order in zip(keys, orders, strict=True):
            for call in (*order, *order[::-1], order[0]):
                self.storage.mark(key, call)

            self.assertEqual(self.said(expected, key), expected, order)

    def test_the_whole_timeline_has_a_mark_of_its_own(self):
        self.storage.mark(self.key, {7: Mark(20, 20), 8: Mark(5, 30)})

        self.storage.mark(self.key, {0: Mark(10, 10)})

        self.assertEqual(self.storage.marks(self.key), {0: Mark(10, 10), 7: Mark(20, 20), 8: Mark(5, 30)})

    def test_what_says_no_more_than_the_whole_timeline_is_still_raised(self):
        self.storage.mark(self.key, {7: Mark(5, 5)})
        self.storage.mark(self.key, {0: Mark(10, 10)})
        self.storage.mark(self.key, {7: Mark(5, 10)})
        self.assertEqual(self.said([7]), {7: Mark(10, 10)})

        self.storage.mark(self.key, {7: Mark(6, 11)})

        self.assertEqual(self.said([0, 7]), {0: Mark(10, 10), 7: Mark(10, 11)})

    def test_marks_are_forgotten_where_asked(self):
        self.storage.mark(self.key, {group: Mark(9, 9) for group in (7, 8, LAST)})

        for _ in range(2):
            self.storage.mark(self.key, {5: Mark(1, 1)}, forget=[8, LAST, 1_000])

            self.assertEqual(self.storage.marks(self.key), {5: Mark(1, 1), 7: Mark(9, 9)})

        self.storage.mark(self.key, {}, forget=[5, 7])

        self.assertEqual(self.storage.marks(self.key), {})

    def test_marking_nothing_changes_nothing(self):
        self.storage.mark(self.key, {7: Mark(9, 9)})

        self.storage.mark(self.key, {})
        self.storage.unmark([])

        self.assertEqual(self.storage.marks(self.key), {7: Mark(9, 9)})

    def test_groups_and_arrivals_have_48_bits(self):
        marks = {LAST: Mark(LAST, LAST), 2**47: Mark(LAST, 1), 1: Mark(1, LAST), 255: Mark(2**32, 2**31)}

        self.storage.mark(self.key, marks)

        self.assertEqual(self.storage.marks(self.key), marks)

    def test_many_groups_at_once(self):
        marks = {group * 2**36: Mark(group, 2_000 - group) for group in range(1, 2_001)}

        self.storage.mark(self.key, marks)
        self.assertEqual(self.storage.marks(self.key), marks)

        self.storage.mark(self.key, dict.fromkeys(marks, Mark(1_000, 1_000)), forget=list(marks)[:500])
        raised = {group: _higher(mark, Mark(1_000, 1_000)) for group, mark in marks.items()}
        raised.update(dict.fromkeys(list(marks)[:500], Mark(1_000, 1_000)))
        self.assertEqual(self.storage.marks(self.key), raised)

        self.storage.mark(self.key, {0: Mark(3_000, 3_000)})
        self.assertEqual(self.said([0, *marks]), dict.fromkeys([0, *marks], Mark(3_000, 3_000)))

    def test_timelines_have_marks_of_their_own(self):
        # Also where a database would rather fold the case or the spaces of a text.
        names = ["home", "Home", "home ", "home:0", "höme", "{home}"]
        keys = self.new_keys(*names)

        for number, key in enumerate(keys, 1):
            self.storage.mark(key, {7: Mark(number, number)})
        self.storage.mark(keys[0], {0: Mark(50, 50)}, forget=[7])
        self.storage.unmark(keys[1:2])

        self.assertEqual(self.storage.marks(keys[0]), {0: Mark(50, 50)})
        self.assertEqual(self.storage.marks(keys[1]), {})
        for number, key in enumerate(keys[2:], 3):
            self.assertEqual(self.storage.marks(key), {7: Mark(number, number)})

    def test_marks_need_no_timeline_and_outlive_it(self):
        self.storage.mark(self.key, {0: Mark(10, 0), 7: Mark(20, 20)})
        marks = self.storage.marks(self.key)
        self.assertEqual(self.read(), [])

        self.add(self.key, entries(1, 2))
        self.remove(self.key, [entries(1)[0].id])
        self.trim(self.key, 1)
        self.delete(self.key)

        self.assertEqual(self.storage.marks(self.key), marks)

    def test_unmarking_forgets_all_and_leaves_the_timeline(self):
        other, third = self.new_keys("other", "third")
        self.add(self.key, entries(1))
        for key in (self.key, other, third):
            self.storage.mark(key, {0: Mark(10, 10), 7: Mark(20, 20)})

        for _ in range(2):
            self.storage.unmark([self.key, other, self.new_key("missing")])

            self.assertEqual((self.storage.marks(self.key), self.storage.marks(other)), ({}, {}))
        self.assertEqual(self.storage.marks(third), {0: Mark(10, 10), 7: Mark(20, 20)})
        self.assertEqual(self.read(), entries(1))

    def test_who_was_unmarked_begins_anew(self):
        self.storage.mark(self.key, {0: Mark(10, 10), 7: Mark(20, 20)})
        self.storage.unmark([self.key])

        self.storage.mark(self.key, {7: Mark(5, 5)})

        self.assertEqual(self.storage.marks(self.key), {7: Mark(5, 5)})


class ListenersContract(ContractCase):
    """Also a storage that can only be asked again and again says that there may be news."""

    def test_who_listens_hears_of_a_timeline_that_changed(self):
        with self.storage.hub().listening(self.key) as waiter:
            for _ in range(2):
                self.storage.announce([self.new_key("other"), self.key])

                self.assertTrue(asyncio.run(waiter.news(WITHIN)))

    def test_who_waits_already_hears_too(self):
        async def wait_and_announce(waiter: Waiter) -> bool:
            hears = asyncio.create_task(waiter.news(WITHIN))
            await asyncio.sleep(0.05)
            await asyncio.to_thread(self.storage.announce, [self.key])
            return await hears

        with self.storage.hub().listening(self.key) as waiter:
            self.assertTrue(asyncio.run(wait_and_announce(waiter)))

    def test_all_who_listen_hear(self):
        hub, other = self.storage.hub(), self.new_key("other")
        with hub.listening(self.key) as one, hub.listening(self.key) as two, hub.listening(other) as three:
            self.storage.announce([self.key, other])

            async def all_hear() -> list[bool]:
                return await asyncio.gather(*[waiter.news(WITHIN) for waiter in (one, two, three)])

            self.assertEqual(asyncio.run(all_hear()), [True] * 3)

    def test_who_waits_in_vain_is_told_so(self):
        with self.storage.hub().listening(self.key) as waiter:
            self.assertIs(asyncio.run(waiter.news(0.01)), False)

    def test_announcing_where_nobody_listens_is_no_error(self):
        self.storage.announce([])
        self.storage.announce([self.key])
        with self.storage.hub().listening(self.key):
            pass
        self.storage.announce([self.key])


def _higher(mark: Mark, other: Mark) -> Mark:
    return Mark(max(mark.seen, other.seen), max(mark.read, other.read))
