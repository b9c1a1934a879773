"""E-mail digests: what is in one, and that each is sent once."""

import logging
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from unittest import mock

import django
import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend as MemoryBackend
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from django_feeds import digests
from django_feeds.digests import DAYS, Digest
from django_feeds.exceptions import FeedsConfigurationError
from django_feeds.models import DigestState, RecordRecipient
from django_feeds.registry import get_manager
from tests import storages
from tests.browser.quality import assert_valid_html
from tests.edges.base import TEMPLATES
from tests.testapp.models import Love, Pin, Remark

SITE = "https://example.com"


@pytest.fixture(autouse=True)
def own_pages(monkeypatch):
    """Pins have pages, with something in their address that HTML escapes."""
    monkeypatch.setattr(Pin, "get_absolute_url", lambda pin: f"/pins/{pin.pk}/?a=1&b=2", raising=False)


@pytest.fixture
def site(request, db, settings):
    settings.DJANGO_FEEDS = {"TASKS": "inline", "SITE_URL": SITE}
    settings.DEFAULT_FROM_EMAIL = "feeds@example.com"
    settings.ROOT_URLCONF = "tests.edges.urls"
    settings.TEMPLATES = TEMPLATES
    return Site()


@pytest.fixture(params=["memory", "database", pytest.param("redis_7", marks=pytest.mark.needs("redis_7"))])
def stored(request, site, settings):
    """The same, with the notifications on each storage."""
    notifications = {"CLASS": "django_feeds.feeds.NotificationFeed", "STORAGE": request.param}
    settings.DJANGO_FEEDS = {
        **settings.DJANGO_FEEDS,
        "FEEDS": {"user": {}, "timeline": {}, "notifications": notifications},
        "STORAGES": storages.declared(request.param),
    }
    storages.empty(request.param)
    return site


@pytest.fixture
def send(run, django_capture_on_commit_callbacks):
    """Run the command; returns the mails of this run."""

    def send(**options):
        mail.outbox.clear()
        run("notifications_digest", **options)
        return list(mail.outbox)

    return send


class Site:
    """Ann and Bob have a pin each; Cleo, Dan and Eve love them."""

    def __init__(self):
        names = ["ann", "bob", "cleo", "dan", "eve"]
        self.ann, self.bob, self.cleo, self.dan, self.eve = (
            User.objects.create_user(name, f"{name}@example.com") for name in names
        )
        self.tea = Pin.objects.create(user=self.ann, note="tea")
        self.cats = Pin.objects.create(user=self.bob, note="cats")


@pytest.fixture
def love(django_capture_on_commit_callbacks):
    def love(pin, *users):
        for user in users:
            with django_capture_on_commit_callbacks(execute=True):
                Love.objects.create(user=user, pin=pin)

    return love


def counts(user):
    return get_manager().get_notification_feed(user).counts()


def html_of(message):
    (alternative,) = message.alternatives
    assert alternative[1] == "text/html"
    return alternative[0]


# What is in it


def test_it_tells_in_text_and_in_html_with_absolute_links(stored, send, love):
    love(stored.tea, stored.cleo, stored.dan, stored.eve)

    (message,) = send()

    assert message.to == ["ann@example.com"]
    assert message.from_email == "feeds@example.com"
    assert message.subject == "1 new notification"
    address = f"{SITE}/pins/{stored.tea.pk}/?a=1&b=2"
    text, html = message.body, html_of(message)
    assert "Hello ann," in text
    assert f"\n* eve, dan and 1 other loved your pin: tea\n  {address}\n" in text
    assert "<" not in text
    assert f'loved your <a href="{address.replace("&", "&amp;")}">pin</a>: tea</li>' in html
    assert 'href="/' not in html
    assert_valid_html(html)


def test_two_things_are_two_lines_and_a_plural(site, send, love):
    love(site.tea, site.cleo)
    love(Pin.objects.create(user=site.ann, note="milk"), site.cleo, site.dan)

    (message,) = send()

    assert message.subject == "2 new notifications"
    assert message.body.count("\n* ") == 2
    assert html_of(message).count("<li>") == 2


