"""
A site that lives: people pin, edit, move, unpin, follow, leave and read, in any order; tasks run late, twice and
in other orders, and are interrupted. Whenever nothing is queued, every feed is what the oracle's query says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.test import override_settings
from django.utils import timezone as django_timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from django_feeds import conf
from django_feeds.models import Follow
from django_feeds.owners import owner_of
from django_feeds.registry import get_feed, get_manager
from django_feeds.sources import pause_tracking, source_of
from django_feeds.testing import hold_tasks
from tests import storages
from tests.testapp.models import Board, Pin, Tag

from . import oracle
from .interruption import interrupted

LONG_AGO = datetime(2024, 5, 1, tzinfo=timezone.utc)

# Which of those that are there: taken modulo their number, so that a failure shrinks well.
some = st.integers(0, 7)
# Few moments, so that many things happen in the same millisecond.
moments = st.integers(0, 12)


class Site(RuleBasedStateMachine):
    storage = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.closing: list[Any] = []
        self.enter(transaction.atomic())
        self.gone: list[str] = []
        """Owners that were deleted."""
        self.taken_back: set[int] = set()
        """Pins that were retracted by hand and not saved since."""
        self.changed = False

    def enter(self, context: Any) -> Any:
        self.closing.append(context)
        return context.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        for context in reversed(self.closing):
            context.__exit__(None, None, None)

    @initialize(
        own=st.integers(3, 10),
        length=st.integers(3, 10),
        chunk=st.integers(1, 3),
        include_own=st.booleans(),
        recent=st.booleans(),
    )
    def open(self, own: int, length: int, chunk: int, include_own: bool, recent: bool) -> None:
        self.start = django_timezone.now().replace(microsecond=0) if recent else LONG_AGO
        shared = {"MAX_LENGTH": length, "STORAGE": self.storage}
        feeds = {
            "user": {"MAX_LENGTH": max(own, length), "STORAGE": self.storage},
            "timeline": shared,
            "grouped": {"CLASS": "django_feeds.feeds.AggregatedFeed", "AGGREGATOR": "{actor}", **shared},
            "notifications": {"CLASS": "django_feeds.feeds.NotificationFeed", **shared},
        }
        manager = {"USER_FEED": "user", "FEEDS": ["timeline", "grouped"], "NOTIFICATIONS": "notifications"}
        site = {
            "FEEDS": feeds,
            "MANAGERS": {"default": manager},
            "FANOUT_CHUNK_SIZE": chunk,
            "INCLUDE_OWN": include_own,
            "STORAGES": storages.declared(self.storage),
        }
        self.enter(override_settings(DJANGO_FEEDS=site))
        storages.empty(self.storage)
        self.held = self.enter(hold_tasks())
        self.users = [User.objects.create(username=f"user{number}") for number in range(4)]
        self.mentions = oracle.Mentions()
        self.boards = [Board.objects.create(name=f"board {number}") for number in range(3)]
        self.tags = [Tag.objects.create(name="tag")]

    # Who and what there is

    @property
    def pins(self) -> list[Pin]:
        return list(Pin.objects.order_by("pk"))

    def user(self, index: int) -> User:
        return self.users[index % len(self.users)]

    def board(self, index: int) -> Board | None:
        """One of the boards, or none."""
        return [None, *self.boards][index % (len(self.boards) + 1)]

    def pin(self, index: int) -> Pin | None:
        """One of the pins, the newest first."""
        pins = self.pins
        return pins[-1 - index % len(pins)] if pins else None

    def target(self, index: int) -> Any:
        targets = [*self.users, *self.boards, *self.tags]
        return targets[index % len(targets)]

    def at(self, moment: int) -> datetime:
        """One of a few moments, three of them in one millisecond."""
        return self.start + timedelta(microseconds=moment * 333)

    def committed(self) -> None:
        self.changed = True
        self.mentions.look(self.taken_back)
        self.held.commit()

    # What happens

    @rule(user=some, board=some, moment=moments)
    def publish(self, user: int, board: int, moment: int) -> None:
        self.add(user, board, moment)
        self.committed()

    def add(self, user: int, board: int, moment: int) -> Pin:
        return Pin.objects.create(user=self.user(user), board=self.board(board), created_at=self.at(moment))

    @rule(pins=st.lists(st.tuples(some, some, moments), min_size=1, max_size=6), pin=some, board=some)
    def publish_many(self, pins: list[tuple[int, int, int]], pin: int, board: int) -> None:
        """What sends no signals: a bulk of new pins, and an UPDATE of an old one."""
        old = self.pin(pin)
        with pause_tracking():
            new = [self.add(*values) for values in pins]
        changed = [old.pk] if old else []
        Pin.objects.filter(pk__in=changed).update(board=self.board(board))
        self.taken_back -= set(changed)
        get_manager().publish_many(Pin.objects.filter(pk__in=[*changed, *(pin.pk for pin in new)]))
        self.committed()

    @rule(pin=some, note=st.sampled_from(["", "a", "@user0", "@user1 @user2", "@user2"]), draft=st.booleans())
    def edit(self, pin: int, note: str, draft: bool) -> None:
        self.change(pin, note=note, draft=draft)

    @rule(pin=some, board=some)
    def move_to_board(self, pin: int, board: int) -> None:
        self.change(pin, board=self.board(board))

    @rule(pin=some, user=some)
    def move_to_author(self, pin: int, user: int) -> None:
        self.change(pin, user=self.user(user))

    @rule(pin=some, moment=moments)
    def move_to_time(self, pin: int, moment: int) -> None:
        self.change(pin, created_at=self.at(moment))

    def change(self, index: int, **values: Any) -> None:
        pin = self.pin(index)
        if pin is None:
            return
        for name, value in values.items():
            setattr(pin, name, value)
        pin.save()
        self.taken_back.discard(pin.pk)
        self.committed()

    @rule(pin=some, tag=some, how=st.sampled_from(["add", "remove", "reverse", "clear"]))
    def tag(self, pin: int, tag: int, how: str) -> None:
        found = self.pin(pin)
        if found is None or not self.tags:
            return
        chosen = self.tags[tag % len(self.tags)]
        if how == "reverse":
            chosen.pin_set.add(found)
        elif how == "clear":
            found.tags.clear()
        else:
            getattr(found.tags, how)(chosen)
        if found.pk in self.taken_back:  # a change of tags that changed nothing sends no signal
            found.save()
            self.taken_back.discard(found.pk)
        self.committed()

    @rule(pin=some)
    def unpin(self, pin: int) -> None:
        found = self.pin(pin)
        if found is not None:
            found.delete()
            self.committed()

    @rule(pin=some)
    def retract(self, pin: int) -> None:
        """Take the activity back; the pin stays, and saving it publishes it again."""
        found = self.pin(pin)
        if found is not None:
            get_manager().retract_row(source_of(Pin), found)
            self.taken_back.add(found.pk)
            self.committed()

    @rule(user=some, whom=some)
    def follow(self, user: int, whom: int) -> None:
        Follow.objects.follow(self.user(user), self.target(whom))
        self.committed()

    @rule(user=some, whom=st.lists(some, max_size=4))
    def follow_many(self, user: int, whom: list[int]) -> None:
        get_manager().follow_many_users(self.user(user), [self.target(index) for index in whom])
        self.committed()

    @rule(user=some, whom=some)
    def unfollow(self, user: int, whom: int) -> None:
        follows = Follow.objects.filter(user=self.user(user)).order_by("pk")
        if follows:
            follows[whom % len(follows)].delete()
            self.committed()

    @rule(user=some)
    def delete_user(self, user: int) -> None:
        if len(self.users) > 2:
            self.delete(self.users, user)
            self.users.append(User.objects.create(username=f"came{len(self.gone)}"))

    @rule(board=some)
    def delete_board(self, board: int) -> None:
        self.delete(self.boards, board)

    @rule(tag=some)
    def delete_tag(self, tag: int) -> None:
        self.delete(self.tags, tag)

    def delete(self, rows: list[Any], index: int) -> None:
        if rows:
            row = rows.pop(index % len(rows))
            self.gone.append(owner_of(row))
            row.delete()
            self.committed()

    @rule(user=some, board=some, moment=moments)
    def fail(self, user: int, board: int, moment: int) -> None:
        """A request that published, and is rolled back."""
        with transaction.atomic():
            self.add(user, board, moment)
            transaction.set_rollback(True)
        self.committed()

    @rule(alias=st.sampled_from(["user", "timeline", "grouped", "notifications"]), owner=some)
    def lose(self, alias: str, owner: int) -> None:
        """A storage that keeps feeds in memory alone forgets one."""
        get_feed(alias, self.target(owner) if alias == "user" else self.user(owner)).delete()
        self.committed()

    @rule(user=some, pin=some, one=st.booleans())
    def mark(self, user: int, pin: int, one: bool) -> None:
        """What is marked is not new any more."""
        feed = get_feed("notifications", self.user(user))
        groups = feed[:]
        if one and groups:
            chosen = groups[pin % len(groups)]
            feed.mark_activity(chosen.last_activity, seen=True, read=True)
            assert feed[feed.index_of(chosen)].is_read
        else:
            feed.mark_all(seen=True, read=True)
            assert feed.counts() == {"unseen": 0, "unread": 0}
        self.committed()

    # Reading

    @rule(alias=st.sampled_from(["user", "timeline"]), owner=some, start=st.integers(0, 9), limit=st.integers(1, 9))
    def read(self, alias: str, owner: int, start: int, limit: int) -> None:
        feed = get_feed(alias, self.user(owner) if alias == "timeline" else self.target(owner))
        items = feed[start : start + limit]
        page = feed.page(limit=limit)
        assert len(items) <= limit
        assert len(page.items) <= limit
        for shown in (items, page.items):
            ids = [activity.id for activity in shown]
            assert ids == sorted(set(ids), reverse=True)
        assert len(feed) == feed.count() <= feed.max_length
        self.committed()

    # Tasks

    @precondition(lambda self: self.held)
    @rule(task=some, twice=st.booleans())
    def run(self, task: int, twice: bool) -> None:
        index = task % len(self.held)
        if twice:
            self.held.run(index, keep=True)
        self.held.run(index)
        self.committed()

    @rule()
    def run_all(self) -> None:
        self.held.run_all()
        self.committed()
        self.held.run_all()

    @precondition(lambda self: self.held)
    @rule(
        task=some,
        point=st.integers(0, 15),
        what=st.sampled_from(["publish", "move_to_board", "move_to_author", "unpin", "edit", "follow", "unfollow"]),
        whom=st.tuples(some, some),
        run_too=st.booleans(),
    )
    def run_interrupted(self, task: int, point: int, what: str, whom: tuple[int, int], run_too: bool) -> None:
        """Something else happens in the middle of a task, and maybe all that it causes as well."""
        index = task % len(self.held)

        def action() -> None:
            first, second = whom
            doing: dict[str, Callable[[], None]] = {
                "publish": lambda: self.publish(first, second, first + second),
                "edit": lambda: self.edit(first, "c", bool(second % 2)),
                "unpin": lambda: self.unpin(first),
            }
            doing.get(what, lambda: getattr(self, what)(first, second))()
            if run_too:
                self.run_all()

        with interrupted(point, action):
            self.held.run(index)
        self.committed()

    # What must hold

    @invariant()
    def feeds_equal_the_query_above_their_floors(self) -> None:
        if self.held or not self.changed:
            return
        self.changed = False
        for alias, owner, expected in self.feeds():
            feed = get_feed(alias, owner)
            floor, ids = feed.floor(), held_ids(feed)
            assert len(ids) == feed.get_storage().count(feed.key, max_length=feed.max_length) <= feed.max_length
            if floor is None:
                assert not ids
            else:
                assert ids == [id for id in expected if id > floor][: feed.max_length], (alias, owner)

    @rule(limit=st.integers(1, 6))
    def all_read(self, limit: int) -> None:
        """Everybody reads everything; what they find missing is filled in."""
        self.run_all()
        for alias, owner, expected in self.feeds():
            feed = get_feed(alias, owner)
            if alias in ("grouped", "notifications"):
                self.groups_equal(feed, expected, limit)
                continue
            self.pages_equal(feed, expected, limit)
            assert [activity.id for activity in feed[:]] == list(expected)[: feed.max_length]
            assert [activity.id for activity in feed] == list(expected)[: feed.max_length]
        self.committed()
        self.run_all()
        for alias, owner, expected in self.feeds():
            feed = get_feed(alias, owner)
            assert held_ids(feed) == list(expected)[: feed.max_length], (alias, owner)
        self.nothing_is_left_of_those_who_are_gone()

    def pages_equal(self, feed: Any, expected: oracle.Expected, limit: int) -> None:
        """The pages are the whole query, also beyond the bound, and show what the rows hold now."""
        items, after = [], None
        while after is not None or not items:
            page = feed.page(after, limit)
            items += page.items
            after = page.next
            if after is None:
                break
        assert [activity.id for activity in items] == list(expected), feed
        for activity in items:
            pin = expected[activity.id]
            assert activity.actor_id == pin.user_id
            assert activity.target_id == pin.board_id
            assert activity.extra_context == {"note": pin.note}

    def groups_equal(self, feed: Any, expected: oracle.Expected, limit: int) -> None:
        """The groups are those of the newest in the query, on pages too; each notification is of a pin of its own."""
        window = dict(list(expected.items())[: feed.max_length])
        wanted = oracle.groups(window) if feed.alias == "grouped" else [[id] for id in window]
        paged, after = [], None
        while after is not None or not paged:
            page = feed.page(after, limit)
            paged += page.items
            after = page.next
            if after is None:
                break
        assert [group.activity_ids for group in feed[:]] == wanted, feed
        assert [group.activity_ids for group in paged] == wanted, feed
        for group in paged:
            assert group.activity_count == len(group.activities)
            assert {activity.actor_id for activity in group.activities} == {
                window[id].user_id for id in group.activity_ids
            }

    def nothing_is_left_of_those_who_are_gone(self) -> None:
        for owner in self.gone:
            assert not Follow.objects.followers(owner).exists()
            for alias in ("user", "timeline", "grouped", "notifications"):
                assert get_feed(alias, owner).floor() is None, (alias, owner)

    def feeds(self) -> list[tuple[str, Any, oracle.Expected]]:
        """Each feed that there can be, and what is in it."""
        include_own = conf.get("INCLUDE_OWN")
        found: list[tuple[str, Any, oracle.Expected]] = []
        for user in self.users:
            timeline = oracle.timeline(user, self.taken_back, include_own)
            found += [("timeline", user, timeline), ("grouped", user, timeline)]
            found.append(("notifications", user, self.mentions.feed(user, self.taken_back)))
        owners = [*self.users, *self.boards, *self.tags]
        return found + [("user", owner, oracle.own_feed(owner, self.taken_back)) for owner in owners]


def held_ids(feed: Any) -> list[Any]:
    return [entry.id for entry in feed.entries(feed.max_length)]
