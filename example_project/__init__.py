"""The example: a site where people pin pictures to boards, and the history of git checkouts as an activity stream."""

from .celery import app as celery_app

__all__ = ["celery_app"]
