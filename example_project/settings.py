"""
Settings of the example. It runs as it is: SQLite in the checkout, no broker, no cache server.

Environment variables that change it: DATABASE_PATH, REDIS_URL, CASSANDRA_HOSTS, CASSANDRA_PORT, CELERY_BROKER_URL,
SITE_URL, DJANGO_DEBUG, DJANGO_SECRET_KEY, DJANGO_ALLOWED_HOSTS. With REDIS_URL (redis://127.0.0.1:6379/1) or
CASSANDRA_HOSTS (10.0.0.1,10.0.0.2), feeds are kept there, and all else stays in SQLite; `manage.py rebuild_feeds` fills
them from there.
"""

import os
from pathlib import Path
from typing import Any

import django
from django.urls import reverse_lazy

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("DJANGO_DEBUG", "1") == "1"
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only-for-the-example")
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

INSTALLED_APPS = [
    # Before django_feeds, so that their templates override its.
    "example_project.pins",
    "example_project.gitstream",
    "django_feeds",
    "django_celery_results",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "example_project.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
ASGI_APPLICATION = "example_project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "example_project" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE_PATH", str(BASE_DIR / "db.sqlite3")),
        "OPTIONS": {
            # Readers do not wait for the writer, and a writer asks for the lock before it reads.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGIN_URL = reverse_lazy("login")
LOGIN_REDIRECT_URL = reverse_lazy("home_feed")
LOGOUT_REDIRECT_URL = reverse_lazy("trending")
ABSOLUTE_URL_OVERRIDES = {"auth.user": lambda user: reverse_lazy("profile", args=[user.username])}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français")]
# In `wording`, German says what the package leaves open, as it cannot know the gender of a project's models.
LOCALE_PATHS = [BASE_DIR / "example_project" / name for name in ("locale", "wording")]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# `manage.py notifications_digest` prints its mails. Django 6.1 has a new name for where they go.
if django.VERSION < (6, 1):
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
else:
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}
DEFAULT_FROM_EMAIL = "Corkboard <corkboard@example.com>"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "example_project" / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"

# With a broker, a worker fills the feeds; without one, the request that pins or follows does.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or None
CELERY_RESULT_BACKEND = "django-db" if CELERY_BROKER_URL else None
CELERY_RESULT_EXTENDED = True  # else the admin shows results without the names of their tasks

DJANGO_FEEDS: dict[str, Any] = {
    "TASKS": "celery" if CELERY_BROKER_URL else "inline",
    "SITE_URL": os.environ.get("SITE_URL", "http://127.0.0.1:8000"),
    "FEEDS": {
        "user": {"CLASS": "django_feeds.feeds.Feed", "MAX_LENGTH": 100_000},
        "timeline": {"CLASS": "django_feeds.feeds.Feed", "MAX_LENGTH": 1_000, "LIVE": True},
        "grouped": {
            "CLASS": "django_feeds.feeds.AggregatedFeed",
            "MAX_LENGTH": 1_000,
            "AGGREGATOR": "example_project.pins.aggregators.HomeAggregator",
            "LIVE": True,
        },
        "notifications": {"CLASS": "django_feeds.feeds.NotificationFeed", "MAX_LENGTH": 200},
    },
    "MANAGERS": {
        "default": {
            "CLASS": "example_project.pins.managers.SiteManager",
            "USER_FEED": "user",
            "FEEDS": ["timeline", "grouped"],
            "NOTIFICATIONS": "notifications",
        },
    },
}

# With a Redis, feeds are kept there, under an alias that nobody clears; without one, in the database.
if REDIS_URL := os.environ.get("REDIS_URL"):
    CACHES: dict[str, Any] = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "feeds": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            # A reader waits no longer than this for a Redis that is down; pages come from the database then.
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 2, "SOCKET_TIMEOUT": 5},
        },
    }
    DJANGO_FEEDS["STORAGES"] = {
        "default": {"BACKEND": "django_feeds.storage.redis.RedisStorage", "OPTIONS": {"CACHE": "feeds"}},
    }

# With Cassandra, there. `manage.py sync_feed_storages` makes its keyspace and tables, and `demo` does so too.
elif CASSANDRA_HOSTS := os.environ.get("CASSANDRA_HOSTS"):
    hosts = CASSANDRA_HOSTS.split(",")
    DJANGO_FEEDS["STORAGES"] = {
        "default": {
            "BACKEND": "django_feeds.storage.cassandra.CassandraStorage",
            "OPTIONS": {
                "CONTACT_POINTS": hosts,
                "PORT": int(os.environ.get("CASSANDRA_PORT", "9042")),
                "KEYSPACE": "example",
                "REPLICATION": min(len(hosts), 3),
            },
        },
    }
