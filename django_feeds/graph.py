"""
Who follows whom, as fan-out asks: in ranges, with JSON values only, so that a task can carry a range.

`FollowGraph` reads the `Follow` rows. A manager that overrides `get_user_follower_ids` owns its graph, and
`OwnedGraph` asks the manager.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from . import conf
from .models import Follow
from .owners import Owner, owner_of

__all__ = ["Chunk", "FollowGraph", "OwnedGraph", "follows", "graph_of"]

Chunk = Mapping[str, Any]
"""Some followers of one source: {"first": pk, "last": pk}, a range of the index, or {"owners": [...]}."""


def graph_of(manager: Any) -> FollowGraph | OwnedGraph:
    """The graph that this manager fans out along."""
    return OwnedGraph(manager) if manager.owns_graph else FollowGraph(manager)


class FollowGraph:
    """The default graph: the rows of `Follow`."""

    def __init__(self, manager: Any) -> None:
        self.manager = manager

    def chunks(self, source: Owner, size: int) -> Iterator[tuple[str, Chunk]]:
        """The followers of `source` as (priority, chunk of at most `size`)."""
        if _reads_own(source):
            yield "high", {"owners": [source]}
        for first, last in Follow.objects.followers(source).ranges(size):
            yield "high", {"first": _plain(first), "last": _plain(last)}

    def readers(self, source: Owner, chunk: Chunk) -> list[Owner]:
        """Those in this chunk who follow `source` now."""
        if "owners" in chunk:
            return sorted(self.who_follow(chunk["owners"], [source]).get(source, ()))
        follows = Follow.objects.followers(source).between(chunk["first"], chunk["last"])
        return [str(pk) for pk in follows.values_list("user_id", flat=True)]

    def who_follow(self, owners: Collection[Owner], sources: Collection[Owner]) -> dict[Owner, set[Owner]]:
        """Those of `owners` who follow each of `sources` now, by source."""
        users = [owner for owner in owners if _is_user(owner)]
        found = {owner: {owner} for owner in users if owner in sources and _reads_own(owner)}
        follows = Follow.objects.filter(target__in=list(sources)).by(users)
        for pk, source in follows.values_list("user_id", "target"):
            found.setdefault(source, set()).add(str(pk))
        return found

    def followed(self, owner: Owner) -> list[Owner] | None:
        """All sources of this reader; None where nobody can tell."""
        own = [owner] if _reads_own(owner) else []
        return own + (Follow.objects.following(owner).targets() if _is_user(owner) else [])


class OwnedGraph:
    """A graph of the project's own, behind the manager's `get_user_follower_ids` and `get_user_following`."""

    def __init__(self, manager: Any) -> None:
        self.manager = manager

    def chunks(self, source: Owner, size: int) -> Iterator[tuple[str, Chunk]]:
        if _reads_own(source):
            yield "high", {"owners": [source]}
        for priority, ids in self.manager.get_user_follower_ids(source).items():
            readers = _each(ids)
            while chunk := [owner_of(id) for id in islice(readers, size)]:
                yield getattr(priority, "value", priority) or "high", {"owners": chunk}

    def readers(self, source: Owner, chunk: Chunk) -> list[Owner]:
        return sorted(self._among(source, chunk["owners"]))

    def who_follow(self, owners: Collection[Owner], sources: Collection[Owner]) -> dict[Owner, set[Owner]]:
        return {source: self._among(source, owners) for source in sources}

    def followed(self, owner: Owner) -> list[Owner] | None:
        followed = self.manager.get_user_following(owner)
        if followed is None:
            return None
        own = [owner] if _reads_own(owner) else []
        return own + [owner_of(id) for id in followed]

    def _among(self, source: Owner, owners: Collection[Owner]) -> set[Owner]:
        """
        Those of `owners` who follow `source` now.

        A queryset is asked for just these; a list or an iterator is read again, whatever its length.
        """
        found = {source} & set(owners) if _reads_own(source) else set()
        for ids in self.manager.get_user_follower_ids(source).values():
            found |= {owner_of(id) for id in _each(_narrowed(ids, owners))} & set(owners)
        return found


def follows(graph: FollowGraph | OwnedGraph, owner: Owner, targets: Collection[Owner]) -> list[Owner]:
    """Those of `targets` whom this reader follows now."""
    followers = graph.who_follow([owner], targets)
    return [target for target in targets if owner in followers.get(target, ())]


def _each(ids: Any) -> Iterator[Any]:
    return ids.iterator(chunk_size=2_000) if hasattr(ids, "iterator") else iter(ids)


def _narrowed(ids: Any, owners: Collection[Owner]) -> Any:
    """Only these of the ids, where they are a queryset that can still be filtered."""
    if not isinstance(ids, QuerySet) or ids.query.is_sliced or ids.query.combinator or not all(map(_is_user, owners)):
        return ids
    # Which column values_list() chose; Django has no public word for it.
    (field,) = ids._fields or ("pk",)  # type: ignore[attr-defined]
    return ids.filter(**{f"{field}__in": list(owners)})


def _is_user(owner: Owner) -> bool:
    return ":" not in owner


def _reads_own(owner: Owner) -> bool:
    return bool(conf.get("INCLUDE_OWN")) and _is_user(owner)


def _plain(pk: Any) -> Any:
    return pk if isinstance(pk, int) else str(pk)
