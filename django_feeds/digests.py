"""
E-mail digests: what a user has not read, once. `manage.py notifications_digest` sends them.

Subclass `Digest` and name it in `DJANGO_FEEDS["DIGEST"]` to change what is sent, in which language, or to whom.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from django.contrib.auth import get_user_model
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.html import conditional_escape, escape
from django.utils.module_loading import import_string
from django.utils.safestring import mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from . import conf
from .activity import AggregatedActivity
from .exceptions import FeedsConfigurationError, FeedsError
from .feeds.marked import MarkedWindow
from .ids import milliseconds
from .models import DigestState, RecordRecipient
from .owners import Owner, reference_of
from .preferences import unsubscribe_token
from .registry import get_manager
from .sentences import group_text, url_of

__all__ = ["Digest", "Line", "Unread", "digest_class", "digests", "owners_told"]


class Unread(NamedTuple):
    """What a digest tells of."""

    groups: list[AggregatedActivity]
    more: int
    """How many groups there are beside these."""
    up_to: int
    """When the last of all this arrived."""


_NAMED = _("%(sentence)s: %(name)s")


class Line(NamedTuple):
    """A group as a mail shows it."""

    text: str
    html: str
    url: str
    """The page of what it is about, where that is one thing and has a page."""


DAYS = 7
"""How far back a mail goes where nobody says it."""

NAME_LENGTH = 80
"""Characters of a thing's name behind a sentence."""


class Digest:
    """
    The e-mail that one user is sent, if any: his unread groups that have a member he was not mailed yet.

    What arrived before `since` (Unix milliseconds; by default DAYS ago, as in the command) is not looked at. Reading
    it marks nothing as seen or read.
    """

    limit: ClassVar[int] = 20
    """Groups in one mail; of the others it says how many there are."""

    from_email: ClassVar[str | None] = None
    """The sender; None: Django's DEFAULT_FROM_EMAIL."""

    subject_template = "django_feeds/digest/subject.txt"
    text_template = "django_feeds/digest/body.txt"
    html_template = "django_feeds/digest/body.html"

    def __init__(self, user: Any, state: DigestState | None = None, since: int | None = None) -> None:
        self.user = user
        self.state = state or DigestState.objects.filter(user=user.pk).first() or DigestState(user_id=user.pk)
        since = milliseconds(timezone.now() - timedelta(days=DAYS)) if since is None else since
        self.since = max(since, self.state.sent_up_to)

    # To whom

    @property
    def address(self) -> str:
        return str(getattr(self.user, self.user.get_email_field_name(), "") or "")

    def is_wanted(self) -> bool:
        """Shall this user be sent anything at all?"""
        return bool(self.state.wanted and self.user.is_active and self.address)

    def language(self, user: Any) -> str | None:
        """The language that this user reads; None: the active one."""
        return None

    # Of what

    @cached_property
    def feed(self) -> Any:
        """The feed that is looked at."""
        return get_manager().get_notification_feed(self.user)

    @cached_property
    def unread(self) -> Unread:
        """What there is to tell, in two calls to the storage and what it takes to load what is shown."""
        window = MarkedWindow(self.feed)
        waiting = [group for group in window.groups if window.is_unread(group) and window.latest(group) > self.since]
        shown: list[AggregatedActivity] = []
        # What the user may not see any more makes way for others.
        while waiting and len(shown) < self.limit:
            room = self.limit - len(shown)
            shown += window.show(waiting[:room], self.user)
            waiting = waiting[room:]
        return Unread(shown, len(waiting), window.up_to)

    @property
    def groups(self) -> list[AggregatedActivity]:
        return self.unread.groups

    # In which words

    def subject(self) -> str:
        return " ".join(render_to_string(self.subject_template, self.context).split())

    def text(self) -> str:
        return render_to_string(self.text_template, self.context).strip() + "\n"

    def html(self) -> str:
        return absolute(render_to_string(self.html_template, self.context))

    @cached_property
    def context(self) -> dict[str, Any]:
        """What the templates are given; the addresses are "" where there are none."""
        return {
            "user": self.user,
            "groups": self.groups,
            "lines": [self.line(group) for group in self.groups],
            "more": self.unread.more,
            "count": len(self.groups) + self.unread.more,
            "language": translation.get_language(),
            "bidi": translation.get_language_bidi(),
            "site_url": site_url(),
            "notifications_url": address_of("notifications"),
            "preferences_url": address_of("preferences"),
            "unsubscribe_url": self.unsubscribe_url,
        }

    def line(self, group: AggregatedActivity) -> Line:
        """One group, in words: "Bob loved your pin: Tea", since two of your pins would sound the same."""
        text = _one_line(group_text(group, viewer=self.user, links=False))
        html = conditional_escape(group_text(group, viewer=self.user, links=bool(site_url())))
        thing = group.objects[0] if group.object_count == 1 and group.objects else None
        name = _one_line(Truncator(thing).chars(NAME_LENGTH)) if thing not in (None, self.user) else ""
        if name and name not in text:
            parts = {"sentence": text, "name": name}
            text, html = _NAMED % parts, mark_safe(escape(_NAMED) % {"sentence": html, "name": escape(name)})
        url = url_of(thing) if thing is not None and site_url() else ""
        return Line(text, html, site_url() + url if url.startswith("/") else url)

    @cached_property
    def unsubscribe_url(self) -> str:
        return address_of("unsubscribe", unsubscribe_token(self.user))

    def headers(self) -> dict[str, str]:
        """Machines shall not answer it; mail programs show a button to unsubscribe (RFC 8058)."""
        headers = {"Auto-Submitted": "auto-generated"}
        if self.unsubscribe_url:
            headers["List-Unsubscribe"] = Unfolded(f"<{self.unsubscribe_url}>")
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers

    # Sent

    def message(self) -> EmailMultiAlternatives | None:
        """The mail as it would be sent now; None: there is nothing to send."""
        if not self.is_wanted() or not self.groups:
            return None
        with self._in_language():
            message = EmailMultiAlternatives(
                self.subject(), self.text(), self.from_email, [self.address], headers=self.headers()
            )
            message.attach_alternative(self.html(), "text/html")
        return message

    def send(self, connection: Any = None) -> bool:
        """
        Send the mail, if there is one; returns whether it was sent.

        Of several processes that do this at once, one does. What the mail backend raises is raised, and then the mail
        counts as not sent.
        """
        message = self.message()
        if message is None:
            return False
        connection = connection or mailer()
        connection.open()  # first, so that a server that is down costs no claim
        if not self._claim():
            return False
        try:
            connection.send_messages([message])
        except BaseException:
            self._put_back()
            raise
        return True

    def _claim(self) -> bool:
        """Say that it is sent, before it is; False: somebody else did, or the user has just had enough."""
        DigestState.objects.get_or_create(user_id=self.user.pk)
        mine = DigestState.objects.filter(user=self.user.pk, sent_up_to=self.state.sent_up_to, wanted=True)
        return bool(mine.update(sent_up_to=self.unread.up_to, sent_at=timezone.now()))

    def _put_back(self) -> None:
        mine = DigestState.objects.filter(user=self.user.pk, sent_up_to=self.unread.up_to)
        mine.update(sent_up_to=self.state.sent_up_to, sent_at=self.state.sent_at)

    def _in_language(self) -> AbstractContextManager[Any]:
        language = self.language(self.user)
        return translation.override(language) if language else nullcontext()


