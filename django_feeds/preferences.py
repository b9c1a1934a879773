"""What users want to hear of: which verbs they are told of, and whether e-mails digest that for them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core import signing
from django.db import connections, router, transaction

from .exceptions import FeedsError
from .models import DigestState, NotificationPreference
from .owners import owner_of, reference_of
from .registry import managers
from .sources import all_sources
from .verbs import Verb

__all__ = ["Preferences", "load", "offered", "save", "set_digest", "unsubscribe", "unsubscribe_token", "user_of_token"]

SALT = "django_feeds.unsubscribe"

TOKEN_AGE = timedelta(days=365)
"""How long the link in an e-mail works."""


class Preferences(NamedTuple):
    """What one user wants."""

    verbs: dict[type[Verb], bool]
    """Is he told of activities with this verb? Of each that is offered, by id."""

    digest: bool
    """Does he want e-mails?"""


def offered() -> list[type[Verb]]:
    """The verbs that somebody may be told of: of all sources that name anybody, and of managers; each once, by id."""
    verbs = {source.verb.id: source.verb for source in all_sources() if source.tells()}
    verbs.update((verb.id, verb) for manager in managers() for verb in manager.tells)
    return [verbs[id] for id in sorted(verbs)]


def load(user: Any) -> Preferences:
    """What this user wants; who never said anything wants everything."""
    said = dict(NotificationPreference.objects.filter(user=user.pk).values_list("verb", "enabled"))
    state = DigestState.objects.filter(user=user.pk).first()
    return Preferences({verb: said.get(verb.id, True) for verb in offered()}, state is None or state.wanted)


def save(user: Any, wanted: Collection[int], digest: bool) -> None:
    """
    Tell this user of activities with the verbs of these ids, and of no others that are offered.

    What he was told before stays on his feed.
    """
    using = router.db_for_write(NotificationPreference)
    rows = [NotificationPreference(user_id=user.pk, verb_id=verb.id, enabled=verb.id in wanted) for verb in offered()]
    with transaction.atomic(using=using):
        NotificationPreference.objects.using(using).bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=_unique_fields(using),
            update_fields=["enabled"],
        )
        set_digest(user, digest)


def set_digest(user: Any, wanted: bool) -> None:
    """Let this user have e-mail digests, or none."""
    DigestState.objects.update_or_create(user_id=user.pk, defaults={"wanted": wanted})


# The link in an e-mail, whose signature is the permission


def unsubscribe_token(user: Any) -> str:
    """What the address holds with which this user needs no password to get no more e-mails."""
    return signing.dumps(owner_of(user), salt=SALT)


def user_of_token(token: str) -> Any:
    """The user whom we gave this token; None where we did not, or it is too old, or he is gone."""
    try:
        owner = signing.loads(token, salt=SALT, max_age=TOKEN_AGE)
        return get_user_model()._base_manager.filter(pk=reference_of(owner).pk).first()
    except (signing.BadSignature, FeedsError):
        return None


def unsubscribe(token: str) -> bool:
    """Send no more e-mail digests to whom we gave this token; returns whether that is anybody."""
    user = user_of_token(token)
    if user is not None:
        set_digest(user, False)
    return user is not None


def _unique_fields(using: str) -> list[str] | None:
    return ["user", "verb"] if connections[using].features.supports_update_conflicts_with_target else None
