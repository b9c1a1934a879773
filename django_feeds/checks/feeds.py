"""Do storages, feeds and managers fit together?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from .. import conf
from ..exceptions import FeedsConfigurationError, UnknownStorage
from ..feeds import AggregatedFeed, Feed, NotificationFeed
from ..managers import Manager
from ..registry import FEED_OPTIONS, get_feed_class
from ..storage import BaseStorage, get_storage
from .declared import did_you_mean, dotted, entries, feed_classes, managers, setting, storage_of

__all__ = ["check"]

MOST_AT_ONCE = 5_000
"""Activities that a feed reads fast enough all at once, as grouped and live ones do."""


def check() -> Iterator[CheckMessage]:
    for alias, options in entries("STORAGES").items():
        yield from _storage(alias, options)
    for alias, options in entries("FEEDS").items():
        wrong = list(_class("FEEDS", alias, options.get("CLASS"), Feed, "E020", "E021"))
        if alias not in feed_classes():
            wrong += _length(f"DJANGO_FEEDS['FEEDS'][{alias!r}]['MAX_LENGTH']", options.get("MAX_LENGTH", 1))
        yield from wrong
        if "AGGREGATOR" in options and not wrong and not set(options) - FEED_OPTIONS:
            yield from _aggregator(alias, options)
    for name, feed_class in feed_classes().items():
        yield from _feed(name, feed_class)
    yield from _shared_keys()
    for alias, options in entries("MANAGERS").items():
        yield from _class("MANAGERS", alias, options.get("CLASS"), Manager, "E030", "E031")
        yield from _named_feeds(alias, options)
    for name, manager in managers().items():
        yield from _own_feed(name, manager)
        yield from _notifications(name, manager)


# Storages


def _storage(alias: str, options: dict[str, Any]) -> Iterator[CheckMessage]:
    path = options.get("BACKEND")
    where = f"DJANGO_FEEDS['STORAGES'][{alias!r}]"
    if not path:
        yield Error(
            f"{where} has no BACKEND.",
            hint=f'"{alias}": {{"BACKEND": "django_feeds.storage.database.DatabaseStorage"}}',
            id="django_feeds.E010",
        )
        return
    try:
        backend = import_string(path) if isinstance(path, str) else path
    except ImportError as error:
        yield Error(
            f"{where} names the BACKEND {path!r}, which cannot be imported: {error}.",
            hint="Mend the dotted path, or install what it needs (for instance django-feeds[redis]).",
            id="django_feeds.E011",
        )
        return
    if not (isinstance(backend, type) and issubclass(backend, BaseStorage)):
        yield Error(
            f"{where} names the BACKEND {path!r}, which is no subclass of BaseStorage.",
            hint="Name a class, such as 'django_feeds.storage.database.DatabaseStorage'.",
            id="django_feeds.E012",
        )
    elif storage := storage_of(alias):
        yield from storage.check()


# Feeds


def _class(setting_name: str, alias: str, path: Any, base: type, missing: str, wrong: str) -> Iterator[CheckMessage]:
    """Can the CLASS of a feed or manager be had, and is it one?"""
    if path is None:
        return
    where = f"DJANGO_FEEDS[{setting_name!r}][{alias!r}]['CLASS']"
    try:
        found = import_string(path) if isinstance(path, str) else path
    except ImportError as error:
        yield Error(
            f"{where} is {path!r}, which cannot be imported: {error}.",
            hint=f"Write the dotted path of a subclass of {dotted(base)}, or leave CLASS out.",
            id=f"django_feeds.{missing}",
        )
        return
    if not (isinstance(found, type) and issubclass(found, base)):
        yield Error(
            f"{where} is {path!r}, which is no subclass of {base.__name__}.",
            hint=f"Write the dotted path of a subclass of {dotted(base)}, or leave CLASS out.",
            id=f"django_feeds.{wrong}",
        )


def _feed(name: str, feed_class: type[Feed]) -> Iterator[CheckMessage]:
    yield from _length(f"max_length of the feed {name!r}", feed_class.max_length)
    try:
        one, other = feed_class.key_for("1"), feed_class.key_for("2")
    except FeedsConfigurationError as error:
        yield _key_format(name, str(error), feed_class)
    else:
        if one == other:
            yield _key_format(name, f"The feed {name!r} has one key for all owners, {one!r}.", feed_class)
    if issubclass(feed_class, AggregatedFeed) and _sound(feed_class) and feed_class.max_length > MOST_AT_ONCE:
        yield Warning(
            f"The feed {name!r} groups up to {feed_class.max_length:,} activities, all of them whenever it is read.",
            hint=f"Give it a MAX_LENGTH (max_length) of {MOST_AT_ONCE} or less.",
            id="django_feeds.W008",
        )
    elif feed_class.live and _sound(feed_class) and feed_class.max_length > MOST_AT_ONCE:
        yield Warning(
            f"The feed {name!r} is live and holds up to {feed_class.max_length:,} activities: each open page looks "
            "through all of them whenever something is new.",
            hint=f"Give it a MAX_LENGTH (max_length) of {MOST_AT_ONCE} or less, or leave LIVE out.",
            id="django_feeds.W013",
        )
    storage = storage_of(feed_class.storage)
    if storage and storage.longest and _sound(feed_class) and feed_class.max_length > storage.longest:
        yield Warning(
            f"The feed {name!r} keeps up to {feed_class.max_length:,} activities, and its storage "
            f"{feed_class.storage!r} is made for {storage.longest:,} on one timeline.",
            hint=f"Give it a MAX_LENGTH (max_length) of {storage.longest} or less.",
            id="django_feeds.W010",
        )
    declared = setting("STORAGES")
    if isinstance(declared, dict) and feed_class.storage not in {**conf.IMPLICIT_STORAGES, **declared}:
        try:
            get_storage(feed_class.storage)
        except UnknownStorage as error:
            problem, _newline, lines = str(error).partition("\n")
            yield Error(f"Where is the feed {name!r} kept? {problem}", hint=lines, id="django_feeds.E022")


def _key_format(name: str, problem: str, feed_class: type[Feed]) -> CheckMessage:
    return Error(
        problem,
        hint=f"The owner goes where %(user_id)s is, for instance '{feed_class.__name__.lower()}:%(user_id)s'.",
        id="django_feeds.E024",
        obj=name,
    )


def _aggregator(alias: str, options: dict[str, Any]) -> Iterator[CheckMessage]:
    """Can AGGREGATOR be had? What else is wrong with the feed, other checks say."""
    where = f"DJANGO_FEEDS['FEEDS'][{alias!r}]['AGGREGATOR']"
    try:
        get_feed_class(alias).get_aggregator()  # type: ignore[attr-defined]
        return
    except FeedsConfigurationError as error:
        problem = str(error) if where in str(error) else f"{where}: {error}"
    except (TypeError, ValueError) as error:  # an aggregator may raise what it likes
        problem = f"{where} is {options['AGGREGATOR']!r}, which cannot be used: {error}"
    yield Error(
        problem,
        hint='"AGGREGATOR": "django_feeds.aggregators.RecentVerbAggregator", or a template such as '
        '"{verb}-{object}-{time:%Y-%m-%d}", or {"CLASS": dotted path, "OPTIONS": {...}}; and CLASS an AggregatedFeed.',
        id="django_feeds.E026",
    )


def _length(where: str, length: Any) -> Iterator[CheckMessage]:
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        yield Error(
            f"{where} must be a whole number from 1, not {length!r}.",
            hint="It is how many activities a reader sees, for instance 1_000.",
            id="django_feeds.E025",
        )


def _shared_keys() -> Iterator[CheckMessage]:
    holders: dict[Any, str] = {}
    for name, feed_class in feed_classes().items():
        storage = storage_of(feed_class.storage)
        if storage is None or any(message.is_serious() for message in storage.check()):
            continue  # where it is, nobody can say
        holder = holders.setdefault((storage.identity(), feed_class.key_format), name)
        if holder != name:
            yield Error(
                f"The feeds {holder!r} and {name!r} have one key, {feed_class.key_format!r}, in one storage.",
                hint="Each would show what the other holds: give one of them another key_format (KEY_FORMAT in "
                "the settings), or a storage of its own.",
                id="django_feeds.E023",
            )


# Managers


def _named_feeds(alias: str, options: dict[str, Any]) -> Iterator[CheckMessage]:
    feeds, where = options.get("FEEDS", ()), f"DJANGO_FEEDS['MANAGERS'][{alias!r}]"
    if not isinstance(feeds, (list, tuple)):
        yield Error(
            f"{where}['FEEDS'] must be a list of aliases, not {feeds!r}.",
            hint='For example "FEEDS": ["timeline"].',
            id="django_feeds.E032",
        )
        feeds = ()
    named = [*feeds, *(options[name] for name in ("USER_FEED", "NOTIFICATIONS") if options.get(name))]
    known = setting("FEEDS") if isinstance(setting("FEEDS"), dict) else {}
    for name in named:
        if not (isinstance(name, str) and name in known):
            yield Error(
                f"{where} names the feed {name!r}, which DJANGO_FEEDS['FEEDS'] does not have.",
                hint=f'{did_you_mean(name, known)} Or add it: "FEEDS": {{"{name}": {{}}}}.',
                id="django_feeds.E032",
            )


def _notifications(name: str, manager: Manager) -> Iterator[CheckMessage]:
    feed_class = manager.notification_feed_class
    if feed_class is not None and not issubclass(feed_class, NotificationFeed):
        yield Error(
            f"The manager {name!r} has the NOTIFICATIONS {feed_class.__name__}, which is no NotificationFeed.",
            hint="Nothing on it would be seen or read: name a feed whose CLASS is a subclass of "
            "django_feeds.feeds.NotificationFeed (notification_feed_class in a class of your own).",
            id="django_feeds.E035",
        )


def _own_feed(name: str, manager: Manager) -> Iterator[CheckMessage]:
    own = manager.user_feed_class
    if own is None:
        return
    for feed_name, feed_class in manager.feed_classes.items():
        if feed_class is own:
            yield Error(
                f"The manager {name!r} has the feed {feed_name!r} both as own feed and as one it fills for followers.",
                hint="An own feed holds what its owner did; take it out of FEEDS (feed_classes), or name another.",
                id="django_feeds.E034",
            )
        elif _sound(own) and _sound(feed_class) and own.max_length < feed_class.max_length:
            yield Error(
                f"The manager {name!r} fills {feed_name!r} ({feed_class.max_length:,} long) from own feeds that are "
                f"shorter ({own.max_length:,}).",
                hint=f"Give the own feed a MAX_LENGTH (max_length) of {feed_class.max_length} or more: feeds are "
                "filled and emptied by what own feeds hold.",
                id="django_feeds.E033",
            )


def _sound(feed_class: type[Feed]) -> bool:
    return not list(_length("", feed_class.max_length))
