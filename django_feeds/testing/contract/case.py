"""What the parts of the contract have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from unittest import TestCase
from uuid import UUID, uuid4

from ...ids import digest48, make_id
from ...storage.base import BaseStorage, Entry

__all__ = ["ContractCase", "entries", "entry", "ids"]

# Type checkers see a TestCase; at run time it is a plain mixin, so that no test of its own is collected.
if TYPE_CHECKING:
    _Case = TestCase
else:
    _Case = object

WHOLE = 10_000
"""A limit beyond all that these tests add."""


def entry(ms: int, salt: str = "", actor: int = 0, group: int = 0) -> Entry:
    """An entry of this millisecond; another `salt` is another activity at the same time."""
    return Entry(make_id(ms, digest48(f"{ms} {salt}")), actor, group)


def entries(*times: int) -> list[Entry]:
    return [entry(ms) for ms in times]


def ids(some: Iterable[Entry]) -> list[UUID]:
    return [each.id for each in some]


class ContractCase(_Case):
    """Adds and removes as a manager does: each operation asked for later than the one before."""

    max_length = 1_000
    storage: BaseStorage

    def make_storage(self) -> BaseStorage:
        """A storage to be tested; called once for each test."""
        raise NotImplementedError(f"{type(self).__name__} must override 'make_storage()'.")

    def setUp(self) -> None:
        super().setUp()
        self.storage = self.make_storage()
        self.prefix = uuid4().hex
        self.now = datetime.now(timezone.utc)
        self.key = self.new_key("home")

    def new_key(self, name: str) -> str:
        """The key of this name in this test."""
        return self.new_keys(name)[0]

    def new_keys(self, *names: str) -> list[str]:
        keys = [f"{self.prefix}:{name}" for name in names]
        self.addCleanup(self.storage.delete, keys)
        return keys

    def later(self) -> datetime:
        """When the next operation is asked for."""
        self.now = max(datetime.now(timezone.utc), self.now + timedelta(milliseconds=1))
        return self.now

    def add(self, keys: str | Sequence[str], some: Sequence[Entry], **options: Any) -> None:
        """`add` with what the storage asks for besides."""
        if self.storage.bodies_in_rows:
            options.setdefault("bodies", {each.id: f'"{each.id}"' for each in some})
        options = {"max_length": self.max_length, "at": self.later(), **options}
        self.storage.add([keys] if isinstance(keys, str) else keys, some, **options)

    def remove(self, keys: str | Sequence[str], some: Collection[UUID]) -> None:
        self.storage.remove([keys] if isinstance(keys, str) else keys, some, at=self.later())

    def trim(self, keys: str | Sequence[str], length: int) -> None:
        self.storage.trim([keys] if isinstance(keys, str) else keys, length, at=self.later())

    def delete(self, keys: str | Sequence[str]) -> None:
        self.storage.delete([keys] if isinstance(keys, str) else keys, at=self.later())

    def read(self, key: str | None = None) -> list[Entry]:
        """All that the reader of this timeline sees."""
        return self.storage.slice(key or self.key, limit=self.max_length).entries

    def floor(self, key: str | None = None) -> UUID:
        return self.storage.slice(key or self.key, limit=1).floor
