"""Layers through the lanes: of several sizes, several at once, and passed on unread.

CPU time is the proxy's own, user and system: on a machine that is busy with other things it says more than the clock.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

from bench import lanes
from bench.client import fetch_at_once, fetch_from_storage
from bench.row import Row, Size, absolute, in_turns, ratio
from bench.upstream import blob_path

HOLDS_ALL = 1024
"""MiB of the largest layer that mitmdump as it is is given, for it keeps four times as much in memory."""


class Lanes:
    """What each lane took, in turns: seconds, CPU seconds, and the peak of memory."""

    def __init__(self, bench: lanes.Bench, rounds: int, measure: Callable[[int], float], names: Sequence[str]) -> None:
        self.cpu: dict[str, float] = {}
        self.peak: dict[str, float] = {}
        spent: dict[str, list[float]] = {name: [] for name in names}

        def one(name: str) -> float:
            with lanes.proxy(bench, lanes.LANES[name]) as proxy:
                before = proxy.cpu_seconds
                took = measure(proxy.port)
                spent[name].append(proxy.cpu_seconds - before)
                self.peak[name] = max(self.peak.get(name, 0.0), proxy.peak_mib)
                return took

        self.seconds = in_turns(rounds, {name: lambda name=name: one(name) for name in names})  # type: ignore[misc] # bound now
        self.cpu = {name: statistics.median(each) for name, each in spent.items()}

    def __str__(self) -> str:
        return ", ".join(
            f"{name} {seconds:.2f} s, {self.cpu[name]:.2f} s of CPU and {self.peak[name]:.0f} MiB"
            for name, seconds in self.seconds.items()
        )

    def rows(self, what: str, *, at_most: float) -> Iterator[Row]:
        """Compared with plain streaming, and with what mitmweb does by itself when told to stream."""
        mine, plain, web = self.cpu["pullscope"], self.cpu["streaming"], self.cpu["mitmweb"]
        time = self.seconds["pullscope"] / self.seconds["streaming"]
        yield ratio(f"{what}: time to mitmdump with streaming", str(self), time, at_most=at_most, by_the_clock=True)
        yield ratio(f"{what}: CPU to mitmdump with streaming", "the same", mine / (plain or 0.01), at_most=1.4)
        yield ratio(f"{what}: CPU to mitmweb, stream_large_bodies=128k", "the same", mine / (web or 0.01), at_most=1.4)
        over = self.peak["pullscope"] - self.peak["streaming"]
        yield absolute(f"{what}: peak memory over streaming", "the same", over, " MiB", at_most=30)


def layers(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """One layer of each size."""
    for mebibytes in size.layers:
        path = blob_path(mebibytes)
        names = ["streaming", "mitmweb", "pullscope"] + (["as it is"] if mebibytes <= HOLDS_ALL else [])
        took = Lanes(bench, size.rounds, lambda port, path=path: fetch_at_once(port, bench.upstream, path, 1), names)  # type: ignore[misc] # bound now
        what = f"a layer of {mebibytes} MiB"
        yield from took.rows(what, at_most=1.15)
        if "as it is" in names:
            against = took.seconds["pullscope"] / took.seconds["as it is"]
            yield ratio(f"{what}: time to mitmdump as it is", "the same", against, at_most=1.0, by_the_clock=True)


def at_once(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """Several layers at the same time, each over a connection of its own."""
    path = blob_path(size.each)
    for number in size.at_once:
        took = Lanes(
            bench,
            size.rounds,
            lambda port, number=number: fetch_at_once(port, bench.upstream, path, number),  # type: ignore[misc] # bound now
            ["streaming", "mitmweb", "pullscope"],
        )
        yield from took.rows(f"{number} of {size.each} MiB at once", at_most=1.15)


def relayed(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """One large layer from the storage that a redirect names, passed on unread, beside what else can be done with it."""
    names = ["ignore_hosts", "relay", "streaming", "pullscope"]
    took = Lanes(bench, size.rounds, lambda port: fetch_from_storage(port, bench.upstream, size.relayed), names)
    what = f"a layer of {size.relayed} MiB from storage with --blobs relay"
    against = took.seconds["relay"] / took.seconds["ignore_hosts"]
    yield ratio(f"{what}: time to ignore_hosts", str(took), against, at_most=1.25, by_the_clock=True)
    cheaper = took.cpu["relay"] / (took.cpu["pullscope"] or 1.0)
    yield ratio(f"{what}: CPU to decrypting and verifying it", "the same", cheaper, at_most=0.45)
