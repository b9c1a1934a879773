"""
The site that `benchmarks.redis` measures: the example's pins, rows in PostgreSQL, feeds in Redis, and Celery over the
same Redis, whose worker reads this too. Database connections stay open, as a site with such feeds would have it.
"""

from __future__ import annotations

from typing import Any

from tests import servers

SECRET_KEY = "benchmarks"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "example_project.pins",
    "django_feeds",
    "django_celery_results",
    "django.contrib.contenttypes",
    "django.contrib.auth",
]
DATABASES: dict[str, Any] = {
    "default": {**servers.get("postgresql").settings("postgres"), "CONN_MAX_AGE": None},
}

REDIS = servers.get("redis_7")

DJANGO_FEEDS = {
    "TASKS": "celery",
    "STORAGES": {
        "default": {"BACKEND": "django_feeds.storage.redis.RedisStorage", "OPTIONS": {"URL": REDIS.url}},
    },
}

CELERY_BROKER_URL = REDIS.broker_url
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
# Tasks before a worker opens its connections anew; without it, that is each task, whatever CONN_MAX_AGE says.
CELERY_DB_REUSE_MAX = 1_000
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
