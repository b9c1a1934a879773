"""The example runs no script but the one of django-feeds, and needs none; browsers are told to run no other."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; script-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def content_security_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Allow what comes from this site and nothing that is written inline (the admin brings scripts of its own)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # Django's pages about errors, for developers, are styled inline.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return middleware
