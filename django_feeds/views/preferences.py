"""What users want to hear of: a form for who is signed in, and the link in an e-mail for who is not."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View
from django.views.generic.base import ContextMixin, TemplateResponseMixin

from .. import preferences
from ..preferences import Preferences
from ..verbs import Verb
from .base import Answers, FormsOnly

__all__ = ["NotificationPreferencesView", "UnsubscribeView"]


class PreferencesForm(forms.Form):
    """A box for each verb, and one for the e-mails."""

    verbs = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Tell me when"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    digest = forms.BooleanField(label=gettext_lazy("Send me e-mails about what I have not read"), required=False)


@method_decorator(never_cache, name="dispatch")
class NotificationPreferencesView(Answers, LoginRequiredMixin, TemplateResponseMixin, ContextMixin, FormsOnly):
    """
    What the signed-in user is told of: GET shows it, POST saves the whole form, in which an empty box is a no.

    Template: `django_feeds/preferences.html`. Context: `form`, `title`, `saved`. In JSON: `{"verbs": [...], "digest":
    true}`, each verb with `id`, `name`, `label` and `enabled`.
    """

    template_name = "django_feeds/preferences.html"

    title: str | None = None
    """The heading of the page."""

    def get_title(self) -> str:
        return self.title if self.title is not None else _("Notifications")

    def get_label(self, verb: type[Verb]) -> str:
        """What stands beside the box of this verb: its sentence, without names."""
        names = {"actor": _("somebody"), "object": _("something"), "target": _("something")}
        return capfirst(str(verb.phrase) % names)

    def get_form(self, data: Any = None) -> PreferencesForm:
        now = self.preferences
        enabled = [verb.id for verb, wanted in now.verbs.items() if wanted]
        form = PreferencesForm(data, initial={"verbs": enabled, "digest": now.digest}, label_suffix="")
        form.fields["verbs"].choices = [(verb.id, self.get_label(verb)) for verb in now.verbs]  # type: ignore[attr-defined]
        return form

    def get_success_url(self) -> str:
        return f"{self.request.path}?saved=1"

    @property
    def preferences(self) -> Preferences:
        return preferences.load(self.request.user)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.wants_json:
            return self.in_json()
        saved = "saved" in request.GET
        return self.render_to_response(self.get_context_data(form=self.get_form(), title=self.get_title(), saved=saved))

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form(request.POST)
        if form.is_valid():
            preferences.save(request.user, form.cleaned_data["verbs"], form.cleaned_data["digest"])
            return self.in_json() if self.wants_json else HttpResponseRedirect(self.get_success_url())
        if self.wants_json:
            return JsonResponse({"errors": form.errors}, status=400)
        return self.render_to_response(
            self.get_context_data(form=form, title=self.get_title(), saved=False), status=400
        )

    def in_json(self) -> JsonResponse:
        now = self.preferences
        verbs = [
            {"id": verb.id, "name": verb.infinitive, "label": self.get_label(verb), "enabled": enabled}
            for verb, enabled in now.verbs.items()
        ]
        return JsonResponse({"verbs": verbs, "digest": now.digest})

    def handle_no_permission(self) -> Any:
        if self.wants_json:
            return self.refuse(403, _("Sign in to choose what you are told."))
        return super().handle_no_permission()


# The reader of an e-mail is not signed in, and the mail program that posts for him (RFC 8058) has no cookies. That the
# address was signed for this one user and purpose is the permission, which another site cannot forge.
@method_decorator([login_not_required, csrf_exempt, never_cache], name="dispatch")
class UnsubscribeView(Answers, TemplateResponseMixin, ContextMixin, View):
    """
    The link at the end of an e-mail digest: GET asks, POST unsubscribes, both without a password.

    Template: `django_feeds/unsubscribe.html`. Context: `title`, `done`. In JSON: `{"digest": false}`.
    """

    template_name = "django_feeds/unsubscribe.html"

    title: str | None = None
    """The heading of the page."""

    def get_title(self) -> str:
        return self.title if self.title is not None else _("E-mails about notifications")

    def get(self, request: Any, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
        user = preferences.user_of_token(token)
        return self._stale() if user is None else self._answer(preferences.load(user).digest)

    def post(self, request: Any, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._answer(wanted=False) if preferences.unsubscribe(token) else self._stale()

    def _answer(self, wanted: bool) -> HttpResponse:
        if self.wants_json:
            return JsonResponse({"digest": wanted})
        return self.render_to_response(self.get_context_data(title=self.get_title(), done=not wanted))

    def _stale(self) -> HttpResponse:
        return self.refuse(
            404, _("This link to unsubscribe is not right, or too old. Use the one in a newer e-mail, or sign in.")
        )
