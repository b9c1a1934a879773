"""What is trending: a rank that fades."""

from datetime import datetime, timedelta, timezone

import pytest

from example_project.pins.models import Board, Item, Pin
from example_project.pins.trending import HALF_LIFE, rank, trending

NOW = datetime(2026, 1, 10, tzinfo=timezone.utc)


def test_a_pin_counts_half_after_the_half_life():
    assert rank([(1, NOW - HALF_LIFE), (2, NOW)], NOW) == [(2, 1.0), (1, 0.5)]


def test_many_old_pins_lose_to_a_few_new_ones():
    old = [(1, NOW - timedelta(days=5))] * 20
    assert [item for item, _score in rank([*old, (2, NOW), (2, NOW)], NOW)] == [2, 1]


def test_a_time_in_the_future_counts_as_now_and_ties_are_stable():
    assert rank([(2, NOW + timedelta(days=9)), (1, NOW)], NOW) == [(1, 1.0), (2, 1.0)]


@pytest.mark.django_db
def test_an_item_is_shown_once_as_its_newest_pin(site):
    popular = Item.objects.create(title="Popular", seed=8)
    pins = [
        Pin.objects.create(user=user, board=Board.objects.create(owner=user, name="New"), item=popular)
        for user in (site.ann, site.ben)
    ]

    first, second = trending()

    assert (first.pin, first.pins) == (pins[1], 2)
    assert (second.pin, second.pins) == (site.pin, 1)
