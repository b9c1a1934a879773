"""What of this app goes into feeds: saving a pin publishes it, deleting it takes it back."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from django_feeds.sources import ActivitySource, register
from django_feeds.verbs import Verb
from django_feeds.verbs import register as register_verb

from .models import Pin


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
        return Pin.objects.select_related("item", "via__user")
