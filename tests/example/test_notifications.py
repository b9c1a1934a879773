"""The notifications page, the bell, the e-mail to look at, and staying away from somebody."""

import re

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_feeds.models import Follow, Mute
from django_feeds.registry import get_feed
from django_feeds.testing import run_feeds
from example_project.pins.models import Comment, Item, Love, Pin
from tests.browser.quality import assert_valid_html

PAGE = "/feeds/notifications/"


@pytest.fixture
def told(site):
    """Ann, who gets e-mails, is told of a love, and of a comment on another pin."""
    site.ann.email = "ann@example.com"
    site.ann.save()
    site.vase = Pin.objects.create(user=site.ann, board=site.board, item=Item.objects.create(title="Vase"))
    Love.objects.create(user=site.ben, pin=site.pin)
    Comment.objects.create(user=site.ben, pin=site.vase, text="Which <b>glaze</b>?")
    run_feeds()
    return get_feed("notifications", site.ann)


def text_of(response):
    """The words in the middle of a page."""
    main = response.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub("<[^>]*>", " ", main).split())


def test_the_page_tells_who_did_what(told, as_ann):
    response = as_ann.get(PAGE)

    assert_valid_html(response.content.decode())
    assert "Ben loved your pin" in text_of(response)
    assert "Ben commented on your pin Which &lt;b&gt;glaze&lt;/b&gt;?" in text_of(response)


