"""Two lanes beside each other, one with bare mitmproxy and one with the tracer in it, and clients that pull in both.

A lane has a misbehaving upstream, a docker daemon with a containerd, and skopeo, all of its own. What a pull comes to is a
value that can be compared: exit code, words, and what the client has afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.e2e import parts
from tests.e2e.images import Image
from tests.e2e.parts import Ctr, Docker, Forgetful, Trust
from tests.e2e.processes import Running
from tests.e2e.standin import AUTH, REGISTRY, Hub

from pullscope.trace.recording import Reader, first_line
from pullscope.trace.trace import Trace

NAME = "docker.io/timonback/zephykus:latest"
PLAIN = Path(__file__).with_name("stream_unless.py")
PLACES = ("proxy", "mirror")
WHOLE = os.environ.get("PULLSCOPE_CHAOS") == "whole"


class Outcome(NamedTuple):
    """What a pull came to."""

    code: int
    words: str
    """What the client said last, without what is different each time."""
    has: frozenset[str]
    """Digests of what it has now; of a pull that failed, nothing is said, for that is a matter of time."""


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One side of the comparison, in one place."""

    hub: Hub
    url: str
    program: Running
    """The mitmdump that is looked at."""
    docker: Docker
    ctr: Ctr
    containers: Forgetful
    hosts_dir: Path
    scratch: Path

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Bare mitmproxy as it is by itself, without streaming."""
        flag = self.scratch / "holds"
        flag.touch()
        try:
            yield
        finally:
            flag.unlink()

    def pull(self, client: str) -> Outcome:
        """Has `client` pull, as if for the first time."""
        return CLIENTS[client](self)


def pull_with_docker(lane: Lane) -> Outcome:
    done = lane.docker("pull", NAME)
    has = lane.docker("image", "ls", "--no-trunc", "--quiet").stdout.split()
    lane.docker.remove_images()
    return _outcome(done, has)


def pull_with_containerd(lane: Lane) -> Outcome:
    done = lane.ctr("content", "fetch", "--hosts-dir", str(lane.hosts_dir), NAME)
    has = lane.ctr("content", "ls", "--quiet").stdout.split()
    lane.ctr.remove_images()
    return _outcome(done, has)


def pull_with_skopeo(lane: Lane) -> Outcome:
    copy = lane.scratch / f"copy-{time.monotonic_ns()}"
    done = lane.containers("skopeo", "copy", f"docker://{NAME}", f"dir:{copy}")
    has = [hashlib.sha256(file.read_bytes()).hexdigest() for file in copy.glob("*")] if copy.exists() else []
    return _outcome(done, has)


CLIENTS: dict[str, Callable[[Lane], Outcome]] = {
    "docker": pull_with_docker,
    "containerd": pull_with_containerd,
    "skopeo": pull_with_skopeo,
}

CHANGES = re.compile(
    r"(?P<port>127\.0\.0\.1:\d+(?:->127\.0\.0\.1:\d+)?|\[::1\]:\d+|localhost:\d+)|(?P<time>time=\S+)|(?P<signed>verify=[^\s\"]+)"
    r"|(?P<token>[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,})|(?P<part>ingest|copy-)[-\w]*\d+"
)


def _outcome(done: subprocess.CompletedProcess[str], has: list[str]) -> Outcome:
    said = [line for line in done.stderr.splitlines() if line.strip()]
    words = CHANGES.sub(lambda found: f"<{found.lastgroup}>", said[-1] if done.returncode and said else "")
    return Outcome(done.returncode, words, frozenset(has) if done.returncode == 0 else frozenset())


def target(name: str, image: Image, *, sends_blobs_itself: bool = False) -> Callable[[str, str, str], bool]:
    """Which answers have a fault: those with the token, the index, the platform's manifest, its largest layer.

    "layer" is the answer with the bytes, "redirect" the registry's before it, of one that does not send layers itself.
    """
    built = image.platforms["linux/amd64"]

    def meets(method: str, host: str, path: str) -> bool:
        if name == "token":
            return host == AUTH
        if method != "GET":
            return False
        if name in ("layer", "redirect"):
            at_registry = sends_blobs_itself if name == "layer" else True
            return built.layers[3].removeprefix("sha256:") in path and (host == REGISTRY) is at_registry
        if name == "manifest":
            return path.endswith(f"/manifests/{built.manifest}")
        return path.endswith(("/manifests/latest", f"/manifests/{image.index}"))

    return meets


@contextmanager
def lane(folder: Path, trust: Trust, hub: Hub, place: str, *options: str | Path) -> Iterator[Lane]:
    """mitmdump with `options` in `place`, and clients behind it; where it is a mirror, bare mitmproxy is their own road."""
    folder.mkdir()
    port, road = parts.free_port(), parts.free_port()
    where = f"http://127.0.0.1:{port}"
    proxy = f"http://localhost:{road if place == 'mirror' else port}"
    hosts, settings, home = folder / "certs.d" / "_default", folder / "home" / ".config" / "containers", folder / "home"
    hosts.mkdir(parents=True)
    settings.mkdir(parents=True)
    if place == "mirror":
        (hosts / "hosts.toml").write_text(f'[host."{where}"]\n  capabilities = ["pull", "resolve"]\n')
        (settings / "registries.conf").write_text(
            '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\n'
            f'location = "{where.removeprefix("http://")}"\ninsecure = true\n'
        )
    env = parts.behind(proxy, trust) | {"HOME": str(home)}
    env.pop("XDG_CONFIG_HOME", None)
    hub.sends_blobs_itself = place == "mirror"  # else no layer comes through it
    with ExitStack() as stack:
        program = stack.enter_context(parts.bare_mitmdump(folder / "looked-at", trust, hub, port, *options))
        if place == "mirror":
            stack.enter_context(parts.bare_mitmdump(folder / "road", trust, hub, road, *bare_words("proxy", folder)))
        docker = stack.enter_context(parts.dockerd(proxy, trust))
        if place == "mirror":
            docker.reload(**{"registry-mirrors": [where]})
        yield Lane(
            hub=hub,
            url=where,
            program=program,
            docker=docker,
            ctr=docker.content,
            containers=Forgetful(state=folder / "state", env=env),
            hosts_dir=hosts.parent,
            scratch=folder,
        )


def bare_words(place: str, folder: Path) -> list[str | Path]:
    """What makes mitmdump alone stand in a place, with plain streaming."""
    mode = ["--mode", "reverse:https://registry-1.docker.io"] if place == "mirror" else []
    return ["-s", PLAIN, "--set", f"holds_while={folder / 'holds'}", *mode]


def traced_words(place: str, recording: Path) -> list[str | Path]:
    """What makes mitmdump with the tracer stand there."""
    mirror = ["--set", "pullscope_mirror=docker.io"] if place == "mirror" else []
    return ["-s", parts.TRACER, "--set", f"pullscope_out={recording}", *mirror]


class Lines:
    """The lines of a recording that grows, pull by pull."""

    def __init__(self, recording: Path, url: str, *, since: int = 0) -> None:
        """`url` is that of the proxy or mirror which writes it; `since` which byte of it."""
        self._recording = recording
        self._url = url
        self._read = since

    def of_whole_exchanges(self, *, patience: float = 30) -> list[str]:
        """What came since the last time, once all that was asked before now is over, as it is when its client is gone."""
        mark = f"http://registry-1.docker.io/v2/mark/{self._read}/tags/list"
        self._ask(mark)
        end = time.monotonic() + patience
        while True:
            new = self._recording.read_bytes()[self._read :]
            lines = new[: new.rfind(b"\n") + 1].decode().splitlines()
            events = [json.loads(line) for line in lines]
            asked = {event["exchange"]: event["url"] for event in events if event["event"] == "requested"}
            over = {event["exchange"] for event in events if event["event"] in ("finished", "failed")}
            marks = {exchange for exchange, url in asked.items() if "/v2/mark/" in url}
            if marks and asked.keys() <= over:
                self._read += len(new)
                return [line for line, event in zip(lines, events, strict=True) if event.get("exchange") not in marks]
            assert time.monotonic() < end, f"what never ends: {asked.keys() - over}, of {asked}"
            time.sleep(0.02)  # a look again, until it is so

    def _ask(self, url: str) -> None:
        """Has the tracer see this request after all that it saw before."""
        through = urllib.request.ProxyHandler({"http": self._url})
        with contextlib.suppress(OSError):
            urllib.request.build_opener(through).open(url, timeout=60).close()


def told(lines: list[str]) -> Trace:
    """What these lines of a recording mean, by themselves."""
    trace = Trace()
    for event in Reader("chaos").read([first_line(), *lines]):
        trace.feed(event)
    trace.finish()
    return trace
