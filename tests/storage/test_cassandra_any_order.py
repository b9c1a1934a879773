"""
Whatever was asked for, at its time, may be done in any order, again, and late: the timeline is the one that the memory
storage has when each is done once, in order of time.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_feeds.ids import MIN_ID
from django_feeds.storage import BaseStorage, Entry, get_storage
from django_feeds.storage.cassandra import CassandraStorage
from django_feeds.storage.memory import MemoryStorage
from django_feeds.testing.contract.case import entry
from tests import storages

# Ahead of the present, which is when a cut would be otherwise: later than all that is asked for here.
BEGINNING = datetime.now(timezone.utc) + timedelta(days=1)
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
MOST = 50
FEW = 3
"""A bound that adds overflow."""

numbers = count()

moments = st.integers(1, 8)
ids = st.lists(moments, min_size=1, max_size=4, unique=True)
writes = st.one_of(
    st.tuples(st.just("add"), ids, st.integers(0, 2)),  # also an edit, a re-add, and an activity that came late
    st.tuples(st.just("back-fill"), st.lists(moments, min_size=3, max_size=8, unique=True), st.just(0)),
    st.tuples(st.just("remove"), ids, st.just(0)),
)
cuts = st.one_of(
    writes,
    st.tuples(st.just("trim"), st.just([]), st.integers(0, 6)),
    st.tuples(st.just("refill"), st.just([]), st.integers(0, 6)),
)


class Operation(NamedTuple):
    """What was asked for, and when."""

    number: int
    name: str
    moments: list[int]
    argument: int

    @property
    def at(self) -> datetime:
        return BEGINNING + timedelta(microseconds=10 * self.number)

    def entries(self) -> list[Entry]:
        return [entry(ms, actor=self.argument)._replace(arrived=1_000 + self.number) for ms in self.moments]

    def body(self, ms: int) -> str:
        return f'"{ms} as of {self.number}"'

    def run(self, storage: BaseStorage, key: str, most: int) -> None:
        if self.name == "remove":
            storage.remove([key], [entry(ms).id for ms in self.moments], at=self.at)
        elif self.name == "trim":
            storage.trim([key], self.argument, at=self.at)
        else:
            floor = (entry(self.argument).id if self.argument else MIN_ID) if self.name == "refill" else None
            bodies = {entry(ms).id: self.body(ms) for ms in self.moments}
            options: dict[str, Any] = {"bodies": bodies, "floor": floor, "arrivals": self.name != "back-fill"}
            storage.add([key], self.entries(), max_length=most, at=self.at, create=False, **options)


class Expected:
    """The timeline when each operation is done once, in order of time."""

    def __init__(self, asked: list[tuple[str, list[int], int]], most: int) -> None:
        self.most = most
        self.memory = MemoryStorage(f"any order {next(numbers)}", {})
        self.bodies: dict[int, str] = {}
        self.operations: list[Operation] = []
        self.memory.add(["home"], [], max_length=most, floor=MIN_ID)
        for number, (name, moments, argument) in enumerate(asked, 1):
            # Who refills has read the truth of that time.
            brought = [ms for ms in self.bodies if ms > argument] if name == "refill" else moments
            self._run(Operation(number, name, brought, argument))

    def _run(self, operation: Operation) -> None:
        operation.run(self.memory, "home", self.most)
        self.operations.append(operation)
        for ms in operation.moments:
            if operation.name == "remove":
                self.bodies.pop(ms, None)
            else:
                self.bodies[ms] = operation.body(ms)


@pytest.fixture(params=storages.CASSANDRA)
def storage(request):
    storages.empty(request.param)
    # Which adds cut depends on the key: the same in each run.
    options = {**get_storage(request.param).options, "PREFIX": f"{request.node.name}:"}
    storage = CassandraStorage(request.param, options)
    storage.numbers = count()
    return storage


@pytest.fixture(params=["now and then", "each time"])
def cutting(request, monkeypatch):
    """How often adds cut."""
    if request.param == "each time":
        monkeypatch.setattr("django_feeds.storage.cassandra.due_for_cut", lambda names, *args: names)


def ran(storage: Any, operations: list[Operation], most: int) -> str:
    """The key of a timeline, complete at the beginning, on which these were done in this order."""
    key = f"home {next(storage.numbers)}"
    storage.add([key], [], max_length=MOST, floor=MIN_ID, at=BEGINNING)
    for operation in operations:
        operation.run(storage, key, most)
    return key


@st.composite
def histories(draw: Any, of: Any, most: int) -> tuple[Expected, list[Operation]]:
    expected = Expected(draw(st.lists(of, min_size=1, max_size=8)), most)
    repeated = draw(st.lists(st.sampled_from(expected.operations), max_size=4))
    return expected, draw(st.permutations(expected.operations + repeated))


def test_writes_in_any_order_repeated_and_late_are_the_writes_in_order(storage):
    @EXAMPLES
    @given(histories(writes, MOST))
    def same(history):
        expected, operations = history
        key = ran(storage, operations, MOST)

        kept = storage.slice(key, limit=MOST, with_bodies=True)
        memory = expected.memory.slice("home", limit=MOST)
        assert kept.entries == memory.entries
        assert kept.floor == MIN_ID
        assert kept.bodies == {one.id: expected.bodies[one.id.int >> 80] for one in memory.entries}
        assert storage.slice_many([key], limit=MOST)[key].entries == memory.entries

    same()


def test_with_cuts_and_refills_too_above_the_floors(storage, cutting):
    """A cut that runs before what was asked for earlier cannot know it; what the timeline claims is true anyway."""

    @EXAMPLES
    @given(histories(cuts, FEW))
    def same(history):
        expected, operations = history
        key = ran(storage, operations, FEW)

        kept, memory = storage.slice(key, limit=MOST, with_bodies=True), expected.memory.slice("home", limit=MOST)
        floor = max(kept.floor, memory.floor)
        assert [one.id for one in kept.entries if one.id > floor] == [
            one.id for one in memory.entries if one.id > floor
        ]
        # Nothing that is true is missing above its own floor, whatever was cut.
        assert [one.id.int >> 80 for one in kept.entries] == [
            ms for ms in sorted(expected.bodies, reverse=True) if entry(ms).id > kept.floor
        ]
        for one in kept.entries:
            assert kept.bodies[one.id] == expected.bodies[one.id.int >> 80]

    same()


def test_what_is_done_twice_is_done_once(storage):
    times = [entry(ms) for ms in range(1, 6)]
    at = BEGINNING + timedelta(seconds=1)
    storage.add(["home"], [], max_length=MOST, floor=MIN_ID, at=BEGINNING)
    for _ in range(3):
        storage.add(["home"], times, max_length=MOST, at=at, bodies={one.id: '"x"' for one in times}, create=False)
        storage.remove(["home"], [times[0].id], at=at)

    assert storage.slice("home", limit=9).entries == times[:0:-1]


def test_of_an_add_and_a_removal_of_one_time_the_removal_wins(storage):
    at = BEGINNING + timedelta(seconds=1)
    storage.add(["home"], [], max_length=MOST, floor=MIN_ID, at=BEGINNING)
    storage.remove(["home"], [entry(1).id], at=at)
    storage.add(["home"], [entry(1)], max_length=MOST, at=at)

    assert storage.slice("home", limit=9).entries == []


def test_an_update_after_a_removal_makes_no_entry(storage):
    """As somebody's maintenance might do: a row comes back, which no add has written."""
    storage.add(["home"], [entry(1), entry(2), entry(3)], max_length=MOST, floor=MIN_ID)
    storage.remove(["home"], [entry(2).id])
    connection = storage.server.connection
    connection.session.execute(
        f"UPDATE {connection.keyspace}.timelines SET body = 'edited' WHERE feed = %s AND id = %s",
        [f"{storage.prefix}home", entry(2).id],
    )

    assert storage.slice("home", limit=2).entries == [entry(3), entry(1)]
    assert storage.slice("home", limit=2, oldest_first=True).entries == [entry(1), entry(3)]
    assert storage.slice_many(["home"], limit=2)["home"].entries == [entry(3), entry(1)]
    assert storage.count("home", max_length=9) == 2
    assert storage.rank("home", entry(1).id, max_length=9) == 1
