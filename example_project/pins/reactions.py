"""What readers make of a pin: love it, or not any more, and talk about it. Only by POST, and only signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from django_feeds.models import Mute

from .editing import safe_next
from .forms import CommentForm
from .models import Comment, Love, Pin
from .people import name_of
from .views import PinPage

View = Callable[..., HttpResponse]


def about_a_pin(view: View) -> View:
    """The view gets the pin; whoever did not sign in does so first, and then sees it."""

    @wraps(view)
    def wrapper(request: HttpRequest, pk: int) -> HttpResponse:
        pin = get_object_or_404(Pin.objects.select_related("user", "item"), pk=pk)
        if not request.user.is_authenticated:
            return redirect_to_login(pin.get_absolute_url())
        return view(request, pin)

    return wrapper


@require_POST
@about_a_pin
def love(request: HttpRequest, pin: Pin) -> HttpResponse:
    """Love a pin. Doing so again is harmless."""
    if not _refused(request, pin):
        Love.objects.get_or_create(user=request.user, pin=pin)
    return redirect(safe_next(request, pin.get_absolute_url()))


@require_POST
@about_a_pin
def unlove(request: HttpRequest, pin: Pin) -> HttpResponse:
    """Love it no more: whoever was told is told no longer."""
    Love.objects.filter(user=request.user.pk, pin=pin).delete()
    return redirect(safe_next(request, pin.get_absolute_url()))


@require_http_methods(["GET", "POST"])
@about_a_pin
def comment(request: HttpRequest, pin: Pin) -> HttpResponse:
    """Say something about a pin, or answer what was said. What is refused stays in the form."""
    # The page that refuses has this address, and its buttons lead back to it.
    if request.method == "GET" or _refused(request, pin):
        return redirect(pin.get_absolute_url())
    form = CommentForm(request.POST, instance=Comment(user_id=request.user.pk, pin=pin))
    if form.is_valid():
        return redirect(form.save().get_absolute_url())
    page = PinPage()
    page.setup(request, pk=pin.pk)
    page.object = page.get_object()
    answered = form.cleaned_data.get("parent")
    return page.render_to_response(page.get_context_data(form=form, answered=answered), status=400)


@require_POST
def uncomment(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what one said."""
    said = get_object_or_404(Comment, pk=pk)
    pin = reverse("pin", args=[said.pin_id])
    if not request.user.is_authenticated:
        return redirect_to_login(pin)
    if said.user_id != request.user.pk:
        raise PermissionDenied(_("Only whoever said it can take it back."))
    said.delete()
    messages.success(request, _("Your comment is gone."))
    return redirect(f"{pin}#comments")


def _refused(request: HttpRequest, pin: Pin) -> bool:
    """Was the reader blocked by whose pin it is? Then the next page says so."""
    refused = Mute.objects.has_blocked(pin.user, request.user)
    if refused:
        messages.error(request, _("%(name)s does not want to hear from you.") % {"name": name_of(pin.user)})
    return refused
