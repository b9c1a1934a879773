"""Pages: what they show, who may change what, and how many queries that takes."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_feeds.models import Follow
from django_feeds.registry import get_feed
from django_feeds.testing import run_feeds
from example_project.pins.models import Board, Comment, Item, Pin
from tests.browser.quality import assert_valid_html

PUBLIC = ["/", "/people/", "/people/?q=an", "/u/ann/", "/b/{board}/", "/pin/{pin}/", "/sign-in/", "/git/"]
PRIVATE = ["/feed/", "/feed/grouped/", "/notifications/digest/", "/pin/new/", "/pin/{pin}/repin/", "/pin/{pin}/edit/"]


def address(site, path):
    return path.format(board=site.board.pk, pin=site.pin.pk)


@pytest.mark.parametrize("path", PUBLIC)
def test_anybody_may_look(site, client, path):
    response = client.get(address(site, path))

    assert response.status_code == 200
    assert_valid_html(response.content.decode())
    assert "script-src 'self'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("path", PRIVATE)
def test_the_rest_is_for_those_who_signed_in(site, client, path):
    path = address(site, path)
    asked = [client.get(path), *([client.post(path)] if path.startswith("/pin/") else [])]
    for response in asked:
        assert (response.status_code, response["Location"]) == (302, f"/sign-in/?next={path}")

    client.force_login(site.ann)
    response = client.get(path)
    assert response.status_code == 200
    assert_valid_html(response.content.decode())


@pytest.mark.parametrize("path", [*PUBLIC, *PRIVATE])
def test_looking_changes_nothing(site, as_ann, path):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        as_ann.get(address(site, path))

    changing = [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert not changing


def test_unpinning_takes_a_post(site, as_ann):
    assert as_ann.get(f"/pin/{site.pin.pk}/unpin/").status_code == 405
    assert as_ann.get("/sign-out/").status_code == 405
    assert Pin.objects.count() == 1


def test_forms_need_the_token(site):
    client = Client(enforce_csrf_checks=True)
    client.force_login(site.ann)

    assert client.post(f"/pin/{site.pin.pk}/unpin/").status_code == 403
    assert Pin.objects.count() == 1


def test_nobody_changes_what_somebody_else_pinned(site, as_ben):
    for path in ("edit", "unpin"):
        response = as_ben.post(f"/pin/{site.pin.pk}/{path}/", {"board": site.bens.pk})
        assert response.status_code == 403
        assert "not yours to change" in response.content.decode()
    assert as_ben.get(f"/pin/{site.pin.pk}/edit/").status_code == 403
    assert as_ben.get("/pin/999999/edit/").status_code == 404
    site.pin.refresh_from_db()
    assert site.pin.board == site.board


def test_nobody_pins_to_the_board_of_somebody_else(site, as_ben):
    response = as_ben.post(f"/pin/{site.pin.pk}/repin/", {"board": site.board.pk})

    assert response.status_code == 200
    assert Pin.objects.count() == 1


def test_a_new_pin_goes_to_those_who_follow(site, as_ann):
    Follow.objects.follow(site.ben, site.ann)
    run_feeds()

    form = {"title": "Vase", "category": "pottery", "new_board": "Clay", "comment": "Mine"}
    response = as_ann.post("/pin/new/", form, follow=True)
    run_feeds()

    assert "Pinned to “Clay”." in response.content.decode()
    pin = Pin.objects.get(item__title="Vase")
    assert (pin.board.name, pin.board.owner, pin.comment) == ("Clay", site.ann, "Mine")
    assert [activity.object for activity in get_feed("timeline", site.ben).page()] == [pin, site.pin]


def test_a_repin_remembers_where_it_was_found(site, as_ben):
    as_ben.post(f"/pin/{site.pin.pk}/repin/", {"board": site.bens.pk, "comment": "Also mine"})

    repin = Pin.objects.get(user=site.ben)
    assert (repin.item, repin.via, repin.board) == (site.pin.item, site.pin, site.bens)
    assert "Ann\u2019s pin" in as_ben.get(f"/pin/{repin.pk}/").content.decode()


def test_the_same_item_is_on_a_board_once(site, as_ann):
    for form in ({"board": site.board.pk}, {"new_board": "Tiles"}):
        response = as_ann.post(f"/pin/{site.pin.pk}/repin/", form)
        assert "on that board already" in response.content.decode()
    as_ann.post(f"/pin/{site.pin.pk}/repin/", {"new_board": "Others"})

    assert Pin.objects.count() == 2


def test_a_pin_needs_a_board(site, as_ann):
    response = as_ann.post(f"/pin/{site.pin.pk}/repin/", {"comment": "Where to?"})

    assert "Choose a board, or name a new one." in response.content.decode()


def test_a_moved_pin_leaves_the_old_board(site, as_ann):
    as_ann.post(f"/pin/{site.pin.pk}/edit/", {"new_board": "Quilts", "comment": "Moved"})
    run_feeds()

    new = Board.objects.get(name="Quilts")
    assert [activity.object.comment for activity in get_feed("user", new).page()] == ["Moved"]
    assert not get_feed("user", site.board).page().items


def test_an_unpinned_pin_is_gone(site, as_ann):
    Follow.objects.follow(site.ben, site.ann)
    run_feeds()

    response = as_ann.post(f"/pin/{site.pin.pk}/unpin/", follow=True)
    run_feeds()

    assert "This board is empty." in response.content.decode()
    assert not get_feed("timeline", site.ben).page().items
    assert as_ann.get(f"/pin/{site.pin.pk}/").status_code == 404


@pytest.mark.parametrize("next", ["//elsewhere.example/", "https://elsewhere.example/", "javascript:alert(1)"])
def test_next_never_leads_away(site, as_ann, next):
    path = f"/pin/{site.pin.pk}/edit/"
    assert "elsewhere" not in as_ann.get(path, {"next": next}).content.decode().partition("<main")[2]

    response = as_ann.post(path, {"board": site.board.pk, "next": next})

    assert response["Location"] == f"/pin/{site.pin.pk}/"


def test_next_leads_back(site, as_ann):
    response = as_ann.post(f"/pin/{site.pin.pk}/edit/", {"board": site.board.pk, "next": "/feed/?after=x"})

    assert response["Location"] == "/feed/?after=x"


def test_what_a_user_typed_is_escaped(site, as_ann):
    site.board.name = "<b>bold</b>"
    site.board.save()
    Item.objects.update(title="<script>", source_url="javascript:alert(1)")
    Pin.objects.update(comment="<img src=x>")

    for path in ("/", f"/b/{site.board.pk}/", f"/pin/{site.pin.pk}/", "/u/ann/"):
        text = as_ann.get(path).content.decode()
        assert "<b>bold" not in text
        assert "<script>" not in text
        assert "<img src=x" not in text


def test_the_demo_is_told_of_only_while_developing(site, client, settings):
    get_user_model().objects.create_user("demo", password="demo")
    assert "This is a demo" not in client.get("/sign-in/").content.decode()

    settings.DEBUG = True

    assert "This is a demo" in client.get("/sign-in/").content.decode()


def test_what_is_empty_says_so(site, as_ben):
    assert "Your feed is empty." in as_ben.get("/feed/").content.decode()
    assert "Your feed is empty." in as_ben.get("/feed/grouped/").content.decode()
    assert "This board is empty." in as_ben.get(f"/b/{site.bens.pk}/").content.decode()
    assert "Nothing pinned yet." in as_ben.get("/u/ben/").content.decode()
    assert "Nobody has such a name." in as_ben.get("/people/?q=zz").content.decode()


@pytest.mark.parametrize("path", ["/feed/", "/feed/grouped/", "/u/ann/", "/b/{board}/"])
def test_a_garbled_cursor_is_not_found(site, as_ann, path):
    assert as_ann.get(address(site, path), {"after": "garbage!"}).status_code == 404


def test_who_is_not_there(site, client):
    for path in ("/u/nobody/", "/b/999999/", "/pin/999999/", "/nowhere/"):
        assert client.get(path).status_code == 404
    site.ann.is_active = False
    site.ann.save()
    assert client.get("/u/ann/").status_code == 404


def test_people_are_ordered_by_their_followers(site, client):
    Follow.objects.follow(site.ann, site.ben)

    text = client.get("/people/").content.decode()

    assert text.index(">Ben<") < text.index(">Ann<")
    assert "1 follower ·" in text


def test_older_goes_on_where_the_page_ended(site, as_ann):
    for number in range(30):
        Pin.objects.create(user=site.ann, board=site.board, item=Item.objects.create(title=f"No. {number}"))
    run_feeds()

    first = as_ann.get(f"/b/{site.board.pk}/")
    older = first.content.decode().partition('" rel="next"')[0].rpartition('href="')[2]
    second = as_ann.get(older).content.decode()

    assert "No. 29<" in first.content.decode()
    assert "No. 5<" not in first.content.decode()
    assert "No. 5<" in second
    assert "Quilt<" in second
    assert "Newest" in second


@pytest.mark.parametrize(
    "path", ["/", "/feed/", "/feed/grouped/", "/people/", "/u/{username}/", "/b/{board}/", "/pin/{pin}/"]
)
def test_pages_take_as_many_queries_with_many_rows_as_with_few(db, client, path):
    def queries():
        demo = get_user_model().objects.get(username="demo")
        client.force_login(demo)
        pin = Pin.objects.exclude(user=demo).exclude(via=None).order_by("-pk").first()
        Comment.objects.create(pin=pin, user=demo, text="Like mine, @demo")  # names are a query where there are any
        at = path.format(username=pin.user.username, board=pin.board_id, pin=pin.pk)
        client.get(at)  # the first reader of a feed that was never filled has it filled
        run_feeds()
        with CaptureQueriesContext(connection) as captured:
            assert client.get(at).status_code == 200
        return [query["sql"] for query in captured]

    call_command("seed", users=8, pins=40, verbosity=0)
    run_feeds()
    few = queries()
    call_command("seed", users=20, pins=300, more=True, random_seed=3, verbosity=0)
    run_feeds()

    assert len(queries()) == len(few) < 20


@pytest.mark.parametrize("path", ["/feeds/feed/timeline/", "/feeds/own/user/{board_owner}/", "/feeds/own/user/1/"])
def test_the_pages_that_come_with_django_feeds_look_like_the_rest(site, as_ben, path):
    Follow.objects.follow(site.ben, site.ann)
    run_feeds()
    path = path.replace("{board_owner}", f"pins.Board:{site.board.pk}").replace("/1/", f"/{site.ann.pk}/")

    text = as_ben.get(path).content.decode()

    assert_valid_html(text)
    assert 'class="brand"' in text
    assert text.count('class="card ') == 1


def test_the_language_can_be_chosen(site, client):
    assert '<html lang="en">' in client.get("/").content.decode()

    response = client.post("/language/setlang/", {"language": "de"}, headers={"Referer": "http://testserver/people/"})

    assert response["Location"].endswith("/people/")
    assert '<html lang="de">' in client.get("/").content.decode()
