"""The invented community, and the command that starts everything."""

from collections import Counter
from io import StringIO

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_feeds.models import Follow
from django_feeds.registry import get_feed
from django_feeds.testing import run_feeds
from example_project.pins.feeds import PinVerb
from example_project.pins.models import Board, Item, Pin
from example_project.pins.seeding import Community

pytestmark = pytest.mark.django_db


def seed(**options):
    out = StringIO()
    call_command("seed", users=30, pins=200, verbosity=0, stdout=out, **options)
    run_feeds()
    return out.getvalue()


def test_it_makes_what_was_asked_for():
    assert "30 users and 200 pins" in seed()

    assert get_user_model().objects.count() == 30
    assert Pin.objects.count() == 200
    assert 0 < Pin.objects.filter(via=None).count() == Item.objects.count() < 200
    assert not Pin.objects.exclude(board__owner__pk=None).exclude(via=None).filter(via__via__isnull=False).exists()


def test_demo_can_sign_in_and_nobody_else_can():
    seed()

    demo = authenticate(username="demo", password="demo")
    assert demo is not None
    assert not any(user.has_usable_password() for user in get_user_model().objects.exclude(pk=demo.pk))


def test_the_feed_of_demo_is_what_the_followed_pinned():
    seed()
    demo = get_user_model().objects.get(username="demo")
    followed = set(Follow.objects.following(demo).targets())

    expected = [
        pin.pk
        for pin in Pin.objects.order_by("-created_at")
        if {str(pin.user_id), f"pins.Board:{pin.board_id}"} & followed
    ]

    pinned = [activity for activity in get_feed("timeline", demo)[:400] if activity.verb == PinVerb()]
    assert len(followed) > 10
    assert [activity.object_reference.pk for activity in pinned] == expected


def test_popularity_is_skewed():
    seed()
    followers = sorted(Counter(Follow.objects.values_list("target", flat=True)).values(), reverse=True)

    assert sum(followers[:5]) > sum(followers) / 5


def test_the_same_number_gives_the_same_community():
    seed()
    first = list(Item.objects.order_by("seed").values_list("title", "seed"))
    for model in (Pin, Item, Board, get_user_model()):
        model.objects.all().delete()
    seed()

    assert list(Item.objects.order_by("seed").values_list("title", "seed")) == first


def test_it_is_the_same_at_any_hour():
    """More happens in the evening, and how many times are drawn for that depends on what time it is now."""
    found = set()
    for hour in (2, 11, 20):
        get_user_model().objects.all().delete()
        community = Community(1, timezone.now().replace(hour=hour))
        community.add_users(8)
        community.add_boards()
        list(community.add_pins(40))
        found.add(tuple((pin.user.username, pin.item.title, pin.via is None, pin.comment) for pin in community.pins))

    assert len(found) == 1


def test_where_there_are_pins_it_refuses_but_for_more():
    seed()
    with pytest.raises(CommandError, match="--more"):
        seed()

    seed(more=True, random_seed=2)

    assert Pin.objects.count() == 400


def test_a_dry_run_writes_nothing():
    assert "Would make 30 users" in seed(dry_run=True)

    assert not get_user_model().objects.exists()


def test_a_community_has_people():
    with pytest.raises(CommandError, match="2 or more users"):
        call_command("seed", users=1)


def test_demo_prepares_everything_and_says_where_to_look():
    out = StringIO()

    call_command("demo", no_server=True, users=5, pins=20, verbosity=0, stdout=out)

    assert "http://127.0.0.1:8000/" in out.getvalue()
    assert "sign in as demo" in out.getvalue()
    assert Pin.objects.count() == 20
    call_command("demo", no_server=True, verbosity=0, stdout=out)
    assert Pin.objects.count() == 20


def test_demo_goes_without_history_outside_a_checkout(settings, tmp_path):
    settings.BASE_DIR, out = tmp_path, StringIO()

    call_command("demo", no_server=True, users=5, pins=20, verbosity=0, stdout=out)

    assert "no git checkout" in out.getvalue()
