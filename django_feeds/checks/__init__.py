"""
System checks: every way to misconfigure, said by `manage.py check` before a reader meets it.

Settings    E001 not a dict       E002 unknown name      E003 wrong shape     E004 unknown option
            E005 wrong value      E006 TASKS             E007 QUEUES          E008 FOLLOWABLE       E009 USE_TZ
Storages    E010 no BACKEND       E011 not importable    E012 no storage
            E050 options          E051 no such database
Redis       E052 where is it?     E053 CACHE             E054 wrong value     E055 decodes
            W005 may be cleared   W006 one slot
Cassandra   E056 where is it?     E057 wrong value
Feeds       E020 not importable   E021 no feed           E022 no such storage
            E023 two under a key  E024 key_format        E025 MAX_LENGTH       E026 AGGREGATOR
            W008 long and grouped W013 long and live    W010 longer than its storage is made for
Managers    E030 not importable   E031 no manager        E032 no such feed
            E033 own feed short   E034 own feed filled for followers too        E035 NOTIFICATIONS
Sources     E040 no relation      E041 no time           E042 time changes    E043 verb not registered
            E044 verbs clash      E045 no such manager  W009 nobody can be told
Celery      E060 not JSON         W001 tasks inline      W002 memory storage  W003 no results       W004 pickle
Database    I001 verbs not mirrored   W007 grouped by another aggregator
            W011 storage lacks its tables   W012 storage out of reach   (with `check --database` and `migrate`)

Each finds one thing, and what depends on that is not reported again.
"""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, register

from . import celery, database, feeds, settings, sources

__all__ = ["connect"]

TAG = "django_feeds"
"""`manage.py check --tag django_feeds`."""


def connect() -> None:
    """Register the checks."""
    for check in (check_settings, check_feeds, check_sources, check_celery):
        register(check, TAG)
    register(check_database, Tags.database)


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return list(settings.check())


def check_feeds(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return list(feeds.check())


def check_sources(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return list(sources.check())


def check_celery(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return list(celery.check())


def check_database(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return list(database.check(databases or ()))
