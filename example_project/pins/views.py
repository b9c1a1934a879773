"""What can be looked at."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.generic import DetailView, ListView

from django_feeds import verbs
from django_feeds.models import Follow, Mute
from django_feeds.owners import owner_of
from django_feeds.verbs import Verb
from django_feeds.views import NotificationPreferencesView

from . import community
from .loving import loves_of
from .models import Board, Pin
from .people import followed_by, most_followed
from .talk import people_named, threads
from .trending import trending as find_trending


@require_safe
def trending(request: HttpRequest) -> HttpResponse:
    """What is pinned most just now, for everybody."""
    trends = find_trending()
    loves = loves_of([trend.pin for trend in trends], request.user)
    return render(request, "pins/trending.html", {"trends": trends, "loves": loves})


@require_safe
@login_required
def home_feed(request: HttpRequest) -> HttpResponse:
    """What those whom the user follows did, newest first."""
    return render(request, "pins/home_feed.html", {"following": Follow.objects.following(request.user).count()})


@require_safe
@login_required
def home_feed_grouped(request: HttpRequest) -> HttpResponse:
    """The same, with what belongs together in one."""
    return render(request, "pins/home_feed_grouped.html", {"following": Follow.objects.following(request.user).count()})


@require_safe
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """What one user did, and her boards."""
    person = get_object_or_404(get_user_model(), username=username, is_active=True)
    newest = Prefetch("pins", Pin.objects.select_related("item").order_by("-created_at")[:3], "newest")
    boards = person.boards.annotate(number=Count("pins")).order_by("-number", "name").prefetch_related(newest)[:8]
    me = request.user if request.user.is_authenticated else None
    mute = Mute.objects.filter(user=me.pk, target=owner_of(person)).first() if me else None
    context = {
        "person": person,
        "muted": mute is not None,
        "blocked": mute is not None and mute.is_block,
        "boards": boards,
        "followers": Follow.objects.followers(person).count(),
        "following": Follow.objects.following(person).count(),
    }
    return render(request, "pins/profile.html", context)


@require_safe
def board(request: HttpRequest, pk: int) -> HttpResponse:
    """What was pinned to one board."""
    board = get_object_or_404(Board.objects.select_related("owner"), pk=pk)
    context = {
        "board": board,
        "number": board.pins.count(),
        "followers": Follow.objects.followers(board).count(),
    }
    return render(request, "pins/board.html", context)


class PinPage(DetailView):
    """One pin, what is said about it, and where else its item is pinned."""

    template_name = "pins/pin.html"
    queryset = Pin.objects.select_related("item", "user", "board", "via__user")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        others = self.object.item.pins.exclude(pk=self.object.pk).select_related("user", "board")
        mine = self.request.user.is_authenticated and self.object.user_id == self.request.user.pk
        talk = threads(self.object)
        context = {
            "mine": mine,
            "others": others.order_by("-created_at")[:12],
            "loves": loves_of([self.object], self.request.user),
            "threads": talk,
            "named": people_named(said.text for thread in talk for said in (thread.comment, *thread.answers)),
        }
        return super().get_context_data(**context, **kwargs)


class People(ListView):
    """Everybody, the most followed first."""

    template_name = "pins/people.html"
    context_object_name = "people"
    paginate_by = 24

    def get_queryset(self) -> QuerySet[Any]:
        self.search = self.request.GET.get("q", "").strip()[:100]
        return most_followed(self.search).annotate(number=Count("pins"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        followed = followed_by(self.request.user)
        return super().get_context_data(search=self.search, followed=followed, **kwargs)


class Preferences(NotificationPreferencesView):
    """What one wants to be told, in words that fit what this site tells."""

    def get_title(self) -> str:
        return _("What you are told")

    def get_label(self, verb: type[Verb]) -> str:
        labels: dict[type[Verb], str] = {
            verbs.Love: _("Somebody loves your pin"),
            verbs.Comment: _("Somebody comments on your pin, answers or mentions you"),
            verbs.Follow: _("Somebody follows you"),
        }
        return labels.get(verb) or super().get_label(verb)


class SignIn(LoginView):
    """Sign in; while developing, the page says as whom."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        demo = settings.DEBUG and get_user_model().objects.filter(username=community.DEMO).exists()
        return super().get_context_data(demo=community.DEMO if demo else "", **kwargs)
