from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.servers.base import ProcessServer, Unavailable

# Nothing here outlives the run, so nothing needs to reach the disk.
FAST = (
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=128M",
    "--performance-schema=OFF",
)


class MariaDB(ProcessServer):
    """MariaDB of the operating system, on a Unix socket, without the system's own configuration and data."""

    @property
    def socket(self) -> Path:
        return self.folder / "mysqld.sock"

    @property
    def url(self) -> str:
        return f"mysql://root@localhost/?unix_socket={self.socket}"

    def settings(self, name: str) -> dict[str, Any]:
        """An entry of DATABASES; its database and the test database are one, so a worker finds it too."""
        return {
            "ENGINE": "django.db.backends.mysql",
            "HOST": str(self.socket),
            "USER": "root",
            "NAME": name,
            "OPTIONS": {"charset": "utf8mb4"},
            "TEST": {"NAME": name, "CHARSET": "utf8mb4"},
        }

    def command(self) -> list[str]:
        self._install()
        return [
            _program("mariadbd", "mysqld"),
            "--no-defaults",
            f"--user={getpass.getuser()}",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'pid'}",
            "--skip-networking",
            *FAST,
        ]

    def _install(self) -> None:
        command = [
            _program("mariadb-install-db", "mysql_install_db"),
            "--no-defaults",
            f"--user={getpass.getuser()}",
            f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(f"mariadb-install-db failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def answers(self) -> bool:
        import pymysql

        try:
            pymysql.connect(unix_socket=str(self.socket), user="root").close()
        except pymysql.Error:
            return False
        return True


def _program(*names: str) -> str:
    # Debian keeps servers in sbin, which only root has on its path.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise Unavailable(f"no {names[0]} is installed: apt-get install mariadb-server")
