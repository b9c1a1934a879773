"""
What the database storage asks of a database, and how each says it.

`plain` says it through the ORM, for any database; `sql` with fewer words, for those that know LIMIT; the modules
named after a vendor write many rows with one statement, and are what is measured.
"""

from __future__ import annotations

from functools import cache

from django.db import connections

from .mysql import MySQLDialect
from .plain import Dialect
from .postgresql import PostgreSQLDialect
from .sqlite import SQLiteDialect

__all__ = ["Dialect", "dialect_for"]

DIALECTS: dict[str, type[Dialect]] = {
    "sqlite": SQLiteDialect,
    "postgresql": PostgreSQLDialect,
    "mysql": MySQLDialect,
}


@cache
def dialect_for(using: str) -> Dialect:
    """The dialect of the database with this alias."""
    return DIALECTS.get(connections[using].vendor, Dialect)(using)