def test_names_are_escaped_in_html_only_and_make_no_lines(site, send, love):
    Pin.objects.filter(pk=site.tea.pk).update(note='<b>"tea" & milk</b>\n* you won')
    site.tea.refresh_from_db()
    User.objects.filter(pk=site.ann.pk).update(username="<i>ann</i>")
    love(site.tea, site.cleo)

    (message,) = send()

    assert '<b>"tea" & milk</b> * you won' in message.body
    assert message.body.count("\n* ") == 1
    assert "Hello <i>ann</i>," in message.body
    html = html_of(message)
    assert "&lt;b&gt;&quot;tea&quot; &amp; milk&lt;/b&gt;" in html
    assert "Hello &lt;i&gt;ann&lt;/i&gt;," in html
    assert_valid_html(html)


def test_a_mail_has_its_limit_and_says_how_many_are_left(site, send, love, monkeypatch):
    for number in range(5):
        love(Pin.objects.create(user=site.ann, note=f"pin {number}"), site.cleo)
    monkeypatch.setattr(Digest, "limit", 2)

    (message,) = send()

    assert message.subject == "5 new notifications"
    assert message.body.count("\n* ") == 2
    assert "pin 4" in message.body
    assert "And 3 more." in message.body
    assert "<p>And 3 more.</p>" in html_of(message)
    assert not send(), "they were told of, too"


def test_what_may_not_be_seen_any_more_makes_way(site, send, love, monkeypatch):
    milk = Pin.objects.create(user=site.ann, note="milk")
    love(milk, site.cleo)
    love(site.tea, site.cleo)
    Pin.objects.filter(pk=site.tea.pk).delete()
    monkeypatch.setattr(Digest, "limit", 1)

    (message,) = send()

    assert "milk" in message.body


def test_the_mail_program_finds_how_to_unsubscribe(site, send, love, client):
    love(site.tea, site.cleo)

    (message,) = send()

    lines = message.message().as_bytes().replace(b"\n ", b" ").splitlines()
    (header,) = (line.decode() for line in lines if line.startswith(b"List-Unsubscribe:"))
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    assert b"Auto-Submitted: auto-generated" in lines
    address = header.removeprefix("List-Unsubscribe:").strip(" <>")
    assert address.startswith(f"{SITE}/")
    assert address in message.body
    assert f'href="{address}"' in html_of(message)
    client.post(address.removeprefix(SITE), "List-Unsubscribe=One-Click", "application/x-www-form-urlencoded")
    love(site.tea, site.dan)
    assert not send()


def test_without_a_site_there_are_no_links_and_a_warning(site, love, settings, capsys):
    settings.DJANGO_FEEDS = {"TASKS": "inline"}
    love(site.tea, site.cleo)

    call_command("notifications_digest")

    (message,) = mail.outbox
    assert "tea" in message.body
    assert "http" not in message.body
    assert "href" not in html_of(message)
    assert "List-Unsubscribe" not in message.extra_headers
    assert_valid_html(html_of(message))
    assert "DJANGO_FEEDS['SITE_URL'] is not set: the mails have no links" in capsys.readouterr().err


# Once


def test_nothing_is_sent_twice(stored, send, love):
    love(stored.tea, stored.cleo)
    love(stored.cats, stored.cleo)

    assert {message.to[0] for message in send()} == {"ann@example.com", "bob@example.com"}
    assert not send()


def test_what_comes_later_is_sent_later(stored, send, love):
    love(stored.tea, stored.cleo)
    love(stored.cats, stored.cleo)
    send()
    love(stored.tea, stored.dan)
    love(Pin.objects.create(user=stored.ann, note="milk"), stored.dan)

    (message,) = send()

    assert message.to == ["ann@example.com"]
    assert message.subject == "2 new notifications"


