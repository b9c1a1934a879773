"""
Managers: what happens. Publish, update, retract, follow, unfollow, import.

    class PinManager(Manager):
        feed_classes = {"normal": PinFeed}
        user_feed_class = UserPinFeed

The truth is written at once, in the caller's transaction; the actor's own feed when that is committed; the feeds of
followers in the background. Managers declared in `DJANGO_FEEDS["MANAGERS"]` need no class at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Model, QuerySet
from django.utils.functional import SimpleLazyObject

from .. import records, sources, tasks
from ..activity import Activity
from ..exceptions import InvalidActivity, UnknownFeed
from ..feeds import Feed
from ..models import ActivityRecord
from ..owners import Owner, owner_of, owner_of_row
from ..reader import PullReader
from ..records import Publication
from ..registry import get_manager
from ..signals import activity_published, activity_retracted, activity_updated
from ..sources import ActivitySource
from ..verbs import Verb
from .asynchronous import AsyncManager
from .batches import batches, prefetch
from .follows import Follows

__all__ = ["Manager"]


NOTIFICATIONS = "/notifications"
"""How tasks name the notification feed; no other feed is called so."""


class Manager(Follows, AsyncManager):
    """Fills the feeds of some kind of activity. Subclass it, or declare it in the settings."""

    feed_classes: ClassVar[Mapping[str, type[Feed]]] = {}
    """The feeds of followers, by name."""

    user_feed_class: ClassVar[type[Feed] | None] = None
    """The own feed: what its owner did, or what happened on it."""

    notification_feed_class: ClassVar[type[Feed] | None] = None
    """Where those are told whom a publication names as recipients; usually a NotificationFeed."""

    tells: ClassVar[Iterable[type[Verb]]] = ()
    """Verbs that it publishes with recipients, where no source does: users are asked whether they want to hear."""

    name: ClassVar[str] = ""
    """How tasks find it: the alias in the settings, or the dotted path of the class."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            cls.name = f"{cls.__module__}.{cls.__qualname__}"

    # Feeds

    def get_feeds(self, user_id: Any) -> dict[str, Feed]:
        """This reader's feeds, by name."""
        return {name: self.open_feed(feed_class, user_id) for name, feed_class in self.feed_classes.items()}

    def get_user_feed(self, user_id: Any) -> Feed:
        """The own feed of this user, or of any other row."""
        if self.user_feed_class is None:
            raise UnknownFeed(f"{type(self).__name__} has no own feeds; define `user_feed_class`, or USER_FEED.")
        return self.open_feed(self.user_feed_class, user_id)

    def open_feed(self, feed_class: type[Feed], owner: Any, viewer: Any = None) -> Feed:
        """One owner's feed, which goes on by pull where its timeline ends early."""
        if viewer is None and feed_class is not self.user_feed_class:  # the others are read by their owner
            viewer = _as_viewer(owner)
        return feed_class(owner, reader=PullReader(self, feed_class, owner), viewer=viewer)

    def get_notification_feed(self, user_id: Any) -> Feed:
        """What this user is told."""
        if self.notification_feed_class is None:
            raise UnknownFeed(
                f"{type(self).__name__} has no notifications; define `notification_feed_class`, or NOTIFICATIONS."
            )
        return self.open_feed(self.notification_feed_class, user_id)

    def all_feed_classes(self) -> list[type[Feed]]:
        single = (self.user_feed_class, self.notification_feed_class)
        return [*filter(None, single), *self.feed_classes.values()]

    def named_feeds(self) -> dict[str, type[Feed]]:
        """All that it fills, as commands call it: own feeds and notifications by their alias, where they have one."""
        named = dict(self.feed_classes)
        for feed_class, name in ((self.user_feed_class, "user"), (self.notification_feed_class, "notifications")):
            if feed_class:
                named[getattr(feed_class, "alias", name)] = feed_class
        return named

    def feed_name(self, feed_class: type[Feed]) -> str:
        """How tasks find one of its feed classes; "" is the own feed."""
        if feed_class is self.notification_feed_class:
            return NOTIFICATIONS
        for name, candidate in self.feed_classes.items():
            if candidate is feed_class:
                return name
        return ""

    def feed_class_named(self, name: str) -> type[Feed]:
        single = {"": self.user_feed_class, NOTIFICATIONS: self.notification_feed_class}
        found = single[name] if name in single else self.feed_classes.get(name)
        if found is None:
            raise UnknownFeed(f"{type(self).__name__} has no feed {name!r}; it has {', '.join(self.feed_classes)}.")
        return found

    # Publishing

    def publish(self, activity: Activity, to: Iterable[Any] = (), recipients: Iterable[Any] = ()) -> None:
        """
        Record this activity, or its change, and bring it to the feeds of all who follow one of its sources.

        Its sources are its actor and whatever is in `to` (a board, a tag, or their owner strings). `recipients` are
        told besides. What is recorded just so already costs one query. Raises InvalidOwner for who can be no recipient.
        """
        owners = [activity.owner, *(owner_of(owner) for owner in to)]
        self._publish([Publication(activity, _unique(owners), _unique(map(owner_of_row, recipients)))])

    def update(self, activity: Activity) -> None:
        """Bring a changed activity to where it is; it is not added anywhere else, and one taken back stays so."""
        self.update_user_activities([activity])

    def publish_many(self, items: QuerySet | Iterable[Any], *, batch_size: int = 500) -> int:
        """
        Publish many rows of registered models (a queryset, instances) or activities; returns how many records
        that made or changed. Rows that are not to be published (any more) are taken back.

        For what sends no signals: `bulk_create`, `QuerySet.update`, imports. As with signals, rows are published by
        the manager that their source names, activities by this one.
        """
        written = 0
        for batch in batches(items, batch_size):
            prefetch(batch)
            for name, (publications, refused) in self._sorted(batch).items():
                manager = self if name == self.name else get_manager(name)
                written += manager._publish(publications) + manager._retract(refused)
        return written

    def publish_row(self, source: ActivitySource, instance: Model) -> None:
        """Publish the activity that a source makes of this row; where it makes none (any more), take it back."""
        publication = source.publication(instance)
        if publication is None:
            self.retract_row(source, instance)
        else:
            self._publish([publication])

    def retract_row(self, source: ActivitySource, instance: Model) -> None:
        """Take back what a source made of this row."""
        self._retract([records.identity_key(source.identity(instance))])

    def retract(self, activity: Activity) -> None:
        """Take this activity back: it leaves all feeds. One that was never published is no error."""
        records.recall([activity])
        self._retract([records.identity_key(activity.identity)])

    def _retract(self, keys: Sequence[UUID]) -> int:
        retracted = records.retract(keys, self.name) if keys else []
        for record in retracted:
            activity_retracted.send(type(self), activity=record.activity())
        tasks.publish_on_commit(self, retracted)
        return len(retracted)

    def _publish(self, publications: Sequence[Publication], fanout: bool = True) -> int:
        records.recall(publication.activity for publication in publications)
        # What followers do not hear of is history, and nobody is told of that either.
        written = records.write_many(
            publication._replace(manager=self.name, silent=not fanout) for publication in publications
        )
        by_id = {publication.activity.id: publication.activity for publication in publications}
        for record in written:
            signal = activity_published if record.version == 1 else activity_updated
            signal.send(type(self), activity=by_id[record.activity_id])
        tasks.publish_on_commit(self, written, fanout)
        return len(written)

    def _sorted(self, items: Sequence[Any]) -> dict[str, tuple[list[Publication], list[UUID]]]:
        """By manager: what to publish of these rows and activities, and the identity keys of what not to."""
        found: dict[str, tuple[list[Publication], list[UUID]]] = {}
        activities = [item for item in items if isinstance(item, Activity)]
        if activities:
            found.setdefault(self.name, ([], []))[0].extend(records.joined(activities))
        for item in items:
            if isinstance(item, Activity):
                continue
            for source in sources.sources_of(type(item)) or [sources.source_of(type(item))]:
                publications, refused = found.setdefault(source.manager, ([], []))
                publication = source.publication(item)
                if publication is None:
                    refused.append(records.identity_key(source.identity(item)))
                else:
                    publications.append(publication)
        return found

    # As the ancestor called it

    def add_user_activity(self, user_id: Any, activity: Activity) -> None:
        """
        Publish this activity as one of `user_id`: on his own feed, then on those of his followers.

        Also where it is recorded already, for instance by another manager when its row was saved.
        """
        if not self._publish(records.joined([activity], owner_of(user_id))):
            tasks.publish_on_commit(self, records.of([activity]))

    def remove_user_activity(self, user_id: Any, activity: Activity) -> None:
        """Take it back from everywhere; also where another manager has done so for its own feeds."""
        self.retract(activity)
        tasks.publish_on_commit(self, records.left(activity, owner_of(user_id)))

    def update_user_activity(self, activity: Activity) -> None:
        self.update_user_activities([activity])

    def update_user_activities(self, activities: Iterable[Activity]) -> None:
        """Bring changed activities to where they are, without adding them anywhere else."""
        activities = list(activities)
        records.recall(activities)
        keys = {records.identity_key(activity.identity): activity for activity in activities}
        known = ActivityRecord.objects.filter(identity_key__in=keys).prefetch_related("sources")
        places = {row.identity_key: row for row in known}
        for key, activity in keys.items():
            row = places.get(key)
            if row is not None and not row.published:
                continue
            owners = [source.owner for source in row.sources.all()] if row else [activity.owner]
            self._publish([Publication(activity, owners, row.recipients if row else ())])

    def batch_import(
        self, user_id: Any, activities: Iterable[Activity], fanout: bool = True, chunk_size: int = 500
    ) -> int:
        """
        Import the history of one user; returns how many records that made or changed. Without `fanout` only his
        own feed.

        Raises InvalidActivity (a ValueError) for an activity of somebody else, before anything is written.
        """
        owner, activities = owner_of(user_id), list(activities)
        for activity in activities:
            if activity.owner != owner:
                raise InvalidActivity(f"{activity!r} is by {activity.owner}, not by {owner}, whose history this is.")
        written = 0
        for batch in batches(activities, chunk_size):
            written += self._publish(records.joined(batch, owner), fanout)
        return written


def _as_viewer(owner: Any) -> Any:
    """The owner as the one who looks; a user named by his pk is loaded where a rule asks about him."""
    if isinstance(owner, Model):
        return owner
    return SimpleLazyObject(lambda: get_user_model()._default_manager.filter(pk=owner).first())


def _unique(owners: Iterable[Owner]) -> list[Owner]:
    return list(dict.fromkeys(owners))
