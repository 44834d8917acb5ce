"""What pullscope costs, measured against mitmproxy itself in one run on one machine: `python bench/run.py`.

Only ratios and differences mean something elsewhere. The lanes of a comparison take turns, and their medians are
compared. Goals are those of the README; `--quick` shows that the bench works and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import holds, lanes
from bench.client import fetch, fetch_from_storage, fetch_many
from bench.flow_file import EXCHANGES, write_flow_file
from bench.upstream import blob_path, manifest_path


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything."""

    rounds: int
    layer: int
    """MiB, of the layer whose time is compared."""
    layers: tuple[int, ...]
    """MiB, of the layers whose memory is compared."""
    requests: int
    flows: int
    starts: int


FULL = Size(rounds=3, layer=1024, layers=(100, 4096), requests=5000, flows=20_000, starts=7)
QUICK = Size(rounds=1, layer=16, layers=(8, 32), requests=200, flows=200, starts=1)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison: what was measured in each lane, what comes of it, and whether that is good enough."""

    what: str
    measured: str
    result: float
    unit: str
    goal: str
    met: bool


def layer_time(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """One large layer through each of the three lanes."""
    path = blob_path(size.layer)
    peaks: dict[str, float] = {}

    def one(name: str, lane: Sequence[str]) -> float:
        with lanes.proxy(bench, lane) as proxy:
            took = fetch(proxy.port, bench.upstream, path)
            peaks[name] = max(peaks.get(name, 0), proxy.peak_mib)
            return took

    took = in_turns(
        size.rounds,
        {
            "as it is": lambda: one("as it is", lanes.AS_IT_IS),
            "streaming": lambda: one("streaming", lanes.PLAIN_STREAMING),
            "pullscope": lambda: one("pullscope", lanes.TRACER),
        },
    )
    measured = ", ".join(f"{name} {seconds:.2f} s and {peaks[name]:.0f} MiB" for name, seconds in took.items())
    what = f"layer of {size.layer} MiB, time"
    yield ratio(f"{what} to streaming", measured, took["pullscope"] / took["streaming"], at_most=1.25)
    yield ratio(f"{what} to mitmdump as it is", "the same", took["pullscope"] / took["as it is"], at_most=1.0)
    yield memory(size.layer, peaks["streaming"], peaks["pullscope"])


def layer_memory(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """The peak of memory must not grow with the layer."""
    for mebibytes in size.layers:
        path = blob_path(mebibytes)
        peaks: list[float] = []
        for lane in (lanes.PLAIN_STREAMING, lanes.TRACER):
            with lanes.proxy(bench, lane) as proxy:
                fetch(proxy.port, bench.upstream, path)
                peaks.append(proxy.peak_mib)
        yield memory(mebibytes, *peaks)


def relayed(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """One large layer from the storage that a redirect names, passed on unread, beside what else can be done with it."""
    cpu: dict[str, list[float]] = {}

    def one(name: str, lane: Sequence[str]) -> float:
        with lanes.proxy(bench, lane) as proxy:
            before = proxy.cpu_seconds
            took = fetch_from_storage(proxy.port, bench.upstream, size.layer)
            cpu.setdefault(name, []).append(proxy.cpu_seconds - before)
            return took

    took = in_turns(
        size.rounds,
        {
            "direct": lambda: fetch_from_storage(None, bench.upstream, size.layer),
            "ignore_hosts": lambda: one("ignore_hosts", lanes.IGNORING),
            "relay": lambda: one("relay", lanes.RELAYING),
            "streaming": lambda: one("streaming", lanes.PLAIN_STREAMING),
            "verify": lambda: one("verify", lanes.TRACER),
        },
    )
    spent = {name: statistics.median(seconds) for name, seconds in cpu.items()}
    measured = ", ".join(
        f"{name} {seconds:.2f} s" + (f" and {spent[name]:.2f} s of CPU" if name in spent else "")
        for name, seconds in took.items()
    )
    what = f"relayed layer of {size.layer} MiB"
    yield ratio(f"{what}, time to ignore_hosts", measured, took["relay"] / took["ignore_hosts"], at_most=1.25)
    yield ratio(f"{what}, CPU to verify", "the same", spent["relay"] / (spent["verify"] or 1.0), at_most=0.45)


def requests(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """Many small manifests over connections that are kept alive; and how long after the last one its story is told."""
    paths = [manifest_path(number % 100) for number in range(size.requests)]
    cpu: dict[str, list[float]] = {}
    behind: list[float] = []

    def one(name: str, lane: Sequence[str]) -> float:
        with lanes.proxy(bench, lane) as proxy:
            before = proxy.cpu_seconds
            rate = fetch_many(proxy.port, bench.upstream, paths)
            if name == "pullscope":
                behind.append(proxy.seconds_until_told(len(paths)))
            cpu.setdefault(name, []).append((proxy.cpu_seconds - before) / len(paths) * 1000)
            return rate

    rate = in_turns(
        size.rounds,
        {"bare": lambda: one("bare", lanes.AS_IT_IS), "pullscope": lambda: one("pullscope", lanes.TRACER)},
    )
    measured = ", ".join(
        f"{name} {each:.0f}/s and {statistics.median(cpu[name]):.2f} ms of CPU each" for name, each in rate.items()
    )
    measured += f", the last pull told {statistics.median(behind):.1f} s after its answer"
    what = f"{size.requests} manifests, requests a second"
    yield ratio(what, measured, rate["pullscope"] / rate["bare"], at_least=0.85)


def reading(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """A large flow file, read by mitmdump and by `pullscope report`."""
    saved = bench.directory / "flows.mitm"
    write_flow_file(saved, flows=size.flows)
    took = in_turns(
        size.rounds,
        {
            "bare": lambda: lanes.seconds_to_read(bench, [lanes.MITMDUMP, "-n", "-r", saved, "-q"]),
            "pullscope": lambda: lanes.seconds_to_read(bench, lanes.pullscope("report", saved)),
        },
    )
    measured = f"mitmdump -nr {took['bare']:.2f} s, pullscope report {took['pullscope']:.2f} s"
    flows = size.flows // EXCHANGES * EXCHANGES
    yield ratio(f"{flows} saved flows, time to read", measured, took["pullscope"] / took["bare"], at_most=1.3)


def start_up(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """From the start of the process until a client can connect."""

    def one(lane: Sequence[str]) -> float:
        with lanes.proxy(bench, lane) as proxy:
            return proxy.started_in

    took = in_turns(size.starts, {"bare": lambda: one(lanes.AS_IT_IS), "pullscope": lambda: one(lanes.TRACER)})
    over = took["pullscope"] - took["bare"]
    yield Row(
        what="start-up over bare",
        measured=f"bare {took['bare']:.2f} s, pullscope {took['pullscope']:.2f} s",
        result=over,
        unit=" s",
        goal="at most 0.3 s",
        met=over <= 0.3,
    )


def hold(_bench: lanes.Bench, _size: Size) -> Iterator[Row]:
    """One hostile body must not stop everybody: how long the event loop is held, by documents and by a bomb."""
    honest = holds.seconds_to_read(holds.honest_index())
    took = {name: holds.seconds_to_read(raw) for name, raw in holds.hostile_documents().items()}
    slowest = max(took, key=lambda name: took[name])
    measured = f"index of 500 manifests {honest * 1000:.0f} ms, {slowest} {took[slowest] * 1000:.0f} ms"
    yield ratio("hostile document, longest hold to a large index", measured, took[slowest] / honest, at_most=10.0)
    bomb = holds.seconds_to_unpack()
    measured = f"index of 500 manifests {honest * 1000:.0f} ms, a chunk of a gzip bomb {bomb * 1000:.0f} ms"
    yield ratio("gzip bomb, longest hold to a large index", measured, bomb / honest, at_most=10.0)


MEASURES: Mapping[str, Callable[[lanes.Bench, Size], Iterator[Row]]] = {
    "layer": layer_time,
    "memory": layer_memory,
    "relay": relayed,
    "requests": requests,
    "reading": reading,
    "start": start_up,
    "hold": hold,
}


def in_turns(rounds: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each measure; the order is turned around from round to round."""
    results: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds):
        names = list(measures)
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(measures[name]())
    return {name: statistics.median(values) for name, values in results.items()}


