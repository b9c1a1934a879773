"""
The admin: who follows and mutes whom, who wants to be told of what, which verbs there are, and what became of each
activity.

Activities are a log: they change with the rows that caused them, and leave feeds by being retracted, not deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.db.models import F, Model, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from . import hydration, rendering, tasks
from .exceptions import InvalidOwner, InvalidReference
from .following import find_target
from .managers import Manager
from .models import ActivityRecord, DigestState, Follow, Mute, NotificationPreference, RecordRecipient, VerbRecord
from .owners import Reference, owner_of, reference_of
from .registry import get_manager, managers
from .verbs import verb_or_placeholder

__all__ = [
    "ActivityRecordAdmin",
    "DigestStateAdmin",
    "FollowAdmin",
    "MuteAdmin",
    "NotificationPreferenceAdmin",
    "VerbRecordAdmin",
]

MOST_LISTED = 50
"""Owners on the page of an activity."""


class ReadOnlyAdmin(admin.ModelAdmin):
    """To look at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(VerbRecord)
class VerbRecordAdmin(ReadOnlyAdmin):
    list_display = ["id", "infinitive", "past_tense", "path"]
    search_fields = ["infinitive", "past_tense"]


class TargetForm(forms.ModelForm):
    """Takes a target in any spelling of its owner string, if there is such a row."""

    def clean_target(self) -> str:
        try:
            return owner_of(find_target(self.cleaned_data["target"]))
        except InvalidOwner as error:
            raise forms.ValidationError(str(error)) from error


class TargetAdmin(admin.ModelAdmin):
    """What a user does about a target. To do it about somebody else is another row."""

    form = TargetForm
    list_display = ["user", "target_link", "created_at"]
    list_filter = ["created_at"]
    list_select_related = ["user"]
    date_hierarchy = "created_at"
    raw_id_fields = ["user"]
    search_help_text = _("A user's name, or a target as it is listed.")
    show_full_result_count = False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["=target", f"user__{get_user_model().USERNAME_FIELD}__startswith"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description=_("target"), ordering="target")
    def target_link(self, row: Any) -> str:
        return _admin_link(row.target, row.target)


@admin.register(Follow)
class FollowAdmin(TargetAdmin):
    """Adding one fills the follower's feeds, deleting one clears them, as everywhere."""


class MuteForm(TargetForm):
    def clean(self) -> Any:
        user, target = self.cleaned_data.get("user"), self.cleaned_data.get("target")
        if user and target and owner_of(user) == target:
            raise forms.ValidationError(_("Nobody mutes himself."))
        return super().clean()


