"""A real Celery worker, as a process of its own, on the databases and the broker of the test run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import redis

from tests import servers
from tests.celery_app import app
from tests.servers.folder import folder

ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """
    Two prefork processes. Times are in seconds.

        worker.wait_until_idle()      # everything queued so far has run, with what it queued in turn
        worker.kill()                 # as by a power cut; what it ran stays unacknowledged
        worker.start(); worker.redeliver()
    """

    queues = ("celery", "high", "low")

    def __init__(self) -> None:
        self.name = f"tests-{uuid.uuid4().hex[:8]}@localhost"
        self.log_file = folder() / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        url = servers.broker().broker_url.replace("redis+socket", "unix").replace("virtual_host", "db")
        self._broker = redis.Redis.from_url(url)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, timeout: float = 120) -> None:
        """Return when it answers a ping."""
        if self.running:
            return
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "-A", "tests.celery_app", "worker"),
                    *("--pool", "prefork", "--concurrency", "2", "--hostname", self.name),
                    *("--queues", ",".join(self.queues), "--loglevel", "INFO"),
                    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, "FEEDS_TEST_TASKS": "celery", "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )
        try:
            self._wait_for_answer(timeout)
        except BaseException:
            self.kill()
            raise

    def _wait_for_answer(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self._inspect("ping"):
            if not self.running or time.monotonic() > deadline:
                raise RuntimeError(f"The Celery worker did not come up:\n{self.log()[-3000:]}")

    def stop(self, timeout: float = 20) -> None:
        """Let it finish what it runs."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self) -> None:
        """End it and its children at once, in the middle of whatever they do."""
        if self._process is None:
            return
        try:
            # It leads a process group of its own; nobody else is in there.
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._process = None

    def wait_until_idle(self, timeout: float = 300) -> None:
        """Raises TimeoutError, with the end of the log. A task that waits for its retry counts as work."""
        deadline = time.monotonic() + timeout
        # A message is in no list for a moment, between the queue and the worker that takes it. A worker that
        # has answered another question since has noted it.
        quiet = 0
        while quiet < 3:
            quiet = quiet + 1 if not self.waiting() and self._active() == [] else 0
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.waiting()} tasks are still waiting:\n{self.log()[-3000:]}")
            if not quiet:
                time.sleep(0.02)

    def waiting(self) -> int:
        """Messages in the queues, and those a worker holds without having acknowledged them."""
        return sum(self._broker.llen(queue) for queue in self.queues) + self._broker.hlen("unacked")

    def redeliver(self) -> None:
        """
        Queue again what is held without acknowledgement, as Redis' visibility timeout does after an hour.

        Without a kill before, a task that runs now runs twice.
        """
        with app.connection_for_write() as connection:
            for tag in self._broker.hkeys("unacked"):
                connection.default_channel.qos.restore_by_tag(tag.decode())

    def forget(self) -> None:
        """Drop every message, also those a killed worker held."""
        self._broker.flushdb()

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def _active(self) -> list[Any] | None:
        """What it runs; None where it gave no answer."""
        return self._inspect("active").get(self.name)

    def _inspect(self, command: str) -> dict[str, Any]:
        # One destination: the first answer is the only one, so there is no waiting for more.
        inspect = app.control.inspect(destination=[self.name], timeout=10, limit=1)
        return getattr(inspect, command)() or {}
