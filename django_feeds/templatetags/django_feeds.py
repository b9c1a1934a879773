"""
Template tags: `{% load django_feeds %}`. They decide nothing; `django_feeds.rendering` does.

Templates that they render see everything around them, as with `{% include %}`, and what is listed at each tag;
what is set inside stays inside.
"""

from __future__ import annotations

from typing import Any

from django.template import Context, Library
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .. import buttons, notices, rendering
from ..activity import Activity, AggregatedActivity

register = Library()


@register.simple_tag(takes_context=True)
def render_feed(
    context: Context,
    alias: str,
    owner: Any,
    limit: int | None = None,
    after: str | None = None,
    parameter: str = "after",
    template: str = "django_feeds/feed_list.html",
) -> str:
    """
    A page of a feed, with links to older and newest activities.

        {% render_feed "timeline" user %}
        {% render_feed "user" board limit=10 parameter="pins" %}

    The cursor comes from the query string, `?after=...`; give feeds that share a page a `parameter` each. Renders
    nothing for an anonymous owner. Rows are shown as far as `request.user` may see them.

    Context: `feed`, `page` (`page.items`), `older_url`, `newest_url`, `unavailable` (the storage is down).
    """
    values = rendering.feed_context(alias, owner, context.get("request"), limit, after, parameter)
    return "" if values is None else _render(context, [template], values)


@register.simple_tag(takes_context=True)
def render_activity(context: Context, activity: Activity) -> str:
    """
    One activity, by `django_feeds/activity/<verb>.html`, else by `django_feeds/activity.html`.

        {% for activity in page %}{% render_activity activity %}{% endfor %}

    Context: `activity`, and its `actor`, `object` and `target` are rows, or None where they are gone.
    """
    return _render_item(context, activity)


@register.simple_tag(takes_context=True)
def render_group(context: Context, group: AggregatedActivity) -> str:
    """
    A group of a grouped feed, by `django_feeds/aggregated/<verb>.html`, else by `django_feeds/aggregated.html`.

        {% for group in page %}{% render_group group %}{% endfor %}

    Context: `group`, `activities` (the newest of it), `viewer` (who reads it).
    """
    return _render_item(context, group)


@register.simple_tag(takes_context=True)
def render_item(context: Context, item: Any) -> str:
    """Whichever of the two it is: for lists that show feeds of either kind."""
    return _render_item(context, item)


@register.simple_tag(takes_context=True)
def group_text(context: Context, group: AggregatedActivity, links: bool = True, viewer: Any = None) -> str:
    """
    What a group did, as one sentence: "Ann, Bob and 3 others loved your pin", names linked to their pages.

        {% group_text group %}
        {% group_text group links=False viewer=recipient %}

    What is the reader's own is "yours": the reader is `viewer`, else who is signed in.
    """
    return rendering.group_text(group, viewer or _viewer(context), links)


@register.simple_tag
def activity_text(activity: Activity, links: bool = True) -> str:
    """
    What was done, as a sentence in the reader's language: "Ann pinned a cat to Animals", names linked to their pages.

        {% activity_text activity %}
        <title>{% activity_text activity links=False %}</title>
    """
    return rendering.activity_text(activity, links)


@register.inclusion_tag("django_feeds/follow_button.html", takes_context=True)
def follow_button(context: Context, target: Any, following: Any = None) -> dict[str, Any]:
    """
    A form that follows or unfollows the target, and leads back to this page. Needs `request` in the context.

        {% follow_button board %}
        {% for board in boards %}{% follow_button board following=followed %}{% endfor %}

    `following` saves a query for each button: whether the user follows the target, or all whom he follows, as a set
    of `Follow.objects.following(user).targets()`. Anonymous users get a link to the sign-in page, and nobody can
    follow himself.

    Context: `target`, `owner`, `following`, `next`, and `action` or `login_url`.
    """
    request = context.get("request")
    return buttons.follow_context(target, getattr(request, "user", None), request, following)


