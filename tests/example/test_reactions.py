"""Loves, comments and follows: who may, who is told, and on whose feeds they are."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_feeds.models import Follow, Mute
from django_feeds.registry import get_feed, get_manager
from django_feeds.testing import run_feeds
from example_project.pins.models import Comment, Item, Love, Pin
from tests.browser.quality import assert_valid_html


def told(user):
    """What this user is told, as (verb, actors, objects)."""
    run_feeds()
    groups = get_feed("notifications", user)[:20]
    return [(str(group.verb), [str(actor) for actor in group.actors], group.objects) for group in groups]


def comment(client, pin, text, **data):
    return client.post(f"/pin/{pin.pk}/comment/", {"text": text, **data})


def test_a_love_tells_whose_pin_it_is(site, as_ben):
    response = as_ben.post(f"/pin/{site.pin.pk}/love/")

    assert response["Location"] == f"/pin/{site.pin.pk}/"
    assert told(site.ann) == [("love", ["Ben"], [site.pin])]
    assert told(site.ben) == []


def test_loving_twice_is_loving_once(site, as_ben):
    for _time in range(2):
        as_ben.post(f"/pin/{site.pin.pk}/love/")

    assert Love.objects.count() == 1
    assert get_feed("notifications", site.ann)[0].activity_count == 1


def test_nobody_is_told_of_himself(site, as_ann):
    as_ann.post(f"/pin/{site.pin.pk}/love/")
    comment(as_ann, site.pin, "I like it, says @ann")

    assert told(site.ann) == []


def test_who_loves_no_more_is_not_told_of(site, as_ben):
    as_ben.post(f"/pin/{site.pin.pk}/love/")
    assert told(site.ann)

    as_ben.post(f"/pin/{site.pin.pk}/unlove/")

    assert told(site.ann) == []
    assert not Love.objects.exists()


def test_followers_see_loves_and_no_comments(site, as_ben, django_user_model):
    cleo = django_user_model.objects.create_user("cleo")
    Follow.objects.follow(cleo, site.ben)
    run_feeds()

    as_ben.post(f"/pin/{site.pin.pk}/love/")
    run_feeds()
    comment(as_ben, site.pin, "Which quilt is it?")
    run_feeds()

    assert [str(activity.verb) for activity in get_feed("timeline", cleo)[:9]] == ["love"]
    assert [str(group.verb) for group in get_feed("grouped", cleo)[:9]] == ["love"]


def test_loves_of_one_pin_are_one_group_and_pins_to_one_board_on_a_day_too(site, django_user_model):
    cleo, dora = (django_user_model.objects.create_user(name) for name in ("cleo", "dora"))
    for who in (site.ann, site.ben, dora):
        Follow.objects.follow(cleo, who)
    pins = [Pin.objects.create(user=site.ben, board=site.bens, item=Item.objects.create(title=t)) for t in "abc"]
    for lover in (site.ben, dora):
        Love.objects.create(user=lover, pin=site.pin)
    run_feeds()

    groups = get_feed("grouped", cleo)[:9]

    found = [(str(group.verb), group.actor_count, group.object_count) for group in groups]
    assert found == [("love", 2, 1), ("pin", 1, 3), ("pin", 1, 1)]
    assert set(groups[1].objects) == set(pins)


def test_a_comment_tells_whose_pin_it_is_and_says_what(site, as_ben):
    response = comment(as_ben, site.pin, "Which quilt is it?")

    said = Comment.objects.get()
    assert response["Location"] == f"/pin/{site.pin.pk}/#comment-{said.pk}"
    assert told(site.ann) == [("comment", ["Ben"], [site.pin])]
    assert get_feed("notifications", site.ann)[0].last_activity.extra_context["text"] == "Which quilt is it?"


def test_who_is_mentioned_is_told(site, as_ann):
    comment(as_ann, site.pin, "Look at this, @ben!")

    assert told(site.ben) == [("comment", ["Ann"], [site.pin])]


def test_who_is_answered_is_told(site, as_ann):
    asked = Comment.objects.create(user=site.ben, pin=site.pin, text="Which quilt is it?")

    comment(as_ann, site.pin, "Mine.", parent=asked.pk)

    assert Comment.objects.get(text="Mine.").parent == asked
    assert told(site.ben) == [("comment", ["Ann"], [site.pin])]


def test_an_answer_is_about_the_same_pin(site, as_ann):
    other = Pin.objects.create(user=site.ann, board=site.board, item=Item.objects.create(title="Vase"))
    asked = Comment.objects.create(user=site.ben, pin=other, text="What glaze?")

    comment(as_ann, site.pin, "Blue.", parent=asked.pk)

    assert not Comment.objects.filter(text="Blue.").exists()


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_a_comment_says_something_and_not_a_novel(site, as_ben, text):
    response = as_ben.post(f"/pin/{site.pin.pk}/comment/", {"text": text}, follow=True)

    assert not Comment.objects.exists()
    assert response.status_code == 400
    assert 'id="say-errors"' in response.content.decode()


def test_what_is_refused_stays_in_the_form(site, as_ben):
    asked = Comment.objects.create(user=site.ann, pin=site.pin, text="Who likes it?")

    response = comment(as_ben, site.pin, "<I> do" + "!" * 500, parent=asked.pk)

    html = response.content.decode()
    assert_valid_html(html)
    assert "&lt;I&gt; do!!!" in html
    assert f'<input type="hidden" name="parent" value="{asked.pk}">\n    <label for="id_text">' in html
    assert as_ben.get(response.request["PATH_INFO"])["Location"] == site.pin.get_absolute_url()


def test_an_answer_to_what_is_gone_stays_as_a_comment(site, as_ben):
    asked = Comment.objects.create(user=site.ann, pin=site.pin, text="Who likes it?")
    asked_pk = asked.pk
    asked.delete()

    response = comment(as_ben, site.pin, "I do, very much.", parent=asked_pk)

    html = response.content.decode()
    assert response.status_code == 400
    assert "What you answered is gone." in html
    assert "I do, very much.</textarea>" in html
    assert 'name="parent"' not in html


def test_the_end_of_a_line_is_one_character(site, as_ben):
    comment(as_ben, site.pin, "\r\n".join("x" * 250))

    assert not Comment.objects.exclude(text="\n".join("x" * 250)).exists()
    assert Comment.objects.exists()


def test_a_comment_is_taken_back_by_who_made_it(site, as_ben):
    said = Comment.objects.create(user=site.ben, pin=site.pin, text="Oops")
    answer = Comment.objects.create(user=site.ann, pin=site.pin, text="What?", parent=said)
    assert len(told(site.ann)) == 1

    as_ben.post(f"/comment/{said.pk}/delete/")

    assert list(Comment.objects.all()) == [answer]
    assert told(site.ann) == []
    assert "What?" in as_ben.get(f"/pin/{site.pin.pk}/").content.decode()


def test_nobody_takes_back_what_somebody_else_said(site, as_ben):
    said = Comment.objects.create(user=site.ann, pin=site.pin, text="Mine")

    response = as_ben.post(f"/comment/{said.pk}/delete/")

    assert response.status_code == 403
    assert "Only whoever said it can take it back." in response.content.decode()
    assert as_ben.post("/comment/999999/delete/").status_code == 404
    assert Comment.objects.exists()


def test_the_anonymous_sign_in_and_then_see_the_pin(site, client):
    said = Comment.objects.create(user=site.ann, pin=site.pin, text="Mine")
    pin = site.pin.get_absolute_url()

    for path in (f"{pin}love/", f"{pin}unlove/", f"{pin}comment/", f"/comment/{said.pk}/delete/"):
        response = client.post(path, {"text": "Hello"})
        assert (response.status_code, response["Location"]) == (302, f"/sign-in/?next={pin}")
    assert (Love.objects.count(), Comment.objects.count()) == (0, 1)


def test_reactions_take_a_post_with_the_token(site, as_ben):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(site.ben)

    for name in ("love", "unlove", "comment"):
        assert as_ben.get(f"/pin/{site.pin.pk}/{name}/").status_code == (302 if name == "comment" else 405)
        assert strict.post(f"/pin/{site.pin.pk}/{name}/", {"text": "Hello"}).status_code == 403
    assert as_ben.get("/comment/1/delete/").status_code == 405


def test_who_is_blocked_can_neither_love_nor_comment(site, as_ben):
    get_manager().block_user(site.ann, site.ben)

    response = as_ben.post(f"/pin/{site.pin.pk}/love/", follow=True)
    comment(as_ben, site.pin, "Hello?")

    assert "Ann does not want to hear from you." in response.content.decode()
    refused = as_ben.post(f"/feeds/follow/{site.ann.pk}/")
    assert refused.status_code == 400
    assert '<a class="button" href="/feed/">' in refused.content.decode()
    assert (Love.objects.count(), Comment.objects.count()) == (0, 0)


def test_who_is_muted_is_not_heard(site, as_ben):
    Mute.objects.mute(site.ann, site.ben)

    as_ben.post(f"/pin/{site.pin.pk}/love/")

    assert told(site.ann) == []
    assert Love.objects.exists()


def test_who_is_followed_is_told_and_no_longer_when_that_ends(site, as_ben):
    for _time in range(2):
        as_ben.post(f"/feeds/follow/{site.ann.pk}/")
    assert told(site.ann) == [("follow", ["Ben"], [site.ann])]

    as_ben.post(f"/feeds/unfollow/{site.ann.pk}/")

    assert told(site.ann) == []


def test_following_a_board_is_quiet(site, as_ben):
    as_ben.post(f"/feeds/follow/pins.Board:{site.board.pk}/")

    assert told(site.ann) == []


def test_names_that_are_somebodys_are_links_and_all_else_is_text(site, as_ben):
    text = "<b>Hi</b> @ann. and @nobody, write to ben@ann or @<script>"
    Comment.objects.create(user=site.ben, pin=site.pin, text=text)

    html = as_ben.get(f"/pin/{site.pin.pk}/").content.decode()

    shown = '&lt;b&gt;Hi&lt;/b&gt; <a href="/u/ann/">@ann</a>. and @nobody, write to ben@ann or @&lt;script&gt;'
    assert shown in html


def test_answers_stand_under_what_they_answer(site, as_ann):
    first = Comment.objects.create(user=site.ben, pin=site.pin, text="First")
    Comment.objects.create(user=site.ann, pin=site.pin, text="Second")
    answer = Comment.objects.create(user=site.ann, pin=site.pin, text="Answer", parent=first)
    Comment.objects.create(user=site.ben, pin=site.pin, text="And back", parent=answer)

    html = as_ann.get(f"/pin/{site.pin.pk}/").content.decode()

    places = [html.index(f"<p>{text}</p>") for text in ("First", "Answer", "And back", "Second")]
    assert places == sorted(places)
    assert "4 comments" in html


def test_a_conversation_takes_as_many_queries_as_a_remark(site, as_ben, django_assert_num_queries):
    def look():
        return as_ben.get(f"/pin/{site.pin.pk}/")

    first = Comment.objects.create(user=site.ben, pin=site.pin, text="Hello @ann")
    run_feeds()
    with CaptureQueriesContext(connection) as few:
        look()
    for number in range(20):
        user = (site.ann, site.ben)[number % 2]
        Comment.objects.create(user=user, pin=site.pin, text=f"{number} @ben", parent=first)

    run_feeds()
    with django_assert_num_queries(len(few)):
        look()


def test_hearts_show_how_many_love_and_whether_the_reader_does(site, as_ben):
    Follow.objects.follow(site.ben, site.ann)
    run_feeds()

    for path in ("/", "/feed/", f"/pin/{site.pin.pk}/"):
        assert f'action="/pin/{site.pin.pk}/love/"' in as_ben.get(path).content.decode()
        response = as_ben.post(f"/pin/{site.pin.pk}/love/", {"next": path})
        assert response["Location"] == path
        html = as_ben.get(path).content.decode()
        assert f'action="/pin/{site.pin.pk}/unlove/"' in html
        assert '<span class="number">1</span>' in html
        as_ben.post(f"/pin/{site.pin.pk}/unlove/", {"next": path})
