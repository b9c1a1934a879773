from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.servers.base import Server, Unavailable
from tests.servers.ports import HOST, ports
from tests.servers.redis import Node

# Of no other entry of CACHES in the tests: django-redis keeps one pool for each address in a process.
SERVICE = "tested"

CONFIGURATION = f"""
sentinel monitor {SERVICE} {HOST} {{port}} 1
sentinel down-after-milliseconds {SERVICE} 1000
sentinel failover-timeout {SERVICE} 3000
"""


class RedisSentinel(Server):
    """
    A master and a replica of Redis 7, and a Sentinel that puts one in the other's place.

        sentinel.fail_over()     # the master is killed, and another one is there; about three seconds
        sentinel.start()         # the killed one is back, as a replica; the next test does it, too
    """

    patience = 120

    @cached_property
    def nodes(self) -> list[Node]:
        """The two that hold data."""
        # Without waiting for more replicas that may want the same copy.
        return [
            Node(f"{self.name}_{number}", port, "--repl-diskless-sync", "no")
            for number, port in enumerate(ports(self.name, 3)[:2], 1)
        ]

    @cached_property
    def sentinel(self) -> SentinelNode:
        return SentinelNode(f"{self.name}_sentinel", ports(self.name, 3)[2], self.nodes[0])

    @property
    def url(self) -> str:
        """Of the Sentinel, which names the master."""
        return self.sentinel.url

    def cache(self) -> dict[str, Any]:
        """An entry of CACHES."""
        return {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"redis://{SERVICE}/0",
            "OPTIONS": {
                "CLIENT_CLASS": "django_redis.client.SentinelClient",
                "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
                "SENTINELS": [(HOST, self.sentinel.port)],
            },
        }

    @property
    def master(self) -> Node:
        """The one that the Sentinel names."""
        with self.sentinel.connect() as client:
            _, port = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(node for node in self.nodes if node.port == int(port))

    @property
    def replica(self) -> Node:
        master = self.master
        return next(node for node in self.nodes if node is not master)

    def fail_over(self) -> None:
        """Kill the master, and return when the replica has taken its place. What was not copied yet is lost."""
        master, replica = self.master, self.replica
        master.kill()
        self._wait(lambda: self._has(replica))

    @property
    def running(self) -> bool:
        return self._running and all(node.running for node in (*self.nodes, self.sentinel))

    def start(self) -> None:
        """Returns when the replica could take the master's place, also where one of them was lost."""
        for node in (*self.nodes, self.sentinel):
            node.thaw()
        super().start()
        self._wait(self._is_ready)

    def _start(self) -> None:
        try:
            for node in self.nodes:
                node.start()
            known = self.sentinel.has_begun
            if known:
                self.sentinel.start()
            self._wait(lambda: _follow(*((self.master, self.replica) if known else self.nodes)) is None)
            # It looks at once, and then only now and then.
            self._wait(lambda: any(_info(node).get("master_link_status") == "up" for node in self.nodes))
            self.sentinel.start()
        except BaseException:
            self._stop()
            raise

    def _is_ready(self) -> bool:
        with self.sentinel.connect() as client:
            replicas = client.sentinel_slaves(SERVICE)
        states = [(each["flags"], each["master-link-status"]) for each in replicas]
        return self._has(self.master) and states == [("slave", "ok")]

    def _has(self, master: Node) -> bool:
        """Whether this is the master, and the Sentinel thinks so without a doubt."""
        with self.sentinel.connect() as client:
            state = client.sentinel_master(SERVICE)
        return (state["port"], state["flags"]) == (master.port, "master") and _info(master)["role"] == "master"

    def _wait(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.patience
        while not _quietly(done):
            if time.monotonic() > deadline:
                raise Unavailable(f"{self.name} did not come to rest in {self.patience} s")
            time.sleep(0.05)

    def _stop(self) -> None:
        for node in (self.sentinel, *self.nodes):
            node.stop()
        self.sentinel.configuration.unlink(missing_ok=True)


class SentinelNode(Node):
    """Keeps what it learns in its configuration, and goes on from there."""

    def __init__(self, name: str, port: int, master: Node) -> None:
        super().__init__(name, port)
        self.master = master

    @property
    def configuration(self) -> Path:
        return self.folder / "sentinel.conf"

    @property
    def has_begun(self) -> bool:
        return self.configuration.exists()

    def command(self) -> list[str]:
        if not self.has_begun:
            self.configuration.write_text(CONFIGURATION.format(port=self.master.port))
        return [self.program(), str(self.configuration), "--sentinel", *self.listen(), "--dir", str(self.folder)]

    def _start(self) -> None:
        super()._start()
        with self.connect() as client:
            # How often it asks; by default it takes ten seconds to learn that a replica is back.
            client.execute_command("SENTINEL", "DEBUG", "INFO-PERIOD", 500, "PUBLISH-PERIOD", 500)


def _quietly(done: Callable[[], bool]) -> bool:
    """Not yet, where one of them does not answer: a Sentinel ends the connections of whom it gives another master."""
    import redis

    try:
        return done()
    except (redis.ConnectionError, redis.TimeoutError):
        return False


def _follow(master: Node, replica: Node) -> None:
    if _info(replica).get("master_port") != master.port:
        with replica.connect() as client:
            client.replicaof(HOST, master.port)


def _info(node: Node) -> dict[str, Any]:
    with node.connect() as client:
        found: dict[str, Any] = client.info("replication")
    return found
