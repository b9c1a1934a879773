"""
An invented community, believable in its numbers: few have many followers and most have few, popular pins are
re-pinned most, and more happens in the evenings and lately.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from django_feeds.models import Follow
from django_feeds.owners import owner_of

from .community import DEMO, FIRST_NAMES, GENERAL_COMMENTS, INTERESTS, LAST_NAMES
from .models import MAX_SEED, Board, Item, Pin

WEEKS = 5
REPINNED = 0.72
"""The share of pins that were taken from somebody else's."""

NO_PASSWORD = "!"
BATCH = 1_000


class Person(NamedTuple):
    """A user and what she likes, the favourite first."""

    user: Any
    interests: list[str]


class Community:
    """Writes users, boards, pins and follows; the same `random_seed` gives the same ones, relative to `now`."""

    def __init__(self, random_seed: int, now: datetime) -> None:
        self.rng = Random(random_seed)
        # Of their own, since how many are drawn depends on the hour: all else is to be the same at any.
        self.hours = Random(f"{random_seed} hours")
        self.now = now
        self.people: list[Person] = []
        self.boards: dict[Any, dict[str, Board]] = {}
        self.pins: list[Pin] = []

    def add_users(self, number: int) -> None:
        """Make that many users, the first of them `demo`. The earlier somebody comes, the more popular."""
        User = get_user_model()
        taken = set(User.objects.values_list("username", flat=True))
        users = [] if DEMO in taken else [_demo(User)]
        taken.add(DEMO)
        while len(users) < number:
            users.append(self._user(User, taken))
        User.objects.bulk_create(users, BATCH)
        for user in users:
            liked = self.rng.sample(list(INTERESTS), self.rng.choice([1, 2, 2, 3, 4]))
            self.people.append(Person(user, liked))
        self.rng.shuffle(self.people)

    def add_boards(self) -> None:
        """Give everybody one board for each interest."""
        for person in self.people:
            self.boards[person.user.pk] = {
                interest: Board(owner=person.user, name=self.rng.choice(INTERESTS[interest].boards))
                for interest in person.interests
            }
        Board.objects.bulk_create([board for mine in self.boards.values() for board in mine.values()], BATCH)

    def add_pins(self, number: int) -> Iterator[int]:
        """Write that many pins; gives how many, batch by batch."""
        pins: list[Pin] = []
        by_interest: dict[str, list[Pin]] = {interest: [] for interest in INTERESTS}
        seen: set[tuple[Any, Any]] = set()
        busy = cumulative_zipf(len(self.people), 0.6)
        for time in self._times(number):
            person = self.rng.choices(self.people, cum_weights=busy)[0]
            interest = self.rng.choice(person.interests)
            pin = self._pin(person, interest, time, by_interest[interest], seen)
            by_interest[interest].append(pin)
            pins.append(pin)
        self.pins = pins
        originals = [pin for pin in pins if pin.via is None]
        Item.objects.bulk_create([pin.item for pin in originals], BATCH)
        # First what others are taken from.
        for some in (originals, [pin for pin in pins if pin.via is not None]):
            for start in range(0, len(some), BATCH):
                yield len(Pin.objects.bulk_create(some[start : start + BATCH]))

    def add_follows(self) -> None:
        """Let everybody follow some users, the popular ones rather, and some boards about what she likes."""
        popular = cumulative_zipf(len(self.people), 0.9)
        boards = [(interest, board) for mine in self.boards.values() for interest, board in mine.items()]
        follows = []
        for person in self.people:
            number = 20 if person.user.username == DEMO else min(int(self.rng.lognormvariate(2.4, 0.8)) + 3, 90)
            chosen = self.rng.choices(self.people, cum_weights=popular, k=number)
            targets = {owner_of(other.user) for other in chosen if other is not person}
            liked = [board for interest, board in boards if interest in person.interests and board.owner != person.user]
            targets |= {owner_of(board) for board in self.rng.sample(liked, min(len(liked), self.rng.randint(0, 6)))}
            follows += [Follow(user=person.user, target=target) for target in sorted(targets)]
        Follow.objects.bulk_create(follows, BATCH)

    def _user(self, User: Any, taken: set[str]) -> Any:
        first, last = self.rng.choice(FIRST_NAMES), self.rng.choice(LAST_NAMES)
        name = plain = slugify(f"{first} {last}").replace("-", ".")
        while name in taken:
            name = f"{plain}{self.rng.randint(2, 9999)}"
        taken.add(name)
        return User(username=name, first_name=first, last_name=last, password=NO_PASSWORD)

    def _pin(self, person: Person, interest: str, time: datetime, earlier: list[Pin], seen: set[Any]) -> Pin:
        # Whoever pinned something lately is found first, so what is pinned much is pinned more.
        found = self.rng.choice(earlier[-150:]) if earlier and self.rng.random() < REPINNED else None
        via = found.via or found if found else None
        item = via.item if via else self._item(interest)
        if via and (person.user.pk, id(item)) in seen:
            via, item = None, self._item(interest)
        seen.add((person.user.pk, id(item)))
        said = INTERESTS[interest].comments + GENERAL_COMMENTS
        board = self.boards[person.user.pk][interest]
        return Pin(user=person.user, item=item, board=board, via=via, comment=self.rng.choice(said), created_at=time)

    def _item(self, interest: str) -> Item:
        words = INTERESTS[interest]
        title = f"{self.rng.choice(words.openings)} {self.rng.choice(words.places)}"
        return Item(
            title=title,
            category=interest,
            seed=self.rng.randrange(1, MAX_SEED),
            source_url=f"https://example.com/{slugify(title)}",
        )

    def _times(self, number: int) -> list[datetime]:
        """Moments of the last weeks, more of them lately and in the evening."""
        found: list[datetime] = []
        while len(found) < number:
            time = self.now - timedelta(weeks=WEEKS) * self.hours.betavariate(1.1, 2.2) - timedelta(minutes=1)
            if self.hours.random() < (0.25 if time.hour < 7 else 0.6 if time.hour < 17 else 1.0):
                found.append(time)
        return sorted(found)


def _demo(User: Any) -> Any:
    address = f"{DEMO}@example.com"
    return User(username=DEMO, first_name="Demi", last_name="Moreau", email=address, password=make_password(DEMO))


def cumulative_zipf(number: int, exponent: float) -> list[float]:
    """Cumulative weights of ranks: the second has half the weight of the first where the exponent is 1."""
    return list(accumulate(1 / (rank + 1) ** exponent for rank in range(number)))
