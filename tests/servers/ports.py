"""Ports for servers that cannot do with a Unix socket."""

from __future__ import annotations

import json
import os
import random
import socket
from collections.abc import Collection

from tests.servers.folder import folder

HOST = "127.0.0.1"

BUS = 10_000
"""A node of a Redis Cluster listens that much higher, too."""

# Below what Linux gives to outgoing connections, with the bus.
CANDIDATES = range(11_000, 22_000)


def ports(name: str, count: int) -> list[int]:
    """So many ports that were free, with the one for the bus; chosen once a run, child processes see the same."""
    path = folder() / f"{name}.ports"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        taken = {port for other in folder().glob("*.ports") for port in json.loads(other.read_text())}
        draft.write_text(json.dumps(_choose(count, taken)))
        os.replace(draft, path)
    chosen: list[int] = json.loads(path.read_text())
    return chosen


def _choose(count: int, taken: Collection[int] = ()) -> list[int]:
    """So many that are free now, without those that others of this run will listen on."""
    # At random, since other runs on this machine choose, too.
    some = (port for port in random.sample(CANDIDATES, len(CANDIDATES)) if port not in taken)
    free = (port for port in some if _is_free(port) and _is_free(port + BUS))
    return [next(free) for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        # As servers do: a closed connection that lingers there is in nobody's way.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError:
            return False
    return True
