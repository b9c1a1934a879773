"""What views share: answers in HTML or JSON, our errors in a sentence, feeds by alias, and changes by POST."""

from __future__ import annotations

from collections.abc import Callable
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
from django.views.generic import View

from .. import conf
from ..exceptions import InvalidCursor, InvalidOwner, StorageUnavailable

__all__ = ["Answers", "ChangeView", "FormsOnly", "OfAlias"]


class Answers:
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
            response = self.unavailable()
        patch_vary_headers(response, ["Accept"])
        return response

    def unavailable(self) -> HttpResponse:
        message = _("This feed cannot be read just now. Please try again in a moment.")
        response = self.refuse(503, message, "django_feeds/unavailable.html")
        response["Retry-After"] = str(self.get_retry_after())
        return response

    def refuse(self, status: int, message: str, template: str = "django_feeds/error.html") -> HttpResponse:
        """An error that says why."""
        if self.wants_json:
            return JsonResponse({"error": message}, status=status)
        return render(self.request, template, {"message": message}, status=status)


class FormsOnly(View):
    """
    A view behind Answers, which says how to refuse: what is posted are the fields of a form, whatever comes back.

    A body in JSON would count as a form in which nothing is filled in, and that says something, too.
    """

    refuse: Callable[[int, str], HttpResponse]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and request.content_type not in FORMS and request.body:
            message = _("Send the fields of a form (%(types)s), not %(type)s.")
            return self.refuse(415, message % {"types": ", ".join(FORMS), "type": request.content_type[:60]})
        return super().dispatch(request, *args, **kwargs)


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class OfAlias:
    """Mix-in: a view of one feed, which the code or the address names."""

    alias: str | None = None
    """Which feed, as in `DJANGO_FEEDS["FEEDS"]`; None: the address says it."""

    kwargs: dict[str, Any]

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


# LoginRequiredMiddleware would send visitors back to an address that takes no GET.
@method_decorator(login_not_required, name="dispatch")
class ChangeView(Answers, LoginRequiredMixin, FormsOnly):
    """Something that the signed-in user changes, by POST only. Leads to `next` where that is a page of this site."""

    http_method_names = ["post", "options"]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method.lower() not in self.http_method_names:
            return self.http_method_not_allowed(request)
        return super().dispatch(request, *args, **kwargs)

    def get_page(self) -> str:
        """The page to go to where the form does not name one; "": back to where it was."""
        return ""

    def get_success_url(self) -> str:
        """Where to go now: never to another site, whatever the form said."""
        wished = self.request.POST.get(self.get_redirect_field_name(), "")
        before = self.request.headers.get("Referer", "")
        return self._safe(wished) or self.get_page() or self._safe(before) or get_script_prefix()

    def _safe(self, url: str) -> str:
        hosts, secure = {self.request.get_host()}, self.request.is_secure()
        return url if url_has_allowed_host_and_scheme(url, hosts, require_https=secure) else ""

    def get_json(self) -> dict[str, Any]:
        """What is so now."""
        raise NotImplementedError

    def answer(self) -> HttpResponse:
        return JsonResponse(self.get_json()) if self.wants_json else HttpResponseRedirect(self.get_success_url())

    sign_in = ""

    def get_sign_in(self) -> str:
        """What a program is told that does not say who it is."""
        return self.sign_in or _("Sign in first.")

    def handle_no_permission(self) -> Any:
        if self.wants_json:
            return self.refuse(403, self.get_sign_in())
        if self.raise_exception:
            return super().handle_no_permission()
        return redirect_to_login(self.get_success_url(), self.get_login_url(), self.get_redirect_field_name())
