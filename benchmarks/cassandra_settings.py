"""
The site that `benchmarks.cassandra` measures: feeds in Cassandra, and the rows, of which a push reads one, in SQLite.
"""

from __future__ import annotations

from typing import Any

from tests import servers
from tests.servers.folder import folder

SECRET_KEY = "benchmarks"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "example_project.pins",
    "django_feeds",
    "django.contrib.contenttypes",
    "django.contrib.auth",
]
DATABASES: dict[str, Any] = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder() / "benchmarks.sqlite3")},
}

DJANGO_FEEDS = {
    "TASKS": "inline",
    "STORAGES": {
        "default": {
            "BACKEND": "django_feeds.storage.cassandra.CassandraStorage",
            "OPTIONS": servers.get("cassandra").options,
        },
    },
}
