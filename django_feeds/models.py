"""
Rows: who follows and mutes whom, which verbs there are, what was published and who is told, what readers want to hear
of, and the timelines of the database storage.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import serializers
from .activity import Activity
from .fields import IdField, KeyField
from .owners import Reference, reference_of
from .querysets import FollowManager, MuteManager, SourceManager
from .verbs import verb_or_placeholder

__all__ = [
    "AbstractFollow",
    "ActivityRecord",
    "DigestState",
    "Follow",
    "Grouping",
    "Mute",
    "NotificationPreference",
    "PendingTask",
    "RecordRecipient",
    "RecordSource",
    "Timeline",
    "TimelineEntry",
    "TimelineMark",
    "VerbRecord",
]

OWNER_LENGTH = 200


class AbstractFollow(models.Model):
    """Somebody follows a user or any other row. Subclass it to add columns of your own."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("follower")
    )
    target = models.CharField(
        _("target"), max_length=OWNER_LENGTH, help_text=_("A user's pk, or app.Model:pk for anything else.")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects = FollowManager()

    class Meta:
        abstract = True
        verbose_name = _("follow")
        verbose_name_plural = _("follows")

    def __str__(self) -> str:
        return f"{self.user_id} → {self.target}"

    @property
    def target_reference(self) -> Reference:
        """The followed row, as a reference."""
        return reference_of(self.target)


class Follow(AbstractFollow):
    """The graph that the default managers fan out along. Saving or deleting a row fills or clears feeds."""

    class Meta(AbstractFollow.Meta):
        constraints = [
            # Also the index that fan-out walks: the followers of one target, by keyset.
            models.UniqueConstraint(fields=["target", "user"], name="django_feeds_follow_once"),
        ]


class Mute(models.Model):
    """Somebody does not want to see what another one does; a block keeps that one from following, too."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("reader")
    )
    target = models.CharField(
        _("target"), max_length=OWNER_LENGTH, db_index=True, help_text=_("A user's pk, or app.Model:pk for others.")
    )
    is_block = models.BooleanField(
        _("block"), default=False, help_text=_("The target cannot follow the reader either.")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects = MuteManager()

    class Meta:
        verbose_name = _("mute")
        verbose_name_plural = _("mutes")
        constraints = [models.UniqueConstraint(fields=["user", "target"], name="django_feeds_mute_once")]

    def __str__(self) -> str:
        return f"{self.user_id} ↛ {self.target}"


class VerbRecord(models.Model):
    """A registered verb, kept by `post_migrate` so that the admin and SQL can join."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    infinitive = models.CharField(_("infinitive"), max_length=100)
    past_tense = models.CharField(_("past tense"), max_length=100)
    path = models.CharField(_("class"), max_length=255, help_text=_("Where the verb is defined."))

    class Meta:
        verbose_name = _("verb")
        verbose_name_plural = _("verbs")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.infinitive


class ActivityRecord(models.Model):
    """The truth about one activity. What storages keep are views of it."""

    CONTENT = ("actor", "verb_id", "object", "target", "time", "extra_context")
    """The columns that a publication fills, besides those whom it names, and that a body is made of, in its order."""

    activity_id = IdField(unique=True, editable=False)
    identity_key = IdField(unique=True, editable=False)
    """A 128-bit digest of `identity`, since text that long cannot be unique everywhere."""

    identity = models.JSONField(_("identity"))
    actor = models.CharField(_("actor"), max_length=OWNER_LENGTH)
    verb = models.ForeignKey(VerbRecord, models.DO_NOTHING, db_constraint=False, verbose_name=_("verb"))
    object = models.CharField(_("object"), max_length=OWNER_LENGTH)
    target = models.CharField(_("target"), max_length=OWNER_LENGTH, blank=True)
    time = models.DateTimeField(_("time"))
    extra_context = models.JSONField(_("extra context"), default=dict, blank=True)
    manager = models.CharField(_("manager"), max_length=200, blank=True)
    """Who published it last, and so delivers it: an alias or a dotted path; empty where it was put on one feed."""

    recipients = models.JSONField(_("recipients"), default=list, blank=True)
    """Owners whom the publication names to be told; who of them is, `RecordRecipient` says."""

    published = models.BooleanField(_("published"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    former = models.JSONField(default=list, blank=True)
    """Where it was before: [[activity id, [sources], [told]], ...], until delivery has cleaned up there."""

    delivered_version = models.PositiveIntegerField(_("delivered version"), default=0)
    delivery_error = models.TextField(_("delivery error"), blank=True)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")

    def __str__(self) -> str:
        return f"{self.actor} {verb_or_placeholder(self.verb_id)} {self.object}"

    def activity(self, activity_class: type[Activity] = Activity) -> Activity:
        """The activity that this row remembers, not hydrated."""
        return activity_class(
            Reference.parse(self.actor),
            verb_or_placeholder(self.verb_id),
            Reference.parse(self.object),
            Reference.parse(self.target) if self.target else None,
            self.time,
            self.extra_context,
            identity=self.identity,
            id=self.activity_id,
        )

    def body(self) -> str:
        """What a storage keeps of it."""
        return serializers.body(*(getattr(self, name) for name in self.CONTENT))

    @property
    def delivered(self) -> bool:
        """Has everything up to the present version been handed to the feeds?"""
        return self.delivered_version >= self.version


class RecordSource(models.Model):
    """
    A standing activity belongs to the own feed of this owner: one row for its actor, its board, each tag, ...

    The truth about who brings an activity to whom, and the index along which pull reads. A retracted activity
    has none.
    """

    owner = models.CharField(max_length=OWNER_LENGTH)
    activity_id = IdField()
    record = models.ForeignKey(ActivityRecord, models.CASCADE, related_name="sources")

    objects = SourceManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "activity_id"], name="django_feeds_source_once"),
        ]
        indexes = [models.Index(fields=["activity_id"], name="django_feeds_source_activity")]

    def __str__(self) -> str:
        return f"{self.owner} ← {self.activity_id}"


