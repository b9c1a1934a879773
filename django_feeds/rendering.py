"""
What templates are given and what JSON says: plain functions, which tags and views call.

They take a request or nothing, so that another template engine can call them too.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import Http404, HttpRequest, QueryDict
from django.urls import NoReverseMatch, reverse

from . import conf
from .activity import Activity
from .exceptions import FeedsConfigurationError, InvalidCursor, StorageUnavailable
from .feeds import Feed, Page
from .following import followable_labels, is_following
from .owners import Owner, label_of, owner_of
from .registry import get_feed, get_manager
from .sentences import activity_text, group_text, row_of, url_of

__all__ = [
    "activity_data",
    "activity_templates",
    "activity_text",
    "feed_context",
    "follow_context",
    "group_text",
    "open_feed",
    "page_data",
    "page_links",
    "url_of",
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
    row = row_of(activity, name)
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
