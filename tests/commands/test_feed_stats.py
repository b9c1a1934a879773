import pytest
from django.core.management import CommandError

from django_feeds.models import ActivityRecord, Follow
from django_feeds.registry import get_feed_class
from django_feeds.testing import run_feeds


def test_what_there_is_is_counted(rebuilt, run):
    rebuilt.pins[11].delete()
    run_feeds()
    first, second = ActivityRecord.objects.filter(published=True).order_by("pk")[:2]
    ActivityRecord.objects.filter(pk__in=[first.pk, second.pk]).update(delivered_version=0)
    ActivityRecord.objects.filter(pk=first.pk).update(delivery_error="StorageUnavailable('no')")
    storage = get_feed_class("user").storage
    where = f"{storage} ({type(get_feed_class('user').get_storage()).__name__})"

    assert run("feed_stats", top=2) == [
        f"user: django_feeds.feeds.base.Feed in {where}, at most 50 each",
        "  5 timelines, 20 entries, 4.0 on average, 5 in the longest, 0 full",
        f"timeline: django_feeds.feeds.base.Feed in {where}, at most 5 each",
        "  2 timelines, 9 entries, 4.5 on average, 5 in the longest, 1 full",
        "notifications: django_feeds.feeds.notification.NotificationFeed "
        "in default (DatabaseStorage), at most 200 each",
        "  no timelines",
        "Activities: 12 published, 1 taken back, 2 not delivered (1 with an error)",
        "  pin (105): 11",
        "  shoot (106): 1",
        "Follows: 3 by 2 users",
        *sorted([f"  {rebuilt.bob.pk} (bob): 1 follower", f"  {rebuilt.cleo.pk} (cleo): 1 follower"]),
    ]


def test_an_empty_site(old_site, run):
    Follow.objects.all()._raw_delete("default")

    assert run("feed_stats", feed=["timeline"])[1:] == [
        "  no timelines",
        "Activities: 0 published, 0 taken back, 0 not delivered (0 with an error)",
        "Follows: 0 by 0 users",
    ]


def test_an_unknown_feed_is_told_with_the_way_out(old_site, run):
    with pytest.raises(CommandError, match="Did you mean 'timeline'"):
        run("feed_stats", feed=["timelines"])
