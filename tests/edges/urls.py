"""A site that includes our URLs, and has pages of its own that use our tags."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from django_feeds.views import AggregatedFeedView, FeedView, NotificationFeedView

HOME = """
{% load django_feeds %}<!DOCTYPE html><html lang="en"><head><title>Home</title></head><body>
{% render_feed "timeline" user limit=2 %}
</body></html>
"""


def home(request):
    return HttpResponse(engines["django"].from_string(HOME).render({}, request))


urlpatterns = [
    path("", home),
    path("sign-in/", LoginView.as_view(), name="login"),
    path("admin/", admin.site.urls),
    path("feeds/", include("django_feeds.urls")),
    path("news/", FeedView.as_view(alias="timeline", page_size=2, title="What is new")),
    path("mistaken/", FeedView.as_view(alias="timelime")),
    path("mistaken-notifications/", NotificationFeedView.as_view(alias="timeline")),
    path("mistaken-groups/", AggregatedFeedView.as_view(alias="timeline")),
    path("nameless/", FeedView.as_view()),
]
