"""Addresses of the example."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from example_project.pins.views import Preferences, SignIn

urlpatterns = [
    path("", include("example_project.pins.urls")),
    path("git/", include("example_project.gitstream.urls")),
    path("feeds/preferences/", Preferences.as_view()),  # before those of django_feeds, one of which it is
    path("feeds/", include("django_feeds.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("sign-in/", SignIn.as_view(), name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]
