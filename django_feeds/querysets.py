"""Queries about who follows whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from django.db import models

from .owners import Owner, owner_of, user_label

if TYPE_CHECKING:
    from .models import AbstractFollow

__all__ = ["FollowManager", "FollowQuerySet"]


class FollowQuerySet(models.QuerySet["AbstractFollow"]):
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
        label = model._meta.concrete_model._meta.label  # type: ignore[union-attr]
        if label == user_label():
            return self.exclude(target__contains=":")
        return self.filter(target__startswith=f"{label}:")

    def targets(self) -> list[Owner]:
        """The owners followed."""
        return list(self.values_list("target", flat=True))

    def ranges(self, size: int) -> Iterator[tuple[Any, Any]]:
        """
        The followers in these rows as (first, last) pks of at most `size` each, in order of pk.

        One query of `size` index rows a range, so memory stays flat however many follow.
        """
        last: Any = None
        while True:
            rows = self.order_by("user_id") if last is None else self.filter(user__gt=last).order_by("user_id")
            pks = list(rows.values_list("user_id", flat=True)[:size])
            if not pks:
                return
            last = pks[-1]
            yield pks[0], last
            if len(pks) < size:
                return

    def between(self, first: Any, last: Any) -> FollowQuerySet:
        """Those of the followers from pk `first` to pk `last`, both included."""
        return self.filter(user__gte=first, user__lte=last)

    def by(self, users: Collection[Any]) -> FollowQuerySet:
        """Those by any of these users (pks)."""
        return self.filter(user__in=users)


class FollowManager(models.Manager.from_queryset(FollowQuerySet)):  # type: ignore[misc]
    """`Follow.objects`."""

    def follow(self, user: Any, target: Any) -> tuple[Any, bool]:
        """Let `user` follow `target`; returns the row and whether it is new. Raises InvalidOwner."""
        return self.get_or_create(user_id=_pk(user), target=owner_of(target))

    def unfollow(self, user: Any, target: Any) -> bool:
        """Let `user` no longer follow `target`; returns whether he did."""
        row = self.following(user).filter(target=owner_of(target)).first()
        if row is not None:
            row.delete()
        return row is not None

    def is_following(self, user: Any, target: Any) -> bool:
        """Does `user` follow `target`? Anonymous users follow nobody."""
        return self.following(user).filter(target=owner_of(target)).exists()


def _pk(user: Any) -> Any:
    return user.pk if isinstance(user, models.Model) else user
