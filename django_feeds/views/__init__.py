"""
Views: feeds and notifications as pages or JSON, what is new as it comes, and what users change.

Each attribute has a `get_` twin to override. All answer in JSON where `Accept` prefers it, and our own errors in a
sentence: a cursor that no page gave is 404, a storage that is down 503 with `Retry-After`.
"""

from __future__ import annotations

from .feeds import FeedView, UserFeedView
from .following import BlockView, FollowView, MuteView, UnblockView, UnfollowView, UnmuteView
from .live import LiveView
from .notifications import AggregatedFeedView, MarkAllView, MarkView, NotificationFeedView, feed
from .preferences import NotificationPreferencesView, UnsubscribeView

__all__ = [
    "AggregatedFeedView",
    "BlockView",
    "FeedView",
    "FollowView",
    "LiveView",
    "MarkAllView",
    "MarkView",
    "MuteView",
    "NotificationFeedView",
    "NotificationPreferencesView",
    "UnblockView",
    "UnfollowView",
    "UnmuteView",
    "UnsubscribeView",
    "UserFeedView",
    "feed",
]
