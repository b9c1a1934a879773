"""
    path("feeds/", include("django_feeds.urls"))

Owners are in addresses as they are everywhere: "13" is a user, "pins.Board:5" a board. Both work with `{% url %}`:
`{% url "django_feeds:user_feed" "user" board %}`.
"""

from __future__ import annotations

from typing import Any

from django.urls import path, register_converter

from . import views
from .owners import Owner, owner_of

__all__ = ["OwnerConverter", "app_name", "urlpatterns"]


class OwnerConverter:
    """Any pk, and any "app.Model:pk"; whether there is such a row is for the view to say."""

    regex = ".+"

    def to_python(self, value: str) -> Owner:
        return value

    def to_url(self, value: Any) -> str:
        return owner_of(value)


register_converter(OwnerConverter, "feeds_owner")

app_name = "django_feeds"
urlpatterns = [
    path("feed/<str:alias>/", views.feed, name="feed"),
    path("notifications/", views.NotificationFeedView.as_view(alias="notifications"), name="notifications"),
    path("mark/<str:alias>/", views.MarkView.as_view(), name="mark"),
    path("mark-all/<str:alias>/", views.MarkAllView.as_view(), name="mark_all"),
    path("live/<str:alias>/", views.LiveView.as_view(), name="live"),
    path("own/<str:alias>/<feeds_owner:owner>/", views.UserFeedView.as_view(), name="user_feed"),
    path("follow/<feeds_owner:owner>/", views.FollowView.as_view(), name="follow"),
    path("unfollow/<feeds_owner:owner>/", views.UnfollowView.as_view(), name="unfollow"),
    path("mute/<feeds_owner:owner>/", views.MuteView.as_view(), name="mute"),
    path("unmute/<feeds_owner:owner>/", views.UnmuteView.as_view(), name="unmute"),
    path("block/<feeds_owner:owner>/", views.BlockView.as_view(), name="block"),
    path("unblock/<feeds_owner:owner>/", views.UnblockView.as_view(), name="unblock"),
    path("preferences/", views.NotificationPreferencesView.as_view(), name="preferences"),
    path("unsubscribe/<str:token>/", views.UnsubscribeView.as_view(), name="unsubscribe"),
]
