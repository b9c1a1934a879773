"""
Above its floor every feed equals the plain query, and over its whole length once refills ran; on each storage.

A quick look by default; FEEDS_HYPOTHESIS=deep looks for minutes, and at other examples each time.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import storages

from .machine import Site

QUICK = settings(max_examples=80, stateful_step_count=30, derandomize=True, database=None)
DEEP = settings(max_examples=int(os.environ.get("FEEDS_HYPOTHESIS_EXAMPLES", "1500")), stateful_step_count=60)

PROFILE = settings(
    DEEP if os.environ.get("FEEDS_HYPOTHESIS") == "deep" else QUICK,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    phases=[phase for phase in Phase if phase is not Phase.explain],
)


SLOWER = {"redis_6": 2, "redis_7": 2, "redis_cluster": 2, "cassandra": 4, "cassandra_3": 8}
"""These look at so many times fewer examples: each step asks the server, and what feeds are is the same everywhere."""


@pytest.mark.parametrize("storage", storages.EVERY)
@pytest.mark.django_db
def test_every_feed_equals_the_plain_query(storage):
    profile = settings(PROFILE, max_examples=PROFILE.max_examples // SLOWER.get(storage, 1))
    run_state_machine_as_test(type("Site", (Site,), {"storage": storage}), settings=profile)