def ratio(
    what: str, measured: str, result: float, *, at_most: float | None = None, at_least: float | None = None
) -> Row:
    met = (at_most is None or result <= at_most) and (at_least is None or result >= at_least)
    goal = f"at most {at_most}" if at_most is not None else f"at least {at_least}"
    return Row(what=what, measured=measured, result=result, unit=" x", goal=goal, met=met)


def memory(mebibytes: int, streaming: float, pullscope: float) -> Row:
    over = pullscope - streaming
    return Row(
        what=f"layer of {mebibytes} MiB, peak memory over streaming",
        measured=f"streaming {streaming:.0f} MiB, pullscope {pullscope:.0f} MiB",
        result=over,
        unit=" MiB",
        goal="at most 30 MiB",
        met=over <= 30,
    )


def as_markdown(rows: Sequence[Row], *, judged: bool) -> str:
    lines = ["| measured | lanes | result | goal | verdict |", "|---|---|---|---|---|"]
    for row in rows:
        verdict = ("met" if row.met else "MISSED") if judged else "not judged"
        lines.append(f"| {row.what} | {row.measured} | {row.result:.2f}{row.unit} | {row.goal} | {verdict} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures pullscope against mitmproxy itself.")
    parser.add_argument("--quick", action="store_true", help="a smoke test in seconds, without verdicts")
    parser.add_argument("--only", choices=MEASURES, action="append", help="one measurement (may be repeated)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a Markdown table")
    options = parser.parse_args()
    if not sys.platform.startswith("linux"):
        parser.error("the bench needs Linux: it reads peak memory from /proc")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends when the bench is ended
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="pullscope-bench-") as directory, lanes.bench(Path(directory)) as bench:
        for name in options.only or MEASURES:
            for row in MEASURES[name](bench, QUICK if options.quick else FULL):
                rows.append(row)
                sys.stderr.write(f"{row.what}: {row.result:.2f}{row.unit} ({row.measured})\n")
    setting = f"Python {platform.python_version()}, mitmproxy {version('mitmproxy')}, {platform.machine()}"
    if options.json:
        document = {
            "schema_version": 1,
            "command": "bench",
            "setting": setting,
            "judged": not options.quick,
            "rows": [asdict(row) for row in rows],
        }
        print(json.dumps(document, indent=2))
    else:
        print(f"{setting}; medians of {1 if options.quick else FULL.rounds} rounds\n")
        print(as_markdown(rows, judged=not options.quick))


if __name__ == "__main__":
    main()
