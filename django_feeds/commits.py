"""What waits for the records to be committed: feeds must not show what a rollback takes back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connections, router, transaction

from .models import ActivityRecord

__all__ = ["database", "in_transaction", "on_commit", "run_logged"]

logger = logging.getLogger(__name__)


def database() -> str:
    """The alias of the database that holds the records."""
    return router.db_for_write(ActivityRecord)


def in_transaction() -> bool:
    """May what was just read of the records never be committed, or be history already?"""
    return connections[database()].in_atomic_block


def on_commit(work: Callable[[], Any]) -> None:
    """
    Do this once the records are committed. A failure is logged, and never fails the request.

    What failed is not lost: the record knows that it is not delivered, and `deliver_feeds` resumes it.
    """
    transaction.on_commit(partial(run_logged, work), using=database(), robust=True)


def run_logged(work: Callable[[], Any]) -> None:
    """Do it; log what fails."""
    try:
        work()
    except Exception:
        logger.exception("What follows a commit could not be done; the records stand, and deliver_feeds will resume.")
