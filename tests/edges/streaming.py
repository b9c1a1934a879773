"""A real uvicorn with the site of these tests, and a client that reads its event streams."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from tests.servers.folder import folder
from tests.servers.ports import HOST, _choose

from .base import MIDDLEWARE, TEMPLATES

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = {"ROOT_URLCONF": "tests.edges.urls", "MIDDLEWARE": MIDDLEWARE, "TEMPLATES": TEMPLATES, "LOGIN_URL": "login"}


class Uvicorn:
    """
    One process with these DJANGO_FEEDS, on the databases of this test run.

        with Uvicorn({...}) as server:
            stream = server.stream("notifications", user)
    """

    def __init__(self, feeds: dict[str, Any]) -> None:
        self.feeds = feeds
        self.port = _choose(1)[0]
        self.log_file = folder() / f"uvicorn-{self.port}.log"
        self.opened: list[Events] = []

    def __enter__(self) -> Uvicorn:
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "uvicorn", "--factory", "django.core.asgi:get_asgi_application"),
                    *("--host", HOST, "--port", str(self.port), "--lifespan", "off", "--log-level", "info"),
                    *("--timeout-graceful-shutdown", "1"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": "tests.edges.streaming_settings",
                    "FEEDS_TEST_STREAMING": json.dumps({**SETTINGS, "DJANGO_FEEDS": self.feeds}, default=str),
                    "PYTHONPATH": str(ROOT),
                },
            )
        deadline = time.monotonic() + 120
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"uvicorn did not come up:\n{self.log()[-3000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *error: Any) -> None:
        for stream in self.opened:
            stream.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("GET", "/feeds/notifications/")
            return connection.getresponse().status == 302  # to the sign-in page
        except OSError:
            return False
        finally:
            connection.close()

    def log(self) -> str:
        return self.log_file.read_text()

    def stream(self, alias: str, user: Any = None, since: str = "", **headers: str) -> Events:
        """Open the stream of this user, who is signed in by a session of his own."""
        client = Client()
        if user is not None:
            client.force_login(user)
        cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items())
        headers = {"Accept": "text/event-stream", "Cookie": cookies, **headers}
        query = f"?since={since}" if since else ""
        stream = Events(self.port, f"/feeds/live/{alias}/{query}", headers)
        stream.session_key = client.session.session_key
        self.opened.append(stream)
        return stream

    @property
    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def open_files(self, name: str) -> int:
        """How many descriptors it has of files whose path has this in it."""
        place = Path(f"/proc/{self.process.pid}/fd")
        return sum(name in os.readlink(path) for path in place.iterdir() if path.is_symlink())


class Events:
    """An open stream, read block by block."""

    session_key: str | None = None

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=30)
        self._connection.request("GET", path, headers=headers)
        self.response = self._connection.getresponse()
        self.id = ""

    def block(self) -> dict[str, str] | None:
        """The next block by field; comments are under "". None at the end of the stream."""
        found: dict[str, str] = {}
        while line := self.response.readline().decode():
            if line == "\n":
                return found
            name, _colon, value = line.rstrip("\n").partition(":")
            found[name] = value.removeprefix(" ")
            self.id = found.get("id", self.id)
        return None

    def news(self) -> dict[str, Any]:
        """The data of the next event, whatever comes before it."""
        while (block := self.block()) is not None:
            if block.get("event") == "news":
                return json.loads(block["data"])
        raise EOFError("The stream ended without another event.")

    def close(self) -> None:
        self._connection.close()
        self.response.close()


def feeds(storage: str, **more: Any) -> dict[str, Any]:
    """DJANGO_FEEDS with live feeds on this storage."""
    return {
        "TASKS": "inline",
        "STORAGES": settings.DJANGO_FEEDS["STORAGES"],
        "FEEDS": {
            "user": {},
            "timeline": {"STORAGE": storage, "LIVE": True, "MAX_LENGTH": 100},
            "quiet": {"STORAGE": storage},
            "notifications": {"CLASS": "django_feeds.feeds.NotificationFeed", "STORAGE": storage},
        },
        "LIVE_INTERVAL": 0.1,
        "LIVE_HEARTBEAT": 0.5,
        **more,
    }
