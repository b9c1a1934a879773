from django_feeds.sources import ActivitySource, register
from django_feeds.verbs import Comment
from django_feeds.verbs import Love as LoveVerb

from . import verbs
from .models import Love, Pin, Remark


@register(Pin)
class PinSource(ActivitySource):
    verb = verbs.Pin
    target = "board"
    time = "created_at"
    feeds = ("board", "tags")
    mentions = ("note",)

    def get_extra_context(self, instance):
        return {"note": instance.note}

    def get_queryset(self):
        return Pin.objects.select_related("board")

    def should_publish(self, instance):
        return not instance.draft

    def can_see(self, viewer, instance):
        return not instance.private or viewer == instance.user


@register(Love)
class LoveSource(ActivitySource):
    verb = LoveVerb
    object = "pin"
    time = "created_at"
    notify = ("pin__user",)


@register(Remark)
class RemarkSource(ActivitySource):
    verb = Comment
    object = "pin"
    time = "created_at"
    notify = ("pin__user",)
    mentions = ("text",)
    reply_to = "parent"
