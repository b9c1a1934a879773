from __future__ import annotations

import time
from functools import cached_property

from tests.servers.base import Server, Unavailable
from tests.servers.ports import HOST, ports
from tests.servers.redis import Node

SLOTS = 16_384


class RedisCluster(Server):
    """
    Three masters of Redis 7, each with a third of the slots and no replica.

    A test may kill or freeze one of `nodes`, and `start` it again; the next test that needs the cluster mends it.
    """

    patience = 120

    @cached_property
    def nodes(self) -> list[Node]:
        return [
            Node(
                f"{self.name}_{number}",
                port,
                *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
                *("--cluster-announce-ip", HOST, "--cluster-node-timeout", "2000"),
            )
            for number, port in enumerate(ports(self.name, 3))
        ]

    @property
    def url(self) -> str:
        """Of one node, which knows the others."""
        return self.nodes[0].url

    @property
    def running(self) -> bool:
        return self._running and all(node.running for node in self.nodes)

    def start(self) -> None:
        """Returns when every node says that the cluster is whole, also where some were lost."""
        for node in self.nodes:
            node.thaw()
        super().start()
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        deadline = time.monotonic() + self.patience
        while not all(_is_whole(node) for node in self.nodes):
            if time.monotonic() > deadline:
                raise Unavailable(f"{self.name} did not become whole in {self.patience} s")
            time.sleep(0.05)

    def _start(self) -> None:
        known = self._running  # a node that comes back still knows its slots and the others
        try:
            for node in self.nodes:
                if not known:
                    (node.folder / "nodes.conf").unlink(missing_ok=True)
                node.start()
            if not known:
                self._join()
        except BaseException:
            self._stop()
            raise

    def _join(self) -> None:
        for number, node in enumerate(self.nodes):
            first, behind = (SLOTS * bound // len(self.nodes) for bound in (number, number + 1))
            with node.connect() as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, behind - 1)
                # Different from the start, or the nodes make them so, one at a time.
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                for other in self.nodes[:number]:
                    client.execute_command("CLUSTER", "MEET", HOST, other.port)

    def _stop(self) -> None:
        for node in self.nodes:
            node.stop()


def _is_whole(node: Node) -> bool:
    import redis

    with node.connect() as client:
        try:
            state = client.execute_command("CLUSTER", "INFO")
        except (redis.ConnectionError, redis.TimeoutError):
            return False
    return "cluster_state:ok" in state and "cluster_size:3" in state
