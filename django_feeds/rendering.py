"""
What templates are given and what JSON says: plain functions, which tags and views call.

They take a request or nothing, so that another template engine can call them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, QueryDict

from . import conf
from .activity import Activity, AggregatedActivity, NotificationActivity
from .exceptions import InvalidCursor, StorageUnavailable
from .feeds import Feed, Page
from .feeds.notification import NotificationPage
from .registry import get_feed
from .sentences import activity_text, group_text, row_of, url_of

__all__ = [
    "activity_data",
    "activity_text",
    "feed_context",
    "group_data",
    "group_text",
    "item_context",
    "item_templates",
    "items_data",
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
    **options: Any,
) -> dict[str, Any] | None:
    """
    One page of a feed for a template, None for an anonymous owner. `options` are arguments of the feed's `page`.

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
        context["page"] = feed.page(after, conf.get("PAGE_SIZE") if limit is None else limit, **options)
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


# Items


def item_templates(item: Any) -> list[str]:
    """The templates that render an activity or a group, the most specific first."""
    folder = "aggregated" if isinstance(item, AggregatedActivity) else "activity"
    slug = item.verb.slug()
    return [*([f"django_feeds/{folder}/{slug}.html"] if slug else []), f"django_feeds/{folder}.html"]


def item_context(item: Any, viewer: Any = None) -> dict[str, Any]:
    """What these templates are given; `viewer` is who reads a group."""
    if isinstance(item, AggregatedActivity):
        return {"group": item, "activities": item.activities, "viewer": viewer}
    return {"activity": item}


# JSON


def page_data(page: Page, links: dict[str, str], viewer: Any = None) -> dict[str, Any]:
    """A page as JSON: `next` is the cursor, `next_url` the address of the next page; and counts of notifications."""
    data: dict[str, Any] = {
        "items": items_data(page, viewer),
        "next": page.next,
        "next_url": links["older_url"] or None,
    }
    if isinstance(page, NotificationPage):
        data.update(up_to=page.up_to, unseen=page.unseen, unread=page.unread)
    return data


def items_data(items: Iterable[Any], viewer: Any = None) -> list[dict[str, Any]]:
    """Activities and groups as JSON; `viewer` is who reads the groups."""
    return [group_data(item, viewer) if isinstance(item, AggregatedActivity) else activity_data(item) for item in items]


def group_data(group: AggregatedActivity, viewer: Any = None) -> dict[str, Any]:
    """A group as JSON: all counts, the newest activities, and of a notification whether it was seen and read."""
    data: dict[str, Any] = {
        "id": group.id,
        "group": group.group,
        "verbs": [verb.infinitive for verb in group.verbs],
        "activity_count": group.activity_count,
        "actor_count": group.actor_count,
        "object_count": group.object_count,
        "created_at": _time(group.created_at),
        "updated_at": _time(group.updated_at),
        "text": group_text(group, viewer, links=False),
        "activities": [activity_data(activity) for activity in group.activities],
    }
    if isinstance(group, NotificationActivity):
        data.update(is_seen=group.is_seen, is_read=group.is_read)
    return data


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


def _time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
