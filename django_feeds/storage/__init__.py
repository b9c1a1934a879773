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
from .base import BaseStorage, Entry, Slice

__all__ = ["BaseStorage", "Entry", "Slice", "get_storage"]


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
            ) from error
        return backend(alias, params.get("OPTIONS", {}))


_handler = _StorageHandler()


def get_storage(alias: str) -> BaseStorage:
    """The storage of this alias, one object for each thread; raises UnknownStorage with the lines to add."""
    if alias not in _handler.settings:
        backend = f"django_feeds.storage.{alias}.{alias.capitalize()}Storage"
        known = ", ".join(sorted(_handler.settings))
        raise UnknownStorage(
            f"There is no storage {alias!r} (there are: {known}). Add it to the settings:\n"
            f'DJANGO_FEEDS = {{"STORAGES": {{"{alias}": {{"BACKEND": "{backend}", "OPTIONS": {{}}}}}}}}'
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