class Unfolded(str):
    """The value of List-Unsubscribe, which Python would encode where it is long: mail programs know it no more then."""

    name = "List-Unsubscribe"
    """So Python's email package takes it as a header that folds itself."""

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def mailer() -> Any:
    """A connection to the mail server, not opened yet."""
    mailers = getattr(mail, "mailers", None)  # since Django 6.1
    return mail.get_connection() if mailers is None else mailers.default


def digest_class() -> type[Digest]:
    """The class that `DJANGO_FEEDS["DIGEST"]` names; raises FeedsConfigurationError."""
    path = conf.get("DIGEST")
    try:
        found = import_string(path) if isinstance(path, str) else path
    except ImportError as error:
        raise FeedsConfigurationError(
            f"DJANGO_FEEDS['DIGEST'] names {path!r}, which cannot be imported: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Digest)):
        raise FeedsConfigurationError(f"DJANGO_FEEDS['DIGEST'] is {path!r}, which is no subclass of {Digest.__name__}.")
    return found


# Whose


def owners_told(since: datetime, size: int) -> Iterator[list[Owner]]:
    """Who was told anything since then, `size` at a time, in order."""
    told = RecordRecipient.objects.filter(told_at__gte=since).order_by("owner").values_list("owner", flat=True)
    after = ""
    while owners := list(told.filter(owner__gt=after).distinct()[:size]):
        yield owners
        after = owners[-1]


def digests(owners: Collection[Owner], since: datetime) -> list[Digest]:
    """The digests of those of these owners who are users, of what arrived since then: two queries."""
    made, arrival = digest_class(), milliseconds(since)
    users = get_user_model()._default_manager.in_bulk(list(_user_pks(owners)))
    states = DigestState.objects.in_bulk(list(users))
    return [made(user, states.get(pk) or DigestState(user_id=pk), arrival) for pk, user in users.items()]


def _user_pks(owners: Collection[Owner]) -> Iterator[Any]:
    for owner in owners:
        if ":" not in owner:
            with suppress(FeedsError):  # what was a user under another user model
                yield reference_of(owner).pk


# Addresses


def site_url() -> str:
    """What absolute links begin with; "" where nobody said it, and there are none."""
    return (conf.get("SITE_URL") or "").rstrip("/")


def address_of(view: str, *args: Any) -> str:
    """The absolute address of one of our views, "" where it has none."""
    try:
        return site_url() and site_url() + reverse(f"django_feeds:{view}", args=args)
    except NoReverseMatch:
        return ""


def absolute(html: str) -> str:
    """The same with links to pages of this site made absolute."""
    safe = conditional_escape(html)
    return mark_safe(LOCAL.sub(rf'\1="{site_url()}/', safe)) if site_url() else safe


def _one_line(text: str) -> str:
    """A name with a line break is not to look like a line of ours."""
    return " ".join(text.split())


LOCAL = re.compile(r'\b(href|src)="/(?!/)')
