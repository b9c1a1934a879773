"""
The keyspace and its two tables, and what is to be done so that they are there.

`timelines` has one partition for each timeline: its rows newest first, each with its activity's body, and its floor.
`marks` has one for what the reader of a timeline has seen and read, in rows that are nothing but keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from cassandra import InvalidRequest

from ...exceptions import FeedsConfigurationError

if TYPE_CHECKING:
    from cassandra.cluster import Session

__all__ = ["missing", "provide"]

PATIENCE = 60
"""Seconds for a change of the schema, which all nodes must hear of."""

TABLES = {
    "timelines": {
        "feed": "text",
        "id": "uuid",
        "floor": "uuid static",
        "digests": "blob",
        "arrived": "map<bigint, bigint>",
        "body": "text",
    },
    "marks": {"feed": "text", "digest": "bigint", "kind": "text", "arrival": "bigint"},
}

KEYS = {
    "timelines": ("feed, id", "CLUSTERING ORDER BY (id DESC)"),
    "marks": ("feed, digest, kind, arrival", "CLUSTERING ORDER BY (digest ASC, kind ASC, arrival DESC)"),
}

# Levels, since a feed's rows come over months and a page shall not be gathered from every file that was written since.
# Zstd halves what LZ4 leaves of ids. Tombstones stay for three days: a node that was away for longer is repaired.
STORED = (
    "compaction = {'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': '160'}",
    "compression = {'class': 'ZstdCompressor', 'chunk_length_in_kb': '16'}",
    "gc_grace_seconds = 259200",
)

# Amazon Keyspaces looks after its files itself, and keeps the times of writes where it is asked to.
MANAGED = ("CUSTOM_PROPERTIES = {'client_side_timestamps': {'status': 'enabled'}}",)


def missing(session: Session, keyspace: str, replication: Any, *, managed: bool = False) -> Iterator[str]:
    """
    The statements that bring the schema up to date, in order; none where it is.

    What an operator has changed (compaction, compression, ...) is left as it is, and copies where nobody says how many
    there are to be. Raises FeedsConfigurationError where nobody says so and the keyspace is missing.
    """
    known = dict(session.execute("SELECT keyspace_name, replication FROM system_schema.keyspaces").all())
    if keyspace not in known:
        yield _keyspace(keyspace, replication)
    elif replication is not None and not managed:
        now = dict(known[keyspace])
        wanted = _replicated(now, replication)
        if wanted != now:
            yield f"ALTER KEYSPACE {keyspace} WITH replication = {_map(wanted)}"
    rows = session.execute(
        "SELECT table_name, column_name FROM system_schema.columns WHERE keyspace_name = %s", [keyspace]
    )
    there: dict[str, set[str]] = {}
    for table, column in rows:
        there.setdefault(table, set()).add(column)
    for table, columns in TABLES.items():
        if table not in there:
            yield _table(keyspace, table, managed)
            continue
        for column, type in columns.items():
            if column not in there[table]:
                yield f"ALTER TABLE {keyspace}.{table} ADD {column} {type}"


def provide(session: Session, statement: str, *, managed: bool = False) -> None:
    """Carry out one of these statements. Where the server is `managed`, what the last one made comes a while later."""
    deadline = monotonic() + PATIENCE
    while True:
        try:
            session.execute(statement, timeout=PATIENCE)
            return
        except InvalidRequest:
            if not managed or monotonic() > deadline:
                raise
            sleep(1)


def _keyspace(keyspace: str, replication: Any) -> str:
    if replication is None:
        raise FeedsConfigurationError(
            f"The keyspace {keyspace!r} is not there, and the storage does not say how many copies it is to keep. "
            'Add to its OPTIONS "REPLICATION": 3 (on a single node: 1), or a dict as CREATE KEYSPACE has it.'
        )
    if isinstance(replication, int):
        replication = {"class": "NetworkTopologyStrategy", "replication_factor": replication}
    return f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {_map(replication)}"


def _replicated(now: Mapping[str, str], wanted: Any) -> dict[str, str]:
    """
    The replication as it is to be, as the server would tell it, which names each data center.

    An ALTER that names none adds copies in new data centers, and changes nothing in those that have some.
    """
    asked = {"replication_factor": wanted} if isinstance(wanted, int) else wanted
    copies = {name: str(value) for name, value in asked.items() if name != "class"}
    strategy = str(asked.get("class", now["class"]))
    if strategy.rpartition(".")[2] != now["class"].rpartition(".")[2]:
        return {"class": strategy, **copies}
    everywhere = copies.pop("replication_factor", None)
    places = {name: everywhere for name in now if name != "class"} if everywhere else {}
    return {"class": now["class"], **places, **copies}


def _map(options: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"'{name}': '{value}'" for name, value in options.items()) + "}"


def _table(keyspace: str, table: str, managed: bool) -> str:
    key, order = KEYS[table]
    columns = ", ".join(f"{name} {type}" for name, type in TABLES[table].items())
    options = " AND ".join((order, *(MANAGED if managed else STORED)))
    return f"CREATE TABLE IF NOT EXISTS {keyspace}.{table} ({columns}, PRIMARY KEY ({key})) WITH {options}"
