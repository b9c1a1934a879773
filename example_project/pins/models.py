"""
Boards, items and pins: a pin puts an item on a board, and may say from whose pin it was taken. Loves and comments are
what others make of it.
"""

from __future__ import annotations

from random import randrange

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import art

MAX_SEED = 2**31 - 1


def new_seed() -> int:
    """A number that no picture has yet, in all likelihood."""
    return randrange(1, MAX_SEED)


class Person(User):
    """A user as feeds show her: by her full name, if she gave one."""

    class Meta:
        proxy = True
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()


class Category(models.TextChoices):
    """What a picture shows; the values name the scenes that `art` paints."""

    PEAKS = "peaks", _("Mountains")
    SEA = "sea", _("Sea")
    FOREST = "forest", _("Forests")
    CITY = "city", _("Cities")
    DESERT = "desert", _("Deserts")
    SPACE = "space", _("Space")
    GARDEN = "garden", _("Gardens")
    PATTERN = "pattern", _("Patterns")
    POTTERY = "pottery", _("Pottery")
    ARCHES = "arches", _("Architecture")


class Board(models.Model):
    """A named collection of one user's pins. Others can follow it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="boards", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=80)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("board")
        verbose_name_plural = _("boards")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="pins_board_once")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("board", args=[self.pk])


class Item(models.Model):
    """What is pinned: a title, where it is from, and a picture that is drawn from `seed`."""

    title = models.CharField(_("title"), max_length=120)
    category = models.CharField(_("picture"), max_length=20, choices=Category.choices, default=Category.PATTERN)
    seed = models.PositiveIntegerField(default=new_seed, editable=False)
    source_url = models.URLField(_("web address"), blank=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")

    def __str__(self) -> str:
        return self.title

    @property
    def shape(self) -> str:
        """How tall the picture is: "wide", "square", "tall" or "taller"; the style sheet knows these."""
        return art.shape(self.seed)

    @property
    def width(self) -> int:
        return art.size(self.seed)[0]

    @property
    def height(self) -> int:
        return art.size(self.seed)[1]

    def svg(self) -> str:
        return art.draw(self.category, self.seed, self.title)


class Pin(models.Model):
    """A user put an item on a board."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="pins", verbose_name=_("user"))
    item = models.ForeignKey(Item, models.CASCADE, related_name="pins", verbose_name=_("item"))
    board = models.ForeignKey(Board, models.CASCADE, related_name="pins", verbose_name=_("board"))
    via = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="repins", verbose_name=_("taken from")
    )
    comment = models.CharField(_("comment"), max_length=280, blank=True)
    # Not auto_now_add, which would overwrite the times that `seed` invents.
    created_at = models.DateTimeField(_("pinned"), default=timezone.now, editable=False, db_index=True)

    class Meta:
        verbose_name = _("pin")
        verbose_name_plural = _("pins")
        constraints = [models.UniqueConstraint(fields=["user", "item", "board"], name="pins_pin_once")]

    def __str__(self) -> str:
        return self.item.title

    def get_absolute_url(self) -> str:
        return reverse("pin", args=[self.pk])


class Love(models.Model):
    """A user loves a pin."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="loves", verbose_name=_("user"))
    pin = models.ForeignKey(Pin, models.CASCADE, related_name="loves", verbose_name=_("pin"))
    created_at = models.DateTimeField(_("loved"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("love")
        verbose_name_plural = _("loves")
        constraints = [models.UniqueConstraint(fields=["pin", "user"], name="pins_love_once")]

    def __str__(self) -> str:
        return f"{self.user_id} ♥ {self.pin_id}"


class Comment(models.Model):
    """A user says something about a pin, or answers what somebody else said about it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comments", verbose_name=_("user"))
    pin = models.ForeignKey(Pin, models.CASCADE, related_name="comments", verbose_name=_("pin"))
    # An answer stays when what it answers is deleted.
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="replies", verbose_name=_("answers")
    )
    text = models.CharField(_("text"), max_length=500)
    created_at = models.DateTimeField(_("said"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        indexes = [models.Index(fields=["pin", "created_at"], name="pins_comment_of_pin")]

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        return f"{reverse('pin', args=[self.pin_id])}#comment-{self.pk}"
