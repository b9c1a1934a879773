"""What is said about a pin: comments with their answers, and the names in them as links."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from django_feeds.mentions import NAME

from .models import Comment, Pin

MOST = 200
"""Comments that a page shows, the newest of them."""


class Thread(NamedTuple):
    """A comment, and all that answers it or its answers, the oldest first."""

    comment: Comment
    answers: list[Comment]


def threads(pin: Pin) -> list[Thread]:
    """The newest comments on this pin, the oldest of them first, in one query."""
    newest = pin.comments.select_related("user").order_by("-created_at", "-pk")[:MOST]
    found: dict[int, Thread] = {}
    for comment in reversed(newest):
        # Answers stand under the first comment of their thread, so that they are never indented twice.
        thread = found.get(comment.parent_id) if comment.parent_id else None
        if thread is None:
            found[comment.pk] = Thread(comment, [])
        else:
            thread.answers.append(comment)
            found[comment.pk] = thread
    return [thread for pk, thread in found.items() if thread.comment.pk == pk]


def people_named(texts: Iterable[str]) -> set[str]:
    """The user names among the @names in these texts, in one query."""
    names = {candidate for text in texts for name in NAME.findall(text) for candidate in (name, name.rstrip(".-+"))}
    users = get_user_model().objects.filter(username__in=names, is_active=True) if names else None
    return set(users.values_list("username", flat=True)) if users is not None else set()


def linked(text: str, people: Collection[str]) -> SafeString:
    """The text as HTML, with the @names of these people as links to their profiles."""
    parts, end = [], 0
    for match in NAME.finditer(text):
        name = match[1] if match[1] in people else match[1].rstrip(".-+")
        if name in people:
            link = format_html('<a href="{}">@{}</a>', reverse("profile", args=[name]), name)
            parts += [escape(text[end : match.start()]), link]
            end = match.start() + 1 + len(name)
    return mark_safe("".join([*parts, escape(text[end:])]))
