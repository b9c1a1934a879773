"""
What of this app goes into feeds, and who is told: saving a row publishes it, deleting it takes it back.

Pins and loves are for all who follow; comments only for those concerned, as a conversation is no news.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from django_feeds import hydration, verbs
from django_feeds.sources import ActivitySource, register
from django_feeds.verbs import Verb
from django_feeds.verbs import register as register_verb

from .models import Comment, Love, Person, Pin

# Sentences call users by their full names.
hydration.register(User, Person.objects.all, lambda viewer, person: True)


@register_verb
class PinVerb(Verb):
    id = 10
    infinitive = "pin"
    past_tense = "pinned"
    object_model = "pins.Pin"
    phrase = _("%(actor)s pinned %(object)s")
    phrase_with_target = _("%(actor)s pinned %(object)s to %(target)s")
    group_phrase = ngettext_lazy("%(actors)s pinned %(count)d item", "%(actors)s pinned %(count)d items", "count")


@register(Pin)
class PinSource(ActivitySource):
    verb = PinVerb
    target = "board"
    time = "created_at"
    feeds = ("board",)

    def get_queryset(self) -> QuerySet[Pin]:
        return Pin.objects.select_related("item", "user", "via__user")


@register(Love)
class LoveSource(ActivitySource):
    verb = verbs.Love
    object = "pin"
    time = "created_at"
    notify = ("pin__user",)


@register(Comment)
class CommentSource(ActivitySource):
    """Told: whose pin it is, who is mentioned, and who is answered."""

    verb = verbs.Comment
    object = "pin"
    time = "created_at"
    notify = ("pin__user",)
    mentions = ("text",)
    reply_to = "parent"

    def get_extra_context(self, instance: Comment) -> dict[str, Any]:
        return {
            "text": instance.text,
            "comment": instance.pk,
            # So that a note says to its reader why she is told.
            "answered": instance.parent.user_id if instance.parent else None,
            "mentioned": [reference.pk for reference in self.get_mentions(instance)],
        }

    def publication(self, instance: Comment) -> Any:
        """It is told and on nobody's feed, so nothing brings it there."""
        found = super().publication(instance)
        return found._replace(sources=[]) if found else None
