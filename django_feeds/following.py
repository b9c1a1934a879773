"""Who can be followed, and who follows: what the follow views, the own feeds' pages and the follow button ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import conf
from .exceptions import InvalidOwner
from .graph import graph_of
from .models import Follow
from .owners import Owner, label_of, model_of, owner_of, reference_of, user_label
from .sources import all_sources

if TYPE_CHECKING:
    from .managers import Manager

__all__ = ["count_followers", "find_target", "followable_labels", "is_following"]


def followable_labels() -> set[str]:
    """The labels of the user model, of `DJANGO_FEEDS["FOLLOWABLE"]`, and of models whose own feeds a source fills."""
    models: list[Any] = [model_of(label) for label in (user_label(), *conf.get("FOLLOWABLE"))]
    models += [field.related_model for source in all_sources() for field in source.relations().values()]
    return {label_of(model) for model in models if model}


def find_target(owner: Owner, *, active: bool = True) -> Any:
    """
    The row that can be followed under this owner string; with `active`, not a user who was deactivated.

    Raises InvalidOwner where there is none, or where rows of its model are not for following.
    """
    reference = reference_of(owner)
    model = model_of(reference.label)
    if model is None or reference.label not in followable_labels():
        raise InvalidOwner(f"No {reference.label} can be followed; add it to DJANGO_FEEDS['FOLLOWABLE'] if it should.")
    # No column holds a NUL, and PostgreSQL's driver takes none.
    row = None if "\0" in owner else model._default_manager.filter(pk=reference.pk).first()
    deactivated = reference.label == user_label() and not getattr(row, "is_active", True)
    if row is None or (active and deactivated):
        raise InvalidOwner(f"There is no {reference.label} with the pk {str(reference.pk)[:60]!r}.")
    return row


def is_following(manager: Manager, user: Any, target: Any) -> bool:
    """Does this user follow the target, in the graph of this manager? One query for `Follow` rows."""
    reader = owner_of(user)
    return reader in graph_of(manager).readers(owner_of(target), {"owners": [reader]})


def count_followers(manager: Manager, target: Any) -> int | None:
    """How many follow the target; None where the manager owns its graph, which may not be countable."""
    return None if manager.owns_graph else Follow.objects.followers(target).count()
