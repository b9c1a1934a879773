"""
Feeds on three Cassandra nodes of which one is killed, by its process, while a real Celery worker fills them; later it
comes back. The slow lane: a minute or so.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone as django_timezone

from django_feeds.activity import Activity
from django_feeds.exceptions import StorageUnavailable
from django_feeds.ids import MIN_ID
from django_feeds.models import Follow, PendingTask
from django_feeds.storage import Entry, get_storage
from django_feeds.testing.contract.case import entry
from django_feeds.verbs import Love
from tests import servers, storages
from tests.settings import FEED_STORAGES
from tests.testapp.managers import OwnSpreadFeed, SpreadFeed, SpreadManager
from tests.testapp.models import Pin

pytestmark = [pytest.mark.needs("cassandra_3"), pytest.mark.needs(servers.broker().name)]

FOLLOWERS = 2_500
PUBLISHED = 24


@pytest.fixture
def cluster(celery_worker_process):
    """Three nodes, with what other processes call the timelines."""
    storages.empty("cassandra_3")
    FEED_STORAGES["cassandra_3"]["OPTIONS"].pop("PREFIX")
    cluster = servers.get("cassandra_3")
    yield cluster
    cluster.start()
    storages.wait_for_all_nodes(get_storage("cassandra_3"))


@pytest.fixture
def author(cluster):
    author = User.objects.create(username="author")
    readers = User.objects.bulk_create(User(username=f"reader {number}") for number in range(FOLLOWERS))
    Follow.objects.bulk_create(Follow(user=reader, target=str(author.pk)) for reader in readers)
    keys = [str(reader.pk) for reader in readers]
    # An earlier run may have had the same readers.
    SpreadFeed.get_storage().delete([SpreadFeed.key_for(key) for key in keys])
    OwnSpreadFeed(author).delete()
    SpreadFeed.fill(keys, [], floor=MIN_ID)
    return author


class Writer(threading.Thread):
    """Writes one entry after the other to some timelines, and reads each at once where the write was acknowledged."""

    keys = [f"acknowledged:{number}" for number in range(60)]

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.storage = get_storage("cassandra_3")
        self.storage.delete(self.keys)
        self.storage.add(self.keys, [], max_length=10_000, floor=MIN_ID)
        self.acknowledged: list[Entry] = []
        self.refused = 0
        self.missing: list[str] = []
        self.ended = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        number = 0
        try:
            while not self.ended.is_set():
                number += 1
                self.write(entry(number), datetime.now(timezone.utc))
        except BaseException as error:
            self.error = error

    def write(self, one: Entry, at: datetime) -> None:
        while True:
            try:
                self.storage.add(self.keys, [one], max_length=10_000, at=at, create=False, bodies={one.id: '"body"'})
                found = self.storage.slice_many(self.keys, limit=1)
            except StorageUnavailable:
                self.refused += 1
                assert self.refused < 1_000
                continue
            self.acknowledged.append(one)
            self.missing += [key for key, part in found.items() if part.entries != [one]]
            return


def test_a_node_that_is_killed_and_comes_back_loses_and_doubles_nothing(author, cluster, celery_worker_process):
    worker, writer = celery_worker_process, Writer()
    start = django_timezone.now() - timedelta(minutes=1)
    activities = [
        Activity(author, Love, Pin.objects.create(user=author, draft=True), None, start + timedelta(seconds=number))
        for number in range(PUBLISHED)
    ]
    writer.start()
    for number, activity in enumerate(activities):
        SpreadManager().add_user_activity(author.pk, activity)
        if number == PUBLISHED // 3:
            cluster.nodes[1].kill()
            acknowledged_until_then = len(writer.acknowledged)
    worker.wait_until_idle()
    acknowledged_without_it = len(writer.acknowledged) - acknowledged_until_then
    cluster.start()
    SpreadManager().remove_user_activity(author.pk, activities[3])
    worker.wait_until_idle()
    call_command("deliver_feeds", older_than=0, verbosity=0)
    worker.wait_until_idle()
    time.sleep(1)
    writer.ended.set()
    writer.join(120)

    assert writer.error is None
    assert not writer.is_alive()
    assert not PendingTask.objects.exists()
    expected = [activity.id for activity in reversed(activities) if activity is not activities[3]]
    owners = [str(pk) for pk in Follow.objects.followers(author).values_list("user_id", flat=True)]
    held = SpreadFeed.get_storage().slice_many([SpreadFeed.key_for(owner) for owner in owners], limit=100)
    assert len(held) == FOLLOWERS
    assert {tuple(one.id for one in part.entries) for part in held.values()} == {tuple(expected)}
    assert [activity.id for activity in OwnSpreadFeed(author)[:]] == expected

    assert writer.missing == []
    assert acknowledged_without_it > 0
    everything = {key: part.entries for key, part in writer.storage.slice_many(writer.keys, limit=10_000).items()}
    assert everything == dict.fromkeys(writer.keys, writer.acknowledged[::-1])
