"""
Run some of the tests' servers by hand, until Ctrl-C:

    python -m tests.servers cassandra       # or cassandra_3, redis_7, ...
"""

from __future__ import annotations

import argparse
import signal

from tests import servers


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.servers", description="Start servers, and stop them at the end."
    )
    parser.add_argument("name", nargs="+", choices=servers.names(), help=", ".join(servers.names()), metavar="NAME")
    for name in parser.parse_args().name:
        server = servers.get(name)
        print(f"Starting {name} ...", flush=True)
        try:
            server.start()
        except servers.Unavailable as error:
            parser.exit(1, f"{name}: {error}\n")
        print(f"{name} answers at {server.url}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print("Ctrl-C stops them.", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()


try:
    main()
finally:
    servers.stop_all()
