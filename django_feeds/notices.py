"""What pages show of notifications, and of what came in since they were drawn: plain functions, as in `rendering`."""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils.translation import get_language, ngettext

from .buttons import address
from .exceptions import FeedsConfigurationError, StorageUnavailable
from .feeds import NotificationFeed
from .feeds.news import News
from .registry import get_feed_class
from .rendering import feed_context, open_feed

__all__ = ["MOST_SHOWN", "badge_context", "bar_context", "news_of", "notifications_context", "texts"]

logger = logging.getLogger(__name__)

MOST_SHOWN = 99
"""A badge says no larger number than this, and a plus."""

# Notifications


def notifications_context(
    alias: str,
    owner: Any,
    request: HttpRequest | None = None,
    limit: int | None = None,
    after: str | None = None,
    parameter: str = "after",
) -> dict[str, Any] | None:
    """
    A page of notifications for a template, None for an anonymous owner; only unread ones with `?unread=1`.

    Marks nothing. Raises Http404 for a cursor that no page gave, FeedsConfigurationError for another kind of feed.
    """
    feed_class = get_feed_class(alias)
    if not issubclass(feed_class, NotificationFeed):
        raise FeedsConfigurationError(
            f"DJANGO_FEEDS['FEEDS'][{alias!r}] is a {feed_class.__name__}, not a NotificationFeed: nothing on it is "
            "seen or read."
        )
    unread = is_unread_only(request)
    context = feed_context(alias, owner, request, limit, after, parameter, unread=unread)
    return context and {**context, **notifications_links(alias, context["page"], request, parameter)}


def is_unread_only(request: HttpRequest | None) -> bool:
    """Does the query string ask for what was not read?"""
    return request is not None and request.GET.get("unread") == "1"


def notifications_links(alias: str, page: Any, request: HttpRequest | None, parameter: str = "after") -> dict[str, Any]:
    """Where forms and links beside a page of notifications lead to, and what they need to know of it."""
    return {
        "alias": alias,
        "unread_only": is_unread_only(request),
        "up_to": page.up_to if page is not None else 0,
        "unseen": page.unseen if page is not None else 0,
        "unread": page.unread if page is not None else 0,
        "all_url": _filtered(request, parameter),
        "unread_url": _filtered(request, parameter, unread="1"),
        "mark_url": address("mark", alias, tag="render_notifications"),
        "mark_all_url": address("mark_all", alias, tag="render_notifications"),
        "next": request.get_full_path() if request is not None else "",
    }


def _filtered(request: HttpRequest | None, parameter: str, **chosen: str) -> str:
    """The first page of this list with another filter; the rest of the query string is kept."""
    query = request.GET.copy() if request is not None else QueryDict(mutable=True)
    for name in ("unread", parameter):
        query.pop(name, None)
    query.update(chosen)
    path = request.path if request is not None else ""
    return f"{path}?{query.urlencode()}" if query else path or "?"


# What is new


def news_of(alias: str, request: HttpRequest | None) -> News | None:
    """
    The token and the counts of the signed-in user's feed; None for anybody else, and while the storage is down.

    Asked once for each request, however many badges there are on the page.
    """
    user: Any = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return None
    known = request.__dict__.setdefault("_django_feeds_news", {})
    name = (alias, user.pk)
    if name not in known:
        try:
            known[name] = open_feed(alias, user, request).news()
        except StorageUnavailable as error:
            logger.warning("A page says nothing of what is new: %s", error)
            known[name] = None
    return known[name]


def badge_context(alias: str, request: HttpRequest | None, counting: str = "unseen") -> dict[str, Any]:
    """What the live badge is given: the number of unseen (or unread) notifications, and where it hears of more."""
    if counting not in ("unseen", "unread"):
        raise FeedsConfigurationError(f"{{% live_badge %}} counts what is 'unseen' or 'unread', not {counting!r}.")
    news = news_of(alias, request)
    if news is None:
        return {"live_url": ""}
    count = getattr(news, counting)
    if count is None:
        raise FeedsConfigurationError(
            f"{{% live_badge %}} counts notifications, and {alias!r} is no NotificationFeed; use {{% live_bar %}}."
        )
    return {
        **_listening(alias, news, "live_badge"),
        **_plurals(counting),
        "counting": counting,
        "count": count,
        "shown": shown(count),
        "text": text_of(counting, count),
    }


def bar_context(alias: str, request: HttpRequest | None, url: str = "") -> dict[str, Any]:
    """What the bar is given that tells of new items: where it hears of them, and the page to look at then."""
    news = news_of(alias, request)
    if news is None:
        return {"live_url": ""}
    here = request.path if request is not None else ""
    return {**_listening(alias, news, "live_bar"), **_plurals("bar"), "url": url or here}


def shown(count: int) -> str:
    """The number on a badge: "99+" from 100 on."""
    return str(count) if count <= MOST_SHOWN else f"{MOST_SHOWN}+"


def _listening(alias: str, news: News, tag: str) -> dict[str, Any]:
    return {"alias": alias, "live_url": f"{address('live', alias, tag=tag)}?{urlencode({'since': news.token})}"}


# Texts that the script needs before it knows the number


def text_of(name: str, number: int) -> str:
    """What a badge is called, or a bar says."""
    return _form(name, number) % {"number": number}


def _form(name: str, number: int) -> str:
    if name == "unseen":
        return ngettext("%(number)d new notification", "%(number)d new notifications", number)
    if name == "unread":
        return ngettext("%(number)d unread notification", "%(number)d unread notifications", number)
    return ngettext("%(number)d new item", "%(number)d new items", number)


def _plurals(name: str) -> dict[str, str]:
    forms, which = texts(name, get_language() or "")
    return {"forms": forms, "which": which}


@cache
def texts(name: str, language: str) -> tuple[str, str]:
    """
    All plural forms in this language as JSON, and which of them each number up to 199 takes, a digit each.

    So a script needs to know no rules: numbers from 200 on take the form of those from 100 with the same last digits.
    """
    said = [_form(name, number) for number in range(200)]
    forms = list(dict.fromkeys(said))
    blanks = [form.replace("%(number)d", "{}").replace("%%", "%") for form in forms]
    return json.dumps(blanks, ensure_ascii=False), "".join(str(forms.index(text)) for text in said)