def test_the_bell_counts_what_was_not_seen(told, as_ann):
    assert 'aria-label="2 new notifications"' in as_ann.get("/").content.decode()

    told.mark_all(seen=True)

    bell = as_ann.get("/").content.decode().partition('class="bell"')[2].partition("</a>")[0]
    assert "hidden>0<" in bell


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}?unread=1", "/notifications/digest/", "/notifications/digest/mail/"])
def test_looking_marks_nothing(told, as_ann, path):
    with CaptureQueriesContext(connection) as queries:
        assert as_ann.get(path).status_code == 200

    assert not [query for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert told.counts() == {"unseen": 2, "unread": 2}


def test_one_is_marked_and_the_filter_leaves_the_other(told, as_ann):
    love = next(group for group in told[:9] if str(group.verb) == "love")
    form = {"id": love.id, "next": f"{PAGE}?unread=1"}

    response = as_ann.post("/feeds/mark/notifications/", form, follow=True)

    assert told.count_unread() == 1
    assert "loved your pin" not in text_of(response)
    assert "commented on your pin" in text_of(response)
    assert "loved your pin" in text_of(as_ann.get(PAGE))


def test_all_are_marked(told, as_ann):
    response = as_ann.post("/feeds/mark-all/notifications/", {"next": f"{PAGE}?unread=1"}, follow=True)

    assert told.counts() == {"unseen": 0, "unread": 0}
    assert "You have read everything." in text_of(response)
    assert "Mark all as read" not in text_of(response)


def test_who_was_never_told_anything_is_encouraged(as_ben):
    assert "Nobody has told you anything yet." in text_of(as_ben.get(PAGE))


def test_marks_take_a_post(told, as_ann):
    for path in ("/feeds/mark/notifications/", "/feeds/mark-all/notifications/"):
        assert as_ann.get(path).status_code == 405
    assert told.count_unread() == 2


def test_what_is_somebody_elses_is_not_there(told, as_ben):
    assert "loved" not in text_of(as_ben.get(PAGE))

    response = as_ben.post("/feeds/mark/notifications/", {"id": told[0].id})
    as_ben.post("/feeds/mark-all/notifications/")

    assert response.status_code == 404
    assert told.counts() == {"unseen": 2, "unread": 2}


@pytest.mark.parametrize(
    "path", [PAGE, "/notifications/digest/mail/", "/feeds/preferences/", "/feeds/live/notifications/"]
)
def test_the_anonymous_sign_in_first(told, client, path):
    response = client.get(path)

    assert (response.status_code, response["Location"]) == (302, f"/sign-in/?next={path}")


def test_the_page_takes_as_many_queries_with_many_as_with_few(told, as_ann, site, django_user_model):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert as_ann.get(PAGE).status_code == 200
        return [query["sql"] for query in captured]

    queries()  # the first reader of a feed that may be shorter than it should be has it filled
    run_feeds()
    few = queries()
    people = [django_user_model.objects.create_user(f"user{number}") for number in range(12)]
    for number in range(8):
        pin = Pin.objects.create(user=site.ann, board=site.board, item=Item.objects.create(title=f"No. {number}"))
        for user in people:
            Love.objects.create(user=user, pin=pin)
            Comment.objects.create(user=user, pin=pin, text="Hello")
    run_feeds()

    assert len(queries()) == len(few) < 16


def test_the_mail_is_the_one_that_would_be_sent(told, site, as_ann):
    page, framed = as_ann.get("/notifications/digest/"), as_ann.get("/notifications/digest/mail/")
    call_command("notifications_digest", verbosity=0)

    sent = mail.outbox[0]
    assert sent.subject in text_of(page)
    assert sent.body.startswith("Hello Ann,")
    # The link to unsubscribe is signed with the time.
    assert unsigned(page.context["message"].body) == unsigned(sent.body)
    assert unsigned(framed.content.decode()) == unsigned(sent.alternatives[0][0])


def unsigned(text):
    return re.sub("/unsubscribe/[^/]+/", "/unsubscribe/", text)


def test_the_mail_is_framed_by_this_site_alone_and_may_do_nothing(told, as_ann):
    page, framed = as_ann.get("/notifications/digest/"), as_ann.get("/notifications/digest/mail/")

    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert framed["Content-Security-Policy"].startswith("sandbox ")
    assert "frame-ancestors 'self'" in framed["Content-Security-Policy"]
    assert "script" not in framed["Content-Security-Policy"]
    assert framed["X-Frame-Options"] == "SAMEORIGIN"


def test_what_was_mailed_is_not_mailed_again(told, as_ann):
    call_command("notifications_digest", verbosity=0)

    assert told.count_unread() == 2
    assert "There is nothing new to send." in text_of(as_ann.get("/notifications/digest/"))
    assert as_ann.get("/notifications/digest/mail/").status_code == 404


def test_who_wants_no_mails_is_shown_none(told, as_ann):
    as_ann.post("/feeds/preferences/", {})

    page = as_ann.get("/notifications/digest/")

    assert "You get no e-mails." in text_of(page)
    assert "<iframe" not in page.content.decode()


def test_a_note_says_that_one_is_answered_or_mentioned(site, as_ben):
    asked = Comment.objects.create(user=site.ben, pin=site.pin, text="Which quilt is it?")
    for text, parent, said in (
        ("Mine.", asked, "answered you"),
        ("Look, @ben!", None, "mentioned you"),
        ("Mine, @ben!", asked, "answered you"),
    ):
        comment = Comment.objects.create(user=site.ann, pin=site.pin, text=text, parent=parent)
        run_feeds()
        assert f"Ann commented on Quilt {said} {text}" in text_of(as_ben.get(PAGE)).replace("Unread: ", "")
        comment.delete()


def test_whose_pin_it_is_is_not_said_to_be_mentioned(told, as_ann):
    assert "mentioned you" not in text_of(as_ann.get(PAGE))
    assert "answered you" not in text_of(as_ann.get(PAGE))


def test_what_one_wants_to_be_told_can_be_chosen(told, as_ann, site):
    page = as_ann.get("/feeds/preferences/")
    assert "<title>What you are told · Corkboard</title>" in page.content.decode()
    assert "Somebody comments on your pin, answers or mentions you" in text_of(page)
    assert "Somebody loves your pin" in text_of(page)
    assert "Somebody follows you" in text_of(page)

    response = as_ann.post("/feeds/preferences/", {"digest": "on"}, follow=True)
    Love.objects.create(user=site.ben, pin=site.vase)
    run_feeds()

    assert "Saved." in text_of(response)
    assert told.count_unread() == 2


def test_somebody_is_muted_and_heard_again(site, as_ben):
    profile = "/u/ann/"
    assert "Mute" in text_of(as_ben.get(profile))

    response = as_ben.post(f"/feeds/mute/{site.ann.pk}/", {"next": profile}, follow=True)
    assert "You hear nothing of what Ann does." in text_of(response)
    assert "Unmute" in text_of(response)

    response = as_ben.post(f"/feeds/unmute/{site.ann.pk}/", {"next": profile}, follow=True)
    assert "You hear nothing" not in text_of(response)


def test_a_block_ends_what_there_was(site, as_ben):
    Follow.objects.follow(site.ann, site.ben)
    Follow.objects.follow(site.ben, site.ann)

    response = as_ben.post(f"/feeds/block/{site.ann.pk}/", {"next": "/u/ann/"}, follow=True)
    assert "You have blocked Ann" in text_of(response)
    assert_valid_html(response.content.decode())
    assert not Follow.objects.exists()

    as_ben.post(f"/feeds/unblock/{site.ann.pk}/", {"next": "/u/ann/"})
    assert not Mute.objects.exists()


def test_nobody_stays_away_from_himself(site, as_ann, client):
    assert "Block" not in text_of(as_ann.get("/u/ann/"))
    client.logout()
    assert "Block" not in text_of(client.get("/u/ann/"))


def test_the_demo_has_news_of_every_kind(django_user_model):
    call_command("seed", users=30, pins=300, verbosity=0)
    run_feeds()
    feed = get_feed("notifications", django_user_model.objects.get(username="demo"))

    groups = feed[:100]

    assert {str(group.verb) for group in groups} == {"love", "comment", "follow"}
    assert any(group.actor_count > 2 for group in groups)
    assert 0 < feed.count_unseen() < feed.count_unread() < len(groups)
    assert any(group.actor_count > 1 for group in get_feed("grouped", feed.owner)[:50] if str(group.verb) == "love")
