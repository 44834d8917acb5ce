"""Pulls to render: the recordings, made-up ones of every ending, and one whose every name is an attack."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from tests.trace.findings.reports import REPORTS
from tests.trace.images import DIALECTS, Image, digest, docker_classic
from tests.trace.wire import CDN, HUB, SKOPEO, Wire, challenge_for, played

from pullscope.mitm.flow_file import FlowFile
from pullscope.render.formats import Told
from pullscope.trace.trace import Trace

RECORDINGS = sorted((Path(__file__).parents[1] / "data" / "recordings").glob("*.mitm"))

ATTACKS = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "]]>--><!--",
    "\x1b]0;owned\x07\x1b[31m",
    "a\r\nb\nc",
    "\u202egnp.exe\u2066",
    "`$(touch /tmp/owned)` ; rm -rf / # '",
    "[x](javascript:alert(1)) @everyone #1 |a|b|",
    "end\n  c->>h1: forged",
    "{{7*7}} {% raw %}",
    "= cmd|' /C calc'!A0",
)
CONTROLS = ("\x1b", "\x07", "\r", "\u202e", "\u2066")
"""What no output of any form may hold: a terminal obeys the first, an eye is deceived by the last."""


@cache
def recorded(name: str) -> Trace:
    """The trace of a recording."""
    path = next(path for path in RECORDINGS if path.stem == name)
    trace, reader = Trace(), FlowFile(path.name)
    with path.open("rb") as file:
        for event in reader.events(file):
            trace.feed(event)
    trace.finish()
    return trace


def told(trace: Trace, source: str = "test.mitm") -> Told:
    """All of a trace."""
    return Told.of(trace, source)


@cache
def hostile() -> Trace:
    """Pulls whose names, tags, hosts, headers, media types and messages are attacks."""
    wires = []
    for number, attack in enumerate(ATTACKS):
        wire = Wire(agent=f"evil/1.0 {attack}", client=f"10.9.{number}.1", at=1000.0 + number * 100)
        image = Image(repository=f"evil/{attack}", tag=attack, layers=("one", attack))
        docker_classic(wire, image)
        wire.ask(
            "GET",
            f"https://{attack.replace('[', '').replace(']', '')}.example/v2/evil/blobs/{digest(attack)}?x={attack}",
            307,
            headers={f"X-{attack}": attack, "Accept": attack},
            answer={f"X-{attack}": attack, "Server": attack},
            location=f"{CDN}/{attack}",
        )
        wire.ask("GET", f"{HUB}/v2/evil/other/manifests/{attack}", 401, challenge=challenge_for(attack, realm=attack))
        wire.ask(
            attack,
            f"{HUB}/v2/evil/other/manifests/{attack}",
            500,
            body='{"errors":[{"code":"X","message":' + json.dumps(attack) + "}]}",
        )
        wire.ask("GET", f"javascript:alert(1)//v2/evil/{attack}/manifests/x", 404)
        wire.ask("GET", f"{HUB}/v2/evil/{attack}/manifests/cut", fails=attack)
        wires.append(wire)
    return played(*wires)


@cache
def every_ending() -> Trace:
    """A complete pull of each dialect, one of a missing tag, one cut off, one that has all of it, and a push."""
    wires = []
    for number, (play, agent) in enumerate(DIALECTS.values()):
        wire = Wire(agent=agent, client=f"10.1.0.{number}", at=1000.0 + number)
        play(wire, Image(repository=f"library/app{number}"))
        wires.append(wire)
    missing = Wire(agent=SKOPEO, client="10.2.0.1", at=2000.0)
    missing.ask("GET", f"{HUB}/v2/library/app/manifests/nope", 404)
    cut = Wire(agent=SKOPEO, client="10.2.0.2", at=2100.0)
    image = Image(repository="library/cut")
    cut.ask("GET", image.url("manifests", "latest"), 200, body=image.manifest())
    cut.ask("GET", image.url("blobs", digest(image.layers[0])), 200, size=2, fails="the client went away")
    pushed = Wire(agent=SKOPEO, client="10.2.0.3", at=2200.0)
    for text in image.blobs():
        pushed.ask("HEAD", image.url("blobs", digest(text)), 404)
        pushed.ask(
            "POST", f"{HUB}/v2/library/cut/blobs/uploads/", 202, location=f"{HUB}/v2/library/cut/blobs/uploads/1"
        )
        pushed.ask("PUT", f"{HUB}/v2/library/cut/blobs/uploads/1?digest={digest(text)}", 201, sent=text)
    pushed.ask("PUT", image.url("manifests", "latest"), 201, sent=image.manifest())
    return played(*wires, missing, cut, pushed)


TRACES: dict[str, Callable[[], Trace]] = {
    "long-address": lambda: played(REPORTS["helm-old-login-at-ghcr"].play()),
    **{path.stem: partial(recorded, path.stem) for path in RECORDINGS},
    "hostile": hostile,
    "every-ending": every_ending,
    "empty": Trace,
}
"""Every trace that a form must be able to write."""
