"""The app: finds the sources, connects the signals, registers the checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class FeedsConfig(AppConfig):
    name = "django_feeds"
    label = "django_feeds"
    verbose_name = _("Feeds")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, receivers, sources

        autodiscover_modules("feeds")
        sources.register_mixins()
        receivers.connect()
        checks.connect()
