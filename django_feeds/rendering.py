"""
What templates are given and what JSON says: plain functions, which tags and views call.

They take a request or nothing, so that another template engine can call them too.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import Http404, HttpRequest, QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from . import conf
from .activity import Activity
from .exceptions import FeedsConfigurationError, InvalidCursor, NotHydrated, StorageUnavailable
from .feeds import Feed, Page
from .following import followable_labels, is_following
from .owners import Owner, label_of, owner_of
from .registry import get_feed, get_manager

__all__ = [
    "activity_data",
    "activity_templates",
    "activity_text",
    "feed_context",
    "follow_context",
    "open_feed",
    "page_data",
    "page_links",
    "viewer_of",
]

# Who looks


def viewer_of(request: HttpRequest) -> Any:
    """The signed-in user; None for the public, as `can_see` wants it."""
    user = getattr(request, "user", None)
    return user if getattr(user, "is_authenticated", False) else None


def open_feed(alias: str, owner: Any, request: HttpRequest | None) -> Feed:
    """
    The feed as whoever asks may see it. Without a request (a mail) followers' feeds are for their owner.

    Raises UnknownFeed, InvalidOwner.
    """
    feed = get_feed(alias, owner)
    if request is not None:
        feed.viewer = viewer_of(request)
    return feed


# Feeds


def feed_context(
    alias: str,
    owner: Any,
    request: HttpRequest | None = None,
    limit: int | None = None,
    after: str | None = None,
    parameter: str = "after",
) -> dict[str, Any] | None:
    """
    One page of a feed for a template, None for an anonymous owner.

    The cursor is `after`, or what the query string has under `parameter`. Raises Http404 for one that no page gave.
    While the storage is down and nothing else can answer, `unavailable` is true and there is no page.
    """
    if getattr(owner, "is_anonymous", False):
        return None
    if after is None and request is not None:
        after = request.GET.get(parameter)
    feed = open_feed(alias, owner, request)
    context: dict[str, Any] = {"feed": feed, "page": None, "unavailable": False}
    try:
        context["page"] = feed.page(after, conf.get("PAGE_SIZE") if limit is None else limit)
    except InvalidCursor as error:
        raise Http404(str(error)) from error
    except StorageUnavailable:
        context["unavailable"] = True
    return {**context, **page_links(context["page"], request, after, parameter)}


def page_links(
    page: Page | None, request: HttpRequest | None, after: str | None, parameter: str = "after"
) -> dict[str, str]:
    """`older_url`, and on later pages `newest_url`; the rest of the query string is kept."""
    query = request.GET.copy() if request is not None else QueryDict(mutable=True)
    path = request.path if request is not None else ""
    query.pop(parameter, None)
    newest = f"{path}?{query.urlencode()}" if query else path or "?"
    query[parameter] = page.next if page is not None and page.next else ""
    older = f"{path}?{query.urlencode()}" if query[parameter] else ""
    return {"older_url": older, "newest_url": newest if after else ""}


# Activities


def activity_templates(activity: Activity) -> list[str]:
    """The templates that render an activity, the most specific first."""
    slug = activity.verb.slug()
    return [*([f"django_feeds/activity/{slug}.html"] if slug else []), "django_feeds/activity.html"]


def activity_text(activity: Activity, links: bool = True) -> str:
    """
    The sentence of the verb in the active language: HTML with the names linked, or plain text.

    A row that is gone is called "something deleted"; a target that is gone is not mentioned.
    """
    with_target = activity.target_reference is not None and _row(activity, "target") is not None
    phrase = str(activity.verb.phrase_with_target if with_target else activity.verb.phrase)
    names = {name: _name(_row(activity, name), links) for name in ("actor", "object", "target")}
    if not links:
        return phrase % names
    # format_html would want {actor}; here the phrase is escaped, and so is each name.
    return mark_safe(escape(phrase) % names)


def _row(activity: Activity, name: str) -> Any:
    """The row, None where it is gone; where rows were never loaded, the reference is better than nothing."""
    try:
        return getattr(activity, name)
    except NotHydrated:
        return activity.references()[name]


def _name(row: Any, links: bool) -> str:
    text = _("something deleted") if row is None else str(row)
    if not links:
        return text
    url = url_of(row)
    return format_html('<a href="{}">{}</a>', url, text) if url else conditional_escape(text)


def url_of(row: Any) -> str:
    """The address of a row's page, "" where it has none that a browser should follow."""
    try:
        url = str(row.get_absolute_url()) if hasattr(row, "get_absolute_url") else ""
        # A model may return what a user typed, and escaping does not disarm "javascript:".
        return url if urlsplit(url.lstrip(CONTROLS)).scheme in ("", "http", "https") else ""
    except (NoReverseMatch, ValueError):
        return ""


CONTROLS = "".join(map(chr, range(33)))
"""Browsers skip these in front of a scheme."""


# JSON


def page_data(page: Page, links: dict[str, str]) -> dict[str, Any]:
    """A page as JSON: `next` is the cursor, `next_url` the address of the next page."""
    items = [activity_data(activity) for activity in page.items]
    return {"items": items, "next": page.next, "next_url": links["older_url"] or None}


def activity_data(activity: Activity) -> dict[str, Any]:
    """A hydrated activity as JSON."""
    rows = {name: _row_data(activity, name) for name in ("actor", "object", "target")}
    return {
        "id": str(activity.id),
        "verb": activity.verb.infinitive,
        **rows,
        "time": activity.time.isoformat(),
        "text": activity_text(activity, links=False),
        "extra_context": activity.extra_context,
    }


def _row_data(activity: Activity, name: str) -> dict[str, Any] | None:
    row = _row(activity, name)
    if row is None:
        return None
    reference = activity.references()[name]
    return {"type": reference.label, "id": str(reference.pk), "text": str(row), "url": url_of(row) or None}


# Following


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
    owner, here = _followable(target), request.get_full_path() if request is not None else ""
    context: dict[str, Any] = {"target": target, "owner": owner, "next": here, "following": False}
    if user is None or not user.is_authenticated:
        return {**context, "login_url": redirect_to_login(here).url}
    if owner_of(user) == owner:
        return context
    if following is None:
        following = is_following(get_manager(), user, owner)
    elif not isinstance(following, bool):
        following = owner in following
    return {**context, "following": following, "action": _follow_url("unfollow" if following else "follow", owner)}


def _followable(target: Any) -> Owner:
    if not (isinstance(target, Model) and label_of(target._meta.model) in followable_labels()):
        raise FeedsConfigurationError(
            f"{{% follow_button %}} was given {target!r}, which cannot be followed. Give it a row of a model that is "
            "in DJANGO_FEEDS['FOLLOWABLE'], or whose feeds a source fills."
        )
    return owner_of(target)


def _follow_url(name: str, owner: Owner) -> str:
    try:
        return reverse(f"django_feeds:{name}", args=[owner])
    except NoReverseMatch as error:
        raise FeedsConfigurationError(
            "The follow button has nowhere to post to: add path('feeds/', include('django_feeds.urls')) to your URLs."
        ) from error
