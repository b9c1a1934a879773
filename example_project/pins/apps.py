from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PinsConfig(AppConfig):
    name = "example_project.pins"
    label = "pins"
    verbose_name = _("Pins")
