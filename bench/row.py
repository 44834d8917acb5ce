"""What a measurement comes to: one row of the table, and how several lanes are compared."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything."""

    rounds: int
    layers: tuple[int, ...]
    """MiB."""
    relayed: int
    """MiB."""
    at_once: tuple[int, ...]
    """How many layers at the same time."""
    each: int
    """MiB of each of these."""
    requests: int
    flows: int
    events: int
    pulls: int
    starts: int


FULL = Size(
    rounds=3,
    layers=(100, 1024),
    relayed=1024,
    at_once=(1, 8, 64),
    each=16,
    requests=5000,
    flows=100_000,
    events=1_000_000,
    pulls=5_000,
    starts=7,
)
QUICK = Size(
    rounds=1,
    layers=(8, 32),
    relayed=16,
    at_once=(1, 2),
    each=1,
    requests=200,
    flows=200,
    events=600,
    pulls=10,
    starts=1,
)
QUIET = 1.5
"""Processes that want a core, for each core: with more than that the clock measures them too. The bench itself has three."""
LARGEST = 4096
"""MiB of the layer that is measured on demand."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison: what was measured in each lane, what comes of it, and whether that is good enough."""

    what: str
    measured: str
    result: float
    unit: str
    goal: str
    met: bool
    by_the_clock: bool = False
    """Whether it says little where the machine has other things to do; CPU and memory do not mind."""
    busy: bool = field(default_factory=lambda: os.getloadavg()[0] > QUIET * (os.cpu_count() or 1))

    @property
    def is_noise(self) -> bool:
        """Whether it rests on the clock of a busy machine."""
        return self.by_the_clock and self.busy


def in_turns(rounds: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each measure; the order is turned around from round to round."""
    results: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds):
        names = list(measures)
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(measures[name]())
    return {name: statistics.median(values) for name, values in results.items()}


def ratio(
    what: str,
    measured: str,
    result: float,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    by_the_clock: bool = False,
) -> Row:
    """How much of one there is to the other."""
    met = (at_most is None or result <= at_most) and (at_least is None or result >= at_least)
    goal = f"at most {at_most}" if at_most is not None else f"at least {at_least}"
    return Row(what=what, measured=measured, result=result, unit=" x", goal=goal, met=met, by_the_clock=by_the_clock)


def absolute(what: str, measured: str, result: float, unit: str, *, at_most: float, by_the_clock: bool = False) -> Row:
    """What must not be more than so much, wherever it is measured."""
    goal = f"at most {at_most:g}{unit}"
    met = result <= at_most
    return Row(what=what, measured=measured, result=result, unit=unit, goal=goal, met=met, by_the_clock=by_the_clock)
