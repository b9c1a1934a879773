"""The reference names what there is: no setting, check, exception, signal or tag more, and none fewer."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

import django_feeds
from django_feeds import conf
from django_feeds.templatetags import django_feeds as tags

from .snippets import DOCS, FENCE, page_id

REFERENCE = DOCS / "reference"
PACKAGE = Path(django_feeds.__file__).parent


def sections(page: str) -> dict[str, str]:
    """The text under each heading that is one name in code."""
    _preface, *parts = re.split(r"^## `([^`\n]+)`\n", (REFERENCE / page).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[::2], (part.partition("\n## ")[0] for part in parts[1::2]), strict=True))


def default_in(section: str) -> object:
    said = re.search(r"^Default: `(.+)`$", section, re.MULTILINE)
    block = FENCE.search(section)
    text = said[1] if said else block["text"] if block else "no default is said"
    return ast.literal_eval(text)


def test_every_setting_is_there_with_its_default():
    said = {name: default_in(section) for name, section in sections("settings.md").items()}

    assert said == conf.DEFAULTS
    assert list(said) == list(conf.DEFAULTS)


def test_every_check_is_there():
    code = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    # "django_feeds.E001" where a message is made; the bare id where it is handed on to a helper.
    used = set(re.findall(r'"(?:django_feeds\.)?([EWI]\d{3})"', code))
    said = re.findall(r"^\| `([EWI]\d{3})` \|", (REFERENCE / "checks.md").read_text(), re.MULTILINE)

    assert sorted(said) == sorted(used)


@pytest.mark.parametrize("module", ["exceptions", "signals", "testing", "views"])
def test_every_public_name_of_a_module_has_its_place(module):
    text = (REFERENCE / f"{module}.md").read_text()
    names = importlib.import_module(f"django_feeds.{module}").__all__
    whole = f".. automodule:: django_feeds.{module}" in text
    missing = [name for name in names if not whole and not re.search(rf"\b{name}\b", text)]

    assert not missing


def test_every_tag_is_there_with_its_parameters():
    said = {}
    for heading, section in sections("templates.md").items():
        name = heading.strip("{% }")
        written = re.search(rf"^`{{% {name}( .*)? %}}`$", section, re.MULTILINE)
        said[name] = (written[1] or "").split()
    used = {name: parameters(function) for name, function in vars(tags).items() if name in tags.register.tags}

    assert said == used


def parameters(function) -> list[str]:
    """As a template author writes them."""
    given = [one for one in inspect.signature(function).parameters.values() if one.name != "context"]
    shown = {one.name: repr(one.default).replace("'", '"') for one in given if one.default is not one.empty}
    return [f"{one.name}={shown[one.name]}" if one.name in shown else one.name for one in given]


def test_every_command_is_there_with_its_options():
    ours = sorted(name for name, app in get_commands().items() if app == "django_feeds")
    said = sections("commands.md")
    preface = (REFERENCE / "commands.md").read_text().partition("\n## ")[0]
    common = set(BaseCommand().create_parser("manage.py", "any")._option_string_actions)

    assert sorted(said) == ours
    for name in ours:
        parser = load_command_class("django_feeds", name).create_parser("manage.py", name)
        options = {option for option in parser._option_string_actions if option.startswith("--")} - common
        missing = [option for option in sorted(options) if f"`{option}" not in preface + said[name]]
        assert not missing, f"{name} has options that its section does not name"
        unknown = set(re.findall(r"`(--[\w-]+)", said[name])) - set(parser._option_string_actions)
        assert not unknown, f"the section of {name} names options that it does not have"


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=page_id)
def test_what_is_taken_from_docstrings_has_one(page):
    directives = r"^\.\. auto(class|function|module):: ([\w.]+)\n(?:   :members:((?:.|\n   )+))?"
    for kind, name, members in re.findall(directives, page.read_text(), re.MULTILINE):
        found = importlib.import_module(name) if kind == "module" else attribute(name)
        assert inspect.getdoc(found), f"{name} has no docstring"
        for member in filter(None, re.split(r"[,\s]+", members.partition("\n   :")[0])):
            assert member in dir(found) or member in annotations(found), f"{name} has no {member}"


def attribute(name: str) -> object:
    module, _dot, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def annotations(found: object) -> set[str]:
    return {name for base in getattr(found, "__mro__", ()) for name in getattr(base, "__annotations__", {})}
