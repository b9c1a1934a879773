"""The e-mail digest that would be sent now, to look at. Looking sends nothing and marks nothing."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from django_feeds.digests import digest_class
from example_project.middleware import POLICY

# Mail programs know no style sheets, so the mail is styled inline. Here it may be, alone and without any rights.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
    " frame-ancestors 'self'"
)


@require_safe
@never_cache
@login_required
def digest(request: HttpRequest) -> HttpResponse:
    """The subject and the text, and the HTML in a frame; or why nothing would be sent."""
    found = digest_class()(request.user)
    context = {"message": found.message(), "wanted": found.is_wanted()}
    response = render(request, "pins/digest.html", context)
    response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response


@require_safe
@never_cache
@login_required
@xframe_options_sameorigin
def digest_mail(request: HttpRequest) -> HttpResponse:
    """The HTML of the mail, as the frame shows it."""
    message = digest_class()(request.user).message()
    if message is None:
        raise Http404(_("There is nothing new to send."))
    html, _type = message.alternatives[0]
    return HttpResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})
