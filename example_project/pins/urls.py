"""Pages of the pinning site."""

from django.urls import path

from . import editing, mail, pictures, reactions, views

urlpatterns = [
    path("", views.trending, name="trending"),
    path("feed/", views.home_feed, name="home_feed"),
    path("feed/grouped/", views.home_feed_grouped, name="home_feed_grouped"),
    path("notifications/digest/", mail.digest, name="digest"),
    path("notifications/digest/mail/", mail.digest_mail, name="digest_mail"),
    path("people/", views.People.as_view(), name="people"),
    path("u/<str:username>/", views.profile, name="profile"),
    path("b/<int:pk>/", views.board, name="board"),
    path("pin/new/", editing.NewPin.as_view(), name="pin_new"),
    path("pin/<int:pk>/", views.PinPage.as_view(), name="pin"),
    path("pin/<int:pk>/repin/", editing.Repin.as_view(), name="repin"),
    path("pin/<int:pk>/edit/", editing.EditPin.as_view(), name="pin_edit"),
    path("pin/<int:pk>/unpin/", editing.unpin, name="unpin"),
    path("pin/<int:pk>/love/", reactions.love, name="love"),
    path("pin/<int:pk>/unlove/", reactions.unlove, name="unlove"),
    path("pin/<int:pk>/comment/", reactions.comment, name="comment"),
    path("comment/<int:pk>/delete/", reactions.uncomment, name="uncomment"),
    path("item/<int:pk>.svg", pictures.item, name="item_picture"),
    path("avatar/<int:pk>.svg", pictures.avatar, name="avatar"),
]