def test_what_was_read_is_not_sent_and_what_was_seen_is(site, send, love):
    love(site.tea, site.cleo)
    love(site.cats, site.cleo)
    get_manager().get_notification_feed(site.ann).mark_all(seen=True, read=True)
    get_manager().get_notification_feed(site.bob).mark_all(seen=True, read=False)

    assert [message.to for message in send()] == [["bob@example.com"]]


def test_a_digest_marks_nothing(stored, send, love):
    love(stored.tea, stored.cleo)

    send()

    assert counts(stored.ann) == {"unseen": 1, "unread": 1}


def test_side_by_side_one_sends(site, love):
    love(site.tea, site.cleo)
    first, second = Digest(site.ann), Digest(site.ann)
    assert first.message() is not None
    assert second.message() is not None

    assert [first.send(), second.send()] == [True, False]
    assert len(mail.outbox) == 1


def test_a_digest_by_itself_goes_back_as_far_as_the_command(site, love):
    love(site.tea, site.cleo)
    assert Digest(site.ann).message() is not None

    with mock.patch.object(timezone, "now", return_value=timezone.now() + timedelta(days=DAYS + 1)):
        assert Digest(site.ann).message() is None
        assert Digest(site.ann, since=0).message() is not None


def test_who_unsubscribes_meanwhile_gets_none(site, love):
    love(site.tea, site.cleo)
    digest = Digest(site.ann)
    assert digest.message() is not None
    DigestState.objects.create(user=site.ann, wanted=False)

    assert not digest.send()
    assert not mail.outbox


def test_a_first_run_sends_no_years(site, send, love):
    love(site.tea, site.cleo)
    love(site.cats, site.cleo)
    # As after a storage lost it: an entry that comes back has arrived when its owner was told.
    told = RecordRecipient.objects.filter(owner=str(site.ann.pk))
    told.update(told_at=timezone.now() - timedelta(days=10))
    get_manager().get_notification_feed(site.ann).delete()

    assert [message.to for message in send()] == [["bob@example.com"]]
    assert [message.to for message in send(days=30)] == [["ann@example.com"]]


# Who gets none


def test_who_does_not_want_it_is_inactive_or_has_no_address_gets_none(site, send, love):
    for user in (site.ann, site.bob, site.cleo, site.dan):
        love(Pin.objects.create(user=user, note=f"by {user}"), site.eve)
    DigestState.objects.create(user=site.ann, wanted=False)
    User.objects.filter(pk=site.bob.pk).update(is_active=False)
    User.objects.filter(pk=site.cleo.pk).update(email="")

    assert [message.to for message in send()] == [["dan@example.com"]]


def test_only_those_who_are_named(site, send, love):
    for user in (site.ann, site.bob, site.cleo):
        love(Pin.objects.create(user=user), site.eve)

    assert [message.to for message in send(user=["ann", str(site.cleo.pk)])] == [
        ["ann@example.com"],
        ["cleo@example.com"],
    ]


def test_an_unknown_name_is_said(site, send):
    with pytest.raises(CommandError, match="'nobody' owns no feed"):
        send(user=["nobody"])
    with pytest.raises(CommandError, match="is no user; digests are for users"):
        send(user=[f"testapp.Pin:{site.tea.pk}"])


def test_owners_that_are_no_users_are_passed_over(site, send, love):
    love(site.tea, site.cleo)
    record = RecordRecipient.objects.get().record
    for owner in ("pins.Gone:5", "not a pk", "99999"):
        RecordRecipient.objects.create(owner=owner, activity_id=record.activity_id, record=record)

    assert len(send()) == 1


# How many, in which language


def test_all_are_found_in_batches(site, send, love, monkeypatch):
    for user in (site.ann, site.bob, site.cleo, site.dan):
        love(Pin.objects.create(user=user), site.eve)
        love(Pin.objects.create(user=user), site.eve)
    monkeypatch.setattr("django_feeds.management.commands.notifications_digest.OWNERS", 3)

    assert len(send()) == 4


