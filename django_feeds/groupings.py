"""
By which aggregators feeds were filled, so that a change of one is noticed: see `check --database`.

Flat feeds are by none: one of them that becomes a grouped one has entries without digests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .exceptions import FeedsConfigurationError
from .feeds import AggregatedFeed, Feed
from .models import Grouping
from .registry import managers

__all__ = ["Change", "changes", "note_new", "note_rebuilt"]


FLAT = ""
"""The fingerprint of a feed that does not group."""


class Change(NamedTuple):
    """A feed whose timelines still hold groups of another aggregator, or none."""

    manager: str
    """Who fills it, and so can rebuild it."""

    feed: str
    """How the manager calls it."""

    before: str
    now: str


def note_new(using: str) -> None:
    """Remember the aggregators of feeds that are not known yet: what fills them now is what will be in them."""
    known = set(Grouping.objects.using(using).values_list("feed", flat=True))
    new = [_row(one) for _manager, _name, one in _filled() if name_of(one) not in known]
    Grouping.objects.using(using).bulk_create(new, ignore_conflicts=True)


def note_rebuilt(feed_classes: Iterable[type[Feed]]) -> None:
    """All timelines of these feeds hold groups of the present aggregators now."""
    for row in map(_row, feed_classes):
        Grouping.objects.update_or_create(feed=row.feed, defaults={"fingerprint": row.fingerprint})


def changes(using: str) -> Iterator[Change]:
    """The feeds whose aggregator is another one now than when they were filled."""
    known = dict(Grouping.objects.using(using).values_list("feed", "fingerprint"))
    for manager, name, one in _filled():
        row = _row(one)
        before = known.get(row.feed, row.fingerprint)
        if row.fingerprint not in (before, FLAT):
            yield Change(manager, name, before or "nothing", row.fingerprint)


def name_of(feed_class: type[Feed]) -> str:
    """The alias of a feed, or where its class is."""
    return getattr(feed_class, "alias", f"{feed_class.__module__}.{feed_class.__qualname__}")


def _filled() -> list[tuple[str, str, type[Feed]]]:
    """(manager, name, class) of what managers fill, as `rebuild_feeds` calls it; nothing where one is wrong."""
    try:
        return [(one.name, name, feed_class) for one in managers() for name, feed_class in one.named_feeds().items()]
    except FeedsConfigurationError:  # the checks of the settings say why
        return []


def _row(feed_class: type[Feed]) -> Grouping:
    fingerprint = feed_class.get_aggregator().fingerprint() if issubclass(feed_class, AggregatedFeed) else FLAT
    return Grouping(feed=name_of(feed_class), fingerprint=fingerprint)
