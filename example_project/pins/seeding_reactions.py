"""What the people of an invented community make of each other's pins: loves, comments, answers, mentions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django_feeds.mentions import NAME
from django_feeds.models import Follow

from .community import DEMO, GENERAL_TALK, MENTIONS, TALK, THANKS
from .models import Comment, Love, Pin
from .seeding import BATCH, Community, cumulative_zipf

MENTIONING = 0.12
"""The share of comments that call somebody."""

ANSWERED = 0.5

LOVERS = 40
"""Who loves at all; most people only look."""


class Reactions:
    """Writes them for a community that has been written; `demo` has something of everything."""

    def __init__(self, community: Community) -> None:
        self.rng, self.now = community.rng, community.now
        self.people = [person.user for person in community.people]
        self.by_name = {user.username: user for user in self.people}
        self.pins = community.pins
        self.demo = self.by_name.get(DEMO)
        self.of_demo = [pin for pin in reversed(self.pins) if pin.user == self.demo][:12]

    def add_loves(self, number: int) -> list[Love]:
        """Let the busiest love pins, about that often, and a few of these much; and some admire what `demo` pinned."""
        lovers = self.people[:LOVERS]
        ranked = self.rng.sample(self.pins, len(self.pins) // 25)
        busy, popular = cumulative_zipf(len(lovers), 0.5), cumulative_zipf(len(ranked), 0.6)
        found: dict[tuple[Any, Any], Love] = {}
        for pin in self.rng.choices(ranked, cum_weights=popular, k=number) if ranked else ():
            self._love(found, pin, self.rng.choices(lovers, cum_weights=busy)[0], self._after(pin.created_at))
        for place, pin in enumerate(self.of_demo):
            moment = max(pin.created_at, self.now - timedelta(hours=2 + 15 * place))
            for user in self.rng.sample(lovers, min(self.rng.choice([1, 2, 3, 6]), len(lovers))):
                time = moment + (self.now - moment) * self.rng.random() * 0.1
                self._love(found, pin, user, time)
        return Love.objects.bulk_create(found.values(), BATCH)

    def _love(self, found: dict[tuple[Any, Any], Love], pin: Pin, user: Any, time: datetime) -> None:
        if user != pin.user:
            found[pin.pk, user.pk] = Love(user=user, pin=pin, created_at=time)

    def add_comments(self, number: int) -> list[Comment]:
        """Let people say something under about that many pins, and others answer."""
        pins = [*self.of_demo[:8], *self.rng.sample(self.pins, min(number, len(self.pins)))]
        said = {pin: self._opening(pin) for pin in dict.fromkeys(pins)}
        elsewhere = [comment for pin, comment in said.items() if self.demo and pin.user != self.demo]
        for comment in elsewhere[:6]:
            comment.user = self.demo
        for comment in elsewhere[6:9]:
            if comment.user != self.demo:
                comment.text = self._mention(DEMO)
        openings = Comment.objects.bulk_create(said.values(), BATCH)
        wanted = [comment for comment in openings if comment.user == self.demo or self.rng.random() < ANSWERED]
        return openings + Comment.objects.bulk_create(map(self._answer, wanted), BATCH)

    def add_admirers(self) -> list[Follow]:
        """Let those who follow `demo` have come one after the other; all other follows are as old as the site."""
        follows = list(Follow.objects.followers(self.demo)[:12]) if self.demo else []
        for follow in follows:
            follow.created_at = self._after(min((pin.created_at for pin in self.pins), default=self.now))
        Follow.objects.bulk_update(follows, ["created_at"])
        return follows

    def _opening(self, pin: Pin) -> Comment:
        if self.rng.random() < MENTIONING:
            text = self._mention(self._other(pin.user).username)
        else:
            text = self.rng.choice(TALK[pin.item.category] + GENERAL_TALK).opening
        return Comment(user=self._other(pin.user), pin=pin, text=text, created_at=self._after(pin.created_at))

    def _mention(self, name: str) -> str:
        return self.rng.choice(MENTIONS).format(friend=name)

    def _answer(self, said: Comment) -> Comment:
        """Whose pin it is answers mostly what was asked; who was called answers for himself."""
        exchanges = TALK[said.pin.item.category] + GENERAL_TALK
        answers = next((exchange.answers for exchange in exchanges if exchange.opening == said.text), THANKS)
        name = NAME.search(said.text)
        called = self.by_name.get(name[1].rstrip(".")) if name else None
        user = called or (said.pin.user if self.rng.random() < 0.7 else self._other(said.user))
        if user == said.user:
            user = self._other(said.user)
        time = self._after(said.created_at)
        return Comment(user=user, pin=said.pin, parent=said, text=self.rng.choice(answers), created_at=time)

    def _other(self, user: Any) -> Any:
        """Anybody but this user; there are two at least."""
        one, two = self.rng.sample(self.people, 2)
        return two if one == user else one

    def _after(self, time: datetime) -> datetime:
        """A moment since then, soon rather than late."""
        return time + (self.now - time) * self.rng.betavariate(0.6, 5)
