from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from django_feeds.testing import hold_tasks
from tests import storages

from .site import Site


def feeds_on(storage: str, length: int = 5) -> dict[str, Any]:
    return {
        "FEEDS": {
            "user": {"STORAGE": storage, "MAX_LENGTH": 50},
            "timeline": {"STORAGE": storage, "MAX_LENGTH": length},
        },
        "FANOUT_CHUNK_SIZE": 2,
        "STORAGES": storages.declared(storage),
    }


@pytest.fixture(params=storages.EVERY)
def storage(request: pytest.FixtureRequest) -> str:
    """The alias of a storage, which is empty."""
    storages.empty(request.param)
    return request.param


@pytest.fixture
def site(db: None, storage: str, settings: Any) -> Iterator[Site]:
    """A site whose workers run each task once, in order."""
    settings.DJANGO_FEEDS = feeds_on(storage)
    with hold_tasks() as held:
        yield Site(storage, held)


@pytest.fixture(params=["in order", "twice", "newest first"])
def any_site(site: Site, request: pytest.FixtureRequest) -> Site:
    """The same, with workers that run each task twice, or the newest task first, as well."""
    site.schedule = request.param
    return site
