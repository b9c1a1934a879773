from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.artifacts import save_screenshot
from tests.conftest import unavailable
from tests.example.conftest import feeds_of_the_example  # noqa: F401

WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]


# Not for the session: while Playwright's synchronous API is open, an event loop runs in this thread, which
# Django's ORM refuses and which other modules' async tests would trip over.
@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """A headless Chromium of the operating system."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        unavailable("chromium: none is installed: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, timeout=120_000)
        yield browser
        browser.close()


@pytest.fixture
def server_url(live_server: Any) -> str:
    """Where the site is: Django's live server, which is WSGI."""
    return live_server.url


@pytest.fixture
def open_page(browser: Any, server_url: str) -> Iterator[Any]:
    """`open_page(**options)`: a page of a fresh browser context; page.goto("/") is the server's root."""
    contexts = []

    def open_page(**options: Any) -> Any:
        contexts.append(browser.new_context(base_url=server_url, reduced_motion="reduce", **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Any) -> Any:
    """A page on a desktop, 1280 by 800."""
    return open_page(**WIDE)


@pytest.fixture
def phone(open_page: Any) -> Any:
    """A page on a phone, 390 by 844, with touch."""
    return open_page(**PHONE)


@pytest.fixture(params=["wide", "phone"])
def any_page(request: pytest.FixtureRequest, open_page: Any) -> Any:
    """The test runs twice: on a desktop and on a phone. `any_page.device` says which."""
    page = open_page(**(WIDE if request.param == "wide" else PHONE))
    page.device = request.param
    return page


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    """A failed browser test leaves a picture of what it saw."""
    report = yield
    if report.when == "call" and report.failed:
        for name in {"page", "phone", "any_page"} & set(getattr(item, "funcargs", ())):
            try:
                save_screenshot(item.funcargs[name], f"failed-{item.name}-{name}")  # type: ignore[attr-defined]
            except Exception as error:  # the page may be gone; the test's own failure is what matters
                report.sections.append(("screenshot", f"none could be taken: {error}"))
    return report
