"""Many rows and activities, some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db.models import Model, QuerySet, prefetch_related_objects

from .. import sources
from ..exceptions import FeedsConfigurationError

__all__ = ["batches", "prefetch"]


def batches(items: QuerySet | Iterable[Any], size: int) -> Iterator[list[Any]]:
    """These items, `size` at a time; a queryset is read so, too. Raises FeedsConfigurationError for no such size."""
    if not isinstance(size, int) or size < 1:
        raise FeedsConfigurationError(f"A batch holds 1 or more, not {size!r}.")
    some = iter(items.iterator(chunk_size=size) if isinstance(items, QuerySet) else items)
    while batch := list(islice(some, size)):
        yield batch


def prefetch(items: Iterable[Any]) -> None:
    """Load what many rows lead to in one query for each relation, not for each row."""
    rows: dict[type[Model], list[Model]] = {}
    for item in items:
        if isinstance(item, Model):
            rows.setdefault(type(item), []).append(item)
    for model, instances in rows.items():
        names = [name for source in sources.sources_of(model) for name in source.prefetched()]
        prefetch_related_objects(instances, *dict.fromkeys(names))
