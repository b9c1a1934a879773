"""
What a feed costs in Cassandra, beside what the driver can do, beside the goals: on one node, then on three.

    python -m benchmarks.cassandra               all of it, some minutes
    python -m benchmarks.cassandra --quick       smaller sizes, without the three
    python -m benchmarks.cassandra --check       exit 1 where a goal is missed
    python -m benchmarks.cassandra --one-node    without the three
    python -m benchmarks.cassandra --only page   one part, of those that --help names

Needs the [test] extra, and what tests on Cassandra need: Java 17, and Maven, which brings the server. Each node takes
a gigabyte of memory. "Bare" is the driver's own prepared statements with all arguments made beforehand, on the
storage's session. All that is compared is done in turn, in another order each round, on one node that is warm; goals
compare first quartiles, or medians of pages.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable

import django
from django.core.management import call_command

from benchmarks.figures import Table
from tests import servers
from tests.servers.cassandra import Cassandra

PARTS = ("page", "cut", "change", "push", "disk", "nodes")


def parts(table: Table, quick: bool) -> dict[str, Callable[[], None]]:
    # They want the settings.
    from benchmarks import cassandra_data as data
    from benchmarks import cassandra_disk, cassandra_nodes, cassandra_reads, cassandra_writes

    feeds, number = (2_000, 9) if quick else (10_000, 16)

    def push() -> None:
        cassandra_writes.fan_out(table, feeds, number)

    def change() -> None:
        cassandra_writes.follows(table, 9 if quick else 40)
        cassandra_writes.removals(table, feeds, number)

    def page() -> None:
        cassandra_reads.pages(table, 50 if quick else 200, 200 if quick else 1_500)
        cassandra_reads.windows(table, 20, 40 if quick else 200)

    def cut() -> None:
        cassandra_disk.cuts(table, 1_000 if quick else 10_000, 120 if quick else 1_000)

    def disk() -> None:
        cassandra_disk.sizes(table, 20 if quick else 200)

    def one_node() -> None:
        servers.get("cassandra").start()
        data.warm(data.provide(data.storage()), 3_000 if quick else 10_000)

    def nodes() -> None:
        end("cassandra")
        servers.get("cassandra_3").start()
        for copies in (1, 3):
            cassandra_nodes.three_nodes(table, copies, 1_000 if quick else 3_000, 9 if quick else 15)

    return {
        "one node": one_node,
        **{"page": page, "cut": cut, "change": change, "push": push, "disk": disk},
        "nodes": nodes,
    }


def end(name: str) -> None:
    """At once: nothing that these nodes keep is wanted any more."""
    from django_feeds.storage.cassandra import connections

    connections.close()
    server = servers.get(name)
    assert isinstance(server, Cassandra)
    for node in server.nodes:
        node.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description="Feeds in Cassandra beside their goals.")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, without the three nodes")
    parser.add_argument("--check", action="store_true", help="exit 1 where a goal is missed")
    parser.add_argument("--one-node", action="store_true", help="without the three nodes")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part")
    options = parser.parse_args()
    # Asked to end, it stops the servers on the way out, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.cassandra_settings"
    wanted = set(options.only or PARTS)
    if options.one_node or (options.quick and not options.only):
        wanted.discard("nodes")
    if wanted - {"nodes"}:
        wanted.add("one node")
    table = Table()
    try:
        django.setup()
        call_command("migrate", verbosity=0)
        for name, run in parts(table, options.quick).items():
            if name in wanted:
                run()
    finally:
        end("cassandra")
        end("cassandra_3")
    print(f"\n{len(table.short)} goals missed" + "".join(f"\n  {name.strip()}" for name in table.short))
    return 1 if options.check and table.short else 0


if __name__ == "__main__":
    sys.exit(main())
