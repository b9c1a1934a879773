"""When entries came onto a timeline, for feeds that tell new from seen."""

from __future__ import annotations

from time import sleep, time

from ...ids import MIN_ID
from ...storage.base import Entry
from .case import ContractCase, entries, entry

__all__ = ["ArrivalsContract"]

TICK = 0.005
"""Seconds after which every clock of milliseconds shows another time."""

TOLERANCE = 10 * 60 * 1_000
"""Milliseconds by which the storage's clock may differ from ours; time zones differ by more."""


class ArrivalsContract(ContractCase):
    def arrive(self, some: list[Entry], **options: object) -> None:
        """Add these with arrivals, later than what came before."""
        sleep(TICK)
        self.add(self.key, some, arrivals=True, **options)

    def arrivals(self, key: str | None = None) -> dict[int, int]:
        """The arrival of each entry of a timeline, by the millisecond of its id."""
        return {each.id.int >> 80: each.arrived for each in self.read(key)}

    def test_arrivals_are_kept_only_where_asked_for(self):
        self.add(self.key, entries(1), floor=MIN_ID)
        self.add(self.key, [entry(2)._replace(arrived=77)])

        self.assertEqual(self.arrivals(), {2: 0, 1: 0})

    def test_an_arrival_is_the_present_by_the_clock_of_the_storage(self):
        self.arrive([entry(1), entry(2, actor=2, group=3)])

        first, second = self.read()
        self.assertEqual([first[:3], second[:3]], [entry(2, actor=2, group=3)[:3], entry(1)[:3]])
        for each in (first, second):
            self.assertLess(abs(each.arrived - time() * 1_000), TOLERANCE)

    def test_what_comes_later_arrives_later_also_when_its_id_is_older(self):
        self.arrive(entries(5), floor=MIN_ID)
        self.arrive(entries(9))
        self.arrive(entries(7))
        self.arrive(entries(*range(11, 31), 6))

        came = self.arrivals()
        self.assertLess(came[5], came[9])
        self.assertLess(came[9], came[7])
        self.assertLess(came[7], came[6])
        self.assertLess(came[7], came[30])

    def test_each_timeline_has_arrivals_of_its_own(self):
        other = self.new_key("other")
        self.arrive(entries(1))
        sleep(TICK)
        self.add([self.key, other], entries(1), arrivals=True)

        self.assertLess(self.arrivals()[1], self.arrivals(other)[1])

    def test_adding_again_keeps_the_arrival_and_replaces_the_digests(self):
        self.arrive([entry(1, actor=1), entry(2), entry(3)])
        came = self.arrivals()

        self.arrive([entry(1, actor=10, group=11)])
        self.arrive([entry(2)._replace(arrived=77)])
        self.add(self.key, [entry(2, actor=2)])
        self.add(self.key, [entry(3)])

        expected = [entry(3), entry(2, actor=2), entry(1, actor=10, group=11)]
        self.assertEqual([each[:3] for each in self.read()], [each[:3] for each in expected])
        self.assertEqual(self.arrivals(), came)

    def test_many_entries_at_once_keep_the_arrivals_that_are_there(self):
        self.arrive(entries(*range(1, 41, 2)), floor=MIN_ID)
        came = self.arrivals()

        self.arrive([entry(ms, actor=7) for ms in range(1, 41)])

        after = self.arrivals()
        self.assertEqual({ms: after[ms] for ms in came}, came)
        self.assertLess(max(came.values()), min(after[ms] for ms in range(2, 41, 2)))
        self.assertEqual({each.actor for each in self.read()}, {7})

    def test_a_refill_keeps_the_arrivals_that_are_there(self):
        self.arrive(entries(8, 9))
        came = self.arrivals()

        self.arrive(entries(6, 7, 8), floor=entry(5).id)
        self.add(self.key, entries(4, 9), floor=entry(3).id)

        after = self.arrivals()
        self.assertEqual(list(after), [9, 8, 7, 6, 4])
        self.assertEqual((after[9], after[8], after[4]), (came[9], came[8], 0))
        self.assertLess(came[9], min(after[6], after[7]))

    def test_a_cut_leaves_the_arrivals_of_what_stays(self):
        self.arrive(entries(*range(1, 200)), max_length=20)
        came = self.arrivals()

        self.trim(self.key, 10)
        self.add(self.key, entries(200, 201), max_length=10)
        self.remove(self.key, [entry(199).id])

        self.assertEqual(self.arrivals()[201], 0)
        self.assertEqual(self.arrivals()[198], came[198])

    def test_one_that_had_no_arrival_gets_it_when_it_is_asked_for(self):
        self.add(self.key, [entry(1), entry(2, actor=2), *entries(3, 4)])

        self.arrive([entry(1), entry(2, actor=2)])

        came = self.arrivals()
        self.assertEqual((came[4], came[3]), (0, 0))
        self.assertGreater(min(came[1], came[2]), 0)

    def test_an_entry_that_comes_back_arrives_anew(self):
        self.arrive(entries(1, 2))
        came = self.arrivals()
        self.remove(self.key, [entry(1).id])

        self.arrive(entries(1))

        self.assertLess(came[1], self.arrivals()[1])

    def test_the_arrival_that_an_entry_says_is_kept(self):
        """As one who moves a timeline to another storage has it."""
        last = 2**48 - 1
        self.arrive([entry(1)._replace(arrived=1_000), entry(2)._replace(arrived=last), entry(3)])
        moved = self.new_key("moved")

        self.add(moved, self.read(), floor=self.floor(), arrivals=True)

        self.assertEqual(self.read(moved), self.read())
        self.assertEqual((self.arrivals(moved)[1], self.arrivals(moved)[2]), (1_000, last))

    def test_every_way_of_reading_brings_the_arrivals(self):
        self.arrive([entry(1), entry(2, actor=2, group=2)])
        self.arrive(entries(3))
        some = self.read()

        part = self.storage.slice(self.key, limit=9, after=entry(1).id, oldest_first=True)
        self.assertEqual(part.entries, [some[1], some[0]])
        self.assertEqual(self.storage.slice(self.key, limit=1, offset=1).entries, [some[1]])
        self.assertEqual(self.storage.slice(self.key, limit=9, before=entry(3).id, with_bodies=True).entries, some[1:])
        self.assertEqual(self.storage.slice_many([self.key], limit=9)[self.key].entries, some)
