"""How the home feed groups: what one person pinned to one board on a day, and who loved one pin."""

from __future__ import annotations

from django_feeds import verbs
from django_feeds.activity import Activity
from django_feeds.aggregators import BaseAggregator


class HomeAggregator(BaseAggregator):
    """A pin that is loved again comes to the top with all who love it, so loves are not cut by days."""

    def get_group(self, activity: Activity) -> str:
        if activity.verb == verbs.Love():
            return f"{activity.verb.id}-{activity.object_reference}"
        day = self.local(activity.time).date()
        return f"{activity.verb.id}-{activity.actor_reference}-{activity.target_reference}-{day}"
