"""Feeds and managers by their names in the settings; tasks, views and tags find them here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from . import conf
from .aggregators import BaseAggregator, TemplateAggregator
from .exceptions import FeedsConfigurationError, UnknownFeed, UnknownManager
from .feeds import AggregatedFeed, Feed, NotificationFeed

if TYPE_CHECKING:
    from .managers import Manager  # for types only: managers stand above, and are found by their dotted path

__all__ = ["get_feed", "get_feed_class", "get_manager", "managers"]

FEED_OPTIONS = {"CLASS", "STORAGE", "MAX_LENGTH", "KEY_FORMAT", "AGGREGATOR", "LIVE"}
MANAGER_OPTIONS = {"CLASS", "USER_FEED", "FEEDS", "NOTIFICATIONS"}


def get_feed(alias: str, owner: Any, viewer: Any = None) -> Feed:
    """
    The feed `alias` of `owner` (a user, any other row, or a pk), which goes on by pull where it ends early.

    `viewer` is who looks at it, where rows are not for everybody; followers' feeds are looked at by their owner.
    Raises UnknownFeed, InvalidOwner.
    """
    feed_class = get_feed_class(alias)
    for manager in managers():
        if alias in manager.feed_classes or feed_class in manager.all_feed_classes():
            return manager.open_feed(feed_class, owner, viewer)
    return feed_class(owner, viewer=viewer)


def get_feed_class(alias: str) -> type[Feed]:
    """The class that `DJANGO_FEEDS["FEEDS"][alias]` declares, one for each alias."""
    return _feed_class("".join(alias))  # plain text: a cache takes the safe strings of templates for others


def get_manager(name: str = "default") -> Manager:
    """The manager of this alias in the settings, or of this dotted path to a class or an instance."""
    return _manager("".join(name))


def managers() -> list[Manager]:
    """All managers of the settings."""
    return [get_manager(name) for name in conf.get("MANAGERS")]


@cache
def _feed_class(alias: str) -> type[Feed]:
    options = _options("FEEDS", alias, FEED_OPTIONS, UnknownFeed)
    base = _import("FEEDS", alias, options.get("CLASS", "django_feeds.feeds.Feed"), UnknownFeed)
    if not (isinstance(base, type) and issubclass(base, Feed)):
        raise UnknownFeed(f"DJANGO_FEEDS['FEEDS'][{alias!r}]['CLASS'] is {base!r}, which is no subclass of Feed.")
    attributes: dict[str, Any] = {
        "key_format": options.get("KEY_FORMAT", f"{alias}:%(user_id)s"),
        "alias": alias,
    }
    if "STORAGE" in options:
        attributes["storage"] = options["STORAGE"]
    if "MAX_LENGTH" in options:
        attributes["max_length"] = _positive(alias, options["MAX_LENGTH"])
    if "LIVE" in options:
        attributes["live"] = _live(alias, base, options["LIVE"])
    if "AGGREGATOR" in options:
        attributes.update(_grouping(alias, base, options["AGGREGATOR"]))
    return type(f"{alias.title().replace('_', '')}Feed", (base,), {"__module__": __name__, **attributes})


@cache
def _manager(name: str) -> Manager:
    if "." in name and name not in conf.get("MANAGERS"):
        found = _import("MANAGERS", name, name, UnknownManager)
        manager = found() if isinstance(found, type) and hasattr(found, "feed_classes") else found
        if not hasattr(manager, "feed_classes"):
            raise UnknownManager(f"{name!r} leads to {found!r}, which is no Manager.")
        return manager
    options = _options("MANAGERS", name, MANAGER_OPTIONS, UnknownManager)
    base = _import("MANAGERS", name, options.get("CLASS", "django_feeds.managers.Manager"), UnknownManager)
    attributes: dict[str, Any] = {"__module__": __name__, "name": name}
    if "FEEDS" in options:
        attributes["feed_classes"] = {alias: get_feed_class(alias) for alias in options["FEEDS"]}
    if "USER_FEED" in options:
        attributes["user_feed_class"] = get_feed_class(options["USER_FEED"])
    if "NOTIFICATIONS" in options:
        attributes["notification_feed_class"] = get_feed_class(options["NOTIFICATIONS"])
    return type(f"{name.title()}Manager", (base,), attributes)()


def _options(setting: str, alias: str, known: set[str], error: type[FeedsConfigurationError]) -> dict[str, Any]:
    declared = conf.get(setting)
    if alias not in declared:
        names = ", ".join(sorted(declared)) or "none"
        raise error(f"DJANGO_FEEDS['{setting}'] has no {alias!r}; it has: {names}. Add it there, or mend the name.")
    options = declared[alias]
    unknown = set(options) - known
    if unknown:
        raise error(
            f"DJANGO_FEEDS['{setting}'][{alias!r}] has the unknown option {min(unknown)!r}; "
            f"there are {', '.join(sorted(known))}."
        )
    return options


def _import(setting: str, alias: str, path: Any, error: type[FeedsConfigurationError]) -> Any:
    if not isinstance(path, str):
        return path
    try:
        return import_string(path)
    except ImportError as cause:
        raise error(
            f"DJANGO_FEEDS['{setting}'][{alias!r}] names {path!r}, which cannot be imported: {cause}"
        ) from cause


def _grouping(alias: str, base: type[Feed], said: Any) -> dict[str, Any]:
    """The aggregator as AGGREGATOR says it: a dotted path, a template, or {"CLASS": ..., "OPTIONS": {...}}."""
    where = f"DJANGO_FEEDS['FEEDS'][{alias!r}]['AGGREGATOR']"
    if not issubclass(base, AggregatedFeed):
        raise UnknownFeed(f"{where} is set, and {base.__name__} does not group; make CLASS an AggregatedFeed.")
    path, options = said, {}
    if isinstance(said, dict):
        path, options = said.get("CLASS"), said.get("OPTIONS", {})
    elif isinstance(said, str) and "{" in said:
        path, options = TemplateAggregator, {"template": said}
    found = _import("FEEDS", alias, path, UnknownFeed)
    if not (isinstance(found, type) and issubclass(found, BaseAggregator)):
        raise UnknownFeed(f"{where} is {said!r}, which is no subclass of BaseAggregator.")
    try:
        found(**options)
    except TypeError as error:
        raise UnknownFeed(f"{where} has OPTIONS that {found.__name__} does not take: {error}") from error
    return {"aggregator_class": found, "aggregator_options": options}


def _live(alias: str, base: type[Feed], said: Any) -> bool:
    if not said and issubclass(base, NotificationFeed):
        raise UnknownFeed(
            f"DJANGO_FEEDS['FEEDS'][{alias!r}]['LIVE'] is {said!r}, and notifications must keep when they arrived, or "
            "nobody could tell what is new; leave it out."
        )
    return bool(said)


def _positive(alias: str, length: Any) -> int:
    if not isinstance(length, int) or length < 1:
        raise UnknownFeed(f"DJANGO_FEEDS['FEEDS'][{alias!r}]['MAX_LENGTH'] must be 1 or more, not {length!r}.")
    return length


def _forget_settings(*, setting: str, **kwargs: Any) -> None:
    if setting in ("DJANGO_FEEDS", "AUTH_USER_MODEL", "TIME_ZONE"):
        _feed_class.cache_clear()
        _manager.cache_clear()


setting_changed.connect(_forget_settings)
