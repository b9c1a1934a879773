"""What the settings declare, as far as it can be read: each check looks at the sound part and leaves the rest."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from django.conf import settings as django_settings

from .. import conf, sources
from ..exceptions import FeedsConfigurationError
from ..feeds import Feed
from ..managers import Manager
from ..registry import get_feed_class, get_manager
from ..storage import BaseStorage, get_storage

__all__ = ["did_you_mean", "dotted", "entries", "feed_classes", "managers", "one_of", "setting", "storage_of"]


def setting(name: str) -> Any:
    """The value of a setting; its default where `DJANGO_FEEDS` is no dict."""
    configured = getattr(django_settings, "DJANGO_FEEDS", {})
    value = configured.get(name, conf.DEFAULTS[name]) if isinstance(configured, dict) else conf.DEFAULTS[name]
    return conf.completed(name, value)


def entries(name: str) -> dict[str, dict[str, Any]]:
    """What STORAGES, FEEDS or MANAGERS declares, without what is no dict."""
    declared = setting(name)
    if not isinstance(declared, dict):
        return {}
    return {alias: options for alias, options in declared.items() if isinstance(options, dict)}


def feed_classes() -> dict[str, type[Feed]]:
    """Every feed class in use by what to call it: those of the settings by alias, others by dotted path."""
    found: dict[str, type[Feed]] = {}
    for alias in entries("FEEDS"):
        try:
            found[alias] = get_feed_class(alias)
        except FeedsConfigurationError:
            continue  # another check says why
    for manager in managers().values():
        for feed_class in manager.all_feed_classes():
            if feed_class not in found.values():
                found[dotted(feed_class)] = feed_class
    return found


def managers() -> dict[str, Manager]:
    """Every manager in use that can be made, by alias or dotted path: those of the settings and of the sources."""
    found: dict[str, Manager] = {}
    for name in [*entries("MANAGERS"), *(source.manager for source in sources.all_sources())]:
        try:
            found[name] = get_manager(name)
        except Exception:  # a class may raise anything; other checks say what is wrong
            continue
    return {name: manager for name, manager in found.items() if isinstance(manager, Manager)}


def storage_of(alias: str) -> BaseStorage | None:
    """The storage of this alias, None where it cannot be made."""
    try:
        storage = get_storage(alias)
    except Exception:  # a backend's constructor may raise anything
        return None
    return storage if isinstance(storage, BaseStorage) else None


def dotted(thing: type) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def did_you_mean(word: Any, known: Iterable[Any]) -> str:
    """A hint: the known word that is closest, or all of them."""
    names = sorted(str(name) for name in known)
    close = get_close_matches(str(word), names, n=1) or get_close_matches(str(word).upper(), names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {one_of(names)}."


def one_of(names: Iterable[Any]) -> str:
    return ", ".join(names) or "none"
