"""Grouped feeds and notifications as pages or JSON, and what marks them as seen and read."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from .. import conf, rendering
from ..exceptions import InvalidSlice, NotInFeed
from ..feeds import AggregatedFeed, Feed, NotificationFeed, Page
from ..notices import is_unread_only, notifications_links
from ..registry import get_feed_class
from .base import ChangeView, OfAlias
from .feeds import FeedView

__all__ = ["AggregatedFeedView", "MarkAllView", "MarkView", "NotificationFeedView", "feed"]


class AggregatedFeedView(FeedView):
    """
    A grouped feed of the signed-in user: `AggregatedFeedView.as_view(alias="grouped")`.

    Templates: `django_feeds/<alias>_feed.html`, else `django_feeds/aggregated_feed.html`. Context as for FeedView.
    """

    feed_class = AggregatedFeed

    fallback = "django_feeds/aggregated_feed.html"


class NotificationFeedView(AggregatedFeedView):
    """
    What the signed-in user is told; only what he has not read with `?unread=1`. Looking at it marks nothing.

    Templates: `django_feeds/<alias>_feed.html`, else `django_feeds/notifications.html`. Context: as for FeedView, and
    `unread_only`, `up_to` (to give back when all is marked), `unseen` and `unread` (counts of the whole feed),
    `mark_url`, `mark_all_url`, `all_url`, `unread_url`, `next`.
    """

    feed_class = NotificationFeed

    fallback = "django_feeds/notifications.html"

    def get_title(self) -> str:
        return self.title if self.title is not None else _("Notifications")

    def get_page(self, feed: Any, after: str | None) -> Page:
        return feed.page(after, self.get_page_size(), unread=is_unread_only(self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        links = notifications_links(self.get_alias(), kwargs["page"], self.request, self.get_after_parameter())
        return super().get_context_data(**links, **kwargs)


def feed(request: Any, alias: str) -> HttpResponseBase:
    """The feed of the signed-in user under this alias, by the view for its kind."""
    kind = get_feed_class(alias) if alias in conf.get("FEEDS") else Feed
    return next(view for feed_class, view in _views if issubclass(kind, feed_class))(request, alias=alias)


_views = [(view.feed_class, view.as_view()) for view in (NotificationFeedView, AggregatedFeedView, FeedView)]


class MarkChange(OfAlias, ChangeView):
    """
    In JSON: `{"unseen": 2, "unread": 3}`, what is left.

    Fields: `seen` and `read`, "1" or "0", both "1" in a form that has neither; `up_to`, as the page gave it: what
    came later stays new.
    """

    def mark(self, feed: NotificationFeed, **how: Any) -> None:
        raise NotImplementedError

    def get_feed(self) -> NotificationFeed:
        alias = self.get_alias()
        feed = rendering.open_feed(alias, self.request.user, self.request)
        if not isinstance(feed, NotificationFeed):
            raise Http404(_("Nothing on the feed “%(alias)s” is seen or read.") % {"alias": alias})
        return feed

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        self.feed = self.get_feed()
        try:
            self.mark(self.feed, **self._how())
        except NotInFeed:
            return self.refuse(404, _("That is not among your notifications, perhaps not any more."))
        except (InvalidSlice, ValueError) as error:
            return self.refuse(400, str(error))
        return self.answer()

    def _how(self) -> dict[str, Any]:
        given = {name: self._flag(name) for name in ("seen", "read") if name in self.request.POST}
        how = {"seen": False, "read": False, **given} if given else {"seen": True, "read": True}
        return {**how, "up_to": self._up_to()}

    def _flag(self, name: str) -> bool:
        value = self.request.POST[name]
        if value not in ("0", "1"):
            raise ValueError(_("“%(name)s” is 1 or 0, not “%(value)s”.") % {"name": name, "value": value[:60]})
        return value == "1"

    def _up_to(self) -> int | None:
        value = self.request.POST.get("up_to", "")
        if not value:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 16):
            raise ValueError(_("“up_to” is what the page gave, not “%(value)s”.") % {"value": value[:60]})
        return int(value)

    def get_json(self) -> dict[str, Any]:
        return self.feed.counts()

    def get_page(self) -> str:
        try:
            return reverse("django_feeds:feed", args=[self.get_alias()])
        except NoReverseMatch:
            return ""

    def get_sign_in(self) -> str:
        return self.sign_in or _("Sign in to mark your notifications.")


class MarkView(MarkChange):
    """
    Mark some notifications of the signed-in user: POST `id`, once for each, of a group or of a member of it.

    An id that is not on the feed is 404, when the others are marked; what can be no id is 400.
    """

    def mark(self, feed: NotificationFeed, **how: Any) -> None:
        ids = self.request.POST.getlist("id")
        if not ids:
            raise ValueError(_("Say which notifications: “id” is missing."))
        feed.mark_activities(ids, **how)


class MarkAllView(MarkChange):
    """Mark all notifications of the signed-in user."""

    def mark(self, feed: NotificationFeed, **how: Any) -> None:
        feed.mark_all(**how)
