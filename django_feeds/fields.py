"""The column types of activity ids and of keys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models

__all__ = ["IdField", "KeyField"]


class IdField(models.Field):
    """
    A UUID: `uuid` on PostgreSQL, 16 bytes elsewhere, since UUIDs as text would take 80 bytes an entry in SQLite.

    Not Django's UUIDField, which is text on SQLite and MySQL, and not MariaDB's own type, whose order has changed
    between its versions. Bytes sort like the ids themselves, everywhere.
    """

    description = "UUID, 16 bytes"
    empty_strings_allowed = False

    def db_type(self, connection: Any) -> str:
        types = {"postgresql": "uuid", "mysql": "binary(16)", "oracle": "raw(16)"}
        return types.get(connection.vendor, "blob")

    def rel_db_type(self, connection: Any) -> str:
        return self.db_type(connection)

    def to_python(self, value: Any) -> UUID | None:
        if value is None or isinstance(value, UUID):
            return value
        try:
            return UUID(bytes=bytes(value)) if isinstance(value, (bytes, memoryview)) else UUID(str(value))
        except ValueError as error:
            raise ValidationError(f"{value!r} is no UUID.", code="invalid") from error

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> UUID | None:
        return self.to_python(value)

    def get_prep_value(self, value: Any) -> UUID | None:
        return self.to_python(super().get_prep_value(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        id = self.to_python(value)
        return id if id is None or connection.vendor == "postgresql" else id.bytes

    def value_to_string(self, obj: Any) -> str:
        return str(self.value_from_object(obj))


class KeyField(models.CharField):
    """
    Text that is equal only to itself, everywhere.

    MySQL's and MariaDB's usual collations take "a" for "A", "e" for "é" and "a " for "a".
    """

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            exact = "utf8mb4_nopad_bin" if connection.mysql_is_mariadb else "utf8mb4_0900_bin"
            parameters["collation"] = exact
        return parameters