def test_a_limited_run_leaves_the_rest_to_the_next(site, send, love):
    for user in (site.ann, site.bob, site.cleo):
        love(Pin.objects.create(user=user), site.eve)

    assert [len(send(limit=2)), len(send(limit=2)), len(send(limit=2))] == [2, 1, 0]


def test_a_language_for_all_and_one_of_ones_own(site, send, love, monkeypatch, settings):
    settings.LANGUAGES = [("en", "English"), ("nl", "Dutch"), ("de", "German")]
    seen = []
    monkeypatch.setattr(Digest, "subject", lambda digest: seen.append(translation.get_language()) or "New")
    monkeypatch.setattr(Digest, "language", lambda digest, user: "de" if user == site.bob else None)
    love(site.tea, site.cleo)
    love(site.cats, site.cleo)

    before = translation.get_language()
    messages = send(language="nl")

    assert seen == ["nl", "de"]
    assert ['lang="nl"' in html_of(messages[0]), 'lang="de"' in html_of(messages[1])] == [True, True]
    assert translation.get_language() == before
    with pytest.raises(CommandError, match="LANGUAGES has no 'klingon'"):
        send(language="klingon")


# A dry run


def test_a_dry_run_says_who_would_get_what_and_changes_nothing(site, run, send, love):
    love(site.tea, site.cleo)

    assert run("notifications_digest", dry_run=True) == [
        "Dry run: nothing is sent.",
        "  ann <ann@example.com>: 1 new notification",
        "1 digest would be sent.",
    ]
    assert not mail.outbox
    assert not DigestState.objects.exists()
    assert len(send()) == 1


# What goes wrong


class RefusesAnn(MemoryBackend):
    """A server that does not know one address; it counts how often it is called up."""

    opened = closed = 0

    def open(self):
        RefusesAnn.opened += 1
        return super().open()

    def close(self):
        RefusesAnn.closed += 1

    def send_messages(self, messages):
        if "ann@example.com" in messages[0].to:
            raise SMTPRecipientsRefused({"ann@example.com": (550, b"no such user")})
        return super().send_messages(messages)


class Down(MemoryBackend):
    def open(self):
        raise ConnectionRefusedError("nobody listens")


@pytest.fixture
def use_backend(settings):
    """Send through this backend from now on."""

    def use(backend):
        path = f"{backend.__module__}.{backend.__qualname__}"
        if django.VERSION >= (6, 1):
            settings.MAILERS = {"default": {"BACKEND": path}}
        else:
            settings.EMAIL_BACKEND = path

    return use


def test_one_that_cannot_be_sent_costs_no_other(site, send, love, use_backend, caplog):
    love(site.tea, site.cleo)
    love(site.cats, site.cleo)
    use_backend(RefusesAnn)
    RefusesAnn.closed = 0

    with (
        caplog.at_level(logging.ERROR, "django_feeds.digests"),
        pytest.raises(CommandError, match="^1 digest could not be sent; the log says why.") as caught,
    ):
        send()

    assert caught.value.returncode == 1
    assert [message.to for message in mail.outbox] == [["bob@example.com"]]
    (record,) = caplog.records
    assert record.getMessage() == f"The digest of user {site.ann.pk} could not be sent."
    assert "no such user" in str(record.exc_info[1])
    assert DigestState.objects.get(user=site.ann).sent_at is None
    assert RefusesAnn.closed == 2, "after the failure, and at the end"

    # The next run, when the address is right again.
    use_backend(MemoryBackend)
    assert [message.to for message in send()] == [["ann@example.com"]]


def test_a_failure_puts_back_what_an_earlier_mail_had_set(site, send, love, use_backend):
    love(site.tea, site.cleo)
    send()
    before = DigestState.objects.values().get(user=site.ann)
    love(site.tea, site.dan)
    use_backend(RefusesAnn)

    with pytest.raises(CommandError):
        send()

    assert DigestState.objects.values().get(user=site.ann) == before


