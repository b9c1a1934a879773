"""
Help for tests of projects that use django_feeds, and for authors of storages.

    class PinTests(FeedAssertions, TestCase):
        def test_followers_see_pins(self):
            Follow.objects.follow(self.ann, self.bob)
            pin = Pin.objects.create(user=self.bob, ...)
            run_feeds()

            self.assertInFeed(pin, get_feed("timeline", self.ann))
"""

from .assertions import FeedAssertions
from .contract import StorageContract
from .running import HeldTasks, hold_tasks, run_feeds

__all__ = ["FeedAssertions", "HeldTasks", "StorageContract", "hold_tasks", "run_feeds"]
