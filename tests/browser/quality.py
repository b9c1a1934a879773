"""What every page must be: valid HTML, and usable by everybody."""

from typing import Any

import html5lib
from axe_playwright_python.sync_playwright import Axe
from html5lib.constants import E as MESSAGES

SERIOUS = {"serious", "critical"}


def assert_accessible(page: Any) -> None:
    """axe-core finds nothing serious or critical on the page as it is now."""
    violations = Axe().run(page).response["violations"]
    found = [violation for violation in violations if violation["impact"] in SERIOUS]
    assert not found, f"{page.url} is not accessible:\n" + "\n".join(map(_told, found))


def assert_valid_html(text: str) -> None:
    """A parser that follows the HTML standard meets no error."""
    parser = html5lib.HTMLParser()
    parser.parse(text)
    lines = text.splitlines()
    errors = [
        f"line {line}: {MESSAGES[code] % details}\n    {lines[line - 1].strip()[:160]}"
        for (line, _column), code, details in parser.errors
    ]
    assert not errors, "invalid HTML:\n" + "\n".join(errors)


def assert_fits(page: Any) -> None:
    """Nothing is wider than the window, so nobody scrolls sideways."""
    # Not innerWidth, which on a phone grows with what sticks out.
    width, window = page.evaluate("document.documentElement.scrollWidth"), page.viewport_size["width"]
    assert width <= window, f"{page.url} is {width} pixels wide in a window of {window}"


def _told(violation: dict[str, Any]) -> str:
    nodes = "\n".join(f"    {' '.join(map(str, node['target']))}: {node['html'][:160]}" for node in violation["nodes"])
    return f"{violation['impact']}: {violation['help']} ({violation['id']})\n{nodes}"
