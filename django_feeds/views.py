"""
Views: feeds as pages or JSON, and following.

Each attribute has a `get_` twin to override. All answer in JSON where `Accept` prefers it, and our own errors in a
sentence: a cursor that no page gave is 404, a storage that is down 503 with `Retry-After`.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import get_script_prefix
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View
from django.views.generic.base import ContextMixin, TemplateResponseMixin

from . import conf, rendering
from .exceptions import InvalidCursor, InvalidOwner, StorageUnavailable
from .feeds import Feed, Page
from .following import count_followers, find_target
from .managers import Manager
from .owners import owner_of
from .registry import get_feed_class, get_manager, managers

__all__ = ["FeedView", "FollowView", "UnfollowView", "UserFeedView"]


class _Answers:
    """Mix-in, to stand before View: HTML or JSON, as the client prefers; and our errors in both."""

    request: HttpRequest

    retry_after = 30
    """Seconds after which to try again while a storage is down."""

    def get_retry_after(self) -> int:
        return self.retry_after

    @property
    def wants_json(self) -> bool:
        return self.request.get_preferred_type(["text/html", "application/json"]) == "application/json"

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(*args, **kwargs)  # type: ignore[misc]
        except (InvalidCursor, InvalidOwner, Http404) as error:
            if not self.wants_json:
                raise Http404(str(error)) from error  # the project's own page
            response = self.refuse(404, str(error))
        except StorageUnavailable:
            message = _("This feed cannot be read just now. Please try again in a moment.")
            response = self.refuse(503, message, "django_feeds/unavailable.html")
            response["Retry-After"] = str(self.get_retry_after())
        patch_vary_headers(response, ["Accept"])
        return response

    def refuse(self, status: int, message: str, template: str = "django_feeds/error.html") -> HttpResponse:
        """An error that says why."""
        if self.wants_json:
            return JsonResponse({"error": message}, status=status)
        return render(self.request, template, {"message": message}, status=status)


class _FeedPage(_Answers, TemplateResponseMixin, ContextMixin):
    """A page of one feed. Subclasses say whose it is, and what it is called."""

    alias: str | None = None
    """Which feed, as in `DJANGO_FEEDS["FEEDS"]`; None: the address says it."""

    page_size: int | None = None
    """Activities on a page; None: `DJANGO_FEEDS["PAGE_SIZE"]`."""

    after_parameter = "after"
    """Where the query string holds the cursor."""

    owner: Any = None
    """Whose feed it is: a user, or any other row."""

    title: str | None = None
    """The heading of the page."""

    def get_alias(self) -> str:
        if self.alias is not None:
            return self.alias
        alias = self.kwargs.get("alias")
        if alias is None:
            name = type(self).__name__
            raise ImproperlyConfigured(
                f"'{name}' must define 'alias', or take <str:alias> from its address, or override 'get_alias()'."
            )
        # A visitor may write any address; only a name in the code is a mistake in the settings.
        if alias not in conf.get("FEEDS"):
            raise Http404(f"DJANGO_FEEDS['FEEDS'] has no {alias!r}.")
        return alias

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

    kwargs: dict[str, Any]

    def get_feed(self) -> Feed:
        return rendering.open_feed(self.get_alias(), self.feed_owner, self.request)

    def get_page(self, feed: Feed, after: str | None) -> Page:
        return feed.page(after, self.get_page_size())

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        self.feed_owner = self.get_owner()
        feed, parameter = self.get_feed(), self.get_after_parameter()
        after = request.GET.get(parameter)
        page = self.get_page(feed, after)
        links = rendering.page_links(page, request, after, parameter)
        if self.wants_json:
            return JsonResponse(rendering.page_data(page, links))
        return self.render_to_response(self.get_context_data(feed=feed, page=page, **links))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(title=self.get_title(), owner=self.feed_owner, **kwargs)


@method_decorator(never_cache, name="dispatch")
class FeedView(_FeedPage, LoginRequiredMixin, View):
    """
    A feed of the signed-in user: `FeedView.as_view(alias="timeline")`. Nobody sees anybody else's.

    Templates: `django_feeds/<alias>_feed.html`, else `django_feeds/feed.html`. Context: `feed`, `page`, `owner`,
    `title`, `older_url`, `newest_url`.
    """

    def get_owner(self) -> Any:
        return self.request.user

    def get_template_names(self) -> list[str]:
        if self.template_name:
            return [self.template_name]
        return [f"django_feeds/{self.get_alias()}_feed.html", "django_feeds/feed.html"]

    def handle_no_permission(self) -> Any:
        if self.wants_json:
            return self.refuse(403, _("Sign in to read your feed."))
        return super().handle_no_permission()


class UserFeedView(_FeedPage, View):
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


# LoginRequiredMiddleware would send visitors back to an address that takes no GET.
@method_decorator(login_not_required, name="dispatch")
class _FollowChange(_Answers, LoginRequiredMixin, View):
    """
    POST only. Leads to `next` where that is a page of this site, else to the target's page, else back.

    In JSON: `{"following": true, "followers": 7}`.
    """

    http_method_names = ["post", "options"]

    manager = "default"
    """Who changes the graph: an alias in `DJANGO_FEEDS["MANAGERS"]` or a dotted path."""

    target: Any = None
    """The row to follow; None: the address says it."""

    following: bool

    def get_manager(self) -> Manager:
        return get_manager(self.manager)

    def get_target(self) -> Any:
        return self.target if self.target is not None else find_target(self.kwargs["owner"], active=self.following)

    def change(self, manager: Manager, target: Any) -> None:
        """Follow, or unfollow."""
        raise NotImplementedError

    def get_refusal(self, target: Any) -> str | None:
        """Why this user shall not follow this target; None: he may."""
        return None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method.lower() not in self.http_method_names:
            return self.http_method_not_allowed(request)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        target, manager = self.get_target(), self.get_manager()
        refusal = self.get_refusal(target)
        if refusal is not None:
            return self.refuse(400, refusal)
        self.change(manager, target)
        if self.wants_json:
            return JsonResponse({"following": self.following, "followers": count_followers(manager, target)})
        return HttpResponseRedirect(self.get_success_url(target))

    def get_success_url(self, target: Any = None) -> str:
        """Where to go now: never to another site, whatever the form said."""
        wished = self.request.POST.get(self.get_redirect_field_name(), "")
        before = self.request.headers.get("Referer", "")
        page = rendering.url_of(target)
        return self._safe(wished) or page or self._safe(before) or get_script_prefix()

    def _safe(self, url: str) -> str:
        hosts, secure = {self.request.get_host()}, self.request.is_secure()
        return url if url_has_allowed_host_and_scheme(url, hosts, require_https=secure) else ""

    def handle_no_permission(self) -> Any:
        if self.wants_json:
            return self.refuse(403, _("Sign in to follow."))
        if self.raise_exception:
            return super().handle_no_permission()
        return redirect_to_login(self.get_success_url(), self.get_login_url(), self.get_redirect_field_name())


class FollowView(_FollowChange):
    """Let the signed-in user follow a row of a followable model. Doing so again is harmless."""

    following = True

    def get_refusal(self, target: Any) -> str | None:
        return _("You cannot follow yourself.") if owner_of(target) == owner_of(self.request.user) else None

    def change(self, manager: Manager, target: Any) -> None:
        manager.follow_user(self.request.user, target)


class UnfollowView(_FollowChange):
    """Let the signed-in user no longer follow it. Nor is it an error where he did not."""

    following = False

    def change(self, manager: Manager, target: Any) -> None:
        manager.unfollow_user(self.request.user, target)
