"""The drawn pictures, as a browser and a proxy may keep them."""

from __future__ import annotations

from hashlib import blake2b

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from . import art
from .models import Item
from .people import name_of

# An hour, not for ever: a site that is seeded anew draws other pictures under the same addresses.
keep = cache_control(public=True, max_age=3600)


@require_safe
@keep
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture of an item."""
    return _svg(request, get_object_or_404(Item, pk=pk).svg())


@require_safe
@keep
def avatar(request: HttpRequest, pk: int) -> HttpResponse:
    """The initials of a user."""
    user = get_object_or_404(get_user_model(), pk=pk)
    return _svg(request, art.avatar(user.pk, name_of(user)))


def _svg(request: HttpRequest, document: str) -> HttpResponse:
    etag = f'"{blake2b(document.encode(), digest_size=8).hexdigest()}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(document, content_type="image/svg+xml", headers={"ETag": etag})
