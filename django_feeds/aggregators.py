"""
Aggregators: which activities are shown as one group, and which groups come first.

    class ByBoard(BaseAggregator):
        def get_group(self, activity):
            return f"{activity.verb.id}-{activity.target_reference}"

Pure functions of activities; a feed keeps the digest of what `get_group` says beside each entry, and groups by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any, ClassVar, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings as django_settings

from . import conf
from .activity import Activity, AggregatedActivity
from .exceptions import FeedsConfigurationError
from .ids import EPOCH, digest48, id_time
from .owners import Reference
from .verbs import Add, Verb

__all__ = [
    "BaseAggregator",
    "NotificationAggregator",
    "RecentVerbAggregator",
    "Skeleton",
    "TemplateAggregator",
    "group_entries",
]

Ranked = TypeVar("Ranked", "Skeleton", AggregatedActivity)


@dataclass(frozen=True)
class Skeleton:
    """A group as ranking sees it, before anything of it is hydrated."""

    digest: int
    members: Sequence[Any]
    """Entries with `id`, `actor` (a digest) and `arrived`, newest first."""

    @property
    def activity_count(self) -> int:
        return len(self.members)

    @property
    def actor_count(self) -> int:
        """How many different actors there are."""
        return len({member.actor for member in self.members})

    @property
    def last_id(self) -> UUID:
        return self.members[0].id

    @property
    def created_at(self) -> datetime:
        """When the first of its activities happened, to the millisecond."""
        return id_time(self.members[-1].id)

    @property
    def updated_at(self) -> datetime:
        """When the last of them happened."""
        return id_time(self.members[0].id)


def group_entries(entries: Iterable[Any]) -> list[Skeleton]:
    """Entries, newest first, by the group that each belongs to; the group of the newest is the first."""
    members: dict[int, list[Any]] = {}
    for entry in entries:
        members.setdefault(entry.group, []).append(entry)
    return [Skeleton(digest, some) for digest, some in members.items()]


class BaseAggregator:
    """
    Puts activities into groups. Override `get_group`, and `rank` for another order than the newest first.

    Whatever makes other groups of the same activities must make another `fingerprint`: raise `version` when you
    change `get_group`. Then groups of before and after never mix, and `check --database` says to rebuild the feed.
    """

    version: ClassVar[int] = 1

    time_zone: ClassVar[str | None] = None
    """The zone whose midnight cuts days; None: `DJANGO_FEEDS["TIME_ZONE"]`, else Django's TIME_ZONE."""

    one_object: ClassVar[bool] = False
    """Have all activities of a group one object?"""

    aggregated_activity_class: ClassVar[type[AggregatedActivity]] = AggregatedActivity

    def __init__(self, *, time_zone: str | None = None) -> None:
        name = time_zone or self.time_zone or conf.get("TIME_ZONE") or django_settings.TIME_ZONE
        try:
            self.zone = ZoneInfo(name)
        except (KeyError, OSError, TypeError, ValueError) as error:  # ZoneInfoNotFoundError is a KeyError
            raise FeedsConfigurationError(
                f"{type(self).__name__} is to cut days in the time zone {name!r}, which is none; write it as in "
                "'Europe/Berlin' (in `time_zone`, DJANGO_FEEDS['TIME_ZONE'] or TIME_ZONE)."
            ) from error

    # Groups

    def get_group(self, activity: Activity) -> str:
        """The label of the group that this activity belongs to."""
        raise NotImplementedError(f"{type(self).__name__} must override get_group().")

    def rank(self, groups: list[Ranked]) -> list[Ranked]:
        """
        These groups in the order in which they are shown; by default the one with the newest activity first.

        They are not hydrated: they have `digest`, `activity_count`, `actor_count`, `created_at`, `updated_at` and
        `last_id`. Equal groups must come in equal order each time, or pages overlap; end with `last_id`.
        """
        return sorted(groups, key=lambda group: group.last_id, reverse=True)

    def local(self, time: datetime) -> datetime:
        """This time in the zone whose midnight cuts days."""
        return time.astimezone(self.zone)

    # Digests

    def fingerprint(self) -> str:
        """What tells this aggregator from others, at most 255 characters."""
        kind = f"{type(self).__module__}.{type(self).__qualname__}"
        text = json.dumps([kind, self.version, self.options()], separators=(",", ":"))
        return text if len(text) <= 255 else f"{text[:200]}...{digest48(text):012x}"

    def options(self) -> dict[str, Any]:
        """What else than its class its groups depend on, as JSON can hold it."""
        return {"time_zone": self.zone.key}

    def digest(self, activity: Activity) -> int:
        """The digest that a feed keeps of the group of this activity."""
        return self.label_digest(self.get_group(activity))

    def label_digest(self, label: str) -> int:
        return digest48(f"{self.fingerprint()}\n{label}")

    # Activities at hand

    def aggregate(self, activities: Iterable[Activity]) -> list[AggregatedActivity]:
        """The groups of these activities, ranked; one that comes twice counts once."""
        new, _changed, _deleted = self.merge([], activities)
        return new

    def merge(
        self, aggregated: Iterable[AggregatedActivity], activities: Iterable[Activity]
    ) -> tuple[list[AggregatedActivity], list[tuple[AggregatedActivity, AggregatedActivity]], list[AggregatedActivity]]:
        """
        Put activities into groups that there are: returns (new groups, [(old, new)] of those that changed, []).

        What was given stays as it was. The third is always empty: nothing leaves a group here. A group that another
        aggregator made takes nothing up.
        """
        before = {group.digest: group for group in aggregated}
        groups: dict[int, AggregatedActivity] = {}
        for activity in activities:
            label = self.get_group(activity)
            digest = self.label_digest(label)
            known = groups.get(digest) or before.get(digest)
            if known is not None and known.contains(activity):
                continue
            if digest not in groups:
                groups[digest] = known.copy() if known is not None else self._empty(label, digest)
            groups[digest].append(activity)
        new = [group for digest, group in groups.items() if digest not in before]
        changed = [(before[digest], group) for digest, group in groups.items() if digest in before]
        return self.rank(new), changed, []

    def _empty(self, label: str, digest: int) -> AggregatedActivity:
        return self.aggregated_activity_class(label, digest=digest, one_object=self.one_object)


