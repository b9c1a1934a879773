"""
Storages: where timelines are kept. One small promise (`base`), one module for each backend.

`get_storage(alias)` gives the storage that `DJANGO_FEEDS["STORAGES"]` declares under this alias.
"""

from __future__ import annotations

from typing import Any

from django.core.signals import setting_changed
from django.utils.connection import BaseConnectionHandler
from django.utils.module_loading import import_string

from .. import conf
from ..exceptions import UnknownStorage
from .base import BaseStorage, Entry, Mark, Slice

__all__ = ["BaseStorage", "Entry", "Mark", "Slice", "get_storage"]

EXAMPLES = {
    "redis": '"BACKEND": "django_feeds.storage.redis.RedisStorage", "OPTIONS": {"URL": "redis://127.0.0.1:6379/1"}',
    "cassandra": (
        '"BACKEND": "django_feeds.storage.cassandra.CassandraStorage", "OPTIONS": {"CONTACT_POINTS": ["127.0.0.1"]}'
    ),
}
"""What to declare, under the aliases that our feed classes name."""

EXTRAS = {"redis": "redis", "cassandra": "cassandra"}
"""Which extra of this package brings a driver, by the driver's module."""


class _StorageHandler(BaseConnectionHandler):
    exception_class = UnknownStorage

    def configure_settings(self, settings: Any) -> dict[str, dict[str, Any]]:
        configured = conf.get("STORAGES") if settings is None else settings
        return {**conf.IMPLICIT_STORAGES, **configured}

    def create_connection(self, alias: str) -> BaseStorage:
        params = self.settings[alias]
        path = params.get("BACKEND", "")
        try:
            backend = import_string(path)
        except ImportError as error:
            raise UnknownStorage(
                f"DJANGO_FEEDS['STORAGES'][{alias!r}] names the BACKEND {path!r}, which cannot be imported: {error}"
                f"{_to_install(error)}"
            ) from error
        return backend(alias, params.get("OPTIONS", {}))


def _to_install(error: ImportError) -> str:
    """The line that brings what a storage of ours needs, where it is that which is missing."""
    extra = EXTRAS.get((error.name or "").partition(".")[0])
    return f"\npip install django-feeds[{extra}]" if extra else ""


_handler = _StorageHandler()


def get_storage(alias: str) -> BaseStorage:
    """The storage of this alias, one object for each thread; raises UnknownStorage with the lines to add."""
    if alias not in _handler.settings:
        example = EXAMPLES.get(alias, f'"BACKEND": "{conf.DATABASE_BACKEND}"')
        known = ", ".join(sorted(_handler.settings))
        raise UnknownStorage(
            f"There is no storage {alias!r} (there are: {known}). Add it to the settings:\n"
            f'DJANGO_FEEDS = {{"STORAGES": {{"{alias}": {{{example}}}}}}}'
        )
    return _handler[alias]


def aliases() -> list[str]:
    """The storages that are declared, and those that are always there."""
    return list(_handler.settings)


def _forget_settings(*, setting: str, **kwargs: Any) -> None:
    if setting in ("DJANGO_FEEDS", "CACHES"):
        global _handler
        _handler = _StorageHandler()


setting_changed.connect(_forget_settings)