@register.inclusion_tag("django_feeds/mute_button.html", takes_context=True)
def mute_button(context: Context, target: Any, muted: Any = None) -> dict[str, Any]:
    """
    A form that mutes somebody or takes that back, and leads back to this page. Needs `request` in the context.

        {% mute_button user %}

    `muted` saves a query for each button: whether the user has muted him, or all whom he has, as
    `Mute.objects.muted_by(user)` gives them. Nothing for anonymous users, and for oneself.

    Context: `target`, `owner`, `muted`, `next`, and `action`.
    """
    request = context.get("request")
    return buttons.mute_context(target, getattr(request, "user", None), request, muted)


# Notifications


@register.simple_tag(takes_context=True)
def unseen_count(context: Context, alias: str = "notifications") -> int:
    """
    How many notifications the signed-in user has not seen; 0 for anybody else, and while the storage is down.

        {% unseen_count as new %}{% if new %}({{ new }}){% endif %}
    """
    return _count(context, alias, "unseen")


@register.simple_tag(takes_context=True)
def unread_count(context: Context, alias: str = "notifications") -> int:
    """How many he has not read. Both together ask the storage once for each page."""
    return _count(context, alias, "unread")


@register.simple_tag(takes_context=True)
def render_notifications(
    context: Context,
    alias: str = "notifications",
    limit: int | None = None,
    after: str | None = None,
    parameter: str = "after",
    template: str = "django_feeds/notification_list.html",
) -> str:
    """
    A page of the signed-in user's notifications, with forms that mark one or all, and a filter for unread ones.

        {% render_notifications %}

    Arguments as for `render_feed`. Renders nothing for anonymous users, and marks nothing.

    Context: as for `render_feed`, and `alias`, `unread_only`, `up_to`, `unseen`, `unread`, `mark_url`, `mark_all_url`,
    `all_url`, `unread_url`, `next`.
    """
    request = context.get("request")
    user = _viewer(context)
    values = user and notices.notifications_context(alias, user, request, limit, after, parameter)
    return _render(context, [template], values) if values else ""


@register.inclusion_tag("django_feeds/live_badge.html", takes_context=True)
def live_badge(
    context: Context, alias: str = "notifications", counting: str = "unseen", in_title: bool = False
) -> dict[str, Any]:
    """
    How many notifications are "unseen" (or "unread"), kept right by `{% live_script %}`; hidden while there are none.

        <a href="{% url "django_feeds:notifications" %}">Notifications {% live_badge %}</a>

    With `in_title` the script puts the number in front of the page's title as well. Nothing for anonymous users, and
    while the storage is down.

    Context: `live_url`, `counting`, `count`, `shown` ("99+"), `text` (its accessible name), `forms`, `which`.
    """
    return {**notices.badge_context(alias, context.get("request"), counting), "in_title": in_title}


@register.inclusion_tag("django_feeds/live_bar.html", takes_context=True)
def live_bar(context: Context, alias: str = "timeline", url: str = "") -> dict[str, Any]:
    """
    "3 new items", a link to the first page, once something came in; needs `{% live_script %}`, and a live feed.

        {% live_bar "timeline" %}{% render_feed "timeline" user %}

    `url` is the first page, where it is not this one without its query string.

    Context: `live_url`, `url`, `forms`, `which`.
    """
    return notices.bar_context(alias, context.get("request"), url)


@register.simple_tag
def live_script() -> str:
    """
    The script that keeps badges and bars right and marks without loading the page anew; once, anywhere on a page.

        <head>...{% live_script %}</head>

    All works without it. It is one file of our own, so `script-src 'self'` is enough.
    """
    return format_html('<script src="{}" defer></script>', static("django_feeds/live.js"))


def _count(context: Context, alias: str, name: str) -> int:
    news = notices.news_of(alias, context.get("request"))
    return getattr(news, name) or 0 if news else 0


def _viewer(context: Context) -> Any:
    """Who looks: who is signed in; in a mail, for whom the feed is."""
    request = context.get("request")
    return rendering.viewer_of(request) if request is not None else getattr(context.get("feed"), "viewer", None)


def _render_item(context: Context, item: Any) -> SafeString:
    return _render(context, rendering.item_templates(item), rendering.item_context(item, _viewer(context)))


def _render(context: Context, names: list[str], values: dict[str, Any]) -> SafeString:
    with context.push(**values):
        return context.template.engine.select_template(names).render(context)  # type: ignore[union-attr]
