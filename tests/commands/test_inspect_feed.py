import re

import pytest
from django.core.management import CommandError

from django_feeds.activity import Activity
from django_feeds.models import Follow
from django_feeds.registry import get_feed
from django_feeds.testing import run_feeds
from django_feeds.verbs import Love


@pytest.fixture
def inspect(rebuilt, run):
    """What inspect_feed prints, with each id as [id]."""

    def inspect(alias, owner, **options):
        lines = run("inspect_feed", alias, str(owner), **options)
        return [re.sub(r"\[[0-9a-f-]{36}\]", "[id]", line) for line in lines]

    return inspect


def storage_of(rebuilt):
    feed = get_feed("timeline", rebuilt.ann)
    return f"{feed.storage} ({type(feed.get_storage()).__name__})"


def test_a_feed_that_is_what_its_sources_bring(rebuilt, inspect):
    ann, bob, tea = rebuilt.ann.pk, rebuilt.bob.pk, rebuilt.tea.pk

    assert inspect("timeline", "ann", limit=2) == [
        f"Feed     timeline of {ann} (ann)",
        f"Key      timeline:{ann} in {storage_of(rebuilt)}",
        "Entries  5 of at most 5",
        "Floor    complete after 2026-11-22 12:00:00",
        f"Sources  2: {bob} (bob), testapp.Board:{tea} (tea)",
        "Newest 2 entries:",
        "  2026-11-22 12:09:00  bob pinned pin 9 to tea  [id]",
        "  2026-11-22 12:06:00  cleo pinned pin 6 to tea  [id]",
        "It is what its sources bring.",
    ]


def test_an_own_feed_of_a_board(rebuilt, inspect):
    tea = f"testapp.Board:{rebuilt.tea.pk}"

    lines = inspect("user", tea, limit=1)

    assert lines[0] == f"Feed     user of {tea} (tea)"
    assert lines[2:5] == ["Entries  4 of at most 50", "Floor    none, it is complete", f"Sources  1: {tea} (tea)"]


def test_differences_are_listed(rebuilt, inspect):
    bob = rebuilt.bob.pk
    feed = get_feed("timeline", rebuilt.bob)
    newest = feed.entries(1)[0]
    feed.remove(newest.id)
    stranger = get_feed("user", rebuilt.ann).entries(1)[0]
    feed.push([feed.owner], [stranger])

    lines = inspect("timeline", bob, limit=1)

    assert lines[5:] == [
        "Newest 1 entry:",
        "  2026-11-22 12:10:00  cleo pinned pin 10 to cats  [id]",
        "1 entry missing:",
        "  2026-11-22 12:11:00  cleo pinned pin 11  [id]",
        "1 entry too many:",
        "  2026-11-22 12:08:00  ann pinned pin 8  [id]",
        f"To mend it: manage.py rebuild_feeds --manager default --owner {bob}",
    ]


def test_what_was_put_there_by_hand_is_no_difference(rebuilt, inspect):
    get_feed("timeline", rebuilt.ann).add(Activity(rebuilt.cleo, Love, rebuilt.cleo))

    assert inspect("timeline", "ann")[-1] == "It is what its sources bring."


def test_a_reader_without_a_timeline(rebuilt, inspect):
    get_feed("timeline", rebuilt.bob).delete()

    assert inspect("timeline", "bob")[2:] == [
        "Entries  0 of at most 5",
        "Floor    there is no timeline",
        f"Sources  1: {rebuilt.cleo.pk} (cleo)",
        "It is empty.",
        "Above its floor it is what its sources bring.",
        "Below its floor, pages read 5 activities from the sources.",
    ]


def test_a_reader_who_follows_nobody(rebuilt, inspect):
    assert inspect("timeline", "cleo")[4:] == [
        "Sources  none",
        "It is empty.",
        "It is what its sources bring.",
    ]


def test_one_who_follows_many(rebuilt, inspect):
    Follow.objects.bulk_create(Follow(user=rebuilt.cleo, target=f"testapp.Board:{n}") for n in range(1_000, 1_012))

    line = inspect("timeline", "cleo")[4]

    assert line.startswith("Sources  12: testapp.Board:1000 (gone), ")
    assert line.endswith(", and 2 more")


def test_an_entry_that_was_taken_back_and_is_still_there(rebuilt, inspect):
    feed = get_feed("timeline", rebuilt.bob)
    entry = feed.entries(1)[0]
    rebuilt.pins[11].delete()
    run_feeds()
    feed.push([feed.owner], [entry])

    lines = inspect("timeline", "bob", limit=1)

    assert lines[6] == "  2026-11-22 12:11:00  taken back  [id]"
    assert "1 entry too many:" in lines


def test_a_feed_that_no_manager_fills(rebuilt, inspect):
    lines = inspect("django_feeds.feeds.MemoryFeed", "ann")

    assert lines[1].startswith(f"Key      feed:{rebuilt.ann.pk} in memory")
    assert lines[-1] == "No manager fills it, so there is nothing to compare it with."


def test_the_timeline_of_a_row_that_is_gone(rebuilt, inspect):
    get_feed("user", "testapp.Board:99").add(Activity(rebuilt.cleo, Love, rebuilt.cleo))

    assert inspect("user", "testapp.Board:99")[0] == "Feed     user of testapp.Board:99 (gone)"


@pytest.mark.parametrize(
    ("alias", "owner", "message"),
    [
        ("timelime", "ann", "DJANGO_FEEDS['FEEDS'] has no 'timelime'; it has: notifications, timeline, user."),
        ("timeline", "dora", "'dora' owns no feed"),
        ("timeline", "99999", "'99999' owns no feed"),
        ("user", "testapp.Bord:1", "no model 'testapp.Bord' is installed"),
        ("user", "testapp.Board:99", "there is no such testapp.Board"),
        ("user", "testapp.Board:x", "there is no such testapp.Board"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(rebuilt, run, alias, owner, message):
    with pytest.raises(CommandError) as failure:
        run("inspect_feed", alias, owner)

    assert message in str(failure.value)


def test_it_only_reads(rebuilt, run, django_assert_num_queries):
    before = rebuilt.snapshot()

    assert run("inspect_feed", "timeline", "ann", dry_run=True) == run("inspect_feed", "timeline", "ann")
    assert rebuilt.snapshot() == before
