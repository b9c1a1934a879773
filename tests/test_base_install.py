"""A storage's driver is optional: without it every other module imports, and a site without it starts."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# In a process of its own, as this one has imported the drivers already.
START = """
import importlib, pkgutil, sys

DRIVERS = {drivers}


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in DRIVERS:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Missing())

import django
from django.conf import settings

REDIS = "django_feeds.storage.redis.RedisStorage"
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django_celery_results",
        "django_feeds",
    ],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
    CACHES={{
        "default": {{"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        "feeds": {{"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:6379/1"}},
    }},
    DJANGO_FEEDS={{"TASKS": "inline", **{feeds}}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()
"""

IMPORT_ALL = """
for module in pkgutil.walk_packages(importlib.import_module("django_feeds").__path__, "django_feeds."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        if error.name not in DRIVERS:
            raise
        print(module.name, "needs", error.name)
    else:
        print(module.name)
assert not DRIVERS & set(sys.modules), DRIVERS & set(sys.modules)
"""

DECLARE_A_FEED = """
from django_feeds.feeds import RedisFeed

class PinFeed(RedisFeed):
    key_format = "pins:%(user_id)s"

try:
    PinFeed(1).page()
except Exception as error:
    print(type(error).__name__, error)
for message in __import__("django_feeds.checks").checks.check_feeds():
    print(message.id, message.msg, message.hint)
"""


def run(script, drivers, feeds=None):
    start = START.format(drivers=repr(drivers), feeds=repr(feeds or {}))
    done = subprocess.run([sys.executable, "-c", start + script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_module_imports_without_a_driver():
    lines = run(IMPORT_ALL, {"redis", "django_redis", "cassandra", "rest_framework"})

    assert "django_feeds.models" in lines
    assert [line for line in lines if " needs " in line] == [
        "django_feeds.storage.cassandra needs cassandra",
        "django_feeds.storage.redis needs redis",
    ]


def test_a_feed_in_redis_without_redis_py_names_what_to_install():
    declared = {"STORAGES": {"redis": {"BACKEND": "django_feeds.storage.redis.RedisStorage"}}}

    error, install, check = run(DECLARE_A_FEED, {"redis", "django_redis"}, declared)

    assert error.startswith("UnknownStorage DJANGO_FEEDS['STORAGES']['redis'] names the BACKEND")
    assert install == "pip install django-feeds[redis]"
    assert check.startswith("django_feeds.E011 ")
    assert "django-feeds[redis]" in check


def test_a_feed_in_a_cache_without_django_redis_names_what_to_install():
    redis = {"BACKEND": "django_feeds.storage.redis.RedisStorage", "OPTIONS": {"CACHE": "feeds"}}

    error, install, caches, check, *_caches = run(DECLARE_A_FEED, {"django_redis"}, {"STORAGES": {"redis": redis}})

    assert error.startswith("FeedsConfigurationError The storage 'redis' wants the cache 'feeds'")
    assert install == "pip install django-feeds[redis]"
    assert caches.startswith('CACHES = {"feeds": ')
    assert check.startswith("django_feeds.E053 ")
    assert check.endswith("pip install django-feeds[redis]")
