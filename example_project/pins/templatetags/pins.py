"""Small helpers for the example's templates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from .. import loving, talk
from ..people import name_of

register = template.Library()
register.filter("name", name_of)
register.filter("mentions", talk.linked)


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


@register.filter
def comments(threads: list[talk.Thread]) -> int:
    """How many comments these threads have in all."""
    return sum(1 + len(thread.answers) for thread in threads)


@register.simple_tag(takes_context=True)
def loves_of(context: template.Context, items: Any) -> loving.Loves:
    """The loves of the pins on a page, which its love buttons show: one query for all of them."""
    return loving.loves_of(loving.pins_in(items), context["user"])


@register.inclusion_tag("includes/love_button.html", takes_context=True)
def love_button(context: template.Context, pin: Any) -> dict[str, Any]:
    """A heart that loves the pin or takes that back, and how many do. Needs `loves` in the context."""
    loves = context["loves"]
    return {
        "pin": pin,
        "number": loves.numbers.get(pin.pk, 0),
        "loved": pin.pk in loves.mine,
        "next": context["request"].get_full_path(),
        "user": context["user"],
        "csrf_token": context.get("csrf_token"),
    }
