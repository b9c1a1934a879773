"""What the buttons are given that follow and mute, by template tags: plain functions, as in `rendering`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from .exceptions import FeedsConfigurationError
from .following import followable_labels, is_following
from .models import Mute
from .owners import Owner, label_of, owner_of
from .registry import get_manager

__all__ = ["address", "follow_context", "mute_context"]


def follow_context(
    target: Any,
    user: Any = None,
    request: HttpRequest | None = None,
    following: bool | Collection[Owner] | None = None,
) -> dict[str, Any]:
    """
    What the follow button shows: `action` (the view to post to), or `login_url`, or neither, for oneself.

    `following` is what is known already: whether `user` follows the target, or the owners that he follows (as
    `Follow.objects.following(user).targets()` gives them); None asks, in one query.
    """
    context = _context("follow_button", target, user, request)
    if "login_url" in context or owner_of(user) == context["owner"]:
        return {**context, "following": False}
    owner = context["owner"]
    if following is None:
        following = is_following(get_manager(), user, owner)
    elif not isinstance(following, bool):
        following = owner in following
    action = address("unfollow" if following else "follow", owner, tag="follow_button")
    return {**context, "following": following, "action": action}


def mute_context(
    target: Any,
    user: Any = None,
    request: HttpRequest | None = None,
    muted: bool | Collection[Owner] | None = None,
) -> dict[str, Any]:
    """
    What the mute button shows: `action` (the view to post to), or nothing, for oneself and for who is not signed in.

    `muted` is what is known already: whether `user` has muted the target, or all whom he has muted
    (`Mute.objects.muted_by(user)`); None asks, in one query.
    """
    context = _context("mute_button", target, user, request)
    if "login_url" in context or owner_of(user) == context["owner"]:
        return {**context, "muted": False}
    known = Mute.objects.muted_by(user) if muted is None else muted
    is_muted = known if isinstance(known, bool) else context["owner"] in known
    return {
        **context,
        "muted": is_muted,
        "action": address("unmute" if is_muted else "mute", context["owner"], tag="mute_button"),
    }


def address(name: str, *args: Any, tag: str) -> str:
    """The address of a view of ours; raises FeedsConfigurationError where the project has none."""
    try:
        return reverse(f"django_feeds:{name}", args=args)
    except NoReverseMatch as error:
        raise FeedsConfigurationError(
            f"{{% {tag} %}} has nowhere to lead to: add path('feeds/', include('django_feeds.urls')) to your URLs."
        ) from error


def _context(tag: str, target: Any, user: Any, request: HttpRequest | None) -> dict[str, Any]:
    """What both are given; raises FeedsConfigurationError for what cannot be followed."""
    if not (isinstance(target, Model) and label_of(target._meta.model) in followable_labels()):
        raise FeedsConfigurationError(
            f"{{% {tag} %}} was given {target!r}, which cannot be followed. Give it a row of a model that is "
            "in DJANGO_FEEDS['FOLLOWABLE'], or whose feeds a source fills."
        )
    here = request.get_full_path() if request is not None else ""
    context: dict[str, Any] = {"target": target, "owner": owner_of(target), "next": here}
    if user is None or not user.is_authenticated:
        context["login_url"] = redirect_to_login(here).url
    return context
