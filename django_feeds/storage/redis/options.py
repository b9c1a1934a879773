"""The OPTIONS of the Redis storage: their names, defaults, and what can be said against them without a server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from ...exceptions import FeedsConfigurationError
from . import connections

__all__ = ["BODIES", "check", "place", "prefix"]

PLACES = ("CACHE", "URL", "CLUSTER")
NAMES = {*PLACES, "PREFIX", "CLIENT", "BODIES"}

BODIES = 1_000_000
"""How many activities are kept; the records have them all."""

PREFIX = "feeds"

EXAMPLES = {
    "CACHE": '"CACHE": "feeds" (an alias of CACHES, of django-redis)',
    "URL": '"URL": "redis://127.0.0.1:6379/1"',
    "CLUSTER": '"CLUSTER": "redis://127.0.0.1:7000"',
    "PREFIX": f'"PREFIX": "{PREFIX}"',
    "CLIENT": '"CLIENT": {"socket_timeout": 5}, with arguments of redis-py\'s client',
    "BODIES": f'"BODIES": {BODIES:_}',
}


def prefix(options: Mapping[str, Any]) -> str:
    """What all keys begin with: PREFIX, else "feeds" after the KEY_PREFIX of the cache."""
    if "PREFIX" in options:
        return options["PREFIX"]
    of_cache = _cache(options).get("KEY_PREFIX")
    return f"{of_cache}:{PREFIX}" if of_cache else PREFIX


def place(options: Mapping[str, Any]) -> tuple[Any, ...]:
    """Which server and database these options mean; what is equal is one and the same."""
    cache = _cache(options)
    location = cache.get("LOCATION") or options.get("CLUSTER") or options.get("URL")
    sentinels = (cache.get("OPTIONS") or {}).get("SENTINELS")
    return (_server(location), *([repr(sentinels)] if sentinels else []))


def check(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    unknown = sorted(set(options) - NAMES, key=str)
    if unknown:
        yield Error(
            f"The storage {alias!r} has unknown OPTIONS: {', '.join(map(str, unknown))}.",
            hint=f"The Redis storage knows {', '.join(sorted(NAMES))}.",
            id="django_feeds.E050",
        )
    wrong = list(_check_values(alias, options)) or list(_check_place(alias, options))
    yield from wrong
    if not wrong:
        yield from _check_decoding(alias, options)
        yield from _check_clearing(alias, options)
        yield from _check_slots(alias, options)


def _check_place(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    places = [name for name in PLACES if name in options]
    if len(places) != 1:
        yield Error(
            f"The storage {alias!r} has {' and '.join(places) or 'no place'}: it does not say where its Redis is.",
            hint=f"Give one of them: {', '.join(EXAMPLES[name] for name in PLACES)}.",
            id="django_feeds.E052",
        )
    elif places == ["CACHE"]:
        yield from _check_cache(alias, options["CACHE"])
    else:
        yield from _check_address(alias, options)


def _check_values(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for name, value in options.items():
        if name not in NAMES:
            continue
        if name == "BODIES":
            sound = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        elif name == "CLIENT":
            sound = isinstance(value, Mapping)
        else:
            sound = isinstance(value, str) and value != ""
        if not sound:
            shown = f": {value!r}" if name in ("BODIES", "PREFIX", "CACHE") else ""  # others may hold a password
            yield Error(
                f"The storage {alias!r} cannot have this {name}{shown}.",
                hint=f"Write it as in {EXAMPLES[name]}.",
                id="django_feeds.E054",
            )
    if options.get("CLIENT") and "CACHE" in options:
        yield Error(
            f"The storage {alias!r} has CLIENT arguments, which a CACHE does not take.",
            hint="Give them in the CACHES entry, as CONNECTION_POOL_KWARGS in its OPTIONS.",
            id="django_feeds.E054",
        )


def _check_cache(alias: str, cache: str) -> Iterator[CheckMessage]:
    if cache not in settings.CACHES:
        yield Error(
            f"The storage {alias!r} is to be in the cache {cache!r}, which CACHES does not have.",
            hint=f"There are: {', '.join(settings.CACHES)}.",
            id="django_feeds.E053",
        )
        return
    try:
        connections.of_cache(alias, cache)
    except FeedsConfigurationError as error:
        problem, _newline, lines = str(error).partition("\n")
        yield Error(problem, hint=lines, id="django_feeds.E053")


def _check_address(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    try:
        connections.try_out(options)
    except (TypeError, ValueError) as error:
        yield Error(
            f"The storage {alias!r} cannot have a client: {error}.",
            hint=f"Write the address as in {EXAMPLES['CLUSTER' if 'CLUSTER' in options else 'URL']}, "
            f"and arguments as in {EXAMPLES['CLIENT']}.",
            id="django_feeds.E054",
        )


def _check_decoding(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    of_cache = _cache(options).get("OPTIONS") or {}
    arguments = [options.get("CLIENT"), of_cache.get("CONNECTION_POOL_KWARGS"), of_cache.get("REDIS_CLIENT_KWARGS")]
    urls = [options.get("URL"), options.get("CLUSTER"), _cache(options).get("LOCATION")]
    # In an address even "decode_responses=False" turns it on: redis-py takes the word as it is.
    if any(some and some.get("decode_responses") for some in arguments) or "decode_responses=" in str(urls):
        yield Error(
            f"The storage {alias!r} has a client that decodes responses, and entries are bytes, not text.",
            hint='Leave "decode_responses" out; give the feeds a cache alias of their own if others need it.',
            id="django_feeds.E055",
        )


def _check_clearing(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """`clear` empties the database of a cache in Redis, whatever prefix its keys have."""
    mine, here = options.get("CACHE"), place(options)
    shared = ["default"] if mine == "default" else []
    shared += [name for name in settings.CACHES if name not in (mine, *shared) and place({"CACHE": name}) == here]
    if shared:
        yield Warning(
            f"The storage {alias!r} shares its Redis database with the cache{'s' * (len(shared) > 1)} "
            f"{' and '.join(map(repr, shared))}, whose clear() would delete all feeds.",
            hint="Give the feeds a database of Redis of their own, with its own alias where they are in CACHES: "
            '"LOCATION": "redis://127.0.0.1:6379/1".',
            id="django_feeds.W005",
        )


def _check_slots(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if "CLUSTER" in options and re.search(r"\{[^}]+\}", prefix(options)):
        yield Warning(
            f"The storage {alias!r} has braces in its PREFIX, so that one node of the Cluster keeps all feeds.",
            hint="What is in braces decides alone where a key goes: leave them out.",
            id="django_feeds.W006",
        )


def _cache(options: Mapping[str, Any]) -> Mapping[str, Any]:
    cache = options.get("CACHE")
    return settings.CACHES.get(cache, {}) if isinstance(cache, str) else {}


def _server(location: Any) -> str:
    """The address with its defaults, and without what says nothing about the place; the first of several."""
    if isinstance(location, (list, tuple)):
        location = next(iter(location), "")
    try:
        url = urlsplit(str(location).split(",")[0])
        if url.scheme not in ("redis", "rediss", "unix"):
            return str(location)
        database = parse_qs(url.query).get("db", [""])[0]
        if url.scheme == "unix":
            return f"{url.path} {database or 0}"
        host = {None: "localhost", "127.0.0.1": "localhost"}.get(url.hostname, url.hostname)
        return f"{host}:{url.port or 6379} {database or url.path.strip('/') or 0}"
    except ValueError:
        return str(location)
