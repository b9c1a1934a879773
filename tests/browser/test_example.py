"""The example in a real browser: by mouse and by keyboard, on a desktop and on a phone, without scripts."""

from datetime import datetime, timedelta, timezone
from hashlib import sha1

import pytest
from django.core.management import call_command
from django.urls import reverse

from django_feeds.models import Follow
from example_project.gitstream.importing import Importer
from example_project.gitstream.log import LoggedCommit
from example_project.gitstream.models import Folder, Repository
from example_project.pins.models import Board, Item, Pin
from tests.browser.artifacts import save_for_docs, save_screenshot
from tests.browser.conftest import WIDE
from tests.browser.quality import assert_accessible, assert_fits, assert_valid_html

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def community(django_user_model):
    """A seeded site; what was pinned last is by somebody whom `demo` does not follow."""
    call_command("seed", users=30, pins=200, verbosity=0)
    demo = django_user_model.objects.get(username="demo")
    followed = set(Follow.objects.following(demo).targets())
    strangers = django_user_model.objects.exclude(pk=demo.pk).exclude(pk__in=[pk for pk in followed if pk.isdigit()])
    return next(user for user in strangers if user.pins.count() > 2)


def sign_in(page, name="demo"):
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(name)
    press(page.get_by_role("main"), "button", "Sign in")


def press(where, role, name):
    """Click what is called just so on a page or in a part of it, and wait for the page that it leads to."""
    with getattr(where, "page", where).expect_navigation():
        where.get_by_role(role, name=name, exact=True).click()


def cards(page):
    """The addresses of the pins on this page, in its order."""
    return [link.get_attribute("href") for link in page.locator(".card h3 a").all()]


def on_feed(page):
    """The addresses of all pins on the feed, page after page."""
    page.goto("/feed/")
    found = cards(page)
    while page.get_by_role("link", name="Older").count():
        press(page, "link", "Older")
        found += cards(page)
    return found


def addresses(pins):
    return [pin.get_absolute_url() for pin in pins]


def test_follow_pin_see_it_arrive_unpin_unfollow(community, page, open_page, django_user_model):
    someone = community
    someone.set_password(someone.username)
    someone.save()
    theirs = set(addresses(someone.pins.all()))
    sign_in(page)
    before = on_feed(page)

    page.goto(f"/u/{someone.username}/")
    press(page, "button", f"Follow {someone.username}")
    assert page.url.endswith(f"/u/{someone.username}/")
    assert page.get_by_role("button", name=f"Unfollow {someone.username}", exact=True).is_visible()
    assert theirs <= set(on_feed(page))

    other = open_page(**WIDE)
    sign_in(other, someone.username)
    press(other, "link", "New pin")
    other.get_by_label("Title").fill("Tram 23:58 homewards")
    other.get_by_label("Picture").select_option("city")
    other.get_by_label("Or a new board").fill("Trams")
    other.get_by_label("Comment").fill("Two minutes late.")
    press(other, "button", "Pin it")
    assert "Pinned to “Trams”." in other.get_by_role("status").inner_text()

    page.goto("/feed/")
    first = page.locator(".card").first
    assert "Tram 23:58 homewards" in first.inner_text()
    assert "Two minutes late." in first.inner_text()

    press(other, "button", "Unpin")
    page.goto("/feed/")
    assert "Tram 23:58 homewards" not in page.content()

    page.goto(f"/u/{someone.username}/")
    press(page, "button", f"Unfollow {someone.username}")
    assert on_feed(page) == before


def test_repin_and_edit_and_where_they_lead(community, page):
    sign_in(page)
    page.goto("/feed/")
    # What comes first may be a love or a follow, which has no heading and is not to be pinned.
    card = page.locator(".card:has(h3)").first
    press(card, "link", f"Pin {card.locator('h3').inner_text()}")
    page.get_by_label("Or a new board").fill("Found")
    press(page, "button", "Pin it")
    assert page.url.endswith("/feed/")

    pin = Pin.objects.get(board__name="Found")
    page.goto(pin.get_absolute_url())
    press(page, "link", "Edit")
    page.get_by_label("Comment").fill("Changed my mind.")
    press(page, "button", "Save")

    assert "Changed my mind." in page.get_by_role("main").inner_text()
    page.goto(pin.board.get_absolute_url())
    assert "Changed my mind." in page.locator(".card").inner_text()


