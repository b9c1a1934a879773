"""Is `DJANGO_FEEDS` spelt right?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error

from .. import conf
from ..digests import digest_class
from ..exceptions import FeedsConfigurationError
from ..feeds.pages import MAX_LIMIT
from ..owners import model_of
from ..registry import FEED_OPTIONS, MANAGER_OPTIONS
from .declared import did_you_mean, entries, setting

__all__ = ["check"]

OPTIONS = {"STORAGES": {"BACKEND", "OPTIONS"}, "FEEDS": FEED_OPTIONS, "MANAGERS": MANAGER_OPTIONS}
PRIORITIES = ("high", "low")
LONGEST = 24 * 3600
"""Seconds that a stream, or one of its pauses, may last."""

EXAMPLES = {
    "STORAGES": '"STORAGES": {"default": {"BACKEND": "django_feeds.storage.database.DatabaseStorage"}}',
    "FEEDS": '"FEEDS": {"timeline": {"CLASS": "django_feeds.feeds.Feed", "MAX_LENGTH": 1_000}}',
    "MANAGERS": '"MANAGERS": {"default": {"USER_FEED": "user", "FEEDS": ["timeline"]}}',
}


def check() -> Iterator[CheckMessage]:
    if not django_settings.USE_TZ:
        yield Error(
            "Activities have aware times, and USE_TZ is False.",
            hint="Set USE_TZ = True.",
            id="django_feeds.E009",
        )
    configured = getattr(django_settings, "DJANGO_FEEDS", {})
    if not isinstance(configured, dict):
        yield Error(
            f"DJANGO_FEEDS must be a dict, not {configured!r}.",
            hint="Write DJANGO_FEEDS = {...}, or leave it out: every setting has a default.",
            id="django_feeds.E001",
        )
        return
    for name in configured:
        if name not in conf.DEFAULTS:
            yield Error(
                f"DJANGO_FEEDS has the unknown setting {name!r}.",
                hint=did_you_mean(name, conf.DEFAULTS),
                id="django_feeds.E002",
            )
    for name, options in OPTIONS.items():
        yield from _shape(name, setting(name))
        yield from _options(name, options)
    for alias, storage in entries("STORAGES").items():
        if not isinstance(storage.get("OPTIONS", {}), dict):
            example = '"OPTIONS": {"DATABASE": "default"}'
            yield _misshapen(f"DJANGO_FEEDS['STORAGES'][{alias!r}]['OPTIONS']", storage["OPTIONS"], example)
    yield from _values()
    yield from _queues(setting("QUEUES"))
    yield from _followable(setting("FOLLOWABLE"))


def _shape(name: str, declared: Any) -> Iterator[CheckMessage]:
    if not isinstance(declared, dict):
        yield _misshapen(f"DJANGO_FEEDS[{name!r}]", declared, EXAMPLES[name])
        return
    for alias, options in declared.items():
        if not isinstance(options, dict):
            yield _misshapen(f"DJANGO_FEEDS[{name!r}][{alias!r}]", options, EXAMPLES[name])


def _misshapen(where: str, value: Any, example: str) -> CheckMessage:
    return Error(f"{where} must be a dict, not {value!r}.", hint=f"For example {example}", id="django_feeds.E003")


def _options(name: str, known: set[str]) -> Iterator[CheckMessage]:
    for alias, options in entries(name).items():
        for option in sorted(set(options) - known, key=str):
            yield Error(
                f"DJANGO_FEEDS[{name!r}][{alias!r}] has the unknown option {option!r}.",
                hint=did_you_mean(option, known),
                id="django_feeds.E004",
            )


def _values() -> Iterator[CheckMessage]:
    for name, most in (("FANOUT_CHUNK_SIZE", 100_000), ("PAGE_SIZE", MAX_LIMIT)):
        value = setting(name)
        if not _is_int(value) or not 1 <= value <= most:
            yield _wrong(name, value, f"an integer from 1 to {most:,}", conf.DEFAULTS[name])
    for name in ("LIVE_INTERVAL", "LIVE_HEARTBEAT", "LIVE_LIFETIME"):
        value = setting(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= LONGEST:
            yield _wrong(name, value, f"a number of seconds above 0, up to {LONGEST:,}", conf.DEFAULTS[name])
    for alias, feed in entries("FEEDS").items():
        if not isinstance(feed.get("LIVE", False), bool):
            yield Error(
                f"DJANGO_FEEDS['FEEDS'][{alias!r}]['LIVE'] must be True or False, not {feed['LIVE']!r}.",
                hint='"LIVE": True lets open pages hear of what comes in; without it they do not.',
                id="django_feeds.E005",
            )
    for name in ("INCLUDE_OWN", "TRACKING"):
        if not isinstance(setting(name), bool):
            yield _wrong(name, setting(name), "True or False", conf.DEFAULTS[name])
    if not (setting("SITE_URL") is None or _is_site(setting("SITE_URL"))):
        yield _wrong("SITE_URL", setting("SITE_URL"), "an address like 'https://example.com', without a path", None)
    try:
        digest_class()
    except FeedsConfigurationError as error:
        yield Error(
            str(error), hint=f"Leave it out, or name a subclass of {conf.DEFAULTS['DIGEST']}.", id="django_feeds.E005"
        )
    if setting("TASKS") not in ("celery", "inline", None):
        yield Error(
            f"DJANGO_FEEDS['TASKS'] must be 'celery', 'inline' or None, not {setting('TASKS')!r}.",
            hint='"TASKS": "celery" has workers fill feeds, "inline" the request itself; '
            "None takes celery where a broker is configured.",
            id="django_feeds.E006",
        )


def _wrong(name: str, value: Any, wanted: str, default: Any) -> CheckMessage:
    return Error(
        f"DJANGO_FEEDS[{name!r}] must be {wanted}, not {value!r}.",
        hint=f'Leave it out, or write "{name}": {default!r}.',
        id="django_feeds.E005",
    )


def _queues(queues: Any) -> Iterator[CheckMessage]:
    hint = '"QUEUES": {"high": "feeds", "low": "feeds-slow"}; None is Celery\'s default queue.'
    if not isinstance(queues, dict):
        yield Error(f"DJANGO_FEEDS['QUEUES'] must be a dict, not {queues!r}.", hint=hint, id="django_feeds.E007")
        return
    for priority, queue in queues.items():
        if priority not in PRIORITIES:
            problem = f"the unknown priority {priority!r}"
        elif not (queue is None or isinstance(queue, str)):
            problem = f"{queue!r} as a queue's name"
        else:
            continue
        yield Error(f"DJANGO_FEEDS['QUEUES'] has {problem}.", hint=hint, id="django_feeds.E007")


def _followable(labels: Any) -> Iterator[CheckMessage]:
    if not isinstance(labels, (list, tuple, set)):
        yield Error(
            f"DJANGO_FEEDS['FOLLOWABLE'] must be a list of models, not {labels!r}.",
            hint='"FOLLOWABLE": ["pins.Board"]',
            id="django_feeds.E008",
        )
        return
    for label in labels:
        if not isinstance(label, str) or model_of(label) is None:
            yield Error(
                f"DJANGO_FEEDS['FOLLOWABLE'] names {label!r}, which is no installed model.",
                hint="Write it as 'app.Model', with the app's label as INSTALLED_APPS has it.",
                id="django_feeds.E008",
            )


def _is_site(value: Any) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    return not (parts.path.strip("/") or parts.query or parts.fragment)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
