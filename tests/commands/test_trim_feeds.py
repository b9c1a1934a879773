import pytest
from django.core.management import CommandError

from django_feeds.models import TimelineEntry
from django_feeds.registry import get_feed, get_feed_class


def stored(alias, owner):
    """All entries that lie in the storage, those that no reader sees too."""
    feed = get_feed(alias, owner)
    return len(feed.get_storage().slice(feed.key, limit=1_000).entries)


def test_timelines_are_cut_in_the_storage_too(rebuilt, run, settings):
    feeds = settings.DJANGO_FEEDS["FEEDS"]
    feeds = {**feeds, "timeline": {**feeds["timeline"], "MAX_LENGTH": 3}}
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "FEEDS": feeds}
    assert stored("timeline", rebuilt.ann) == 5

    assert run("trim_feeds") == [
        "user: 5 owners, cut to 50.",
        "timeline: 3 owners, cut to 3.",
        "notifications: 3 owners, cut to 200.",
    ]

    assert stored("timeline", rebuilt.ann) == 3
    assert rebuilt.timeline(rebuilt.ann) == ["pin 9", "pin 6", "pin 5"]
    if get_feed_class("timeline").storage == "database":
        assert TimelineEntry.objects.filter(timeline__key__startswith="timeline:").count() == 6


def test_a_shorter_length(rebuilt, run):
    assert run("trim_feeds", feed=["user"], length=2) == ["user: 5 owners, cut to 2."]

    assert rebuilt.own(rebuilt.cleo) == ["pin 11", "pin 10"]
    assert rebuilt.own(rebuilt.tea) == ["pin 9", "pin 6"]
    assert len(rebuilt.timeline(rebuilt.ann)) == 5


def test_one_owner(rebuilt, run):
    assert run("trim_feeds", owner=["bob"], length=1) == [
        "user: 1 owner, cut to 1.",
        "timeline: 1 owner, cut to 1.",
        "notifications: 1 owner, cut to 1.",
    ]

    assert rebuilt.timeline(rebuilt.bob) == ["pin 11"]
    assert len(rebuilt.timeline(rebuilt.ann)) == 5


def test_a_dry_run_counts_and_changes_nothing(rebuilt, run):
    before = rebuilt.snapshot()

    lines = run("trim_feeds", length=4, dry_run=True)

    assert lines == [
        "Dry run: nothing is changed.",
        "user: 5 owners, 1 timeline longer than 4, by 2 in all.",
        "timeline: 3 owners, 2 timelines longer than 4, by 2 in all.",
        "notifications: 3 owners, 0 timelines longer than 4, by 0 in all.",
    ]
    assert rebuilt.snapshot() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"feed": ["timelnie"]}, "Did you mean 'timeline'?"),
        ({"feed": ["django_feeds.managers.Manager"]}, "which is no feed."),
        ({"feed": ["nowhere.PinFeed"]}, "No module named 'nowhere'"),
        ({"owner": ["dora"]}, "'dora' owns no feed"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(old_site, run, options, message):
    with pytest.raises(CommandError) as failure:
        run("trim_feeds", **options)

    assert message in str(failure.value)
