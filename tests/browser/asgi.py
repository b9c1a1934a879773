"""The example under uvicorn, in a process of its own, on the database of this run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


class Uvicorn:
    """`uvicorn example_project.asgi:application` with the example's own settings, but for the database."""

    def __init__(self, database: str, secret_key: str, log: Path) -> None:
        self.log = log
        # It listens before the application is there, so nobody has to wait for it or to guess a free port.
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        environment: dict[str, Any] = {
            **{name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "CELERY_BROKER_URL")},
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
            "DATABASE_PATH": database,
            "DJANGO_SECRET_KEY": secret_key,  # sessions are signed with it
            "DJANGO_DEBUG": "1",
        }
        handle = self._socket.fileno()
        command = ["uvicorn", "example_project.asgi:application", "--fd", str(handle), "--lifespan", "off"]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=environment,
                pass_fds=[handle],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def stop(self) -> None:
        """End it at once: open streams would keep it waiting."""
        self._process.kill()
        self._process.wait()
        self._socket.close()
