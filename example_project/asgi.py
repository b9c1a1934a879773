"""The ASGI entry point of the example, with which open pages hear of news at once."""

import os

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")

application = get_asgi_application()

if settings.DEBUG:
    # As runserver does: `uvicorn example_project.asgi:application` serves the static files too.
    application = ASGIStaticFilesHandler(application)
