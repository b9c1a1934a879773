"""The table in docs/reference/index.md is what the package exports: no name more, no name fewer."""

import importlib
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "index.md"
ROW = re.compile(r"^\| `([\w.]+)` \| (`.+`) \|$", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    rows = ROW.findall(REFERENCE.read_text())
    return {f"django_feeds.{module}": set(re.findall(r"`(\w+)`", names)) for module, names in rows}


def test_the_table_is_there():
    assert {"django_feeds.activity", "django_feeds.feeds", "django_feeds.managers"} <= documented().keys()


@pytest.mark.parametrize("module", sorted(documented()))
def test_a_module_exports_what_the_table_says(module):
    assert find_spec(module), f"{REFERENCE.name} lists {module}, which is not there"
    names = getattr(importlib.import_module(module), "__all__", None)
    assert names is not None, f"{module} has no __all__"

    assert set(names) == documented()[module]


@pytest.mark.parametrize(
    "module",
    [
        *sorted(documented()),
        *(f"django_feeds.{name}" for name in ("exceptions", "signals", "testing", "views")),
    ],
)
def test_what_a_module_exports_is_there(module):
    found = importlib.import_module(module)
    missing = [name for name in found.__all__ if not hasattr(found, name)]

    assert not missing
    assert len(found.__all__) == len(set(found.__all__))
