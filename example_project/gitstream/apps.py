from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GitStreamConfig(AppConfig):
    name = "example_project.gitstream"
    label = "gitstream"
    verbose_name = _("Git activity")
