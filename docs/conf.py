"""How Sphinx builds these pages: `sphinx-build -W -b html docs build/docs`."""

import re
import sys
from pathlib import Path

import django
from django.conf import settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django_feeds

# What autodoc imports needs the app registry, and nothing of the example.
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django_celery_results",
        "django_feeds",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

project = "django-feeds"
author = copyright = "django-feeds contributors"
release = version = django_feeds.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"

html_theme = "furo"
html_title = "django-feeds"
html_static_path = ["_static"]

# Docstrings are written to be read in the source: `names` between single backticks, examples indented.
SINGLE_BACKTICKS = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def _as_rst(app, what, name, obj, options, lines):
    if any("├" in line for line in lines):  # a tree drawn as text, below one sentence
        lines[2:] = ["    " + line for line in lines[2:]]
    lines[:] = SINGLE_BACKTICKS.sub(r"``\1``", "\n".join(lines)).split("\n")
    for number in range(len(lines) - 1, 0, -1):
        begins = lines[number].startswith("    ") and not lines[number - 1]
        if begins and not next((line for line in reversed(lines[:number]) if line), "").startswith(" "):
            lines[number:number] = ["::", ""]


def setup(app):
    app.connect("autodoc-process-docstring", _as_rst)
