"""Notifications in real browsers: live, by keyboard, on a phone, without scripts; under WSGI and under uvicorn."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from playwright.sync_api import expect

from django_feeds.models import Follow
from django_feeds.registry import get_feed
from example_project.pins.models import Board, Comment, Item, Love, Pin
from tests.browser.artifacts import save_screenshot
from tests.browser.asgi import Uvicorn
from tests.browser.conftest import PHONE, WIDE
from tests.browser.quality import assert_accessible, assert_fits, assert_valid_html
from tests.conftest import unavailable
from tests.servers.folder import folder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def uvicorn(django_db_setup):
    """The example under uvicorn, for all tests of this module."""
    if importlib.util.find_spec("uvicorn") is None:
        unavailable("uvicorn: it is not installed: pip install uvicorn")
    if connection.vendor != "sqlite":
        pytest.skip("The example keeps its rows in SQLite, and this run does not.")
    server = Uvicorn(connection.settings_dict["NAME"], settings.SECRET_KEY, folder() / "uvicorn.log")
    yield server
    server.stop()


@pytest.fixture(params=["wsgi", "asgi"])
def server_url(request):
    return request.getfixturevalue("live_server" if request.param == "wsgi" else "uvicorn").url


@pytest.fixture
def site(django_user_model):
    """Ann, who has pinned twice, and Ben and Cleo."""
    ann, ben, cleo = (django_user_model.objects.create_user(n, first_name=n.title()) for n in ("ann", "ben", "cleo"))
    board = Board.objects.create(owner=ann, name="Tiles")
    quilt, vase = (
        Pin.objects.create(user=ann, board=board, item=Item.objects.create(title=title, category=kind, seed=seed))
        for title, kind, seed in (("Quilt", "pattern", 5), ("Vase", "pottery", 9))
    )
    return SimpleNamespace(ann=ann, ben=ben, cleo=cleo, board=board, quilt=quilt, vase=vase)


@pytest.fixture
def open_as(open_page, server_url):
    """`open_as(user, **options)`: a page of a browser in which this user has signed in."""

    def open_as(user, **options):
        client = Client()
        client.force_login(user)
        page = open_page(**(options or WIDE))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": server_url}])
        return page

    return open_as


def bell(page):
    return page.locator("a.bell")


def press(where, name):
    """Click a button that leads to another page, and wait for that."""
    with getattr(where, "page", where).expect_navigation():
        where.get_by_role("button", name=name).first.click()


def test_a_love_reaches_the_bell_of_another_browser(site, open_as):
    ann, ben = open_as(site.ann), open_as(site.ben)
    ann.goto("/people/")
    expect(bell(ann)).to_have_accessible_name("Notifications,")
    expect(ann).to_have_title("People · Corkboard")

    ben.goto(site.quilt.get_absolute_url())
    press(ben, "Love Quilt")
    expect(bell(ann)).to_have_accessible_name("Notifications, 1 new notification")
    expect(ann).to_have_title("(1) People · Corkboard")

    ben.goto(site.vase.get_absolute_url())
    press(ben, "Love Vase")
    expect(bell(ann)).to_have_accessible_name("Notifications, 2 new notifications")

    press(ben, "Love Vase no more")
    expect(bell(ann)).to_have_accessible_name("Notifications, 1 new notification")


def test_looking_at_the_list_has_seen_it_in_every_window(site, open_as):
    Love.objects.create(user=site.ben, pin=site.quilt)
    one, two = open_as(site.ann), open_as(site.ann)
    one.goto("/people/")
    expect(bell(one)).to_have_accessible_name("Notifications, 1 new notification")

    two.goto("/feeds/notifications/")

    expect(bell(two)).to_have_accessible_name("Notifications,")
    expect(bell(one)).to_have_accessible_name("Notifications,")
    expect(two.get_by_role("button", name="Mark as read")).to_be_visible()


@pytest.mark.parametrize("path", ["/feed/", "/feed/grouped/"])
def test_the_home_feed_tells_of_new_items(site, open_as, path):
    Follow.objects.follow(site.ann, site.ben)
    page = open_as(site.ann)
    page.goto(path)
    item = Item.objects.create(title="Red bicycle")
    Pin.objects.create(user=site.ben, item=item, board=Board.objects.create(owner=site.ben, name="Bicycles"))

    more = page.get_by_role("link", name="1 new item")
    expect(more).to_be_visible()
    save_screenshot(page, f"example-new-items-{path.count('/')}")
    more.click()

    expect(page.get_by_role("main")).to_contain_text("Red bicycle")
    expect(page.get_by_role("link", name="1 new item")).to_have_count(0)


def test_marking_by_keyboard_alone(site, open_as):
    for user in (site.ben, site.cleo):
        for pin in (site.quilt, site.vase):
            Love.objects.create(user=user, pin=pin)
    page = open_as(site.ann)
    page.goto("/feeds/notifications/")
    buttons = page.get_by_role("button", name="Mark as read:")
    expect(buttons).to_have_count(2)

    tab_until(page, "Mark as read: Cleo and Ben loved your pin")
    page.keyboard.press("Enter")
    expect(buttons).to_have_count(1)
    expect(page.get_by_text("Unread:")).to_have_count(1)
    expect(buttons).to_be_focused()  # the next one

    page.keyboard.press("Space")
    expect(buttons).to_have_count(0)
    expect(page.get_by_role("button", name="Mark all as read")).to_have_count(0)
    expect(page.get_by_role("region", name="Notifications")).to_be_focused()
    assert get_feed("notifications", site.ann).count_unread() == 0

    page.get_by_role("link", name="Unread").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("You have read everything.")


def test_marking_all_shows_what_came_meanwhile(site, open_as):
    Love.objects.create(user=site.ben, pin=site.quilt)
    page = open_as(site.ann)
    page.goto("/feeds/notifications/")
    Love.objects.create(user=site.cleo, pin=site.vase)

    press(page, "Mark all as read")

    main = page.get_by_role("main")
    expect(main).to_contain_text("Cleo loved your pin")
    expect(page.get_by_role("button", name="Mark as read:")).to_have_count(1)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("button", name="Mark as read:")).to_have_count(0)
    assert get_feed("notifications", site.ann).count_unread() == 0


def test_a_page_in_the_background_listens_once_it_is_looked_at(site, open_as):
    page, asked = open_as(site.ann), []
    page.on("request", lambda request: asked.append(request.url) if "/live/" in request.url else None)
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => !window.lookedAt })")
    page.goto("/people/")
    assert bell(page).is_visible()
    assert not asked

    page.evaluate("window.lookedAt = true; document.dispatchEvent(new Event('visibilitychange'))")

    Love.objects.create(user=site.ben, pin=site.quilt)
    expect(bell(page)).to_have_accessible_name("Notifications, 1 new notification")
    assert asked


def tab_until(page, name, most=60):
    for _press in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == name:
            return
    raise AssertionError(f"{most} presses of Tab on {page.url} never reached {name!r}.")


def test_it_all_works_without_javascript(site, open_as):
    ann, ben = (open_as(user, java_script_enabled=False, **WIDE) for user in (site.ann, site.ben))
    ben.goto("/")
    press(ben, "Love Quilt")
    ben.goto(site.vase.get_absolute_url())
    ben.get_by_label("Say something").fill("Which glaze is it, @ann?")
    press(ben, "Comment")
    expect(ben.get_by_role("link", name="@ann")).to_be_visible()

    ann.goto("/")
    expect(bell(ann)).to_have_accessible_name("Notifications, 2 new notifications")
    bell(ann).click()
    main = ann.get_by_role("main")
    expect(main).to_contain_text("Ben loved your pin")
    expect(main).to_contain_text("Which glaze is it, @ann?")

    press(ann, "Mark as read: Ben commented on your pin")
    expect(ann.get_by_role("button", name="Mark as read:")).to_have_count(1)
    main.get_by_role("link", name="Unread").click()
    expect(main).not_to_contain_text("Which glaze")
    press(ann, "Mark all as read")
    expect(main).to_contain_text("You have read everything.")

    ann.goto(site.vase.get_absolute_url())
    ann.locator("summary", has_text="Answer").click()
    ann.get_by_label("Your answer to Ben").fill("Tenmoku.")
    press(ann, "Send the answer")
    press(ann, "Delete")
    assert list(Comment.objects.values_list("text", flat=True)) == ["Which glaze is it, @ann?"]
    ben.goto("/people/")
    expect(bell(ben)).to_have_accessible_name("Notifications,")


def test_nothing_is_written_inline(site, open_as):
    complaints = []
    page = open_as(site.ann)
    page.on("console", lambda message: complaints.append(message.text))
    Love.objects.create(user=site.ben, pin=site.quilt)
    for path in ("/feeds/notifications/", "/notifications/digest/", site.quilt.get_absolute_url(), "/feed/grouped/"):
        page.goto(path)
        page.wait_for_load_state("load")
        assert page.locator("script:not([src]), style, [style], [onclick]").count() == 0
    assert not complaints


def test_the_mail_is_in_a_frame_that_may_do_nothing(site, open_as):
    site.ann.email = "ann@example.com"
    site.ann.save()
    Love.objects.create(user=site.ben, pin=site.quilt)
    page = open_as(site.ann)
    page.goto("/notifications/digest/")

    mail = page.frame_locator("iframe")
    expect(mail.get_by_role("listitem")).to_contain_text("Ben loved your pin")
    expect(mail.get_by_role("link", name="See them all")).to_have_css("color", "rgb(255, 255, 255)")
    assert "allow-scripts" not in page.locator("iframe").get_attribute("sandbox")
    assert get_feed("notifications", site.ann).counts() == {"unseen": 1, "unread": 1}


@pytest.mark.parametrize("language", ["de", "fr"])
def test_longer_words_fit_a_small_phone(site, open_as, server_url, language):
    page = open_as(site.ann, **{**PHONE, "viewport": {"width": 320, "height": 640}})
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": server_url}])
    for path in ("/feeds/notifications/", "/feeds/preferences/", "/notifications/digest/", "/people/", "/pin/new/"):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("a.new").bounding_box()["width"] >= 40
        box = page.locator("header.top form button").bounding_box()
        assert box["x"] + box["width"] <= 320
        assert_fits(page)
        sticking_out = "h1 => { h1.style.overflow = 'auto'; return h1.scrollWidth - h1.clientWidth }"
        assert page.locator("h1").evaluate(sticking_out) <= 0
        save_screenshot(page, f"example-{language}-{path.strip('/').replace('/', '-')}-small")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["wide", "phone", "small"])
def test_pages_are_accessible_valid_and_fit(live_server, browser, device, scheme, django_user_model):
    options = {"wide": WIDE, "phone": PHONE, "small": {**PHONE, "viewport": {"width": 320, "height": 640}}}[device]
    call_command("seed", users=30, pins=300, verbosity=0)
    demo = django_user_model.objects.get(username="demo")
    talked = Comment.objects.exclude(parent=None).filter(pin__user=demo).order_by("-created_at").first()
    paths = {
        "notifications": "/feeds/notifications/",
        "unread": "/feeds/notifications/?unread=1",
        "grouped": "/feed/grouped/",
        "pin": talked.pin.get_absolute_url(),
        "digest": "/notifications/digest/",
        "preferences": "/feeds/preferences/",
        "profile": f"/u/{talked.user.username}/",
    }
    client = Client()
    client.force_login(demo)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce", color_scheme=scheme, **options)
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    try:
        for name, path in paths.items():
            page.goto(path)
            page.wait_for_load_state("load")
            save_screenshot(page, f"example-{name}-{device}-{scheme}", full_page=name == "pin")
            assert_accessible(page)
            assert_fits(page)
            if (device, scheme) == ("wide", "light"):
                assert_valid_html(page.request.get(path).text())
    finally:
        context.close()
