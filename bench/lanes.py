"""The programs that are compared: mitmdump as it is, with plain streaming, with the tracer; and what they cost."""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mitmproxy.certs import CertStore

HERE = Path(__file__).parent
ROOT = HERE.parent
MITMDUMP, MITMWEB = (Path(sys.executable).with_name(name) for name in ("mitmdump", "mitmweb"))

HEADER = re.compile(r"^(?:\d+\| )?pull \d+  ", re.MULTILINE)
"""How a pull's story begins."""

_TRACER = ("-s", str(ROOT / "addons" / "registry_trace.py"))
LANES: Mapping[str, tuple[str, ...]] = {
    "as it is": (),
    "streaming": ("-s", str(HERE / "stream_plain.py")),
    "ignore_hosts": ("--ignore-hosts", ".*"),
    "mitmweb": ("--no-web-open-browser", "--web-port", "0", "--set", "stream_large_bodies=128k"),
    "pullscope": _TRACER,
    "relay": (*_TRACER, "--set", "pullscope_blobs=relay"),
}
"""What mitmdump is given; and mitmweb, in the one that begins with an option of its own."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where a run keeps its files, and the server that all lanes share."""

    directory: Path
    upstream: int

    @property
    def confdir(self) -> Path:
        return self.directory / "confdir"

    @property
    def report(self) -> Path:
        """What the last command that read something has printed."""
        return self.directory / "report.txt"


@contextmanager
def bench(directory: Path) -> Iterator[Bench]:
    confdir = directory / "confdir"
    confdir.mkdir()
    CertStore.create_store(confdir, "mitmproxy", 2048)
    # The CA serves as the upstream's own certificate too; it is not verified.
    with _started([sys.executable, HERE / "upstream.py", confdir / "mitmproxy-ca.pem"]) as server:
        found = re.search(r"listening on (\d+)", server.stdout.readline() if server.stdout else "")
        if not found:
            raise RuntimeError("the upstream did not start")
        yield Bench(directory=directory, upstream=int(found[1]))


@dataclass(frozen=True, kw_only=True)
class Proxy:
    port: int
    pid: int
    started_in: float
    """Seconds from the start of the process until it accepted a connection."""
    output: Path
    """What it prints."""

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far: a second opinion where something else keeps the machine busy."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def seconds_until_told(self, pulls: int, *, at_most: float = 600) -> float:
        """How long it takes from now until the story has begun to tell so many pulls."""
        began = time.perf_counter()
        while (told := len(HEADER.findall(self.output.read_text()))) < pulls:
            if time.perf_counter() - began > at_most:
                raise RuntimeError(f"only {told} of {pulls} pulls were told within {at_most:.0f} s")
            time.sleep(0.02)
        return time.perf_counter() - began

    @property
    def peak_mib(self) -> float:
        """Its peak of resident memory, as Linux counts it."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        if not found:
            raise RuntimeError("no VmHWM in /proc: the bench needs Linux")
        return int(found[1]) / 1024


@contextmanager
def proxy(bench: Bench, lane: Sequence[str]) -> Iterator[Proxy]:
    """mitmdump -q, or mitmweb, with the lane's options, listening."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    began = time.perf_counter()
    command: list[str | Path] = [
        *([MITMWEB] if lane[:1] == ("--no-web-open-browser",) else [MITMDUMP, "-q"]),
        "--listen-host", "127.0.0.1", "--listen-port", str(port),
        "--ssl-insecure", "--set", f"confdir={bench.confdir}", *lane,
    ]  # fmt: skip
    output = bench.directory / "story.txt"
    with _started(command, output=output) as process:
        while not _accepts(port):
            if process.poll() is not None:
                raise RuntimeError(f"mitmdump {' '.join(lane)} ended: {output.read_text()}")
            time.sleep(0.002)
        yield Proxy(port=port, pid=process.pid, started_in=time.perf_counter() - began, output=output)


def cpu_to_read(bench: Bench, command: Sequence[str | Path]) -> float:
    """CPU seconds, user and system, of a command that reads and ends; what it prints goes to a file, as in a pipe."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with _started(command, output=bench.report) as process:
        status = process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status:
        raise RuntimeError(f"{command[0]} ended with {status}: {bench.report.read_text()[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pullscope(*words: str | Path) -> list[str | Path]:
    """The command of this checkout, with the interpreter that runs the bench."""
    return [sys.executable, "-c", "from pullscope.cli.main import main; main()", *words]


@contextmanager
def _started(command: Sequence[str | Path], *, output: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"))))}
    out = output.open("w") if output else None
    try:
        with subprocess.Popen(  # noqa: S603 - our own commands
            command, env=env, stdin=subprocess.DEVNULL, stdout=out or subprocess.PIPE, stderr=out, text=True
        ) as process:
            try:
                yield process
            finally:
                process.terminate()
    finally:
        if out:
            out.close()


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
