"""Small helpers for the example's templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.timesince import timesince

from ..people import name_of

register = template.Library()
register.filter("name", name_of)


@register.filter
def since(time: datetime) -> str:
    """How long ago, in its largest unit: "3 hours"."""
    return timesince(time, depth=1)


@register.inclusion_tag("includes/avatar.html")
def avatar(user: Any, size: int = 32) -> dict[str, Any]:
    """The user's picture, `size` pixels wide. It is decoration: the name stands beside it."""
    return {"person": user, "size": size}
