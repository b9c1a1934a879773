"""The list at the top of the checks is complete, and each id has a test."""

import re
from pathlib import Path

from django_feeds import checks

PACKAGE = Path(checks.__file__).parent
TESTS = Path(__file__).parent
ID = re.compile(r"\b[EWI]0\d\d\b")


def used() -> set[str]:
    paths = [path for path in PACKAGE.glob("*.py") if path.stem != "__init__"]
    paths += (PACKAGE.parent / "storage").rglob("*.py")  # a storage checks its own options
    return {id for path in paths for id in ID.findall(path.read_text())}


def test_the_list_is_what_the_checks_find():
    assert set(ID.findall(checks.__doc__ or "")) == used()


def test_each_has_a_test():
    tested = {id for path in TESTS.glob("test_*.py") for id in ID.findall(path.read_text())}

    assert used() <= tested
