"""Feeds as pages or JSON."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View
from django.views.generic.base import ContextMixin, TemplateResponseMixin

from .. import conf, notices, rendering
from ..exceptions import FeedsConfigurationError
from ..feeds import Feed, Page
from ..following import find_target
from ..registry import get_feed_class, managers
from .base import Answers, OfAlias

__all__ = ["FeedView", "UserFeedView"]


class FeedPage(OfAlias, Answers, TemplateResponseMixin, ContextMixin):
    """A page of one feed. Subclasses say whose it is, and what it is called."""

    page_size: int | None = None
    """Activities on a page; None: `DJANGO_FEEDS["PAGE_SIZE"]`."""

    after_parameter = "after"
    """Where the query string holds the cursor."""

    owner: Any = None
    """Whose feed it is: a user, or any other row."""

    title: str | None = None
    """The heading of the page."""

    def get_page_size(self) -> int:
        return conf.get("PAGE_SIZE") if self.page_size is None else self.page_size

    def get_after_parameter(self) -> str:
        return self.after_parameter

    def get_owner(self) -> Any:
        if self.owner is None:
            raise ImproperlyConfigured(f"'{type(self).__name__}' must define 'owner' or override 'get_owner()'.")
        return self.owner

    def get_title(self) -> str:
        return self.title if self.title is not None else _("News")

    def get_feed(self) -> Feed:
        return rendering.open_feed(self.get_alias(), self.feed_owner, self.request)

    def get_page(self, feed: Feed, after: str | None) -> Page:
        return feed.page(after, self.get_page_size())

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        self.feed_owner = self.get_owner()
        feed, parameter = self.get_feed(), self.get_after_parameter()
        after = request.GET.get(parameter)
        self.prepare(feed)
        page = self.get_page(feed, after)
        links = rendering.page_links(page, request, after, parameter)
        if self.wants_json:
            return JsonResponse(rendering.page_data(page, links, feed.viewer))
        return self.render_to_response(self.get_context_data(feed=feed, page=page, **links))

    def prepare(self, feed: Feed) -> None:
        """What is done before the page is read."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(title=self.get_title(), owner=self.feed_owner, **kwargs)


@method_decorator(never_cache, name="dispatch")
class FeedView(FeedPage, LoginRequiredMixin, View):
    """
    A feed of the signed-in user: `FeedView.as_view(alias="timeline")`. Nobody sees anybody else's.

    Templates: `django_feeds/<alias>_feed.html`, else `django_feeds/feed.html`. Context: `feed`, `page`, `owner`,
    `title`, `older_url`, `newest_url`.
    """

    def get_owner(self) -> Any:
        return self.request.user

    def get_feed(self) -> Any:
        feed = super().get_feed()
        if not isinstance(feed, self.feed_class):
            raise FeedsConfigurationError(
                f"{type(self).__name__} is for a {self.feed_class.__name__}, and DJANGO_FEEDS['FEEDS']"
                f"[{self.get_alias()!r}] is a {type(feed).__name__}; change its CLASS there, or use another view."
            )
        return feed

    def prepare(self, feed: Feed) -> None:
        """Badge and bar tell what is new from here on: what comes while the page is read is on neither otherwise."""
        if feed.live and not self.wants_json:
            notices.news_of(self.get_alias(), self.request)

    feed_class: type[Feed] = Feed
    """What kind of feed it is for."""

    fallback = "django_feeds/feed.html"
    """The template where none is named after the feed."""

    def get_template_names(self) -> list[str]:
        if self.template_name:
            return [self.template_name]
        return [f"django_feeds/{self.get_alias()}_feed.html", self.fallback]

    def handle_no_permission(self) -> Any:
        if self.wants_json:
            return self.refuse(403, _("Sign in to read your feed."))
        return super().handle_no_permission()


class UserFeedView(FeedPage, View):
    """
    The own feed of a user, a board, ...: what it did, or what happened on it. For everybody, as far as `can_see` goes.

    Only own feeds, each the USER_FEED of a manager: what somebody *reads* stays private. Templates:
    `django_feeds/<model>_feed.html`, else `django_feeds/user_feed.html`. Context as for FeedView.
    """

    def get_alias(self) -> str:
        alias = super().get_alias()
        if not any(get_feed_class(alias) is manager.user_feed_class for manager in managers()):
            raise Http404(f"{alias!r} is no own feed: DJANGO_FEEDS['MANAGERS'] has it as no manager's USER_FEED.")
        return alias

    def get_owner(self) -> Any:
        return self.owner if self.owner is not None else find_target(self.kwargs["owner"])

    def get_title(self) -> str:
        return self.title if self.title is not None else str(self.feed_owner)

    def get_template_names(self) -> list[str]:
        if self.template_name:
            return [self.template_name]
        model = self.feed_owner._meta.model_name
        return [f"django_feeds/{model}_feed.html", "django_feeds/user_feed.html"]
