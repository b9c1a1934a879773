"""Feeds move from one storage to another: the setting is changed, and `rebuild_feeds` fills the new one."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from django_feeds.activity import Activity
from django_feeds.models import ActivityRecord
from django_feeds.registry import get_feed, get_manager
from django_feeds.verbs import Love
from tests import storages
from tests.settings import FEED_STORAGES

from .conftest import feeds_on
from .site import NOON

OTHERS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("redis_7", "redis_cluster", "cassandra")]


@pytest.fixture
def storage():
    """Where the site begins."""
    return "database"


@pytest.fixture(params=OTHERS)
def other(request):
    """The storage that it moves to, in which nothing is."""
    storages.empty(request.param)
    return request.param


@pytest.fixture
def move(site, settings):
    """Declare that the feeds are in this storage, as a deployment does, and nothing more."""

    def move(alias):
        settings.DJANGO_FEEDS = {**feeds_on(alias), "STORAGES": storages.declared(alias)}
        site.storage = alias

    return move


@pytest.fixture
def lived(site):
    """Everything that can happen to feeds has happened, and some of it is beyond the bound."""
    site.follow(site.ann, site.bob, site.tea)
    site.follow(site.bob, site.cleo, site.ann)
    site.follow(site.cleo, site.bob, site.cats)
    pins = [site.pin(user, board, minute, note=f"pin {minute}") for minute, (user, board) in enumerate(who(site) * 4)]
    love(site, site.cleo, pins[2], 30)
    love(site, site.bob, site.cats, 31, to=[site.bob, site.tea])
    love(site, site.ann, pins[5], 2)
    site.work()
    site.pin(site.bob, site.tea, 33, note="secret", private=True)
    site.pin(site.bob, site.tea, 34, note="draft", draft=True)
    site.unfollow(site.cleo, site.bob)
    pins[9].delete()
    get_manager().remove_user_activity(site.ann, love(site, site.ann, pins[6], 35))
    edit(pins[10], note="edited", board=site.cats)
    site.work()
    site.pins = pins
    return site


def who(site):
    return [(site.bob, site.tea), (site.cleo, site.cats), (site.ann, None), (site.cleo, site.tea)]


def love(site, user, object, minute, **options):
    """An activity made by hand, which no row stands for."""
    activity = Activity(
        user, Love, object, time=NOON.replace(minute=minute), extra_context={"note": f"loved at {minute}"}
    )
    if options:
        get_manager().publish(activity, **options)
    else:
        get_manager().add_user_activity(user.pk, activity)
    return activity


def edit(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def run(name, *arguments, **options):
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def rebuild(site):
    run("rebuild_feeds")
    site.work()


def seen(site, limit=2, viewer=None):
    """Every page of every feed to its end, with its cursor and the rows that it shows."""
    return {
        (alias, str(owner)): list(pages(get_feed(alias, owner), limit, viewer))
        for alias, owners in (("timeline", users(site)), ("user", [*users(site), site.tea, site.cats]))
        for owner in owners
    }


def users(site):
    return [site.ann, site.bob, site.cleo]


def pages(feed, limit, viewer):
    after = None
    while True:
        page = feed.page(after, limit=limit, viewer=viewer)
        yield [shown(activity) for activity in page], page.next
        after = page.next
        if after is None:
            return


def shown(activity):
    return (
        activity.id,
        activity.actor,
        activity.verb,
        activity.object,
        str(activity.object),
        activity.target,
        activity.time,
        activity.extra_context,
    )


def in_storage(site):
    """The timelines as they are kept, as far as a reader sees them."""
    feeds = [get_feed("timeline", user) for user in users(site)]
    feeds += [get_feed("user", owner) for owner in [*users(site), site.tea, site.cats]]
    return {feed.key: feed.entries(feed.max_length) for feed in feeds}


def test_after_a_rebuild_all_pages_are_as_before(lived, move, other):
    before, held = seen(lived), in_storage(lived)
    assert sum(len(items) for pages in before.values() for items, _next in pages) > 50
    assert "loved at 30" in str(before["timeline", "bob"])

    move(other)
    rebuild(lived)

    assert seen(lived) == before
    assert in_storage(lived) == held


def test_pages_of_another_size_and_reader_are_too(lived, move, other):
    before = seen(lived, 7, lived.bob)

    move(other)
    rebuild(lived)

    assert seen(lived, 7, lived.bob) == before != seen(lived, 7, lived.ann)


def test_readers_feeds_are_right_in_an_empty_one_at_once(lived, move, other):
    """Nothing is to be created there, and nobody waits for the rebuild: it goes by pull until then."""
    before = {key: pages for key, pages in seen(lived).items() if key[0] == "timeline"}

    move(other)

    assert {key: pages for key, pages in seen(lived).items() if key[0] == "timeline"} == before


def test_and_back_to_timelines_that_are_out_of_date(lived, move, other):
    """What the database kept of them is from before all that happens on Redis."""
    move(other)
    rebuild(lived)
    site = lived
    site.pin(site.cleo, site.tea, 40, note="on Redis")
    site.pins[3].delete()
    edit(site.pins[11], note="edited on Redis", board=None)
    love(site, site.bob, site.pins[7], 41)
    site.unfollow(site.ann, site.tea)
    site.follow(site.cleo, site.ann)
    site.work()
    on_redis, held = seen(site), in_storage(site)

    move("database")
    rebuild(site)

    assert seen(site) == on_redis
    assert in_storage(site) == held


def test_what_happens_after_the_move_comes_on_top(lived, move, other):
    move(other)
    rebuild(lived)

    pin = lived.pin(lived.bob, lived.tea, 50, note="the newest")
    lived.work()

    assert [get_feed("timeline", lived.ann)[0].object, get_feed("user", lived.tea)[0].object] == [pin, pin]


def test_one_that_lost_everything_is_filled_again(lived, move, other):
    move(other)
    rebuild(lived)
    before, held = seen(lived), in_storage(lived)
    storages.empty(other)

    rebuild(lived)

    assert seen(lived) == before
    assert in_storage(lived) == held


def test_the_commands_say_of_it_what_they_say_of_the_database(lived, move, other):
    def said(alias, storage_class):
        move(alias)
        rebuild(lived)
        ActivityRecord.objects.filter(object=f"testapp.Pin:{lived.pins[1].pk}").update(delivered_version=0)
        for user in users(lived):
            get_feed("timeline", user).remove(lived.first.id)
        text = [
            run("inspect_feed", "timeline", "bob"),
            run("feed_stats"),
            run("deliver_feeds", older_than=0),
            lived.work() or run("inspect_feed", "timeline", "ann"),
            run("trim_feeds", length=3, dry_run=True),
            run("trim_feeds", length=3),
            run("inspect_feed", "timeline", "bob"),
        ]
        lived.work()
        return "\n".join(text).replace(f"{alias} ({storage_class})", "here")

    lived.first = get_feed("timeline", lived.bob)[0]

    storage_class = FEED_STORAGES[other]["BACKEND"].rpartition(".")[2]
    assert said(other, storage_class) == (on_database := said("database", "DatabaseStorage"))
    assert "1 activity queued." in on_database
    assert "1 entry missing:" in on_database
    assert "3 of at most 5" in on_database


def test_what_was_put_on_one_feed_alone_stays_behind(lived, move, other):
    """It has no source that could bring it anywhere else."""
    feed = get_feed("timeline", lived.ann)
    put = Activity(lived.cleo, Love, lived.cats, time=NOON.replace(minute=59))
    feed.add(put)
    assert feed[0] == put

    move(other)
    rebuild(lived)

    assert put not in list(get_feed("timeline", lived.ann))
