"""The storage that is the project's own database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial, wraps
from typing import Any, TypeVar
from uuid import UUID

from django.core import checks
from django.db import InterfaceError, OperationalError, connections, router
from django.db.models import Case, QuerySet, Value, When
from django.db.models.functions import Greatest

from ..deadlocks import despite_deadlocks
from ..exceptions import StorageUnavailable
from ..ids import MAX_ID, before
from ..models import TimelineEntry, TimelineMark
from .base import BaseStorage, Entry, Mark, Slice
from .chunks import chunks
from .cuts import due_for_cut
from .dialects import Dialect, dialect_for
from .dialects.plain import Range, more_than_ids

__all__ = ["DatabaseStorage"]

ROWS_PER_STATEMENT = 10_000
MARKS_PER_STATEMENT = 200
MARK_ATTEMPTS = 10

Method = TypeVar("Method", bound=Callable[..., Any])


UNREACHABLE = (OperationalError, InterfaceError)


def reaching(method: Method) -> Method:
    """Raise StorageUnavailable where the database did not answer: gone, locked, out of time, a deadlock."""

    @wraps(method)
    def reach(self: DatabaseStorage, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except UNREACHABLE as error:
            raise self.unavailable(error) from error

    return reach  # type: ignore[return-value]


class DatabaseStorage(BaseStorage):
    """
    Keeps timelines in two tables. Option DATABASE: an alias of DATABASES; without it the routers say.

    A push is one statement, whatever the number of timelines, and touches no row of a timeline itself: a counter
    there would cost more than the entry. So a timeline is not counted on each push but, by a rule that depends on
    nothing but its key and the activity, on one of many; what lies beyond the bound until then, readers leave out.

    Activities are in the same database as their records, so that there is no body to keep.
    """

    keeps_bodies = False

    def check(self) -> list[checks.CheckMessage]:
        messages: list[checks.CheckMessage] = []
        unknown = sorted(set(self.options) - {"DATABASE"})
        if unknown:
            messages.append(
                checks.Error(
                    f"The storage {self.alias!r} has unknown OPTIONS: {', '.join(unknown)}.",
                    hint="The database storage knows one option, DATABASE.",
                    id="django_feeds.E050",
                )
            )
        database = self.options.get("DATABASE")
        if database is not None and database not in connections.settings:
            messages.append(
                checks.Error(
                    f"The storage {self.alias!r} is to be in the database {database!r}, which DATABASES does not have.",
                    hint=f"There are: {', '.join(connections.settings)}.",
                    id="django_feeds.E051",
                )
            )
        return messages

    def identity(self) -> tuple[Any, ...]:
        return (DatabaseStorage, self.options.get("DATABASE") or router.db_for_write(TimelineEntry))

    def reader(self) -> Dialect:
        return dialect_for(self.options.get("DATABASE") or router.db_for_read(TimelineEntry))

    def writer(self) -> Dialect:
        return dialect_for(self.options.get("DATABASE") or router.db_for_write(TimelineEntry))

    def unavailable(self, error: Exception) -> StorageUnavailable:
        return StorageUnavailable(f"The database of the storage {self.alias!r} did not answer: {error}")

    # Written

    @reaching
    def add(
        self,
        keys: Sequence[str],
        entries: Sequence[Entry],
        *,
        max_length: int,
        floor: UUID | None = None,
        bodies: Mapping[UUID, str] | None = None,
        at: datetime | None = None,
        arrivals: bool = False,
        create: bool = True,
    ) -> None:
        entries = sorted({entry.id: entry for entry in entries}.values())
        if not entries and floor is None:
            return
        dialect = self.writer()
        for some in chunks(list(dict.fromkeys(keys)), dialect.chunk):
            if floor is None:
                self._insert(dialect, some, entries, before(entries[0].id) if create else None, arrivals)
                due = due_for_cut(some, entries, max_length)
            else:
                self._complete(dialect, some, entries, floor, arrivals)
                due = some
            if due:
                dialect.cut(due, max_length)

    def _insert(
        self, dialect: Dialect, keys: Sequence[str], entries: Sequence[Entry], floor: UUID | None, arrivals: bool
    ) -> None:
        """Put the entries on the timelines; make those that are missing where there is a floor for them."""
        for part in chunks(entries, min(dialect.entry_chunk, max(ROWS_PER_STATEMENT // len(keys), 1))):
            missing = dialect.insert(keys, part, arrivals)
            if missing and floor is not None:
                dialect.create(missing, floor)
            # Those that are there had ids alone until now.
            marked = dialect.mark(missing) if missing and more_than_ids(part, arrivals) else 0
            if missing and (marked or floor is not None):
                dialect.insert(sorted(missing), part, arrivals)

    def _complete(
        self, dialect: Dialect, keys: Sequence[str], entries: Sequence[Entry], floor: UUID, arrivals: bool
    ) -> None:
        """Nobody sees the lower floor before the entries that make it true."""
        with dialect.atomic():
            dialect.create(keys, floor)
            dialect.lower(keys, floor)
            self._insert(dialect, keys, entries, floor, arrivals)

    @reaching
    def remove(self, keys: Sequence[str], ids: Collection[UUID], *, at: datetime | None = None) -> None:
        dialect = self.writer()
        for some in chunks(list(dict.fromkeys(keys)), dialect.chunk):
            for part in chunks(sorted(ids), dialect.entry_chunk):
                dialect.remove(some, part)

    @reaching
    def trim(self, keys: Sequence[str], length: int, *, at: datetime | None = None) -> None:
        dialect = self.writer()
        for some in chunks(keys, dialect.chunk):
            dialect.cut(some, length)

    @reaching
    def delete(self, keys: Sequence[str], *, at: datetime | None = None) -> None:
        dialect = self.writer()
        for some in chunks(keys, dialect.chunk):
            dialect.delete(some)

    # Read

    def slice(
        self,
        key: str,
        *,
        limit: int,
        before: UUID | None = None,
        after: UUID | None = None,
        offset: int = 0,
        oldest_first: bool = False,
        with_bodies: bool = False,
    ) -> Slice:
        try:  # as `reaching` does, without the price of one more call
            dialect = self.reader()
            floor, entries = dialect.page(key, Range(limit, before, after, offset, oldest_first))
            if floor is None:
                floor = dialect.floors([key]).get(key, MAX_ID)
        except UNREACHABLE as error:
            raise self.unavailable(error) from error
        return Slice(entries, floor)

    @reaching
    def slice_many(self, keys: Sequence[str], *, limit: int, before: UUID | None = None) -> dict[str, Slice]:
        dialect = self.reader()
        slices = {key: Slice([]) for key in keys}
        for some in chunks(list(slices), dialect.chunk):
            for key, (floor, entries) in dialect.pages(some, Range(limit, before)).items():
                slices[key] = Slice(entries, floor)
        return slices

    @reaching
    def count(self, key: str, *, max_length: int) -> int:
        return self.reader().count(key, max_length)

    @reaching
    def rank(self, key: str, id: UUID, *, max_length: int) -> int | None:
        rank = self.reader().rank(key, id, max_length)
        return rank if rank is not None and rank < max_length else None

    # Marks

    @reaching
    def mark(self, key: str, marks: Mapping[int, Mark], *, forget: Collection[int] = ()) -> None:
        """Without a transaction of its own, and again where a deadlock ended it: marks do not mind."""
        rows = self._marks(self.writer(), key)
        despite_deadlocks(partial(self._mark, rows, key, marks, forget), rows.db, MARK_ATTEMPTS)

    def _mark(self, rows: QuerySet[TimelineMark], key: str, marks: Mapping[int, Mark], forget: Collection[int]) -> None:
        for some in chunks(sorted(forget), MARKS_PER_STATEMENT):
            rows.filter(group__in=some)._raw_delete(rows.db)
        for part in chunks(sorted(marks.items()), MARKS_PER_STATEMENT):
            self._raise(rows, key, dict(part))
        if 0 in marks:
            says_no_more = rows.filter(seen__lte=marks[0].seen, read__lte=marks[0].read).exclude(group=0)
            says_no_more._raw_delete(rows.db)

    def _raise(self, rows: QuerySet[TimelineMark], key: str, marks: Mapping[int, Mark]) -> None:
        """
        The database compares: nobody's mark is read here, and written over another's.

        Rows that are missing are made, and all are raised once more: another may have made one of them meanwhile, or
        taken one that said no more than the whole timeline.
        """
        higher = {
            "seen": Greatest("seen", _by_group({group: mark.seen for group, mark in marks.items()})),
            "read": Greatest("read", _by_group({group: mark.read for group, mark in marks.items()})),
        }
        new = [TimelineMark(key=key, group=group, seen=mark.seen, read=mark.read) for group, mark in marks.items()]
        while rows.filter(group__in=list(marks)).update(**higher) < len(marks):
            TimelineMark.objects.using(rows.db).bulk_create(new, ignore_conflicts=True)

    @reaching
    def marks(self, key: str) -> dict[int, Mark]:
        rows = self._marks(self.reader(), key).values_list("group", "seen", "read")
        return {group: Mark(seen, read) for group, seen, read in rows}

    @reaching
    def unmark(self, keys: Sequence[str]) -> None:
        using = self.writer().using
        for some in chunks(sorted(keys), MARKS_PER_STATEMENT):
            TimelineMark.objects.using(using).filter(key__in=some)._raw_delete(using)

    def _marks(self, dialect: Dialect, key: str) -> QuerySet[TimelineMark]:
        return TimelineMark.objects.using(dialect.using).filter(key=key)


def _by_group(numbers: Mapping[int, int]) -> Case | Value:
    """The number of each row's group."""
    groups: dict[int, list[int]] = {}
    for group, number in numbers.items():
        groups.setdefault(number, []).append(group)
    if len(groups) == 1:
        return Value(next(iter(groups)))
    return Case(*(When(group__in=some, then=Value(number)) for number, some in groups.items()))
