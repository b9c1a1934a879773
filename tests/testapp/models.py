"""A small site: pins on boards, photos with UUIDs, and a model that carries the mixin."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from django_feeds.sources import ActivityMixin

from .verbs import Shoot


class Board(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=100)


class Pin(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    board = models.ForeignKey(Board, models.CASCADE, null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    draft = models.BooleanField(default=False)
    private = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    tags = models.ManyToManyField(Tag, blank=True)

    def __str__(self):
        return self.note or f"pin {self.pk}"


class Photo(ActivityMixin, models.Model):
    """Any primary key, and the activity said on the model."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    taken_at = models.DateTimeField(auto_now_add=True)

    activity_verb = Shoot

    def get_activity_extra_context(self):
        return {"camera": "box; 59"}


class Love(models.Model):
    """Tells whoever pinned it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    pin = models.ForeignKey(Pin, models.CASCADE)
    created_at = models.DateTimeField(default=timezone.now)


class Remark(models.Model):
    """Tells whoever pinned it, whom it mentions, and who is answered."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    pin = models.ForeignKey(Pin, models.CASCADE)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    text = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)


class OwnFollow(models.Model):
    """A graph of the project's own, for managers that override get_user_follower_ids."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    target = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
