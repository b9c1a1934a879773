"""
The example project's settings, with databases, broker and passwords fit for tests.

``FEEDS_TEST_DB`` = sqlite (default), postgresql or mysql is the database behind the alias "default". The
aliases "postgresql" and "mysql" are there besides, for tests that run on each; their servers start when a
collected test needs them.
"""

import os

import pymysql

from example_project.settings import *
from tests import servers
from tests.servers.folder import folder

pymysql.install_as_MySQLdb()

# A file, so that live servers' threads and a Celery worker see it too. It need not survive a power cut.
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": str(folder() / "test.sqlite3"),
    "TEST": {"NAME": str(folder() / "test.sqlite3")},
    "OPTIONS": {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
    },
}
INSTALLED_APPS = [*INSTALLED_APPS, "tests.testapp"]

FEEDS_TEST_DB = os.environ.get("FEEDS_TEST_DB", "sqlite")

DATABASES = {
    "default": SQLITE if FEEDS_TEST_DB == "sqlite" else servers.get(FEEDS_TEST_DB).settings("feeds_default"),
    "postgresql": servers.get("postgresql").settings("feeds"),
    "mysql": servers.get("mysql").settings("feeds"),
}

# The storages of feeds, each under the name of its server; see tests/storages.py. (STORAGES is Django's, for files.)
REDIS = "django_feeds.storage.redis.RedisStorage"
CASSANDRA = "django_feeds.storage.cassandra.CassandraStorage"
FEED_STORAGES = {
    "redis": {"BACKEND": REDIS, "OPTIONS": {"URL": servers.get("redis_7").url}},
    "redis_7": {"BACKEND": REDIS, "OPTIONS": {"URL": servers.get("redis_7").url}},
    "redis_6": {"BACKEND": REDIS, "OPTIONS": {"URL": servers.get("redis_6").url}},
    "redis_cluster": {"BACKEND": REDIS, "OPTIONS": {"CLUSTER": servers.get("redis_cluster").url}},
    "redis_alias": {"BACKEND": REDIS, "OPTIONS": {"CACHE": "redis_alias"}},
    "redis_sentinel": {"BACKEND": REDIS, "OPTIONS": {"CACHE": "redis_sentinel"}},
    "cassandra": {"BACKEND": CASSANDRA, "OPTIONS": servers.get("cassandra").options},
    "cassandra_3": {"BACKEND": CASSANDRA, "OPTIONS": servers.get("cassandra_3").options},
}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # A database away from the feeds under "redis_7", and from the broker.
    "redis_alias": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": servers.get("redis_7").database_url(2)},
    "redis_sentinel": servers.get("redis_sentinel").cache(),
}

# "inline" runs a task where it is queued, on commit. `celery_worker_process` says "celery", on both sides.
# The feeds are those that a project has which declares none; tests/example/conftest.py says those of the example.
DJANGO_FEEDS = {
    "TASKS": os.environ.get("FEEDS_TEST_TASKS", "inline"),
    "STORAGES": FEED_STORAGES,
}

CELERY_BROKER_URL = servers.broker().broker_url
CELERY_RESULT_BACKEND = "django-db"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

MEDIA_ROOT = str(folder() / "media")

DEBUG = False
SECRET_KEY = "tests"
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
