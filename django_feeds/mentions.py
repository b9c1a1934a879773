"""Mentions: @names in texts, and the users they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from .owners import Reference, user_label

__all__ = ["MOST", "mentioned"]

NAME = re.compile(r"(?<![\w@.+-])@([\w.+-]{1,150})")
"""Not in the middle of a word, where it is an e-mail address. The characters are those of Django's user names."""

MOST = 50
"""Names that are looked up in the texts of one row; who writes to more people wants a feed."""


def mentioned(texts: Iterable[str | None]) -> list[Reference]:
    """The users whom these texts mention, each once, in order: by USERNAME_FIELD, those who are active."""
    wanted = list(dict.fromkeys(name for text in texts for name in NAME.findall(text or "")))[:MOST]
    model = get_user_model()
    field = model.USERNAME_FIELD
    candidates = {candidate for name in wanted for candidate in _candidates(name) if _fits(model, candidate)}
    if not candidates:
        return []
    rows = model._default_manager.filter(**{f"{field}__in": candidates})
    if any(column.name == "is_active" for column in model._meta.get_fields()):
        rows = rows.filter(is_active=True)
    pks = {str(name): pk for name, pk in rows.values_list(field, "pk")}
    named = (next((pks[one] for one in _candidates(name) if one in pks), None) for name in wanted)
    found = dict.fromkeys(pk for pk in named if pk is not None)
    return [Reference(user_label(), pk) for pk in found]


def _fits(model: Any, name: str) -> bool:
    """Can anybody be called so? Where users sign in by a number, most names are none."""
    try:
        model._meta.get_field(model.USERNAME_FIELD).to_python(name)
    except ValidationError:
        return False
    return True


def _candidates(name: str) -> Iterator[str]:
    """The name as it stands, and without the full stop of the sentence that it ends."""
    yield name
    if name.rstrip(".-+") not in ("", name):
        yield name.rstrip(".-+")
