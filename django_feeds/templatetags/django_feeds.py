"""
Template tags: `{% load django_feeds %}`. They decide nothing; `django_feeds.rendering` does.

Templates that they render see everything around them, as with `{% include %}`, and what is listed at each tag;
what is set inside stays inside.
"""

from __future__ import annotations

from typing import Any

from django.template import Context, Library
from django.utils.safestring import SafeString

from .. import rendering
from ..activity import Activity

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
    return _render(context, rendering.activity_templates(activity), {"activity": activity})


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
    return rendering.follow_context(target, getattr(request, "user", None), request, following)


def _render(context: Context, names: list[str], values: dict[str, Any]) -> SafeString:
    with context.push(**values):
        return context.template.engine.select_template(names).render(context)  # type: ignore[union-attr]
