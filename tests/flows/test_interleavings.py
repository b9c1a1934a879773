"""
Two things at once: while one task runs, something else happens completely, at each point where the task reads the
truth or writes a feed. Afterwards every feed is what the plain query says.
"""

import os

import pytest
from django.db import transaction

from django_feeds.registry import get_feed
from django_feeds.storage import get_storage
from tests.model_based import oracle
from tests.model_based.interruption import interrupted
from tests.testapp.models import Pin

from .site import NOON

POINTS = 60
"""More than any of these tasks has."""

STRIDE = 1 if os.environ.get("FEEDS_HYPOTHESIS") == "deep" else 5
"""All points in a deep run; every fifth, beginning differently for each pair, in a quick one."""


def published(site):
    site.follow(site.ann, site.bob)
    site.work()
    site.pin(site.bob, site.tea, minute=3, note="published")


def moved(site):
    """The followers of tea lose it, unless they follow cats too."""
    site.follow(site.ann, site.tea, site.cats)
    site.follow(site.cleo, site.tea)
    pin = site.pin(site.bob, site.tea, minute=3, note="moved")
    site.work()
    pin.board = site.cats
    pin.save()


def followed(site):
    for minute in range(4):
        site.pin(site.bob, site.tea, minute=minute, note=f"followed {minute}")
    site.follow(site.ann, site.cleo)
    site.work()
    site.follow(site.ann, site.bob)


def left(site):
    site.follow(site.ann, site.bob, site.tea)
    for minute in range(7):
        site.pin(site.bob, (None, site.tea)[minute % 2], minute=minute, note=f"left {minute}")
    for minute in range(7):
        site.pin(site.cleo, site.tea, minute=minute, note=f"others {minute}")
    site.work()
    site.unfollow(site.ann, site.bob)


def deleted(site):
    site.follow(site.ann, site.bob, site.tea)
    site.pin(site.bob, site.tea, minute=1, note="deleted")
    site.pin(site.cleo, site.tea, minute=2, note="kept")
    site.work()
    site.bob.delete()


def ran_dry(site):
    """A feed that is shorter than it could be, and was read."""
    site.follow(site.ann, site.bob)
    for minute in range(8):
        site.pin(site.bob, site.tea, minute=minute, note=f"dry {minute}")
    site.work()
    for pin in Pin.objects.filter(note__in=["dry 7", "dry 6"]):
        pin.delete()
    site.work()
    list(site.timeline(site.ann))


SETTINGS = [published, moved, followed, left, deleted, ran_dry]


def the_newest_is_deleted(site):
    pin = Pin.objects.order_by("-created_at", "-pk").first()
    if pin:
        pin.delete()


def the_newest_moves_to_cats(site):
    change(site, board=site.cats)


def the_newest_becomes_cleos(site):
    change(site, user=site.cleo)


def the_newest_moves_in_time(site):
    change(site, created_at=NOON)


def change(site, **values):
    pin = Pin.objects.order_by("-created_at", "-pk").first()
    for name, value in values.items():
        setattr(pin, name, value)
    if pin:
        pin.save()


def ann_leaves_bob(site):
    if site.bob.pk:
        site.unfollow(site.ann, site.bob)


def ann_leaves_cats(site):
    site.unfollow(site.ann, site.cats)


def ann_follows_bob_again(site):
    if site.bob.pk:
        site.follow(site.ann, site.bob)


def something_is_published_before_all_that(site):
    site.pin(site.cleo, site.tea, minute=-5, note="before")


def much_is_published(site):
    for minute in range(6):
        site.pin(site.cleo, (site.tea, site.cats)[minute % 2], minute=20 + minute, note="much")


MEANWHILE = [
    the_newest_is_deleted,
    the_newest_moves_to_cats,
    the_newest_becomes_cleos,
    the_newest_moves_in_time,
    ann_leaves_bob,
    ann_leaves_cats,
    ann_follows_bob_again,
    something_is_published_before_all_that,
    much_is_published,
]


@pytest.mark.parametrize("storage", ["memory"])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("happened", SETTINGS)
def test_whatever_happens_in_the_middle_of_a_task_the_feeds_come_out_right(site, happened, meanwhile):
    begin = (SETTINGS.index(happened) + MEANWHILE.index(meanwhile)) % STRIDE
    for point in range(begin, POINTS, STRIDE):
        with transaction.atomic():
            if not interrupted_at(site, point, happened, meanwhile):
                transaction.set_rollback(True)
                return
            transaction.set_rollback(True)
    pytest.fail(f"There are more points than {POINTS}.")


def interrupted_at(site, point, happened, meanwhile):
    """Returns whether there was such a point at all."""
    get_storage(site.storage).clear()
    bob = site.bob.pk
    happened(site)
    fired = []

    def action():
        fired.append(point)
        meanwhile(site)
        site.work()

    site.held.commit()
    with interrupted(point, action):
        while site.held:
            site.held.run()
            site.held.commit()
    site.work()
    feeds_equal_queries(site, (happened.__name__, meanwhile.__name__, point))
    site.bob.pk = bob  # a deletion that is rolled back has taken it from the instance
    return bool(fired)


def feeds_equal_queries(site, told):
    for user in (site.ann, site.bob, site.cleo):
        if user.pk:
            equal(get_feed("timeline", user), oracle.timeline(user, (), False), told)
            equal(get_feed("user", user), oracle.own_feed(user, ()), told)
    for board in (site.tea, site.cats):
        equal(get_feed("user", board), oracle.own_feed(board, ()), told)


def equal(feed, expected, told):
    floor = feed.floor()
    held = [entry.id for entry in feed.entries(feed.max_length)]
    wanted = [id for id in expected if floor is not None and id > floor][: feed.max_length]
    assert held == wanted, (told, feed, names(held, expected), names(wanted, expected))


def names(ids, expected):
    return [expected[id].note if id in expected else f"ghost {id}" for id in ids]
