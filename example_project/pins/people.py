"""Users as this site sees them: their names, and how many follow them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import CharField, Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce

from django_feeds.models import Follow
from django_feeds.owners import Owner


def name_of(user: Any) -> str:
    """The full name, or the user name of somebody who gave none."""
    return user.get_full_name() or user.get_username()


def most_followed(search: str = "") -> QuerySet[Any]:
    """Active users with the attribute `followers`, the most followed first; `search` looks at their names."""
    people = get_user_model().objects.filter(is_active=True)
    for word in search.split():
        people = people.filter(
            Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
        )
    followers = (
        Follow.objects.filter(target=Cast(OuterRef("pk"), CharField(max_length=20)))
        .order_by()
        .values("target")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return people.annotate(followers=Coalesce(Subquery(followers, IntegerField()), 0)).order_by("-followers", "pk")


def followed_by(user: Any) -> set[Owner]:
    """Whom the user follows: what lets a page show many follow buttons with one query."""
    return set(Follow.objects.following(user).targets()) if user.is_authenticated else set()
