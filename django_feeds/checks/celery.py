"""Will tasks run, elsewhere and safely?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Warning

from .. import tasks
from ..exceptions import FeedsConfigurationError
from ..storage.memory import MemoryStorage
from .declared import feed_classes, setting, storage_of

__all__ = ["check"]

JSON = {"json", "application/json"}
PICKLE = {"pickle", "application/x-python-serialize"}


def check() -> Iterator[CheckMessage]:
    try:
        mode = tasks.mode()
    except FeedsConfigurationError:
        return  # the check of the settings says so
    if mode == "celery":
        yield from _serializers()
        yield from _results()
        yield from _memory()
    elif setting("TASKS") is None and not django_settings.DEBUG:
        # Just right on the way to a first feed, so a warning is for the site that is about to be deployed.
        yield Warning(
            "No Celery broker is configured, so requests fill the feeds of all followers themselves.",
            hint="Set CELERY_BROKER_URL and start a worker; or say that it is meant: "
            'DJANGO_FEEDS = {"TASKS": "inline"}.',
            id="django_feeds.W001",
        )


def _serializers() -> Iterator[CheckMessage]:
    conf = current_app.conf
    accepted = {str(kind).lower() for kind in conf.accept_content or ()}
    if str(conf.task_serializer).lower() not in JSON or not accepted & JSON:
        yield Error(
            f"Celery sends tasks as {conf.task_serializer!r} and accepts {sorted(accepted)}; the tasks of django_feeds "
            "are JSON.",
            hint='CELERY_TASK_SERIALIZER = "json" and CELERY_ACCEPT_CONTENT = ["json"].',
            id="django_feeds.E060",
        )
    elif accepted & PICKLE:
        yield Warning(
            "Celery accepts pickles: whoever can write to the broker can run code in the workers.",
            hint='django_feeds needs only CELERY_ACCEPT_CONTENT = ["json"].',
            id="django_feeds.W004",
        )


def _results() -> Iterator[CheckMessage]:
    backend: Any = current_app.conf.result_backend
    if not backend or backend == "disabled://":
        problem = "Celery keeps no results, so the admin cannot show how far each fan-out came."
    elif str(backend).startswith("django-") and not apps.is_installed("django_celery_results"):
        problem = f"Celery's results go to {backend!r}, and django_celery_results is not in INSTALLED_APPS."
    else:
        return
    yield Warning(
        problem,
        hint='Add "django_celery_results" to INSTALLED_APPS, set CELERY_RESULT_BACKEND = "django-db", and migrate.',
        id="django_feeds.W003",
    )


def _memory() -> Iterator[CheckMessage]:
    for name, feed_class in feed_classes().items():
        if isinstance(storage_of(feed_class.storage), MemoryStorage):
            yield Warning(
                f"Celery's workers fill the feed {name!r}, and its storage {feed_class.storage!r} is the memory of "
                "each process.",
                hint="What a worker writes, no request will see: use the database storage, or TASKS inline.",
                id="django_feeds.W002",
            )
