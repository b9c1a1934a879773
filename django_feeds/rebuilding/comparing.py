"""One feed, beside what it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from .. import filling
from ..feeds import Feed
from ..owners import Owner
from ..reader import sources_of

if TYPE_CHECKING:
    from ..managers import Manager

__all__ = ["Difference", "compare"]


class Difference(NamedTuple):
    """How one feed differs from what its sources bring; each newest first."""

    missing: list[UUID]
    """What should be there: the timeline says that it is complete where these are."""

    surplus: list[UUID]
    """What should not be there."""

    below: list[UUID]
    """What lies under the floor, where the timeline claims nothing and pages go on by pull."""


def compare(manager: Manager, feed_class: type[Feed], owner: Owner) -> Difference | None:
    """What a timeline holds, beside what its sources bring; None where nobody knows its sources."""
    sources = sources_of(manager, feed_class, owner)
    if sources is None:
        return None
    length = feed_class.max_length
    part = feed_class.get_storage().slice(feed_class.key_for(owner), limit=length)
    held = {entry.id for entry in part.entries}
    brought = sources.newest(length)
    # A full feed says nothing of what is older than its last entry.
    absent = [id for id in brought if id not in held and (len(held) < length or id > part.entries[-1].id)]
    strange = held - set(brought)
    return Difference(
        [id for id in absent if id > part.floor],
        sorted(filling.unbrought(manager, feed_class, owner, strange), reverse=True),
        [id for id in absent if id <= part.floor],
    )
