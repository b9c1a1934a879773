"""A storage's driver is optional: without it every module imports, and a site without it starts."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# In a process of its own, as this one has imported the drivers already.
IMPORT_ALL = """
import importlib, pkgutil, sys

DRIVERS = {"redis", "django_redis", "cassandra", "rest_framework"}


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in DRIVERS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Missing())

import django
from django.conf import settings

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
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

import django_feeds

for module in pkgutil.walk_packages(django_feeds.__path__, "django_feeds."):
    importlib.import_module(module.name)
    print(module.name)
assert not DRIVERS & set(sys.modules), DRIVERS & set(sys.modules)
"""


def test_every_module_imports_without_a_driver():
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "django_feeds.models" in done.stdout.split()
