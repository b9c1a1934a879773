"""What this site does besides: following somebody is news too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from django_feeds import verbs
from django_feeds.activity import Activity
from django_feeds.managers import Manager
from django_feeds.models import Follow
from django_feeds.owners import Owner, owner_of, reference_of, user_label


class SiteManager(Manager):
    """
    Tells users who follows them, and the followers of both. Not by the rows, which `seed` makes by the thousand: a
    `Follow` that the ORM or the admin deletes leaves what was told of it.
    """

    tells = (verbs.Follow,)

    def follow_many_users(self, user_id: Any, target_ids: Iterable[Any], async_: bool = True) -> None:
        targets = [owner_of(target) for target in target_ids]
        super().follow_many_users(user_id, targets, async_)
        for follow in Follow.objects.following(user_id).filter(target__in=targets):
            self.publish_follow(follow)

    def unfollow_many_users(self, user_id: Any, target_ids: Iterable[Any], async_: bool = True) -> None:
        targets = [owner_of(target) for target in target_ids]
        super().unfollow_many_users(user_id, targets, async_)
        for target in targets:
            self.retract(_activity(owner_of(user_id), target, timezone.now()))

    def publish_follow(self, follow: Follow) -> None:
        """Tell of one who follows a user; who follows boards and folders does so quietly."""
        if follow.target_reference.label == user_label():
            activity = _activity(str(follow.user_id), follow.target, follow.created_at)
            self.publish(activity, recipients=[follow.target])


def _activity(user: Owner, target: Owner, time: datetime) -> Activity:
    """That one follows the other: one activity, however often she comes back."""
    identity = ["follow", user, target]
    return Activity(reference_of(user), verbs.Follow, reference_of(target), time=time, identity=identity)
