"""
References and owners: how django_feeds names a row of any model.

A reference is `(label, pk)`. An owner is who a feed belongs to, as a string: the pk of a user, or `label:pk` for
anything else that can be followed, so that the own feed of board 5 is the feed of `pins.Board:5`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.signals import setting_changed
from django.db.models import Model

from .exceptions import InvalidOwner, InvalidReference

__all__ = [
    "Owner",
    "Reference",
    "label_of",
    "model_of",
    "owner_of",
    "owner_of_row",
    "refer",
    "reference_of",
    "user_label",
]

Owner = str


class Reference(NamedTuple):
    """A row of a model: the label of the concrete class, and the pk in the model's own type."""

    label: str
    pk: Any

    def __str__(self) -> str:
        return f"{self.label}:{self.pk}"

    @staticmethod
    def parse(text: str, default_label: str = "") -> Reference:
        """
        The reference of a "label:pk" string, or of a pk alone where a label is given for that.

        Raises InvalidReference for anything else, and for a pk that the model cannot have.
        """
        label, colon, pk = text.partition(":")
        if not colon and default_label:
            label, pk = default_label, text
        elif not pk or label.count(".") != 1:
            raise InvalidReference(f"{text!r} is not a reference; write it as 'app.Model:pk'.")
        # A page has dozens: not through Reference's own __new__, which is written in Python.
        return new_reference(Reference, (label, _native_pk(label, pk)))


new_reference = tuple.__new__


def refer(value: Any, label: str | None = None, field: str = "object") -> Reference:
    """
    The reference of an instance, a `(label, pk)` pair, or a bare pk of the model `label`.

    Raises InvalidReference for an unsaved instance and for anything else that names no row.
    """
    if isinstance(value, Reference):
        return value
    if isinstance(value, Model):
        if value.pk is None:
            raise InvalidReference(f"The {field} {value!r} is not saved yet; save it before it is used.")
        # Not type(value): request.user is a lazy object that only says it is a user.
        return Reference(label_of(value._meta.model), value.pk)
    if isinstance(value, (tuple, list)) and len(value) == 2 and isinstance(value[0], str):
        return _checked(value[0], value[1], field)
    if isinstance(value, (str, int, UUID)) and not isinstance(value, bool) and label and str(value):
        return _checked(label, value, field)
    raise InvalidReference(
        f"The {field} {value!r} names no row; pass a saved model instance, a ('app.Model', pk) pair or a pk."
    )


def label_of(model: type[Model]) -> str:
    """The label of a model; a proxy has that of the concrete class, so that a row has one name."""
    return (model._meta.concrete_model or model)._meta.label


@cache
def user_label() -> str:
    """The label of the user model."""
    return _concrete_label(settings.AUTH_USER_MODEL, "user")


def _forget_user_label(*, setting: str, **kwargs: Any) -> None:
    if setting == "AUTH_USER_MODEL":
        user_label.cache_clear()


setting_changed.connect(_forget_user_label)


def owner_of(value: Any) -> Owner:
    """
    Who owns the feeds of this instance, reference, pk or owner string.

    Raises InvalidOwner where that is nobody, for instance an anonymous or unsaved user.
    """
    if isinstance(value, str) and value:
        return value
    try:
        reference = refer(value, user_label(), "owner")
    except InvalidReference as error:
        raise InvalidOwner(f"{value!r} can own no feed: {error}") from error
    return str(reference.pk) if reference.label == user_label() else str(reference)


def owner_of_row(value: Any) -> Owner:
    """`owner_of`, where it must be the name of a row that can be; raises InvalidOwner. Asks for no row."""
    return owner_of(reference_of(owner_of(value)))


def reference_of(owner: Owner) -> Reference:
    """The row that this owner is; raises InvalidOwner where there is no such model or pk."""
    label, colon, pk = owner.partition(":")
    try:
        if colon and label.count(".") == 1 and pk:
            return refer((label, pk), field="owner")
        return refer(owner, user_label(), "owner")
    except InvalidReference as error:
        raise InvalidOwner(f"{owner!r} can own no feed: {error}") from error


def model_of(label: str) -> type[Model] | None:
    """The model of this label, or None where it is not installed (any more)."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _concrete_label(label: str, field: str) -> str:
    model = model_of(label)
    if model is None:
        raise InvalidReference(f"The {field} is of {label!r}, which is no installed model; write it as 'app.Model'.")
    return label_of(model)


def _checked(label: str, pk: Any, field: str) -> Reference:
    """A reference to what can be a row: of an installed model, with a pk that its column can hold."""
    reference = Reference(_concrete_label(label, field), _native_pk(label, pk))
    try:
        # There is such a model: _concrete_label() has found it.
        model_of(label)._meta.pk.run_validators(reference.pk)  # type: ignore[union-attr]
    except ValidationError as error:
        raise InvalidReference(f"The {field} is {pk!r}, which cannot be the pk of a {label}.") from error
    if reference.pk in (None, ""):
        raise InvalidReference(f"The {field} has no pk; pass a saved row of {label}, or its pk.")
    return reference


def _native_pk(label: str, pk: Any) -> Any:
    """The pk in the type of its model, so that 5 and "5" are one; as it is where the model is not installed."""
    to_python = _pk_types.get(label)
    if to_python is None:
        model = model_of(label)
        if model is None:
            return pk
        to_python = _pk_types[label] = model._meta.pk.to_python
    try:
        return to_python(pk)
    except ValidationError as error:
        raise InvalidReference(f"{pk!r} cannot be the pk of a {label}.") from error


# Asking the registry of apps, three times for each activity, takes longer than all the rest of reading one.
_pk_types: dict[str, Callable[[Any], Any]] = {}


def _forget_pk_types(*, setting: str, **kwargs: Any) -> None:
    if setting in ("INSTALLED_APPS", "AUTH_USER_MODEL"):
        _pk_types.clear()


setting_changed.connect(_forget_pk_types)


Referable = Model | Reference | tuple | str | int | UUID
