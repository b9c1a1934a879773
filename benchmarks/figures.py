"""Timing, and a table of figures beside their goals."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from statistics import median, quantiles
from time import perf_counter
from typing import Any

COMPARE = {">=": operator.ge, "<=": operator.le}


def seconds(work: Callable[[], Any]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def rounds(
    contestants: dict[str, Callable[..., Any]], number: int, prepare: Callable[[], Any] | None = None
) -> dict[str, list[float]]:
    """
    The seconds of each contestant in each round; each round has them in another order, so that none is first.

    What `prepare` returns, outside the time taken, is their argument.
    """
    shuffle = Random(1).shuffle
    names = list(contestants)
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(number):
        shuffle(names)
        for name in names:
            arguments = [prepare()] if prepare else []
            times[name].append(seconds(partial(contestants[name], *arguments)))
    return times


def p50(times: list[float]) -> float:
    return median(times)


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def p99(times: list[float]) -> float:
    return quantiles(times, n=100)[-1]


def quiet(times: list[float]) -> float:
    """The first quartile: what the work takes where nothing else disturbs it. Goals compare these."""
    return quantiles(times, n=4)[0] if len(times) > 8 else min(times)


@dataclass
class Table:
    """Prints as it grows, and remembers what fell short."""

    short: list[str] = field(default_factory=list)

    def heading(self, text: str) -> None:
        print(f"\n{text}\n{'-' * len(text)}", flush=True)

    def figure(self, name: str, value: str) -> None:
        print(f"  {name:<{88 - max(len(value), 14)}}{value:>14}", flush=True)

    def goal(self, name: str, value: float, sign: str, wanted: float, unit: str = "x") -> None:
        reached = COMPARE[sign](value, wanted)
        state = "ok" if reached else "SHORT"
        print(f"  {name:<74}{value:>13.2f}{unit}   goal {sign} {wanted:g}   {state}", flush=True)
        if not reached:
            self.short.append(name)
