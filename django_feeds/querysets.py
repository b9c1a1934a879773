"""Queries: who follows and who mutes whom, and the newest activities of many sources."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connections, models

from .exceptions import InvalidOwner
from .ids import MAX_ID
from .owners import Owner, label_of, owner_of, owner_of_row, user_label

__all__ = ["FollowManager", "FollowQuerySet", "MuteManager", "SourceManager"]


class FollowQuerySet(models.QuerySet[Any]):
    """Follows, asked for by follower or by target; users, other rows, pks and owner strings are all fine."""

    def followers(self, target: Any) -> FollowQuerySet:
        """The follows of this target."""
        return self.filter(target=owner_of(target))

    def following(self, user: Any) -> FollowQuerySet:
        """The follows by this user; none for an anonymous one."""
        pk = user.pk if isinstance(user, models.Model) or hasattr(user, "is_anonymous") else user
        return self.filter(user=pk) if pk is not None else self.none()

    def of_model(self, model: type[models.Model]) -> FollowQuerySet:
        """Only those whose target is a row of this model."""
        label = label_of(model)
        if label == user_label():
            return self.exclude(target__contains=":")
        return self.filter(target__startswith=f"{label}:")

    def targets(self) -> list[Owner]:
        """The owners followed."""
        return list(self.values_list("target", flat=True))

    def ranges(self, size: int) -> Iterator[tuple[Any, Any]]:
        """
        The followers in these rows as (first, last) pks of at most `size` each, in order of pk.

        One query a range, which reads its last pk and the first of the next, so memory stays flat however many follow.
        """
        pks = self.order_by("user_id").values_list("user_id", flat=True)
        first = pks.first()
        while first is not None:
            last, following = [*pks.filter(user__gte=first)[size - 1 : size + 1], None, None][:2]
            last = pks.last() if last is None else last
            if last is None:
                return  # all who were left have gone meanwhile
            yield first, last
            first = following

    def between(self, first: Any, last: Any) -> FollowQuerySet:
        """Those of the followers from pk `first` to pk `last`, both included."""
        return self.filter(user__gte=first, user__lte=last)

    def by(self, users: Collection[Any]) -> FollowQuerySet:
        """Those by any of these users (pks)."""
        return self.filter(user__in=users)


class FollowManager(models.Manager.from_queryset(FollowQuerySet)):  # type: ignore[misc]
    """`Follow.objects`."""

    def follow(self, user: Any, target: Any) -> tuple[Any, bool]:
        """
        Let `user` follow `target`; returns the row and whether it is new.

        Raises InvalidOwner for what cannot be followed, also by this user, whom the target has blocked.
        """
        named = owner_of_row(target)  # a name that leads to no model would be followed in vain
        if apps.get_model("django_feeds", "Mute").objects.has_blocked(named, user):
            raise InvalidOwner(f"{user} cannot follow {target}, who has blocked him.")
        return self.get_or_create(user_id=_pk(user), target=named)

    def unfollow(self, user: Any, target: Any) -> bool:
        """Let `user` no longer follow `target`; returns whether he did."""
        row = self.following(user).filter(target=owner_of(target)).first()
        if row is not None:
            row.delete()
        return row is not None

    def is_following(self, user: Any, target: Any) -> bool:
        """Does `user` follow `target`? Anonymous users follow nobody."""
        return self.following(user).filter(target=owner_of(target)).exists()


class MuteManager(models.Manager[Any]):
    """`Mute.objects`. Users, other rows, pks and owner strings are all fine; mutes of oneself are refused."""

    def mute(self, user: Any, target: Any, *, block: bool = False) -> Any:
        """Let `user` hear nothing of `target` any more; a block stays one. Returns the row. Raises InvalidOwner."""
        named = owner_of_row(target)
        if named == _pk(user):
            raise InvalidOwner(f"{user!r} cannot mute himself.")
        row, _new = self.get_or_create(user_id=_pk(user), target=named, defaults={"is_block": block})
        if block and not row.is_block:
            row.is_block = True
            row.save(update_fields=["is_block"])
        return row

    def unmute(self, user: Any, target: Any) -> bool:
        """Let `user` hear of `target` again, also one he had blocked; returns whether he did not."""
        return bool(self.filter(user=_pk(user), target=owner_of(target)).delete()[0])

    def muted_by(self, user: Any) -> frozenset[Owner]:
        """Whom this user has muted or blocked; nobody, for what is no user."""
        owner = owner_of(user)
        if ":" in owner:
            return frozenset()
        return frozenset(self.filter(user=owner).values_list("target", flat=True))

    def has_blocked(self, user: Any, target: Any) -> bool:
        """Has `user` blocked `target`? What is no user blocks nobody."""
        owner = owner_of(user)
        return ":" not in owner and self.filter(user=owner, target=owner_of(target), is_block=True).exists()


def _pk(user: Any) -> Any:
    owner = owner_of(user)
    if ":" in owner:
        raise InvalidOwner(f"Only users follow and mute; {owner!r} is none.")
    return owner


class SourceManager(models.Manager):
    """`RecordSource.objects` and `RecordRecipient.objects`."""

    sources_per_query = 200
    """SQLite takes 500 terms in a compound select."""

    def newest(self, owners: Sequence[Owner], *, limit: int, before: UUID | None = None) -> list[UUID]:
        """
        The newest `limit` activities older than `before` that any of these owners brings, newest first, each once.

        Reads at most `limit` index rows of each owner, however many rows there are: one limited select for each,
        united in one query for 200 owners. Plain `owner IN (...) ORDER BY` would walk everybody's rows backwards
        where the followed are quiet.
        """
        found: set[UUID] = set()
        owners = list(dict.fromkeys(owners))
        for start in range(0, len(owners), self.sources_per_query):
            found.update(self._limited(owners[start : start + self.sources_per_query], limit, before or MAX_ID))
            found = set(islice(sorted(found, reverse=True), limit))
        return sorted(found, reverse=True)

    def owners(self, rows: models.QuerySet[Any]) -> dict[UUID, set[Owner]]:
        """The owners in these rows, by activity."""
        found: dict[UUID, set[Owner]] = {}
        for id, owner in rows.values_list("activity_id", "owner"):
            found.setdefault(id, set()).add(owner)
        return found

    def _limited(self, owners: Sequence[Owner], limit: int, before: UUID) -> Iterator[UUID]:
        connection = connections[self.db]
        field: Any = self.model._meta.get_field("activity_id")
        names = (self.model._meta.db_table, "activity_id", "owner")
        table, activity_id, owner = map(connection.ops.quote_name, names)
        term = (
            f"SELECT {activity_id} FROM (SELECT {activity_id} FROM {table} WHERE {owner} = %s "
            f"AND {activity_id} < %s ORDER BY {activity_id} DESC LIMIT {int(limit)}) AS limited"
        )
        bound = field.get_db_prep_value(before, connection)
        params = [value for owner_key in owners for value in (owner_key, bound)]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join([term] * len(owners)), params)
            for (value,) in cursor.fetchall():
                yield field.to_python(value)
