"""What a request and a task cost does not depend on how many follow, are followed, or have feeds."""

from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_feeds import delivery
from django_feeds.models import Follow, RecordSource
from django_feeds.registry import get_manager
from django_feeds.sources import pause_tracking
from tests.testapp.models import Pin

from .conftest import feeds_on
from .site import NOON


@pytest.fixture
def site(site, settings):
    settings.DJANGO_FEEDS = {**feeds_on(site.storage, length=100), "FANOUT_CHUNK_SIZE": 1_000}
    return site


@contextmanager
def counting():
    with CaptureQueriesContext(connection) as captured:
        yield captured


def let_follow(target, number, prefix="reader"):
    """So many users more follow this one."""
    users = User.objects.bulk_create(User(username=f"{prefix} {target.pk} {index}") for index in range(number))
    users = list(User.objects.filter(username__in=[user.username for user in users])) if users[0].pk is None else users
    Follow.objects.bulk_create(Follow(user=user, target=str(target.pk)) for user in users)
    return users


@pytest.mark.parametrize("what", ["publish", "edit", "move", "delete"])
def test_a_request_costs_the_same_with_ten_and_with_ten_thousand_followers(site, what):
    let_follow(site.bob, 10)
    let_follow(site.cleo, 10_000)
    site.pin(site.ann, minute=30)  # what is the newest of all costs less
    for author in (site.bob, site.cleo):  # first times cost more
        site.pin(author, site.tea).delete()
        site.pin(author, site.cats).delete()
    pins = {author: site.pin(author, site.tea) for author in (site.bob, site.cleo)} if what != "publish" else {}
    site.held.commit()
    site.held.clear()

    def request(author):
        with counting() as queries:
            if what == "publish":
                site.pin(author, site.tea, minute=1)
            elif what == "edit":
                pins[author].note = "edited"
                pins[author].save()
            elif what == "move":
                pins[author].board = site.cats
                pins[author].save()
            else:
                pins[author].delete()
            site.held.commit()
        assert len(site.held) == 1
        site.held.clear()
        return len(queries)

    few, many = request(site.bob), request(site.cleo)

    assert few == many
    assert many <= 30


def test_following_and_leaving_cost_the_same_however_much_there_is(site):
    with pause_tracking():
        few = [site.pin(site.bob, minute=minute) for minute in range(2)]
        many = [site.pin(site.cleo, minute=minute % 60) for minute in range(300)]
    get_manager().publish_many([*few, *many])
    site.held.commit()
    site.held.clear()

    def request(target):
        with counting() as queries:
            site.follow(site.ann, target)
            site.unfollow(site.ann, target)
            site.held.commit()
        return len(queries)

    assert request(site.bob) == request(site.cleo) <= 8


def page_queries(site, user, limit=25):
    with counting() as queries:
        page = site.timeline(user).page(limit=limit)
        for activity in page:
            str(activity.actor), activity.object.board.name, str(activity.target)
    assert len(page) == limit
    return len(queries)


def test_a_page_costs_the_same_however_many_feeds_rows_and_followed_there_are(site):
    small, large = User.objects.create(username="small"), User.objects.create(username="large")
    authors = User.objects.bulk_create(User(username=f"author {number}") for number in range(100))
    authors = list(User.objects.filter(username__startswith="author"))
    Follow.objects.create(user=small, target=str(authors[0].pk))
    Follow.objects.bulk_create(Follow(user=large, target=str(author.pk)) for author in authors)
    pins = [Pin(user=authors[0], board=site.tea, created_at=NOON) for _ in range(26)]
    pins += [Pin(user=author, board=site.cats, created_at=NOON) for author in authors for _ in range(3)]
    Pin.objects.bulk_create(pins)
    get_manager().publish_many(Pin.objects.all())
    site.work()
    for user in (small, large):  # no page has been read yet: read one, and let the feed be filled
        site.timeline(user).page()
    site.work()

    few = page_queries(site, small)
    let_follow(authors[0], 500)
    get_manager().publish_many(Pin.objects.all())
    site.work()

    assert page_queries(site, small) == few
    assert page_queries(site, large) == few
    assert few <= 6


def test_a_page_beyond_the_timeline_costs_one_query_for_two_hundred_sources(site):
    authors = User.objects.bulk_create(User(username=f"author {number}") for number in range(150))
    authors = list(User.objects.filter(username__startswith="author"))
    Pin.objects.bulk_create(Pin(user=author, created_at=NOON) for author in authors)
    get_manager().publish_many(Pin.objects.all())
    site.held.commit()
    site.held.clear()

    def pulled(number):
        reader = User.objects.create(username=f"reader of {number}")
        Follow.objects.bulk_create(Follow(user=reader, target=str(author.pk)) for author in authors[:number])
        with counting() as queries:
            assert len(site.timeline(reader).page(limit=25)) == 25
        return len(queries)

    assert pulled(30) == pulled(150)


def settle_queries(site, source, readers):
    """The queries of settling the newest activities of a source for all its followers, in one chunk."""
    site.held.clear()
    ids = list(RecordSource.objects.filter(owner=str(source.pk)).values_list("activity_id", flat=True))
    pks = sorted(reader.pk for reader in readers)
    chunk = {"first": pks[0], "last": pks[-1]}
    with counting() as queries:
        delivery.settle(get_manager(), ids, str(source.pk), chunk, NOON)
    return len(queries)


@pytest.mark.parametrize("moved", [False, True])
def test_settling_one_chunk_costs_the_same_for_few_and_many_readers(site, moved):
    costs = []
    for number in (5, 500):
        author = User.objects.create(username=f"author of {number}")
        readers = let_follow(author, number)
        site.pin(author, site.tea)
        site.held.commit()
        if moved:  # not this source's any more; some of its followers follow the other one
            let_know = [Follow(user=reader, target=str(site.ann.pk)) for reader in readers[::2]]
            Follow.objects.bulk_create(let_know)
            RecordSource.objects.filter(owner=str(author.pk)).update(owner=str(site.ann.pk))
            ids = RecordSource.objects.filter(owner=str(site.ann.pk)).values_list("activity_id", flat=True)
            costs.append(settle_moved(list(ids)[-1:], author, readers))
        else:
            settle_queries(site, author, readers)  # makes the timelines
            costs.append(settle_queries(site, author, readers))

    assert costs[1] <= costs[0] + 1  # a storage may count what lies beyond the bound of one timeline in many
    assert costs[1] <= 15


def settle_moved(ids, source, readers):
    pks = sorted(reader.pk for reader in readers)
    with counting() as queries:
        delivery.settle(get_manager(), ids, str(source.pk), {"first": pks[0], "last": pks[-1]}, NOON)
    return len(queries)


def test_settling_many_activities_costs_as_much_as_settling_few(site):
    costs = []
    for number in (2, 60):
        author = User.objects.create(username=f"author of {number}")
        readers = let_follow(author, 20)
        with pause_tracking():
            pins = [site.pin(author, site.tea) for _ in range(number)]
        get_manager().publish_many(pins)
        site.held.commit()
        settle_queries(site, author, readers)
        costs.append(settle_queries(site, author, readers))

    assert costs[1] <= costs[0] + 1  # after so many, a storage may count what lies beyond the bound


def test_a_bulk_costs_a_few_queries_for_each_five_hundred(site):
    with pause_tracking():
        pins = [site.pin(site.bob, site.tea) for _ in range(300)]

    with counting() as queries:
        get_manager().publish_many(pins)

    assert len(queries) <= 15
