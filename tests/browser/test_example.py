"""The example in a real browser: by mouse and by keyboard, on a desktop and on a phone, without scripts."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from django_feeds.models import Follow
from example_project.gitstream.models import Folder
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
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/feed/")


def cards(page):
    """The addresses of the pins on this page, in its order."""
    return [link.get_attribute("href") for link in page.locator(".card h3 a").all()]


def on_feed(page):
    """The addresses of all pins on the feed, page after page."""
    page.goto("/feed/")
    found = cards(page)
    while page.get_by_role("link", name="Older").count():
        page.get_by_role("link", name="Older").click()
        page.wait_for_load_state()
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
    page.get_by_role("button", name=f"Follow {someone.username}").click()
    assert page.url.endswith(f"/u/{someone.username}/")
    assert page.get_by_role("button", name=f"Unfollow {someone.username}").is_visible()
    assert theirs <= set(on_feed(page))

    other = open_page(**WIDE)
    sign_in(other, someone.username)
    other.get_by_role("link", name="New pin").click()
    other.get_by_label("Title").fill("The last tram")
    other.get_by_label("Picture").select_option("city")
    other.get_by_label("Or a new board").fill("Trams")
    other.get_by_label("Comment").fill("Two minutes late.")
    other.get_by_role("button", name="Pin it").click()
    assert "Pinned to “Trams”." in other.get_by_role("status").inner_text()

    page.goto("/feed/")
    first = page.locator(".card").first
    assert "The last tram" in first.inner_text()
    assert "Two minutes late." in first.inner_text()

    other.get_by_role("button", name="Unpin").click()
    page.goto("/feed/")
    assert "The last tram" not in page.content()

    page.goto(f"/u/{someone.username}/")
    page.get_by_role("button", name=f"Unfollow {someone.username}").click()
    assert on_feed(page) == before


def test_repin_and_edit_and_where_they_lead(community, page):
    sign_in(page)
    page.goto("/feed/")
    title = page.locator(".card h3").first.inner_text()
    page.locator(".card").first.get_by_role("link", name=f"Pin {title}").click()
    page.get_by_label("Or a new board").fill("Found")
    page.get_by_role("button", name="Pin it").click()
    assert page.url.endswith("/feed/")

    pin = Pin.objects.get(board__name="Found")
    page.goto(pin.get_absolute_url())
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Comment").fill("Changed my mind.")
    page.get_by_role("button", name="Save").click()

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
    page.get_by_role("button", name=f"Follow {community.username}").click()
    page.get_by_role("button", name=f"Unfollow {community.username}").wait_for()
    page.goto("/feed/")
    page.get_by_role("link", name="Older").click()
    page.get_by_role("link", name="Newest").click()
    page.get_by_role("button", name="Sign out").click()

    assert page.get_by_role("main").get_by_role("link", name="Sign in").is_visible()


def test_no_page_has_a_script_or_an_inline_style(community, page):
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    sign_in(page)
    for path in ("/", "/feed/", "/people/", "/pin/new/"):
        page.goto(path)
        assert page.locator("script, style, [style], [onclick]").count() == 0
    assert not complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_valid_and_fit(community, any_page, scheme):
    page = any_page
    page.emulate_media(color_scheme=scheme)
    call_command("import_git", limit=40, verbosity=0)
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
    for name, path in public.items():
        look(page, f"anonymous-{name}", path, scheme)
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
        page.wait_for_load_state("networkidle")
        save_for_docs(page, "example")


def look(page, name, path, scheme):
    """Go there, keep a picture, and complain about what is wrong."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    save_screenshot(page, f"example-{name}-{page.device}-{scheme}")
    assert_accessible(page)
    assert_fits(page)
    if (page.device, scheme) == ("wide", "light"):
        assert_valid_html(page.request.get(path).text())
