"""Small helpers for the example's templates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from ..people import name_of

register = template.Library()
register.filter("name", name_of)


@register.filter
def ago(time: datetime) -> str:
    """How long ago, in its largest unit: "3 hours ago"."""
    if timezone.now() - time < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(time, depth=1)}


@register.inclusion_tag("includes/avatar.html")
def avatar(user: Any, size: int = 32) -> dict[str, Any]:
    """The user's picture, `size` pixels wide. It is decoration: the name stands beside it."""
    return {"person": user, "size": size}
