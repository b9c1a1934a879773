"""Fill an empty site with an invented community."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from tqdm import tqdm

from django_feeds.registry import get_manager
from example_project.pins.models import Pin
from example_project.pins.seeding import Community
from example_project.pins.seeding_reactions import Reactions


class Command(BaseCommand):
    help = "Invents users, boards, pins, follows, loves and comments, and fills the feeds. Nothing leaves this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--users", type=int, default=300, help="how many users (300)")
        parser.add_argument("--pins", type=int, default=4_000, help="how many pins (4000)")
        parser.add_argument("--random-seed", type=int, default=1, help="another number, another community (1)")
        parser.add_argument("--more", action="store_true", help="also where there are pins already")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be made")

    def handle(self, *, users: int, pins: int, random_seed: int, more: bool, dry_run: bool, **options: Any) -> None:
        if users < 2 or pins < 0:
            raise CommandError("A community has 2 or more users, and 0 or more pins.")
        if Pin.objects.exists() and not more:
            raise CommandError("There are pins already. Add another community to them with --more.")
        if dry_run:
            self.stdout.write(f"Would make {users} users and {pins} pins.")
            return
        bar = tqdm(total=2 * pins, unit=" pins", disable=options["verbosity"] < 1)
        with bar:
            before = Pin.objects.order_by("pk").values_list("pk", flat=True).last() or 0
            community = Community(random_seed, timezone.now())
            self._write(community, users, pins, bar)
            self._publish(before, bar)
            bar.set_description("talking")
            self._react(Reactions(community), pins)
        self.stdout.write(self.style.SUCCESS(f"Made {users} users and {pins} pins."))

    @transaction.atomic
    def _write(self, community: Community, users: int, pins: int, bar: Any) -> None:
        bar.set_description("inventing")
        community.add_users(users)
        community.add_boards()
        community.add_follows()
        for number in community.add_pins(pins):
            bar.update(number)

    def _publish(self, before: int, bar: Any) -> None:
        """
        `bulk_create` sends no signals, so feeds hear of the new rows here.

        Pins of one user and board come together: their followers are then looked up once, not for each pin.
        """
        bar.set_description("filling feeds")
        manager, rows = get_manager(), Pin.objects.filter(pk__gt=before).order_by("user_id", "board_id")
        for batch in batched(rows, 500):
            manager.publish_many(batch)
            bar.update(len(batch))

    def _react(self, reactions: Reactions, pins: int) -> None:
        """A love for every sixth pin, and a conversation under every twentieth."""
        with transaction.atomic():
            loves, comments = reactions.add_loves(pins // 6), reactions.add_comments(pins // 20)
            follows = reactions.add_admirers()
        manager: Any = get_manager()
        loves.sort(key=lambda love: love.user_id)
        manager.publish_many(loves)
        manager.publish_many(comments)
        for follow in follows:
            manager.publish_follow(follow)
        if reactions.demo:
            self._read_some(manager.get_notification_feed(reactions.demo))

    def _read_some(self, feed: Any) -> None:
        """`demo` read what is older than three days, and saw what is older than one."""
        now = timezone.now()
        groups = [group for group in feed[:100] if group.updated_at < now - timedelta(days=1)]
        feed.mark_activities(groups, seen=True)
        feed.mark_activities([group for group in groups if group.updated_at < now - timedelta(days=3)], read=True)


def batched(rows: QuerySet[Any], size: int) -> Iterator[list[Any]]:
    """The rows in lists of at most `size`."""
    iterator = rows.iterator(chunk_size=size)
    while batch := list(islice(iterator, size)):
        yield batch