class RecordRecipient(models.Model):
    """
    A standing activity is told to this owner: the truth about notifications, and the index along which pull reads.

    Whether somebody is told is decided once, when a publication first names him: not the actor himself, nor one who
    had muted the actor or switched this verb off. A retracted activity has none of these rows.
    """

    owner = models.CharField(max_length=OWNER_LENGTH)
    activity_id = IdField()
    record = models.ForeignKey(ActivityRecord, models.CASCADE, related_name="told")
    told_at = models.DateTimeField(default=timezone.now)
    """When that was decided: the arrival of an entry that comes back after its storage lost it."""

    objects = SourceManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "activity_id"], name="django_feeds_told_once"),
        ]
        indexes = [models.Index(fields=["activity_id"], name="django_feeds_told_activity")]

    def __str__(self) -> str:
        return f"{self.owner} ← {self.activity_id}"


class NotificationPreference(models.Model):
    """A user wants, or does not want, to be told of activities with this verb. Without a row he is told."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    verb = models.ForeignKey(VerbRecord, models.CASCADE, related_name="+", db_constraint=False, verbose_name=_("verb"))
    enabled = models.BooleanField(_("told"), default=True)

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        constraints = [models.UniqueConstraint(fields=["user", "verb"], name="django_feeds_preference_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.verb_id} {'+' if self.enabled else '-'}"


class DigestState(models.Model):
    """Does a user want e-mail digests of his notifications, and up to which arrival has he had them?"""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("user")
    )
    wanted = models.BooleanField(_("wanted"), default=True)
    sent_up_to = models.BigIntegerField(default=0, editable=False)
    """An arrival, in Unix milliseconds, as `NotificationPage.up_to`."""
    sent_at = models.DateTimeField(_("last sent"), null=True, editable=False)

    class Meta:
        verbose_name = _("e-mail digest")
        verbose_name_plural = _("e-mail digests")

    def __str__(self) -> str:
        return f"{self.user_id} {'+' if self.wanted else '-'}"


class PendingTask(models.Model):
    """
    A task that was queued and has not finished: written before it is sent, deleted when it succeeded.

    Brokers lose messages (Redis does where a worker is killed between taking one and noting that it did), and may
    be down. What is still here after a while, `deliver_feeds` sends again.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    """The task's id in Celery too."""

    name = models.CharField(_("task"), max_length=100)
    args = models.JSONField(_("arguments"))
    priority = models.CharField(_("priority"), max_length=10)
    queued_at = models.DateTimeField(_("queued"), default=timezone.now, db_index=True)
    attempts = models.PositiveSmallIntegerField(_("sent again"), default=0)

    class Meta:
        verbose_name = _("pending task")
        verbose_name_plural = _("pending tasks")

    def __str__(self) -> str:
        return f"{self.name} {self.args}"


class Timeline(models.Model):
    """A timeline of the database storage: its key and its floor."""

    key = KeyField(max_length=255, unique=True)
    floor = IdField()
    grouped = models.BooleanField(default=False)
    """Has any of its entries digests, or an arrival? Where none has, a page is read from the ids alone."""

    def __str__(self) -> str:
        return self.key


class TimelineEntry(models.Model):
    """An entry of a timeline of the database storage."""

    pk: Any = models.CompositePrimaryKey("timeline_id", "activity_id")
    timeline = models.ForeignKey(Timeline, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    activity_id = IdField()
    actor = models.BigIntegerField(null=True)
    group = models.BigIntegerField(null=True)
    arrived = models.BigIntegerField(null=True)
    """When it came onto the timeline, in Unix milliseconds, for feeds that tell new from seen."""

    def __str__(self) -> str:
        return f"{self.timeline_id}: {self.activity_id}"


class TimelineMark(models.Model):
    """What the reader of a timeline of the database storage has seen and read, up to which arrivals."""

    key = KeyField(max_length=255)
    group = models.BigIntegerField(default=0)
    """The digest of a group; 0 is the whole timeline."""
    seen = models.BigIntegerField(default=0)
    read = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "group"], name="django_feeds_mark_once")]

    def __str__(self) -> str:
        return f"{self.key} {self.group}: seen {self.seen}, read {self.read}"


class Grouping(models.Model):
    """By which aggregator the timelines of a grouped feed were last rebuilt, so that a check can tell of a change."""

    feed = models.CharField(max_length=255, unique=True)
    """Its alias in the settings, or the dotted path of its class."""
    fingerprint = models.CharField(max_length=255)

    def __str__(self) -> str:
        return f"{self.feed}: {self.fingerprint}"


class CommandProgress(models.Model):
    """How far a management command came, so that a run that was killed goes on there. Gone when it is done."""

    name = models.CharField(max_length=100, unique=True)
    """The command, and a digest of the options that must be the same for going on."""

    place = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.name}: {self.place}"
