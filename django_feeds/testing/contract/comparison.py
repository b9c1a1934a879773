"""Random operations on a storage and on the memory storage, which must tell the same."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ...ids import MAX_ID, MIN_ID
from ...storage.base import BaseStorage, Entry, Slice
from ...storage.memory import MemoryStorage
from .case import WHOLE, ContractCase, entry

__all__ = ["ComparedWithMemory"]

KEYS = range(3)
times = st.integers(1, 12)
some_keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)
some_entries = st.lists(st.builds(entry, times, st.sampled_from(["", "tie"]), actor=st.integers(0, 2)), max_size=5)
operations = st.one_of(
    st.tuples(st.just("push"), some_keys, some_entries),
    st.tuples(st.just("arrive"), some_keys, some_entries),
    st.tuples(st.just("remove"), some_keys, st.lists(times, max_size=6)),
    st.tuples(st.just("refill"), some_keys, st.integers(0, 12)),
    st.tuples(st.just("trim"), some_keys, st.integers(0, 6)),
    st.tuples(st.just("delete"), some_keys, st.none()),
)
numbers = count()


class ComparedWithMemory(ContractCase):
    """
    Mix in beside the contract.

    A storage may keep some entries beyond the bound, which the memory storage never does. So its floor may be
    lower, and never higher; above the memory's floor both are the same. Only the arrivals are by two clocks: what has
    one in memory has one, and keeps it as long as it stays.
    """

    examples = 100

    def test_it_tells_what_the_memory_storage_tells(self) -> None:
        # A function of its own: hypothesis wants a transaction an example in Django's test cases, and we new keys.
        @settings(max_examples=self.examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.integers(2, 5), st.lists(operations, max_size=25))
        def tells_the_same(max_length: int, steps: list[tuple[str, list[int], Any]]) -> None:
            pair = Pair(self, max_length)
            try:
                for name, numbers, argument in steps:
                    getattr(pair, name)(numbers, argument)
                    pair.compare()
            finally:
                self.storage.delete(pair.keys)

        tells_the_same()


class Pair:
    """The storage and a memory storage, and what a rebuild would find."""

    def __init__(self, case: ContractCase, max_length: int) -> None:
        self.case = case
        self.storages: list[BaseStorage] = [case.storage, MemoryStorage("compared", {})]
        self.max_length = max_length
        self.keys = [f"{case.prefix}:{next(numbers)}" for _ in KEYS]
        self.truth: list[dict[UUID, Entry]] = [{} for _ in KEYS]
        self.arrivals: dict[str, dict[UUID, int]] = {key: {} for key in self.keys}

    def push(self, numbers: list[int], some: list[Entry], **options: Any) -> None:
        for number in numbers:
            self.truth[number].update((each.id, each) for each in some)
        bodies = {each.id: '"body"' for each in some}
        self._both("add", numbers, some, max_length=self.max_length, at=self.case.later(), bodies=bodies, **options)

    def arrive(self, numbers: list[int], some: list[Entry]) -> None:
        self.push(numbers, some, arrivals=True)

    def remove(self, numbers: list[int], times: list[int]) -> None:
        gone = [entry(ms, salt).id for ms in times for salt in ("", "tie")]
        for number in numbers:
            for id in gone:
                self.truth[number].pop(id, None)
        self._both("remove", numbers, gone, at=self.case.later())

    def refill(self, numbers: list[int], ms: int) -> None:
        """Whoever gives a floor vouches for what is above it, so he brings it all."""
        floor = entry(ms).id if ms else MIN_ID
        for number in numbers:
            self.push([number], [each for each in self.truth[number].values() if each.id > floor], floor=floor)

    def trim(self, numbers: list[int], length: int) -> None:
        self._both("trim", numbers, length, at=self.case.later())

    def delete(self, numbers: list[int], _: None) -> None:
        for number in numbers:
            self.truth[number].clear()
        self._both("delete", numbers, at=self.case.later())

    def _both(self, method: str, numbers: list[int], *args: Any, **kwargs: Any) -> None:
        for storage in self.storages:
            getattr(storage, method)([self.keys[number] for number in numbers], *args, **kwargs)

    def compare(self) -> None:
        many = self.storages[0].slice_many(self.keys, limit=WHOLE)
        for key in self.keys:
            tested, memory = (storage.slice(key, limit=WHOLE) for storage in self.storages)
            self.case.assertEqual(many[key], tested)
            self.case.assertLessEqual(tested.floor, memory.floor)
            above = [each for each in tested.entries if each.id > memory.floor]
            self.case.assertEqual([each[:3] for each in above], [each[:3] for each in memory.entries])
            self.case.assertEqual(memory.floor == MAX_ID, tested.floor == MAX_ID)
            self._has_arrived(key, above, memory.entries)
            self._agrees_with_itself(key, tested)

    def _has_arrived(self, key: str, tested: list[Entry], memory: list[Entry]) -> None:
        for each, other in zip(tested, memory, strict=True):
            former = self.arrivals[key].get(each.id, 0)
            self.case.assertEqual(each.arrived, former or each.arrived)
            self.case.assertGreaterEqual(bool(each.arrived), bool(other.arrived))
        self.arrivals[key] = {each.id: each.arrived for each in tested}

    def _agrees_with_itself(self, key: str, whole: Slice) -> None:
        storage, case = self.storages[0], self.case
        case.assertEqual(storage.count(key, max_length=self.max_length), len(whole.entries[: self.max_length]))
        for rank, each in enumerate(whole.entries):
            expected = rank if rank < self.max_length else None
            case.assertEqual(storage.rank(key, each.id, max_length=self.max_length), expected)
        middle = whole.entries[len(whole.entries) // 2].id if whole.entries else MIN_ID
        newer, older = storage.slice(key, limit=WHOLE, after=middle), storage.slice(key, limit=WHOLE, before=middle)
        there = [each for each in whole.entries if each.id == middle]
        case.assertEqual(newer.entries + there + older.entries, whole.entries)
        backwards = storage.slice(key, limit=WHOLE, oldest_first=True).entries
        case.assertEqual(backwards, whole.entries[::-1])