def test_a_broken_template_costs_its_mail_only(site, send, love, monkeypatch):
    love(site.tea, site.cleo)
    love(site.cats, site.cleo)
    subject = Digest.subject
    monkeypatch.setattr(Digest, "subject", lambda one: subject(one) if one.user == site.bob else 1 / 0)

    with pytest.raises(CommandError, match="^1 digest could not be sent"):
        send()

    assert [message.to for message in mail.outbox] == [["bob@example.com"]]


def test_a_server_that_is_down_ends_the_run(site, send, love, use_backend, monkeypatch):
    monkeypatch.setattr("django_feeds.management.commands.notifications_digest.PATIENCE", 2)
    for user in (site.ann, site.bob, site.cleo):
        love(Pin.objects.create(user=user), site.eve)
    use_backend(Down)

    with pytest.raises(CommandError, match=r"0 digests sent. Then 2 .* the last because of: .*nobody listens"):
        send()

    use_backend(MemoryBackend)
    assert len(send()) == 3


def test_one_connection_serves_all(site, send, love, settings, monkeypatch):
    made = []
    monkeypatch.setattr(
        "django_feeds.management.commands.notifications_digest.mailer",
        lambda: made.append(MemoryBackend()) or made[-1],
    )
    for user in (site.bob, site.cleo, site.dan):
        love(Pin.objects.create(user=user), site.eve)

    assert len(send()) == 3
    assert len(made) == 1


# A class of one's own


class Loud(Digest):
    def subject(self):
        return super().subject().upper()

    def is_wanted(self):
        return super().is_wanted() and self.user.username != "ann"


def test_a_class_of_ones_own(site, send, love, settings):
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "DIGEST": f"{__name__}.Loud"}
    love(site.tea, site.cleo)
    love(site.cats, site.cleo)

    assert [message.subject for message in send()] == ["1 NEW NOTIFICATION"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere.Digest", "names 'nowhere.Digest', which cannot be imported"),
        ("django_feeds.models.Follow", "is 'django_feeds.models.Follow', which is no subclass of Digest"),
    ],
)
def test_a_class_that_is_none_is_said(site, send, settings, path, said):
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "DIGEST": path}

    with pytest.raises(FeedsConfigurationError, match=said):
        digests.digest_class()
    with pytest.raises(CommandError, match=said):
        send()


def test_a_manager_that_tells_nobody_is_said(site, send, settings):
    settings.DJANGO_FEEDS = {"TASKS": "inline", "MANAGERS": {"default": {"USER_FEED": "user", "FEEDS": ["timeline"]}}}

    with pytest.raises(CommandError, match="has no NOTIFICATIONS: nobody is told anything"):
        send()


def test_queries_do_not_grow_with_those_who_have_nothing_new(site, send, love, django_assert_max_num_queries):
    """Two for the users of a batch and their states; a feed costs its own reads."""
    for user in (site.ann, site.bob, site.cleo, site.dan):
        love(Pin.objects.create(user=user), site.eve)
    owners = [str(user.pk) for user in (site.ann, site.bob, site.cleo, site.dan)]

    with django_assert_max_num_queries(2):
        made = digests.digests(owners, timezone.now() - timedelta(days=7))

    assert [digest.user for digest in made] == [site.ann, site.bob, site.cleo, site.dan]


def test_a_mention_is_told_by_mail(site, send, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        Remark.objects.create(user=site.cleo, pin=site.tea, text="@bob, look!")

    to_ann, to_bob = sorted(send(), key=lambda message: message.to)

    assert (to_ann.to, to_bob.to) == (["ann@example.com"], ["bob@example.com"])
    assert "\n* cleo commented on your pin: tea\n" in to_ann.body
    assert "\n* cleo commented on tea\n" in to_bob.body, "what the sentence names is not named twice"
