"""Counters whose every series is sent as 0 for a while before its first count: `increase` of Prometheus leaves out what a series
began with, so a host's first pull of a registry would be in no answer.

Sources: prometheus.io/docs/prometheus/latest/querying/functions (increase, rate); its default scrape interval is a
minute (configuration/configuration).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from opentelemetry.metrics import CallbackOptions, Meter, Observation

HELD = 120.0
"""Seconds for which a new series is 0: every scrape once a minute sees it."""


class Counters:
    """All counters of one meter."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.whole = False
        """Whether nothing is held back any more, as at the end."""

    def make(self, name: str, unit: str, description: str) -> Counter:
        made = Counter(self)
        self._meter.create_observable_counter(name, [made.observe], unit, description)
        return made


class Counter:
    """One of them: `add` as the SDK's own has it, and what is sent of it."""

    def __init__(self, counters: Counters) -> None:
        self._all = counters
        self._series: dict[tuple[tuple[str, str], ...], tuple[float, int]] = {}

    def add(self, number: int, about: Mapping[str, str] | None = None) -> None:
        key = tuple(sorted((about or {}).items()))
        born, total = self._series.get(key, (time.monotonic(), 0))
        self._series[key] = (born, total + number)

    def observe(self, _: CallbackOptions) -> Iterator[Observation]:
        """Called by the SDK's thread, which may be beside `add`."""
        now = time.monotonic()
        for key, (born, total) in [*self._series.items()]:
            yield Observation(total if self._all.whole or now - born >= HELD else 0, dict(key))
