"""The snippets of all other pages: each compiles, imports what is there, and runs where it can stand alone."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, get_commands, load_command_class
from django.test import override_settings

from django_feeds import hydration, registry, signals, sources, verbs
from django_feeds.managers import Manager
from django_feeds.storage import get_storage
from tests import storages, testapp
from tests.testapp import feeds, models

from .snippets import DOCS, PAGES, Snippet, page_id, snippets
from .test_readme import README
from .test_tutorial import TUTORIAL

PAGES_WITH_CODE = [page for page in PAGES if any(snippet.language in ("python", "pycon") for snippet in snippets(page))]
ON_REDIS = DOCS / "howto" / "from-stream-framework.md"
"""Its feeds are in the storage "redis" of the tests."""
CHECKED = ("django", "django_feeds", "celery", "asgiref")
"""What is imported from these packages must be there."""

WHOLE_PROJECTS = [TUTORIAL, README]
"""Pages that are followed in a project of their own."""


def python(page: Path) -> list[Snippet]:
    return [snippet for snippet in snippets(page) if snippet.language == "python"]


@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=page_id)
def test_what_a_snippet_imports_is_there(page):
    for snippet in python(page):
        try:
            tree = ast.parse(snippet.padded)
        except SyntaxError as error:
            pytest.fail(f"{snippet}: {error}")
        missing = [name for name in imported(tree) if not there(name)]

        assert not missing, f"{snippet} imports {', '.join(missing)}"


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page_id(page), marks=pytest.mark.needs("redis_7") if page == ON_REDIS else ())
        for page in PAGES_WITH_CODE
        if page not in WHOLE_PROJECTS
    ],
)
@pytest.mark.django_db(transaction=True)
def test_what_a_page_shows_works(page, site):
    if page == ON_REDIS:
        storages.empty("redis")
    for snippet in snippets(page):
        if snippet.tested and snippet.language in ("python", "pycon"):
            site.run(snippet)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in WHOLE_PROJECTS], ids=page_id)
def test_the_commands_of_a_page_are_there(page):
    for snippet in snippets(page):
        for command in re.findall(r"^(?:\S*/)?python manage.py (.+?)(?: +#.*)?$", snippet.text, re.MULTILINE):
            name, *arguments = shlex.split(command)
            app = get_commands().get(name)
            assert app, f"{snippet}: there is no command {name}"
            try:
                load_command_class(app, name).create_parser("manage.py", name).parse_args(arguments)
            except CommandError as error:
                pytest.fail(f"{snippet}: {error}")


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def there(name: str) -> bool:
    """Is this dotted name a module or what a module holds? Names of a reader's own packages are taken for granted."""
    if name.partition(".")[0] not in CHECKED:
        return True
    try:
        importlib.import_module(name)
    except ImportError:
        module, _dot, attribute = name.rpartition(".")
        return bool(module) and hasattr(importlib.import_module(module), attribute)
    return True


class Site:
    """
    The project that pages speak of: an app `pins` with Pin, Board and Tag (those of tests.testapp), the users `ann`,
    `carla` and `bob`, who has a `board`. A page's snippets share their names.
    """

    def __init__(self) -> None:
        self.page = ModuleType("pins.page")
        self.names = self.page.__dict__
        self.names["__package__"] = "pins"
        self.names["Pin"] = models.Pin
        self.names["ann"] = User.objects.create_user("ann")
        self.names["bob"] = User.objects.create_user("bob")
        self.names["carla"] = User.objects.create_user("carla")
        self.names["board"] = models.Board.objects.create(owner=self.names["bob"], name="Bikes")

    def run(self, snippet: Snippet) -> None:
        if snippet.language == "pycon":
            self.type(snippet)
            return
        if snippet.path.endswith("feeds.py"):
            sources._sources.clear()  # the new file takes the place of the old one
        self.names["__name__"] = snippet.path.removesuffix(".py").replace("/", ".") or "pins.page"
        sys.modules[self.names["__name__"]] = self.page  # where tasks find what the file declares
        exec(compile(snippet.padded, str(snippet), "exec"), self.names)
        caches = self.names.pop("CACHES", settings.CACHES)
        if "DJANGO_FEEDS" in self.names:
            self.settings(snippet, self.names.pop("DJANGO_FEEDS"), caches)

    def type(self, snippet: Snippet) -> None:
        said: list[str] = []
        test = doctest.DocTestParser().get_doctest(snippet.text, self.names, str(snippet), None, snippet.line)
        test.globs = self.names
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append, clear_globs=False)
        if said:
            pytest.fail("".join(said), pytrace=False)

    def settings(self, snippet: Snippet, feeds: dict[str, Any], caches: dict[str, Any]) -> None:
        """Whatever settings a page shows must hold together."""
        with override_settings(DJANGO_FEEDS=feeds, CACHES=caches):
            for alias in feeds.get("FEEDS", {}):
                registry.get_feed_class(alias)
            for alias in feeds.get("STORAGES", {}):
                assert not get_storage(alias).check(), snippet
            assert all(isinstance(manager, Manager) for manager in registry.managers()), snippet


@pytest.fixture
def site(monkeypatch) -> Iterator[Site]:
    """The registries are as before afterwards, whatever the snippets declared."""
    for name in signals.__all__:
        monkeypatch.setattr(getattr(signals, name), "receivers", list(getattr(signals, name).receivers))
    monkeypatch.setattr(sources, "_sources", {model: list(known) for model, known in sources._sources.items()})
    monkeypatch.setattr(verbs, "_verbs", {id: verb for id, verb in verbs._verbs.items() if id < 5 or id > 100})
    monkeypatch.setattr(verbs, "clashes", [])
    monkeypatch.setattr(hydration, "_querysets", dict(hydration._querysets))
    monkeypatch.setattr(hydration, "_rules", {label: list(rules) for label, rules in hydration._rules.items()})
    for name, module in {"pins": testapp, "pins.models": models, "pins.feeds": feeds}.items():
        monkeypatch.setitem(sys.modules, name, module)
    before = set(sys.modules)
    site = Site()
    yield site
    for name in [name for name, module in sys.modules.items() if module is site.page and name not in before]:
        del sys.modules[name]
    registry._manager.cache_clear()
