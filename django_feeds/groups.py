"""Groups as values: activities that are shown as one, with counts that stay right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

from django.utils import timezone
from django.utils.translation import ngettext

from .exceptions import ActivityNotFound, DuplicateActivity
from .ids import digest48, id_time

if TYPE_CHECKING:
    from .activity import Activity
    from .aggregators import Skeleton

__all__ = ["AggregatedActivity", "NotificationActivity"]

ID = re.compile("[0-9a-f]{12}")

number = attrgetter("int")  # ids compare in Python, and numbers four times as fast

Group = TypeVar("Group", bound="AggregatedActivity")


class AggregatedActivity:
    """
    Some activities that an aggregator puts together, the newest of them to be shown.

    Every member is known by its id and its actor's digest, also those that are folded away, so that counts stay exact
    whatever is added, taken out, or comes twice. What is shown are the newest `max_aggregated_activities_length` of
    those that are at hand.
    """

    max_aggregated_activities_length: ClassVar[int] = 15

    def __init__(
        self,
        group: str,
        activities: Iterable[Activity] | None = None,
        created_at: datetime | None = None,
        updated_at: datetime | None = None,
        *,
        digest: int | None = None,
        one_object: bool = False,
    ) -> None:
        self.group = group
        """The label: what the aggregator said of each member."""
        self.digest = digest48(group) if digest is None else digest
        """48 bits of the label and of who made it; `id` is the same as text."""
        self.one_object = one_object
        """Have all members one object, those too that are folded?"""
        self.seen_at: datetime | None = None
        self.read_at: datetime | None = None
        self._created_at, self._updated_at = created_at, updated_at
        self._actors: dict[UUID, int] = {}
        self._at_hand: dict[UUID, Activity] = {}
        for activity in activities or ():
            if activity.id not in self._actors:
                self.append(activity)

    @classmethod
    def of(
        cls: type[Group],
        skeleton: Skeleton,
        label: str,
        activities: Iterable[Activity],
        *,
        one_object: bool = False,
        **state: Any,
    ) -> Group:
        """The group of a skeleton, with the activities that were hydrated; `state` becomes attributes."""
        group = cls(label, digest=skeleton.digest, one_object=one_object)
        group._actors = {member.id: member.actor for member in skeleton.members}
        group._at_hand = {activity.id: activity for activity in activities}
        for name, value in state.items():
            setattr(group, name, value)
        return group

    @property
    def id(self) -> str:
        """What marks and addresses name it by: 12 hexadecimal characters."""
        return f"{self.digest:012x}"

    @staticmethod
    def parse_id(text: str) -> int:
        """The digest in an id; raises ValueError for what is none."""
        digest = int(text, 16) if isinstance(text, str) and ID.fullmatch(text) else 0
        if not digest:  # no digest is 0
            raise ValueError(f"{text!r} is not the id of a group.")
        return digest

    # Members

    def append(self, activity: Activity) -> None:
        """Take one more; raises DuplicateActivity where it is in already."""
        if activity.id in self._actors:
            raise DuplicateActivity(f"{activity!r} is in the group {self.group!r} already.")
        self._actors[activity.id] = activity.actor_digest
        self._at_hand[activity.id] = activity

    def remove(self, activity: Activity | UUID) -> None:
        """Take one out, a folded one too. Raises ActivityNotFound, and ValueError for the last one."""
        id = _id(activity)
        if id not in self._actors:
            raise ActivityNotFound(f"{activity!r} is not in the group {self.group!r}.")
        if len(self._actors) == 1:
            raise ValueError(f"{activity!r} is the last one in the group {self.group!r}; drop the group instead.")
        del self._actors[id]
        self._at_hand.pop(id, None)

    def remove_many(self, activities: Iterable[Activity | UUID]) -> list[Activity | UUID]:
        """Take these out, and return those that were in. Raises ValueError, and takes none, if none would be left."""
        present = list({_id(one): one for one in activities if self.contains(one)}.values())
        if len(present) == len(self._actors) and present:
            raise ValueError(f"Nothing would be left in the group {self.group!r}; drop the group instead.")
        for activity in present:
            self.remove(activity)
        return present

    def contains(self, activity: Activity | UUID) -> bool:
        """Is this activity, or the one of this id, in? Raises ValueError for anything else."""
        return _id(activity) in self._actors

    @property
    def activity_ids(self) -> list[UUID]:
        """The ids of all members, newest first."""
        return sorted(self._actors, key=number, reverse=True)

    @property
    def activities(self) -> list[Activity]:
        """What is shown: the newest, newest first."""
        ids = sorted(self._at_hand, key=number, reverse=True)[: self.max_aggregated_activities_length]
        return [self._at_hand[id] for id in ids]

    last_activities = activities

    @property
    def last_activity(self) -> Any:
        """The newest of what is at hand; None where nothing is."""
        return self._at_hand[max(self._at_hand, key=number)] if self._at_hand else None

    # Counts

    @property
    def activity_count(self) -> int:
        return len(self._actors)

    @property
    def actor_count(self) -> int:
        """How many different actors there are, of the folded ones too."""
        return len(set(self._actors.values()))

    @property
    def other_actor_count(self) -> int:
        """How many there are beside the last one."""
        return self.actor_count - 1

    @property
    def minimized_activities(self) -> int:
        """How many are counted and not shown."""
        return self.activity_count - len(self.activities)

    @property
    def object_count(self) -> int:
        """How many different objects there are; of a group that is folded, how many activities, unless it has one."""
        if self.minimized_activities:
            return 1 if self.one_object else self.activity_count
        return len({activity.object_reference for activity in self.activities})

    # What is shown of it

    @property
    def verb(self) -> Any:
        """The last activity's."""
        return self.last_activity.verb if self._at_hand else None

    @property
    def verbs(self) -> list[Any]:
        return _unique(activity.verb for activity in self.activities)

    @property
    def actor_ids(self) -> list[Any]:
        """The pks of the actors of what is shown, the latest first."""
        return _unique(activity.actor_id for activity in self.activities)

    @property
    def object_ids(self) -> list[Any]:
        return _unique(activity.object_id for activity in self.activities)

    @property
    def actors(self) -> list[Any]:
        """The rows of the actors of what is shown, the latest first."""
        return _rows(self.activities, "actor")

    @property
    def objects(self) -> list[Any]:
        return _rows(self.activities, "object")

    # Times

    @property
    def last_id(self) -> UUID:
        return max(self._actors, key=number)

    @property
    def created_at(self) -> datetime | None:
        """When the first of its activities happened, to the millisecond."""
        return id_time(min(self._actors, key=number)) if self._actors else self._created_at

    @property
    def updated_at(self) -> datetime | None:
        """When the last of them happened."""
        return id_time(self.last_id) if self._actors else self._updated_at

    @property
    def is_seen(self) -> bool:
        """Has it been seen since its last activity?"""
        return _since(self.seen_at, self.updated_at)

    @property
    def is_read(self) -> bool:
        return _since(self.read_at, self.updated_at)

    def update_seen_at(self) -> None:
        """It is seen now, as far as this value goes; feeds have marks of their own."""
        self.seen_at = timezone.now()

    def update_read_at(self) -> None:
        self.read_at = timezone.now()

    # Value

    def copy(self: Group) -> Group:
        """Another one of the same members, which changes apart from this."""
        other = copy(self)
        other._actors, other._at_hand = dict(self._actors), dict(self._at_hand)
        return other

    def __len__(self) -> int:
        return self.activity_count

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AggregatedActivity):
            return NotImplemented
        return self.digest == other.digest and self._actors.keys() == other._actors.keys()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.group} of {self.activity_count}>"

    def __str__(self) -> str:
        """The last activity's sentence, and how many more there are."""
        more = self.activity_count - 1
        if more < 1 or not self._at_hand:
            return str(self.last_activity or self.group)
        sentence = ngettext("%(activity)s, and %(count)d more", "%(activity)s, and %(count)d more", more)
        return sentence % {"activity": self.last_activity, "count": more}


class NotificationActivity(AggregatedActivity):
    """A group of notifications; the feed that it was read from says whether it was seen and read."""

    is_seen = False
    is_read = False

    def update_seen_at(self) -> None:
        super().update_seen_at()
        self.is_seen = True

    def update_read_at(self) -> None:
        super().update_read_at()
        self.is_read = True


def _id(activity: Activity | UUID) -> UUID:
    id = activity if isinstance(activity, UUID) else getattr(activity, "id", None)
    if not isinstance(id, UUID):
        raise ValueError(f"{activity!r} is neither an activity nor an activity's id (a UUID).")
    return id


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _rows(activities: Sequence[Activity], name: str) -> list[Any]:
    """The rows under this name, each once; without those that are gone."""
    found = {activity.references()[name]: getattr(activity, name) for activity in activities}
    return [row for row in found.values() if row is not None]


def _since(then: datetime | None, updated_at: datetime | None) -> bool:
    return then is not None and (updated_at is None or then >= updated_at)
