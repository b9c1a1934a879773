import pytest
from celery import current_app
from django.core.checks import run_checks

from django_feeds import sources


@pytest.fixture
def found(settings):
    """The messages that these settings cause: `found(TASKS="inline")`, or `found(None)` with any value at all."""

    def found(*value, **feeds):
        settings.DJANGO_FEEDS = value[0] if value else {"TASKS": "inline", **feeds}
        return run_checks(tags=["django_feeds"])

    return found


@pytest.fixture
def ids(found):
    return lambda *value, **feeds: [message.id.removeprefix("django_feeds.") for message in found(*value, **feeds)]


@pytest.fixture
def celery_conf(monkeypatch):
    """Change Celery's settings: `celery_conf(broker_url=None)`."""

    def change(**values):
        for name, value in values.items():
            monkeypatch.setitem(current_app.conf.changes, name, value)

    return change


@pytest.fixture
def source(monkeypatch):
    """Make this class the only source of its model; `connect_source` is not told."""

    def only(model, source_class):
        monkeypatch.setattr(sources, "_sources", {model: [source_class(model)]})

    return only
