"""The OPTIONS of the Cassandra storage: their names, defaults, and what can be said against them without a server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cassandra import ConsistencyLevel
from django.core.checks import CheckMessage, Error

from ...exceptions import FeedsConfigurationError

__all__ = ["check", "consistency", "keyspace", "place"]

KEYSPACE = "feeds"

CONSISTENCY = "LOCAL_QUORUM"

EXAMPLES = {
    "CONTACT_POINTS": '"CONTACT_POINTS": ["10.0.0.1", "10.0.0.2"]',
    "BUNDLE": '"BUNDLE": "/etc/feeds/secure-connect.zip", with USERNAME and PASSWORD',
    "PORT": '"PORT": 9042',
    "KEYSPACE": f'"KEYSPACE": "{KEYSPACE}", in small letters, digits and underscores',
    "PREFIX": '"PREFIX": "mysite:", what the keys of all timelines begin with',
    "REPLICATION": '"REPLICATION": 3, or a dict as CREATE KEYSPACE has it',
    "CONSISTENCY": f'"CONSISTENCY": "{CONSISTENCY}", or {{"READ": "LOCAL_ONE", "WRITE": "{CONSISTENCY}"}}',
    "LOCAL_DC": '"LOCAL_DC": "frankfurt"',
    "USERNAME": '"USERNAME": "feeds", with PASSWORD',
    "PASSWORD": '"PASSWORD": os.environ["CASSANDRA_PASSWORD"], with USERNAME',
    "TIMEOUT": '"TIMEOUT": 10, in seconds',
    "SPECULATIVE_DELAY": '"SPECULATIVE_DELAY": 0.05, in seconds',
    "IN_FLIGHT": '"IN_FLIGHT": 32, batches that are under way at once',
    "KEYSPACES": '"KEYSPACES": True, for Amazon Keyspaces',
    "CLUSTER": (
        '"CLUSTER": {"ssl_context": context}, with arguments of the driver\'s Cluster that no other option says'
    ),
}

NUMBERS = {"TIMEOUT": (int, float), "SPECULATIVE_DELAY": (int, float), "IN_FLIGHT": (int,), "PORT": (int,)}
OURS = {"contact_points", "port", "cloud", "execution_profiles", "default_retry_policy"}
"""Arguments of the driver's Cluster that other options stand for."""

TEXTS = ("PREFIX", "LOCAL_DC", "USERNAME", "PASSWORD", "BUNDLE")


NO_LEVEL = {"READ": {"SERIAL", "LOCAL_SERIAL", "ANY"}, "WRITE": {"SERIAL", "LOCAL_SERIAL"}}
"""What Cassandra does not take: serial reads are for lightweight transactions, of which there are none here."""


def keyspace(options: Mapping[str, Any]) -> str:
    return options.get("KEYSPACE", KEYSPACE)


def place(options: Mapping[str, Any]) -> tuple[Any, ...]:
    """Which keyspace of which cluster these options mean; what is equal is one and the same."""
    hosts = options.get("BUNDLE") or tuple(sorted(options.get("CONTACT_POINTS", ())))
    return (hosts, options.get("PORT", 9042), keyspace(options))


def consistency(options: Mapping[str, Any], what: str) -> int:
    """The level at which to "READ" or to "WRITE"; raises FeedsConfigurationError where there is no such level."""
    chosen = options.get("CONSISTENCY", CONSISTENCY)
    try:
        level: int = ConsistencyLevel.name_to_value[
            chosen if isinstance(chosen, str) else chosen.get(what, CONSISTENCY)
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise FeedsConfigurationError(f"{chosen!r} is no CONSISTENCY; write {EXAMPLES['CONSISTENCY']}.") from error
    return level


def check(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    unknown = sorted(set(options) - set(EXAMPLES), key=str)
    if unknown:
        yield Error(
            f"The storage {alias!r} has unknown OPTIONS: {', '.join(map(str, unknown))}.",
            hint=f"The Cassandra storage knows {', '.join(sorted(EXAMPLES))}.",
            id="django_feeds.E050",
        )
    if ("CONTACT_POINTS" in options) == ("BUNDLE" in options):
        both = "both CONTACT_POINTS and BUNDLE" if "BUNDLE" in options else "neither CONTACT_POINTS nor BUNDLE"
        yield Error(
            f"The storage {alias!r} has {both}: it does not say where its Cassandra is.",
            hint=f"Give one of them: {EXAMPLES['CONTACT_POINTS']}, or {EXAMPLES['BUNDLE']}.",
            id="django_feeds.E056",
        )
    for name in EXAMPLES:
        if name in options and not _is_right(name, options):
            # No password belongs into a log.
            told = "a value that it cannot have" if name == "PASSWORD" else repr(options[name])
            yield Error(
                f"The storage {alias!r} has {told} for its {name}.",
                hint=f"Write {EXAMPLES[name]}.",
                id="django_feeds.E057",
            )


def _is_right(name: str, options: Mapping[str, Any]) -> bool:
    value = options[name]
    if name in NUMBERS:
        return isinstance(value, NUMBERS[name]) and not isinstance(value, bool) and value > 0
    if name in TEXTS:
        with_its_pair = {"USERNAME": "PASSWORD", "PASSWORD": "USERNAME"}.get(name, name)
        return isinstance(value, str) and with_its_pair in options
    return {
        "CONTACT_POINTS": _is_a_list_of_hosts,
        "KEYSPACE": lambda name: isinstance(name, str) and re.fullmatch("[a-z][a-z0-9_]{0,47}", name) is not None,
        "REPLICATION": _is_a_replication,
        "CONSISTENCY": _is_a_consistency,
        "KEYSPACES": lambda value: isinstance(value, bool),
        "CLUSTER": lambda arguments: isinstance(arguments, dict) and not OURS & set(arguments),
    }[name](value)


def _is_a_list_of_hosts(hosts: Any) -> bool:
    return isinstance(hosts, list | tuple) and bool(hosts) and all(isinstance(host, str) and host for host in hosts)


def _is_a_replication(value: Any) -> bool:
    if isinstance(value, dict):
        words = [word for pair in value.items() for word in pair]
        return "class" in value and all(isinstance(word, str | int) and "'" not in str(word) for word in words)
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_a_consistency(value: Any) -> bool:
    if not isinstance(value, dict):
        value = {"READ": value, "WRITE": value}
    return set(value) <= set(NO_LEVEL) and all(
        isinstance(level, str) and level in ConsistencyLevel.name_to_value and level not in NO_LEVEL[what]
        for what, level in value.items()
    )
