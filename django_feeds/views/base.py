"""What all views share: answers in HTML or JSON, and our errors in a sentence."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from ..exceptions import InvalidCursor, InvalidOwner, StorageUnavailable

__all__ = ["Answers"]


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
