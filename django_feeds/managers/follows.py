"""Who follows whom, and who is silent to whom, as a manager says and changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, ClassVar

from django.utils import timezone

from .. import conf, filling, tasks
from ..feeds import Feed
from ..models import Follow, Mute
from ..owners import Owner, owner_of

__all__ = ["FanoutPriority", "Follows"]


class FanoutPriority(Enum):
    """Which Celery queue fills these followers' feeds: see `DJANGO_FEEDS["QUEUES"]`."""

    HIGH = "high"
    LOW = "low"


class Follows:
    """Mix-in: the graph of a manager, which is the rows of `Follow`, or your own."""

    name: ClassVar[str]

    # The graph

    @property
    def owns_graph(self) -> bool:
        """Does it say who follows whom itself, instead of `Follow` rows?"""
        return type(self).get_user_follower_ids is not Follows.get_user_follower_ids

    @property
    def knows_following(self) -> bool:
        """Can it say whom a reader follows?"""
        return not self.owns_graph or type(self).get_user_following is not Follows.get_user_following

    def get_user_follower_ids(self, user_id: Owner) -> Mapping[FanoutPriority | None, Iterable[Any]]:
        """
        The followers of this owner by priority, as a list, a queryset of pks or an iterator; read in the worker.

        Override it and the graph is yours: `follow_user` then writes no row.
        """
        return {FanoutPriority.HIGH: Follow.objects.followers(user_id).values_list("user_id", flat=True)}

    def get_user_following(self, user_id: Owner) -> Iterable[Any] | None:
        """
        Whom this reader follows, where the graph is your own; None: not known.

        Without it, unfollowing removes everything that the target brought, feeds are never refilled, and pages end
        where the timeline does.
        """
        return None

    # Following

    def follow_user(self, user_id: Any, target_user_id: Any, async_: bool = True) -> None:
        """Let one follow another (a user, or any other row), and show him what the target did before."""
        self.follow_many_users(user_id, [target_user_id], async_)

    def follow_many_users(self, user_id: Any, target_ids: Iterable[Any], async_: bool = True) -> None:
        work = (tasks.back_fill, filling.back_fill)
        self._change_follows(Follow.objects.follow, work, user_id, target_ids, async_)

    def unfollow_user(self, user_id: Any, target_id: Any, async_: bool = True) -> None:
        """Let one leave another: what only that source brought leaves his feeds."""
        self.unfollow_many_users(user_id, [target_id], async_)

    def unfollow_many_users(self, user_id: Any, target_ids: Iterable[Any], async_: bool = True) -> None:
        self._change_follows(Follow.objects.unfollow, (tasks.sweep, filling.sweep), user_id, target_ids, async_)

    def _change_follows(
        self, change: Callable[[Any, Owner], Any], work: tuple[Any, Any], user_id: Any, targets: Any, async_: bool
    ) -> None:
        """Change the row of each target, and have the feeds follow: by the task of this work, or by it now."""
        owner, targets, (task, now) = owner_of(user_id), [owner_of(target) for target in targets], work
        if not self.owns_graph:
            for target in targets:
                change(user_id, target)
        if not async_:
            now(self, owner, targets, timezone.now())
        elif self.owns_graph or self.name not in conf.get("MANAGERS"):
            tasks.enqueue_on_commit(task, self.name, owner, targets)
        # Else the Follow rows have done so when they were saved.

    def follow_feed(self, feed: Feed, source_feed: Feed) -> None:
        """Copy the newest of one feed into another, now."""
        entries = source_feed.entries(feed.max_length)
        if entries:
            feed.push([feed.owner], feed.entries_for([entry.id for entry in entries]), timezone.now())

    def unfollow_feed(self, feed: Feed, source_feed: Feed) -> None:
        """Take what one feed holds off another, now."""
        entries = source_feed.entries(source_feed.max_length)
        feed.discard([feed.owner], [entry.id for entry in entries], timezone.now())

    # Silence

    def mute_user(self, user_id: Any, target_id: Any) -> None:
        """Let this user see nothing in his feeds that the target does, and not be told of it, until he unmutes him."""
        Mute.objects.mute(user_id, target_id)

    def unmute_user(self, user_id: Any, target_id: Any) -> None:
        """Let him see it again, what there was meanwhile too; this ends a block as well."""
        Mute.objects.unmute(user_id, target_id)

    def block_user(self, user_id: Any, target_id: Any) -> None:
        """
        Mute the target, and let neither follow the other any more; the target cannot follow until he is unmuted.

        Where the graph is your own, end the follows there: no row of it is known here.
        """
        Mute.objects.mute(user_id, target_id, block=True)
        self.unfollow_user(user_id, target_id)
        if ":" not in owner_of(target_id):  # only users follow
            self.unfollow_user(target_id, user_id)
