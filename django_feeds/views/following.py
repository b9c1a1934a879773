"""Following, and no longer following."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import get_script_prefix
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.generic import View

from .. import rendering
from ..following import count_followers, find_target
from ..managers import Manager
from ..owners import owner_of
from ..registry import get_manager
from .base import Answers

__all__ = ["FollowView", "UnfollowView"]


# LoginRequiredMiddleware would send visitors back to an address that takes no GET.
@method_decorator(login_not_required, name="dispatch")
class _FollowChange(Answers, LoginRequiredMixin, View):
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