class RecentVerbAggregator(BaseAggregator):
    """What was done with one verb on one day."""

    def get_group(self, activity: Activity) -> str:
        return f"{activity.verb.id}-{self.local(activity.time).date()}"


class NotificationAggregator(BaseAggregator):
    """What was done with one verb to one object on one day."""

    one_object = True

    def get_group(self, activity: Activity) -> str:
        return f"{activity.verb.id}-{activity.object_reference}-{self.local(activity.time).date()}"


class TemplateAggregator(BaseAggregator):
    """
    Groups by a template: `TemplateAggregator("{verb}-{object}-{time:%Y-%m-%d}")`.

    As str.format has it, with `actor`, `object` and `target` ("app.Model:pk", or nothing), `verb` (its infinitive;
    `{verb.id}` is its id) and `time`, in the zone whose midnight cuts days. Raises FeedsConfigurationError for a
    template that cannot be filled in.
    """

    template: ClassVar[str] = "{verb}-{object}-{time:%Y-%m-%d}"

    def __init__(self, template: str | None = None, *, time_zone: str | None = None) -> None:
        super().__init__(time_zone=time_zone)
        if template is not None:
            self.template = template  # type: ignore[misc]
        blanks = self._blanks()
        self.one_object = "{object}" in blanks  # type: ignore[misc]
        for blank in blanks:
            try:
                self._fill(blank, Reference("app.Model", 1), Add(), Reference("app.Model", 1), None, EPOCH)
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                raise FeedsConfigurationError(
                    f"The blank {blank} in the template {self.template!r} of {type(self).__name__} cannot be filled "
                    f"in: {error!r}. There are {{actor}}, {{verb}}, {{object}}, {{target}} and {{time}}."
                ) from error

    def options(self) -> dict[str, Any]:
        return {**super().options(), "template": self.template}

    def get_group(self, activity: Activity) -> str:
        return self._fill(
            self.template,
            activity.actor_reference,
            activity.verb,
            activity.object_reference,
            activity.target_reference,
            self.local(activity.time),
        )

    def _fill(
        self, text: str, actor: Reference, verb: Verb, object: Reference, target: Reference | None, time: datetime
    ) -> str:
        return text.format(actor=str(actor), verb=verb, object=str(object), target=str(target or ""), time=time)

    def _blanks(self) -> list[str]:
        """The blanks of the template, each as it is written there."""
        try:
            parts = list(Formatter().parse(self.template))
        except (TypeError, ValueError) as error:
            raise FeedsConfigurationError(
                f"The template {self.template!r} of {type(self).__name__} cannot be read: {error}."
            ) from error
        marks = [
            (name, f"!{conversion}" if conversion else "", f":{spec}" if spec else "")
            for _text, name, spec, conversion in parts
            if name is not None
        ]
        return [f"{{{''.join(mark)}}}" for mark in marks]
