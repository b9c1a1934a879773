"""
Signals of the package itself. Metrics, logging and your own code listen to them; nothing here depends on them.

Senders are classes: a Manager subclass, or a Feed subclass.
"""

from django.dispatch import Signal

__all__ = [
    "activity_published",
    "activity_retracted",
    "activity_updated",
    "feed_incomplete",
    "feeds_written",
    "notifications_marked",
]

activity_published = Signal()
"""A new activity was recorded. sender: the manager's class; activity."""

activity_updated = Signal()
"""A recorded activity changed. sender: the manager's class; activity."""

activity_retracted = Signal()
"""An activity was taken back. sender: the manager's class; activity."""

feeds_written = Signal()
"""Timelines were written. sender: the feed class; owners, added (entries), removed (ids)."""

feed_incomplete = Signal()
"""A reader met the floor of a feed that is shorter than its bound. sender: the feed class; manager, feed, owner."""

notifications_marked = Signal()
"""An owner saw or read notifications. sender: the feed class; owner."""
