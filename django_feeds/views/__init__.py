"""
Views: feeds as pages or JSON, and following.

Each attribute has a `get_` twin to override. All answer in JSON where `Accept` prefers it, and our own errors in a
sentence: a cursor that no page gave is 404, a storage that is down 503 with `Retry-After`.
"""

from __future__ import annotations

from .feeds import FeedView, UserFeedView
from .following import FollowView, UnfollowView
from .preferences import NotificationPreferencesView, UnsubscribeView

__all__ = ["FeedView", "FollowView", "NotificationPreferencesView", "UnfollowView", "UnsubscribeView", "UserFeedView"]