@admin.register(Mute)
class MuteAdmin(TargetAdmin):
    """A block that is added ends both follows, as everywhere."""

    form = MuteForm
    list_display = ["user", "target_link", "is_block", "created_at"]
    list_filter = ["is_block", "created_at"]

    def save_model(self, request: HttpRequest, obj: Mute, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.is_block:
            get_manager().block_user(obj.user_id, obj.target)


@admin.register(NotificationPreference)
class NotificationPreferenceAdmin(admin.ModelAdmin):
    list_display = ["user", "verb_name", "enabled"]
    list_filter = ["enabled", "verb"]
    list_select_related = ["user"]
    raw_id_fields = ["user"]
    show_full_result_count = False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [f"user__{get_user_model().USERNAME_FIELD}__startswith"]

    @admin.display(description=_("verb"), ordering="verb_id")
    def verb_name(self, preference: NotificationPreference) -> str:
        return verb_or_placeholder(preference.verb_id).infinitive


@admin.register(DigestState)
class DigestStateAdmin(admin.ModelAdmin):
    list_display = ["user", "wanted", "sent_at"]
    list_filter = ["wanted"]
    list_select_related = ["user"]
    raw_id_fields = ["user"]
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Another user would be another row: the key is the user, and saving would overwrite his."""
        return ["user", "sent_at"] if obj else ["sent_at"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [f"user__{get_user_model().USERNAME_FIELD}__startswith"]


class DeliveryFilter(admin.SimpleListFilter):
    """How far an activity got."""

    title = _("delivery")
    parameter_name = "delivery"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [("delivered", _("delivered")), ("waiting", _("waiting")), ("failed", _("failed"))]

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        waiting = queryset.filter(delivered_version__lt=F("version"))
        found = {
            "delivered": queryset.filter(delivered_version__gte=F("version")),
            "waiting": waiting.filter(delivery_error=""),
            "failed": waiting.exclude(delivery_error=""),
        }
        return found.get(self.value() or "", queryset)


class ActivityChangeList(ChangeList):
    """Loads the rows behind all activities of the page, in one query for each model."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        _hydrate(self.result_list)


@admin.register(ActivityRecord)
class ActivityRecordAdmin(ReadOnlyAdmin):
    list_display = ["sentence", "verb_name", "actor_link", "object_link", "time", "published", "version", "delivery"]
    list_display_links = ["sentence"]
    list_filter = ["verb", "published", DeliveryFilter]
    search_fields = ["=actor", "=object", "=target"]
    search_help_text = _("An actor, object or target: a user's pk, or app.Model:pk for anything else.")
    # By time, and along an index.
    ordering = ["-activity_id"]
    show_full_result_count = False
    actions = ["deliver_again", "retract"]
    fields = (
        *("sentence", "verb_name", "actor_link", "object_link", "target_link", "time", "extra_context"),
        *("published", "version", "delivery", "delivered_version", "delivery_error"),
        *("activity_id", "identity", "own_feeds", "recipients", "told_owners", "former"),
    )
    readonly_fields = fields

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ActivityChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        record = super().get_object(request, object_id, from_field)
        _hydrate([record] if record else [])
        return record

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        try:
            search_term = str(reference_of(search_term.strip())) if search_term else ""
        except InvalidOwner:
            pass  # it will match nothing, or what is no longer installed
        return super().get_search_results(request, queryset, search_term)

    # Columns

    @admin.display(description=_("activity"))
    def sentence(self, record: Any) -> str:
        return (
            rendering.activity_text(record.hydrated, links=False) if getattr(record, "hydrated", None) else str(record)
        )

    @admin.display(description=_("verb"), ordering="verb_id")
    def verb_name(self, record: ActivityRecord) -> str:
        # From the code, not by a join: a record may outlive its verb.
        return verb_or_placeholder(record.verb_id).infinitive

    @admin.display(description=_("actor"), ordering="actor")
    def actor_link(self, record: ActivityRecord) -> str:
        return _admin_link(record.actor, record.actor)

    @admin.display(description=_("object"), ordering="object")
    def object_link(self, record: ActivityRecord) -> str:
        return _admin_link(record.object, record.object)

    @admin.display(description=_("target"))
    def target_link(self, record: ActivityRecord) -> str:
        return _admin_link(record.target, record.target) if record.target else ""

    @admin.display(description=_("own feeds"))
    def own_feeds(self, record: ActivityRecord) -> str:
        return ", ".join(sorted(source.owner for source in record.sources.all()))

    @admin.display(description=_("told"))
    def told_owners(self, record: ActivityRecord) -> str:
        """The first of those who were told of it, each since when."""
        rows = RecordRecipient.objects.filter(record=record).order_by("pk")[: MOST_LISTED + 1]
        said = [f"{row.owner} ({date_format(localtime(row.told_at), 'DATETIME_FORMAT')})" for row in rows]
        return ", ".join([*said[:MOST_LISTED], *(["…"] if len(said) > MOST_LISTED else [])])

    @admin.display(description=_("delivery"))
    def delivery(self, record: ActivityRecord) -> Any:
        if record.delivered:
            return _("delivered")
        return _("failed") if record.delivery_error else _("waiting")

    # Actions

    def has_deliver_permission(self, request: HttpRequest) -> bool:
        """Nobody edits an activity; who may change it may deliver and retract it."""
        return request.user.has_perm("django_feeds.change_activityrecord")

    @admin.action(description=_("Deliver again"), permissions=["deliver"])
    def deliver_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = 0
        for manager, records in _by_manager(queryset):
            pks = [record.pk for record in records]
            for start in range(0, len(pks), tasks.PER_TASK):
                tasks.enqueue_on_commit(tasks.fan_out, manager.name, pks[start : start + tasks.PER_TASK])
            count += len(pks)
        text = ngettext("%d activity is on its way.", "%d activities are on their way.", count) % count
        self.message_user(request, text, messages.SUCCESS)

    @admin.action(description=_("Retract"), permissions=["deliver"])
    def retract(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = 0
        for manager, records in _by_manager(queryset.filter(published=True)):
            for record in records:
                manager.retract(record.activity())
            count += len(records)
        text = ngettext("%d activity was taken back.", "%d activities were taken back.", count) % count
        self.message_user(request, text, messages.SUCCESS)


def _by_manager(records: Iterable[ActivityRecord]) -> list[tuple[Manager, list[ActivityRecord]]]:
    """These records by who published them; those put on one feed by hand are the first manager's."""
    found: dict[str, list[ActivityRecord]] = {}
    for record in records:
        found.setdefault(record.manager or managers()[0].name, []).append(record)
    return [(get_manager(name), group) for name, group in found.items()]


def _hydrate(records: Iterable[Any]) -> None:
    for record in records:
        try:
            record.hydrated = record.activity()
        except InvalidReference:  # written when pks were of another type
            record.hydrated = None
    hydration.hydrate(record.hydrated for record in records if record.hydrated)


def _admin_link(text: str, owner: str) -> str:
    """A link to the admin's page of the row behind this owner or reference, where there is one."""
    try:
        reference: Reference = reference_of(owner)
        app, _dot, model = reference.label.lower().partition(".")
        url = reverse(f"admin:{app}_{model}_change", args=[quote(reference.pk)])
    except (InvalidOwner, NoReverseMatch):
        return text
    return format_html('<a href="{}">{}</a>', url, text)