def test_everything_can_be_reached_with_the_keyboard(community, page):
    page.goto("/sign-in/")
    assert page.evaluate("document.activeElement.id") == "id_username"
    page.keyboard.type("demo")
    page.keyboard.press("Tab")
    page.keyboard.type("demo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/feed/")

    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    tab_until(page, "Find more people")
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/")

    tab_until(page, "Follow", most=120)
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=name.replace("Follow", "Unfollow"), exact=True).wait_for()

    page.goto("/feed/")
    tab_until(page, "Pin", starts=True)
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/repin/**")


def focused(page):
    return page.evaluate("document.activeElement.innerText").strip()


def tab_until(page, text, most=60, starts=False):
    for _ in range(most):
        page.keyboard.press("Tab")
        now = focused(page)
        if now == text or (starts and now.startswith(f"{text}\n")) or (starts and now.startswith(f"{text} ")):
            return
    raise AssertionError(f"{most} presses of Tab on {page.url} never reached {text!r}.")


def test_it_works_without_javascript(community, open_page):
    page = open_page(java_script_enabled=False, **WIDE)
    sign_in(page)
    page.goto(f"/u/{community.username}/")
    press(page, "button", f"Follow {community.username}")
    page.get_by_role("button", name=f"Unfollow {community.username}").wait_for()
    page.goto("/feed/")
    press(page, "link", "Older")
    press(page, "link", "Newest")
    press(page, "button", "Sign out")

    assert page.get_by_role("main").get_by_role("link", name="Sign in").is_visible()


def test_no_page_has_a_script_but_ours_or_an_inline_style(community, page):
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    sign_in(page)
    for path in ("/", "/feed/", "/people/", "/pin/new/"):
        page.goto(path)
        ours = "[src='/static/django_feeds/live.js']"
        assert page.locator(f"script:not({ours}), style, [style], [onclick]").count() == 0
    assert not complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_valid_and_fit(community, any_page, scheme):
    page = any_page
    page.emulate_media(color_scheme=scheme)
    write_history()
    pin = Pin.objects.exclude(via=None).order_by("-created_at").first()
    public = {
        "trending": "/",
        "sign-in": "/sign-in/",
        "people": "/people/",
        "profile": reverse("profile", args=[community.username]),
        "board": pin.board.get_absolute_url(),
        "pin": pin.get_absolute_url(),
        "git": "/git/",
        "folder": Folder.objects.exclude(path="").first().get_absolute_url(),
        "missing": "/nowhere/",
    }
    for name in ("trending", "sign-in", "profile", "pin"):
        look(page, f"anonymous-{name}", public[name], scheme)
    sign_in(page)
    private = {"feed": "/feed/", "new-pin": "/pin/new/", "repin": f"{pin.get_absolute_url()}repin/"}
    board = Board.objects.filter(owner__username="demo").first()
    mine = Pin.objects.create(user=board.owner, item=Item.objects.create(title="Mine"), board=board)
    private |= {"edit": f"{mine.get_absolute_url()}edit/", "own-pin": mine.get_absolute_url()}
    del public["sign-in"]
    for name, path in {**public, **private}.items():
        look(page, name, path, scheme)
    if (page.device, scheme) == ("wide", "light"):
        page.goto("/feed/")
        page.wait_for_load_state("load")
        save_for_docs(page, "example")


def write_history():
    """A few commits, as if they had been read from a checkout."""
    start = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)
    files = ["README.md", "tool/core/reading.py", "tool/core/writing.py", "tests/test_reading.py"]
    commits = [
        LoggedCommit(
            sha=sha1(bytes([number])).hexdigest(),
            name=("Ann Lee", "Ben Ito")[number % 2],
            email=("ann@example.com", "ben@example.com")[number % 2],
            time=start + timedelta(hours=5 * number),
            subject=f"Read files that are {number} megabytes long.",
            body="It took twice the memory.\n\nNow it reads a line at a time." if number % 3 else "",
            files=files[number % 4 :],
        )
        for number in range(12)
    ]
    Importer(Repository.objects.create(name="tool", root_sha=commits[0].sha)).write(commits)


def look(page, name, path, scheme):
    """Go there, keep a picture, and complain about what is wrong."""
    page.goto(path)
    page.wait_for_load_state("load")
    save_screenshot(page, f"example-{name}-{page.device}-{scheme}")
    assert_accessible(page)
    assert_fits(page)
    if (page.device, scheme) == ("wide", "light"):
        assert_valid_html(page.request.get(path).text())
