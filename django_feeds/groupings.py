"""By which aggregators grouped feeds were filled, so that a change of one is noticed: see `check --database`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from . import conf
from .exceptions import FeedsConfigurationError
from .feeds import AggregatedFeed, Feed
from .models import Grouping
from .registry import get_feed_class, managers

__all__ = ["Change", "changes", "grouped_feeds", "note_new", "note_rebuilt"]


class Change(NamedTuple):
    """A feed whose timelines still hold groups of another aggregator."""

    feed: str
    before: str
    now: str


def grouped_feeds() -> dict[str, type[AggregatedFeed]]:
    """The grouped feeds in use, by alias or dotted path."""
    found: list[type[Feed]] = []
    for alias in conf.get("FEEDS"):
        found.append(get_feed_class(alias))
    for manager in managers():
        found += manager.all_feed_classes()
    return {name_of(one): one for one in found if issubclass(one, AggregatedFeed)}


def note_new(using: str) -> None:
    """Remember the aggregators of feeds that are not known yet: what fills them now is what will be in them."""
    known = set(Grouping.objects.using(using).values_list("feed", flat=True))
    new = [_row(name, one) for name, one in _usable().items() if name not in known]
    Grouping.objects.using(using).bulk_create(new, ignore_conflicts=True)


def note_rebuilt(feed_classes: Iterable[type[Feed]]) -> None:
    """All timelines of these feeds hold groups of the present aggregators now."""
    for one in feed_classes:
        if issubclass(one, AggregatedFeed):
            row = _row(name_of(one), one)
            Grouping.objects.update_or_create(feed=row.feed, defaults={"fingerprint": row.fingerprint})


def changes(using: str) -> Iterator[Change]:
    """The feeds whose aggregator is another one now than when they were filled."""
    known = dict(Grouping.objects.using(using).values_list("feed", "fingerprint"))
    for name, one in _usable().items():
        now = one.get_aggregator().fingerprint()
        if known.get(name, now) != now:
            yield Change(name, known[name], now)


def name_of(feed_class: type[Feed]) -> str:
    """The alias of a feed, or where its class is."""
    return getattr(feed_class, "alias", f"{feed_class.__module__}.{feed_class.__qualname__}")


def _usable() -> dict[str, type[AggregatedFeed]]:
    """Those that can be made; the checks of the settings say what is wrong with others."""
    try:
        return grouped_feeds()
    except FeedsConfigurationError:
        return {}


def _row(name: str, feed_class: type[AggregatedFeed]) -> Grouping:
    return Grouping(feed=name, fingerprint=feed_class.get_aggregator().fingerprint())
