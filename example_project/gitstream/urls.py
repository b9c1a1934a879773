"""Pages of the activity stream."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.stream, name="git"),
    path("folder/<int:pk>/", views.folder, name="git_folder"),
]
