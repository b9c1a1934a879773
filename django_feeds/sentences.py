"""
Sentences: who did what, in the active language, of one activity or of a group.

Phrases belong to verbs. What a phrase leaves blank is filled in after it was escaped, so that neither it nor a name
can become HTML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Model
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from .activity import Activity, AggregatedActivity
from .exceptions import InvalidOwner, NotHydrated
from .owners import owner_of
from .sources import sources_of
from .verbs import UnknownVerbPlaceholder

__all__ = ["activity_text", "group_text", "row_of", "url_of"]

NAMES = 2
"""How many actors of a group are named; the others are counted."""


def activity_text(activity: Activity, links: bool = True) -> str:
    """
    The sentence of the verb in the active language: HTML with the names linked, or plain text.

    A row that is gone is called "something deleted"; a target that is gone is not mentioned.
    """
    with_target = activity.target_reference is not None and row_of(activity, "target") is not None
    phrase = activity.verb.phrase_with_target if with_target else activity.verb.phrase
    names = {name: _name(row_of(activity, name), links) for name in ("actor", "object", "target")}
    return _filled(phrase, names, links=links)


def group_text(group: AggregatedActivity, viewer: Any = None, links: bool = True) -> str:
    """
    One sentence for all activities of a group: "Ann, Bob and 3 others loved your pin".

    `viewer` is who reads it, whose own things are his. A group of one activity reads as that activity.
    """
    own = _own_phrase(group, viewer, links)
    if own is not None:
        return _in_words(group, *own, links)
    if group.activity_count == 1:
        return activity_text(group.last_activity, links)
    verb = group.verb if len(group.verbs) == 1 else UnknownVerbPlaceholder()
    object = _name(row_of(group.last_activity, "object"), links)
    if verb.group_phrase is not None:
        return _in_words(group, verb.group_phrase, {"object": object}, links)
    if group.object_count > 1:
        things = ngettext("%(count)d thing", "%(count)d things", group.object_count)
        object = _filled(things, {}, {"count": group.object_count}, links=links)
    return _in_words(group, verb.phrase, {"object": object}, links)


def row_of(activity: Activity, name: str) -> Any:
    """The row, None where it is gone; where rows were never loaded, the reference is better than nothing."""
    try:
        return getattr(activity, name)
    except NotHydrated:
        return activity.references()[name]


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


# Groups


def _in_words(group: AggregatedActivity, phrase: Any, names: Mapping[str, str], links: bool) -> str:
    """The phrase about all actors; of a pair, the one that agrees with how many there are."""
    if isinstance(phrase, (tuple, list)):
        one, several = phrase
        phrase = one if group.actor_count == 1 else several
    actors = _actors(group, links)
    numbers = {"count": group.object_count, "number": group.actor_count}
    return _filled(phrase, {**names, "actors": actors, "actor": actors}, numbers, links=links)


def _actors(group: AggregatedActivity, links: bool) -> str:
    """The latest by name, and how many others there are: "Ann, Bob and 3 others"."""
    known = {activity.actor_reference: row_of(activity, "actor") for activity in group.activities}
    rows = [row for row in known.values() if row is not None][:NAMES]
    names = [_name(row, links) for row in rows or [None]]
    others = max(group.actor_count - len(names), 0)
    if len(names) == 1 and not others:
        return names[0]
    first, second = [*names, ""][:2]
    if not others:
        return _filled(_("%(first)s and %(second)s"), {"first": first, "second": second}, links=links)
    named = first
    if second:
        named = _filled(_("%(first)s, %(second)s"), {"first": first, "second": second}, links=links)
    phrase = ngettext_lazy("%(names)s and %(number)d other", "%(names)s and %(number)d others", "number")
    return _filled(phrase, {"names": named}, {"number": others}, links=links)


def _own_phrase(group: AggregatedActivity, viewer: Any, links: bool) -> tuple[Any, dict[str, str]] | None:
    """The phrase for what was done to the reader or to his own things, and what it names; None: it was not."""
    verb, rows = group.verb, group.objects if viewer is not None else []
    if not rows or len(group.verbs) > 1 or not _all_known(group):
        return None
    try:
        reader = owner_of(viewer)
    except InvalidOwner:  # an anonymous visitor
        return None
    if verb.you_phrase is not None and [owner_of(row) for row in rows] == [reader]:
        return verb.you_phrase, {}
    models = {row._meta.concrete_model for row in rows}
    if verb.own_phrase is None or len(models) > 1 or not all(_belongs(row, reader) for row in rows):
        return None
    options = rows[0]._meta
    kind = _linked(rows[0] if len(rows) == 1 else None, str(options.verbose_name), links)
    kinds = _linked(None, str(options.verbose_name_plural), links)
    return verb.own_phrase, {"kind": kind, "kinds": kinds, "object": _name(rows[0], links)}


def _all_known(group: AggregatedActivity) -> bool:
    """Are these rows all objects of the group? Of what is folded away, nobody knows whose it is."""
    return len(group.objects) == group.object_count


def _belongs(row: Model, reader: str) -> bool:
    """Did the reader himself cause the activity of this row? Where its foreign key says so, that costs no query."""
    actors = (source.get_actor(row) for source in sources_of(row._meta.model))
    return any(actor is not None and owner_of(actor) == reader for actor in actors)


# Blanks


def _filled(phrase: Any, names: Mapping[str, str], numbers: Mapping[str, int] | None = None, *, links: bool) -> str:
    """This phrase with these names in it; as HTML, the phrase is escaped, and the names were."""
    # Blanks become marks first: a lazy plural needs its number, and shows no text to escape until it has it.
    text = str(phrase % {**{name: f"\0{name}\0" for name in names}, **(numbers or {})})
    text = re.sub("\0(\\w+)\0", lambda mark: names[mark[1]], escape(text) if links else text)
    return mark_safe(text) if links else text


def _name(row: Any, links: bool) -> str:
    return _linked(row, _("something deleted") if row is None else str(row), links)


def _linked(row: Any, text: str, links: bool) -> str:
    if not links:
        return text
    url = url_of(row)
    return format_html('<a href="{}">{}</a>', url, text) if url else conditional_escape(text)
