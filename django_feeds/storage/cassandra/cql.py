"""What is said to Cassandra; `{keyspace}` is filled in where a statement is prepared."""

from __future__ import annotations

from functools import cache

TIMELINES = "{keyspace}.timelines"
MARKS = "{keyspace}.marks"

ADD = f"INSERT INTO {TIMELINES} (digests, body, id, feed) VALUES (?, ?, ?, ?);"

# An arrival is added to those that are there, under the time of its operation, and the first counts until the row goes.
# An INSERT would replace them all, and leave a tombstone in each row.
ADD_ARRIVING = f"UPDATE {TIMELINES} SET digests = ?, body = ?, arrived = arrived + ? WHERE id = ? AND feed = ?;"

REMOVE = f"DELETE FROM {TIMELINES} WHERE id = ? AND feed = ?;"
REMOVE_MANY = f"DELETE FROM {TIMELINES} USING TIMESTAMP ? WHERE feed = ? AND id IN ?"

FLOORS = f"SELECT DISTINCT feed, floor FROM {TIMELINES} WHERE feed IN ?"
FLOOR = f"SELECT feed, floor FROM {TIMELINES} WHERE feed = ? LIMIT 1"
SET_FLOOR = f"UPDATE {TIMELINES} SET floor = ? WHERE feed = ?;"
FORGET_UP_TO = f"DELETE FROM {TIMELINES} USING TIMESTAMP ? WHERE feed = ? AND id <= ?"
CUT = (
    "BEGIN UNLOGGED BATCH USING TIMESTAMP ? "
    f"DELETE FROM {TIMELINES} WHERE feed = ? AND id <= ?; UPDATE {TIMELINES} SET floor = ? WHERE feed = ?; "
    "APPLY BATCH"
)
DELETE = f"DELETE FROM {TIMELINES} USING TIMESTAMP ? WHERE feed = ?"

IDS = f"SELECT id FROM {TIMELINES} WHERE feed = ? LIMIT ?"
FLOOR_SET = f"SELECT floor, WRITETIME(floor) FROM {TIMELINES} WHERE feed = ? LIMIT 1"
BODIES = f"SELECT id, body FROM {TIMELINES} WHERE feed = ? AND id IN ?"
MANY = f"SELECT floor, id, digests, arrived, feed FROM {TIMELINES} WHERE feed IN ? PER PARTITION LIMIT ?"
MANY_OLDER = (
    f"SELECT floor, id, digests, arrived, feed FROM {TIMELINES} WHERE feed IN ? AND id < ? PER PARTITION LIMIT ?"
)

SEEN_AND_READ = f"SELECT digest, kind, arrival FROM {MARKS} WHERE feed = ?"
RAISE = (
    f"INSERT INTO {MARKS} (feed, digest, kind, arrival) VALUES (?, ?, ?, ?); "
    f"DELETE FROM {MARKS} WHERE feed = ? AND digest = ? AND kind = ? AND arrival < ?;"
)
UNMARK_GROUP = f"DELETE FROM {MARKS} WHERE feed = ? AND digest = ?;"
UNMARK_GROUPS = f"DELETE FROM {MARKS} USING TIMESTAMP ? WHERE feed = ? AND digest IN ?"
UNMARK = f"DELETE FROM {MARKS} USING TIMESTAMP ? WHERE feed = ?"


@cache
def batch(statement: str, count: int) -> str:
    """So many of these at one time, as one statement: half as much for the driver to do as a batch that it makes."""
    return f"BEGIN UNLOGGED BATCH USING TIMESTAMP ? {statement * count} APPLY BATCH"


@cache
def page(older: bool, newer: bool, oldest_first: bool, with_bodies: bool) -> str:
    """Rows of one timeline, of a part of it where it begins or ends at some id."""
    return (
        f"SELECT floor, id, digests, arrived{', body' if with_bodies else ''} FROM {TIMELINES} WHERE feed = ?"
        f"{' AND id < ?' if older else ''}{' AND id > ?' if newer else ''}"
        f"{' ORDER BY id ASC' if oldest_first else ''} LIMIT ?"
    )
