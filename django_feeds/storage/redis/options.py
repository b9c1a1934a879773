"""The OPTIONS of the Redis storage: their names, defaults, and what can be said against them without a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

__all__ = ["BODIES", "check", "place", "prefix"]

PLACES = ("CACHE", "URL", "CLUSTER")
NAMES = {*PLACES, "PREFIX", "CLIENT", "BODIES"}

BODIES = 1_000_000
"""How many activities are kept; the records have them all."""

PREFIX = "feeds"


def prefix(options: Mapping[str, Any]) -> str:
    """What all keys begin with: PREFIX, else "feeds" after the KEY_PREFIX of the cache."""
    if "PREFIX" in options:
        return options["PREFIX"]
    of_cache = _cache(options).get("KEY_PREFIX")
    return f"{of_cache}:{PREFIX}" if of_cache else PREFIX


def place(options: Mapping[str, Any]) -> tuple[Any, ...]:
    """Which server these options mean; what is equal is one and the same."""
    location = _cache(options).get("LOCATION")
    return (str(location or options.get("CLUSTER") or options.get("URL")),)


def check(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    unknown = sorted(set(options) - NAMES)
    if unknown:
        yield Error(
            f"The storage {alias!r} has unknown OPTIONS: {', '.join(unknown)}.",
            hint=f"The Redis storage knows {', '.join(sorted(NAMES))}.",
            id="django_feeds.E050",
        )
    places = [name for name in PLACES if name in options]
    if len(places) != 1:
        yield Error(
            f"The storage {alias!r} has {' and '.join(places) or 'no place'}: it does not say where its Redis is.",
            hint='Give one of them: "OPTIONS": {"CACHE": "feeds"} for a cache of django-redis, '
            '{"URL": "redis://127.0.0.1:6379/1"}, or {"CLUSTER": "redis://127.0.0.1:7000"}.',
            id="django_feeds.E052",
        )
    elif places == ["CACHE"]:
        yield from _check_cache(alias, options["CACHE"])
    yield from _check_values(alias, options)


def _check_values(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    bodies, client, prefix = options.get("BODIES", BODIES), options.get("CLIENT", {}), options.get("PREFIX", PREFIX)
    wrong = None
    if not isinstance(bodies, int) or isinstance(bodies, bool) or bodies < 1:
        wrong = f"BODIES {bodies!r}, which must be a number of activities, 1 or more"
    elif not isinstance(prefix, str) or not prefix:
        wrong = f"the PREFIX {prefix!r}, which must be a string that is not empty"
    elif not isinstance(client, Mapping):
        wrong = f"CLIENT {client!r}, which must be a dict of arguments for redis-py's client"
    if wrong:
        yield Error(f"The storage {alias!r} has {wrong}.", id="django_feeds.E054")
    elif client and "CACHE" in options:
        yield Error(
            f"The storage {alias!r} has CLIENT arguments, which a CACHE does not take.",
            hint="Give them in the CACHES entry, as CONNECTION_POOL_KWARGS in its OPTIONS.",
            id="django_feeds.E054",
        )
    if _decodes(options):
        yield Error(
            f"The storage {alias!r} has a client that decodes responses, and entries are bytes: decoding loses some.",
            hint='Leave "decode_responses" out; give the feeds a cache alias of their own if others need it.',
            id="django_feeds.E055",
        )


def _check_cache(alias: str, cache: str) -> Iterator[CheckMessage]:
    if cache not in settings.CACHES:
        yield Error(
            f"The storage {alias!r} is to be in the cache {cache!r}, which CACHES does not have.",
            hint=f"There are: {', '.join(settings.CACHES)}.",
            id="django_feeds.E053",
        )
    elif not str(settings.CACHES[cache].get("BACKEND", "")).startswith("django_redis."):
        yield Error(
            f"The storage {alias!r} is to be in the cache {cache!r}, which is a {settings.CACHES[cache]['BACKEND']}.",
            hint='It must be one of django-redis: "BACKEND": "django_redis.cache.RedisCache".',
            id="django_feeds.E053",
        )
    elif cache == "default":
        yield Warning(
            f"The storage {alias!r} is in the cache 'default', whose cache.clear() would delete all feeds.",
            hint="Give the feeds an alias in CACHES and a database of Redis of their own, "
            'for instance "LOCATION": "redis://127.0.0.1:6379/1".',
            id="django_feeds.W005",
        )


def _decodes(options: Mapping[str, Any]) -> bool:
    of_cache = _cache(options).get("OPTIONS", {})
    arguments = [options.get("CLIENT", {}), of_cache.get("CONNECTION_POOL_KWARGS"), of_cache.get("REDIS_CLIENT_KWARGS")]
    urls = [options.get("URL"), options.get("CLUSTER"), _cache(options).get("LOCATION")]
    return any(isinstance(some, Mapping) and some.get("decode_responses") for some in arguments) or any(
        "decode_responses=true" in str(url).lower() for url in urls
    )


def _cache(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return settings.CACHES.get(options.get("CACHE", ""), {})
