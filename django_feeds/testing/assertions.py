"""Assertions about feeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn
from uuid import UUID

from django.db.models import Model

from ..activity import Activity
from ..feeds import Feed
from ..models import ActivityRecord
from ..records import identity_key
from ..sources import sources_of

__all__ = ["FeedAssertions"]


class FeedAssertions:
    """Mix into a TestCase. A thing is an activity, its id, or a row whose model causes activities."""

    fail: Callable[[str], NoReturn]
    """The TestCase's."""

    def assertInFeed(self, thing: Any, feed: Feed) -> None:
        """The feed shows the activity of this thing, exactly once."""
        ids, shown = _ids(thing), _shown(feed)
        times = sum(shown.count(id) for id in ids)
        if times != 1:
            self.fail(f"{thing!r} is in {feed!r} {times} times, not once. It shows {len(shown)}: {_text(feed)}")

    def assertNotInFeed(self, thing: Any, feed: Feed) -> None:
        """Neither does the feed show the activity of this thing, nor does its timeline hold it."""
        ids = _ids(thing)
        held = {entry.id for entry in feed.entries(feed.max_length)}
        if ids & held or ids & set(_shown(feed)):
            self.fail(f"{thing!r} is in {feed!r}: {_text(feed)}")

    def assertFeedEqual(self, feed: Feed, things: Any) -> None:
        """The feed shows just the activities of these things, in this order."""
        expected = [_ids(thing) for thing in things]
        shown = _shown(feed)
        if len(shown) != len(expected) or any(id not in ids for id, ids in zip(shown, expected, strict=True)):
            self.fail(f"{feed!r} shows {_text(feed)}, not {things!r}.")


def _shown(feed: Feed) -> list[UUID]:
    return [activity.id for activity in feed]


def _text(feed: Feed) -> str:
    return "; ".join(map(str, feed[:20])) or "nothing"


def _ids(thing: Any) -> set[UUID]:
    if isinstance(thing, Activity):
        return {thing.id}
    if isinstance(thing, UUID):
        return {thing}
    if not isinstance(thing, Model) or not sources_of(type(thing)):
        raise TypeError(f"{thing!r} is no activity, no id, and no row of a model with a source.")
    if thing.pk is None:
        raise ValueError(f"{thing!r} has no pk any more; take `activity = feed[0]` before you delete the row.")
    keys = [identity_key(source.identity(thing)) for source in sources_of(type(thing))]
    return set(ActivityRecord.objects.filter(identity_key__in=keys).values_list("activity_id", flat=True))
