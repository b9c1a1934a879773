"""What changes things: pin, re-pin, edit, unpin. Only by POST, only signed in, and only one's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import FormView

from .forms import BoardForm, NewPinForm
from .models import Pin


def safe_next(request: HttpRequest, otherwise: str) -> str:
    """Where the form said to go on, if that is on this site."""
    wished = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wished, {request.get_host()}, require_https=request.is_secure())
    return wished if safe else otherwise


def own_pin(request: HttpRequest, pk: int) -> Pin:
    """A pin of the user who asks; somebody else's is refused."""
    pin = get_object_or_404(Pin.objects.select_related("item", "board"), pk=pk)
    if pin.user_id != request.user.pk:
        raise PermissionDenied(_("Only whoever pinned it can change this."))
    return pin


class PinFormView(LoginRequiredMixin, FormView):
    """A form about one pin. Subclasses say which, and what it is called."""

    form_class = BoardForm
    template_name = "pins/pin_form.html"
    title = ""
    action = ""

    @property
    def user_pk(self) -> Any:
        return self.request.user.pk

    def get_pin(self) -> Pin:
        """The pin that the form fills."""
        raise NotImplementedError

    def get_form_kwargs(self) -> dict[str, Any]:
        self.pin = self.get_pin()
        initial = {"board": self.pin.board_id, "comment": self.pin.comment}
        return {**super().get_form_kwargs(), "initial": initial, "pin": self.pin}

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        pin = form.save()
        messages.success(self.request, self.get_message(pin))
        return HttpResponseRedirect(safe_next(self.request, pin.get_absolute_url()))

    def get_message(self, pin: Pin) -> str:
        return _("Pinned to “%(board)s”.") % {"board": pin.board}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)  # makes the form, and with it the pin
        item = self.pin.item if self.pin.item_id else None
        shown = self.pin.via or (self.pin if self.pin.pk else None)
        cancel = shown.get_absolute_url() if shown else reverse("home_feed")
        return {
            **context,
            "title": self.title,
            "action": self.action,
            "item": item,
            "next": safe_next(self.request, ""),
            "cancel": safe_next(self.request, cancel),
        }


class NewPin(PinFormView):
    form_class = NewPinForm

    def get_pin(self) -> Pin:
        self.title, self.action = _("New pin"), _("Pin it")
        return Pin(user_id=self.user_pk)


class Repin(PinFormView):
    def get_pin(self) -> Pin:
        self.title, self.action = _("Pin to a board of yours"), _("Pin it")
        via = get_object_or_404(Pin.objects.select_related("item"), pk=self.kwargs["pk"])
        return Pin(user_id=self.user_pk, item=via.item, via=via)


class EditPin(PinFormView):
    def get_pin(self) -> Pin:
        self.title, self.action = _("Edit pin"), _("Save")
        return own_pin(self.request, self.kwargs["pk"])

    def get_message(self, pin: Pin) -> str:
        return _("Saved.")


@require_POST
@login_required
def unpin(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one's pin away; feeds lose it too."""
    pin = own_pin(request, pk)
    board = pin.board
    pin.delete()
    messages.success(request, _("Unpinned from “%(board)s”.") % {"board": board})
    return redirect(safe_next(request, board.get_absolute_url()))
