"""A commit is something its author did, and something that happened in each folder it touched."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from django_feeds.sources import ActivitySource, register
from django_feeds.verbs import Verb
from django_feeds.verbs import register as register_verb

from .models import Commit


@register_verb
class CommitVerb(Verb):
    id = 11
    infinitive = "commit"
    past_tense = "committed"
    object_model = "gitstream.Commit"
    phrase = _("%(actor)s committed %(object)s")
    group_phrase = ngettext_lazy("%(actors)s committed once", "%(actors)s committed %(count)d times", "count")


@register(Commit)
class CommitSource(ActivitySource):
    verb = CommitVerb
    actor = "author"
    time = "committed_at"
    feeds = ("folders",)

    def get_queryset(self) -> QuerySet[Commit]:
        return Commit.objects.select_related("repository").prefetch_related("folders")
