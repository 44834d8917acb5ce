"""What pullscope costs, measured against mitmproxy itself in one run on one machine: `python bench/run.py`.

Only ratios and differences mean something elsewhere. The lanes of a comparison take turns, and their medians are
compared. `--page` writes them into docs/what-it-costs.md; `--quick` shows that the bench works and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import holds, lanes
from bench.client import fetch_many
from bench.flow_file import EXCHANGES, write_flow_file, write_recording
from bench.layers import at_once, layers, relayed
from bench.row import FULL, LARGEST, QUICK, Row, Size, absolute, in_turns, ratio
from bench.upstream import manifest_path

PAGE = lanes.ROOT / "docs" / "what-it-costs.md"
BEGIN, END = "<!-- the bench writes from here -->\n", "<!-- to here -->\n"


def requests(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """Many small manifests over connections that are kept alive; and how long after the last one its story is told."""
    paths = [manifest_path(number % 100) for number in range(size.requests)]
    cpu: dict[str, list[float]] = {}
    behind: list[float] = []

    def one(name: str) -> float:
        with lanes.proxy(bench, lanes.LANES[name]) as proxy:
            before = proxy.cpu_seconds
            rate = fetch_many(proxy.port, bench.upstream, paths)
            if name == "pullscope":
                behind.append(proxy.seconds_until_told(len(paths)))
            cpu.setdefault(name, []).append((proxy.cpu_seconds - before) / len(paths) * 1000)
            return rate

    rate = in_turns(size.rounds, {"as it is": lambda: one("as it is"), "pullscope": lambda: one("pullscope")})
    spent = {name: statistics.median(each) for name, each in cpu.items()}
    measured = ", ".join(f"{name} {each:.0f}/s and {spent[name]:.2f} ms of CPU each" for name, each in rate.items())
    measured += f", the last pull told {statistics.median(behind):.1f} s after its answer"
    what = f"{size.requests:,} small manifests, each a pull"
    yield ratio(
        f"{what}: requests a second to bare",
        measured,
        rate["pullscope"] / rate["as it is"],
        at_least=0.95,
        by_the_clock=True,
    )
    yield ratio(
        f"{what}: CPU to bare, once all is told", "the same", spent["pullscope"] / spent["as it is"], at_most=1.5
    )


def reading(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """A flow file, read by mitmdump and by `pullscope report`."""
    saved = bench.directory / "flows.mitm"
    flows = size.flows // EXCHANGES * EXCHANGES
    write_flow_file(saved, flows=flows)
    took = in_turns(
        min(size.rounds, 2),
        {
            "mitmdump -nr": lambda: lanes.cpu_to_read(bench, [lanes.MITMDUMP, "-n", "-r", saved, "-q"]),
            "pullscope report": lambda: lanes.cpu_to_read(bench, lanes.pullscope("report", "--summary", saved)),
        },
    )
    measured = ", ".join(f"{name} {each:.2f} s of CPU" for name, each in took.items())
    against = took["pullscope report"] / took["mitmdump -nr"]
    yield ratio(f"{flows:,} saved flows read: CPU to mitmdump -nr", measured, against, at_most=1.3)


def recording(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """A recording, read; and what a JSON reader alone takes for its lines."""
    saved = bench.directory / "recording.jsonl"
    write_recording(saved, events=size.events)
    json_alone = [sys.executable, "-c", f"import json; [json.loads(line) for line in open({str(saved)!r})]"]
    took = in_turns(
        min(size.rounds, 2),
        {
            "json.loads": lambda: lanes.cpu_to_read(bench, json_alone),
            "pullscope report": lambda: lanes.cpu_to_read(bench, lanes.pullscope("report", "--summary", saved)),
        },
    )
    rate = size.events / took["pullscope report"]
    measured = ", ".join(f"{name} {each:.2f} s of CPU" for name, each in took.items())
    measured += f", so {rate:,.0f} events a second"
    against = took["pullscope report"] / took["json.loads"]
    yield ratio(f"{size.events:,} events of a recording read: CPU to json.loads", measured, against, at_most=10.0)
    yield ratio(
        "the same: events a second of CPU, to 30,000", "the same", rate / 30_000, at_least=1.0, by_the_clock=True
    )


def reports(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """Many pulls as text, and as one HTML page."""
    saved = bench.directory / "pulls.jsonl"
    write_recording(saved, events=size.pulls * EXCHANGES * 3)
    spent, length = {}, {}
    for form in ("summary", "text", "html"):
        spent[form] = lanes.cpu_to_read(bench, lanes.pullscope("report", "--format", form, saved))
        length[form] = bench.report.stat().st_size / 1e6
    measured = ", ".join(f"{form} {each:.1f} s of CPU and {length[form]:.1f} MB" for form, each in spent.items())
    what = f"{size.pulls:,} pulls"
    yield ratio(f"{what} as text: CPU to a summary of them", measured, spent["text"] / spent["summary"], at_most=2.0)
    yield absolute(
        f"{what} as HTML: CPU over a summary", "the same", spent["html"] - spent["summary"], " s", at_most=10
    )
    yield absolute(f"{what} as HTML: size", "the same", length["html"], " MB", at_most=6)


def start_up(bench: lanes.Bench, size: Size) -> Iterator[Row]:
    """From the start of the process until a client can connect."""

    def one(name: str) -> float:
        with lanes.proxy(bench, lanes.LANES[name]) as proxy:
            return proxy.started_in

    took = in_turns(size.starts, {"as it is": lambda: one("as it is"), "pullscope": lambda: one("pullscope")})
    measured = ", ".join(f"{name} {each:.2f} s" for name, each in took.items())
    yield absolute(
        "start-up over bare mitmdump",
        measured,
        took["pullscope"] - took["as it is"],
        " s",
        at_most=0.3,
        by_the_clock=True,
    )


def hold(_bench: lanes.Bench, _size: Size) -> Iterator[Row]:
    """One hostile body must not stop the other clients: how long the event loop is held, by documents and by a bomb."""
    honest = holds.seconds_to_read(holds.honest_index())
    took = {name: holds.seconds_to_read(raw) for name, raw in holds.hostile_documents().items()}
    slowest = max(took, key=lambda name: took[name])
    measured = f"index of 500 manifests {honest * 1000:.0f} ms, {slowest} {took[slowest] * 1000:.0f} ms"
    yield ratio("hostile document, longest hold to a large index", measured, took[slowest] / honest, at_most=10.0)
    bomb = holds.seconds_to_unpack()
    measured = f"index of 500 manifests {honest * 1000:.0f} ms, a chunk of a gzip bomb {bomb * 1000:.0f} ms"
    yield ratio("gzip bomb, longest hold to a large index", measured, bomb / honest, at_most=10.0)


MEASURES: Mapping[str, Callable[[lanes.Bench, Size], Iterator[Row]]] = {
    "layers": layers,
    "at-once": at_once,
    "relay": relayed,
    "requests": requests,
    "reading": reading,
    "recording": recording,
    "reports": reports,
    "start": start_up,
    "hold": hold,
}


def as_markdown(rows: Sequence[Row], *, judged: bool) -> str:
    """The rows that say something; what the clock says of a busy machine is none."""
    lines = ["| measured | result | goal | |", "|---|---|---|---|"]
    for row in rows:
        if not row.is_noise:
            verdict = ("met" if row.met else "missed") if judged else "not judged"
            lines.append(f"| {row.what} | {row.result:.2f}{row.unit} | {row.goal} | {verdict} |")
    noise = sum(row.is_noise for row in rows)
    left_out = f"\n{noise} rows are left out, for they rest on the clock and the machine was busy.\n" if noise else ""
    return "\n".join(lines) + "\n" + left_out


def write_page(text: str) -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures pullscope against mitmproxy itself.")
    parser.add_argument("--quick", action="store_true", help="a smoke test in seconds, without verdicts")
    parser.add_argument("--only", choices=MEASURES, action="append", help="one measurement (may be repeated)")
    parser.add_argument("--large", action="store_true", help=f"a layer of {LARGEST} MiB too")
    parser.add_argument("--part", type=int, default=1, metavar="N", help="an Nth of the flows, events and pulls")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"{FULL.rounds} by default")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a Markdown table")
    parser.add_argument("--page", action="store_true", help=f"write the table into {PAGE.relative_to(lanes.ROOT)}")
    options = parser.parse_args()
    if not sys.platform.startswith("linux"):
        parser.error("the bench needs Linux: it reads peak memory from /proc")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends when the bench is ended
    size = QUICK if options.quick else FULL
    size = replace(size, rounds=options.rounds or size.rounds)
    size = replace(size, **{name: getattr(size, name) // options.part for name in ("flows", "events", "pulls")})
    if options.large:
        size = replace(size, layers=(*size.layers, LARGEST))
    rows: list[Row] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="pullscope-bench-") as directory, lanes.bench(Path(directory)) as bench:
        for name in options.only or MEASURES:
            try:
                for row in MEASURES[name](bench, size):
                    rows.append(row)
                    sys.stderr.write(f"{row.what}: {row.result:.2f}{row.unit} ({row.measured})\n")
            except RuntimeError as error:  # what failed is no reason to lose the rest
                failed = True
                sys.stderr.write(f"{name}: {error}\n")
    setting = (
        f"Python {platform.python_version()}, mitmproxy {version('mitmproxy')}, {platform.machine()}, "
        f"{os.cpu_count()} cores; rounds: {size.rounds}; load of the machine at the end: {os.getloadavg()[0]:.0f}"
    )
    if options.json:
        document = {
            "schema_version": 1,
            "command": "bench",
            "setting": setting,
            "judged": not options.quick,
            "rows": [asdict(row) for row in rows],
        }
        print(json.dumps(document, indent=2))
        sys.exit(failed)
    text = f"{setting}.\n\n{as_markdown(rows, judged=not options.quick)}"
    if options.page:
        write_page(text)
    print(text)
    sys.exit(failed)


if __name__ == "__main__":
    main()
