from __future__ import annotations

import atexit
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

from tests.servers.folder import folder


class Unavailable(Exception):
    """This server cannot run here; the message says why and how to mend it."""


class Server(ABC):
    """A server that is started once, and again after it was lost. One that could not start keeps saying why."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._running = False
        self._failure: str | None = None

    @property
    def folder(self) -> Path:
        return folder() / self.name

    @property
    def running(self) -> bool:
        return self._running

    def start(self) -> None:
        """Raises Unavailable."""
        if self._failure:
            raise Unavailable(self._failure)
        if self.running:
            return
        try:
            self.folder.mkdir(exist_ok=True)
            self._start()
        except Unavailable as error:
            self._failure = str(error)
            raise
        self._running = True
        # For the ways out that pytest does not see; stopping twice is harmless.
        atexit.register(self.stop)

    def stop(self) -> None:
        if self._running:
            self._running = False
            self._stop()

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it listens, or will; for the client that goes with it."""

    @abstractmethod
    def _start(self) -> None:
        """Return when it answers. Raise Unavailable when it is not installed or does not come up."""

    @abstractmethod
    def _stop(self) -> None: ...


class ProcessServer(Server):
    """A server that is one process in the foreground, which a test may kill or freeze."""

    # How long it may take to answer, and to go, in seconds.
    patience = 120

    _process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._running and self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self.thaw()
        super().start()

    def kill(self) -> None:
        """End it at once, as by a power cut. `start` brings it back, at the same address."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._running = False

    def freeze(self) -> None:
        """It stays connected and answers nobody, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Harmless where it is not frozen."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    @abstractmethod
    def command(self) -> list[str]:
        """The command line. Raise Unavailable when the program is not installed."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether a client gets through."""

    def _start(self) -> None:
        command = self.command()
        with self._log.open("ab") as log:
            # A session of its own: the terminal's Ctrl-C is for the tests, which then stop it in order.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        try:
            self._wait_for_answer(self._process)
        except BaseException:
            # Interrupted, too: nobody else knows of this process yet.
            self._stop()
            raise

    def _wait_for_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.patience
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"{process.args[0]} did not come up:\n{self._end_of_log()}")  # type: ignore[index]
            time.sleep(0.02)

    def _stop(self) -> None:
        if self._process is None:
            return
        self.thaw()
        self._process.terminate()
        try:
            self._process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @property
    def _log(self) -> Path:
        return self.folder / "log.txt"

    def _end_of_log(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
