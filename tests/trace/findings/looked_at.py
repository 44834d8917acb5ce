"""What the rules say of a wire, in short words, and a few beginnings of conversations that many tests share."""

from __future__ import annotations

from tests.trace.images import OCI_INDEX, Image, digest
from tests.trace.wire import HUB, Wire, challenge_for, played

from pullscope.trace.findings.finding import Finding

IMAGE = Image()
VANITY = "https://docker.example.com"
REPO = IMAGE.repository
TAG = IMAGE.url("manifests", "latest")
BLOB = digest("base")
PAGE = {"Content-Type": "text/html; charset=utf-8"}
REGISTRY = {"Docker-Distribution-Api-Version": "registry/2.0"}


def error(code: str, message: str = "") -> str:
    """A registry's error body."""
    return f'{{"errors":[{{"code":"{code}","message":"{message}"}}]}}'


def found(*wires: Wire) -> dict[str, Finding]:
    """Every finding of every pull on these wires, by its code."""
    trace = played(*wires)
    return {finding.code: finding for pull in trace.pulls for finding in pull.findings}


def told(*wires: Wire) -> dict[str, str]:
    """The codes with their severities."""
    return {code: str(finding.severity) for code, finding in found(*wires).items()}


def with_token(agent: str, *, repository: str = REPO, ping: str = HUB) -> Wire:
    """A client that has pinged and holds the token `t`."""
    wire = Wire(agent=agent)
    wire.ask("GET", f"{ping}/v2/", 401, challenge=challenge_for(None), answer=REGISTRY)
    wire.asks_for_token(repository, "t")
    return wire


def resolved(wire: Wire, *, answer: dict[str, str] | None = None, image: Image = IMAGE) -> None:
    """HEAD of the tag that tells its digest."""
    said = {"Docker-Content-Digest": digest(image.index), "Content-Type": OCI_INDEX} if answer is None else answer
    wire.ask("HEAD", image.url("manifests", image.tag), token="t", answer={**REGISTRY, **said})
