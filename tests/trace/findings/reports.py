"""Reads conversations that were rebuilt from public reports: tests/data/reports/*.txt, one exchange a line.

    mirror-unavailable: moby/buildkit#1972, buildkit
    BuildKit of today goes on where its mirror says 503.
    HEAD https://mirror.example.net/v2/team/app/manifests/1.0?ns=docker.io > 503 nginx
    *docker-pull c11
    = warning:mirror-failed says "said 503" never "not a registry"

A block is a name, the report (or what is known without one) and the client; a sentence; lines that are played; and what is to
be found: errors and warnings, no others, infos that must be among those that are there, words that messages and fixes must
hold, words that none may hold, and how its operations are `told`, where that is said. A line that is further in goes on with
the one before it. `*name …` plays the lines of a block `*name $word …` (_patterns.txt), or one of `PULLS`.

Of a URL, HUB, REG and the like are hosts and `<base>` a digest (`NAMED`). `^` is the last Location; what follows a redirect has
its Referer, and `^^` is sent without. Before `>` stands what was asked (`ASKED`), behind it the status, `-` for none, and the
answer (`ANSWERED`): types by their names, headers as `Name:value`, `CODE: message` for a registry's error. `3x` stands before
what is asked three times. Names are replaced and bodies made short.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.trace.findings.looked_at import error
from tests.trace.images import OCI_INDEX, OCI_MANIFEST, Image, digest, docker_containerd
from tests.trace.wire import CONTAINERD, CRANE, DOCKER_20, DOCKER_29, HUB, REGCTL, SKOPEO, Wire

APP = Image(repository="team/app", tag="1.0")

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
HOSTS = {
    "REG": "https://registry.example.com",
    "HUB": HUB,
    "AUTH": "https://auth.docker.io/token",
    "ECR": "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com",
    "ACR": "https://contoso.azurecr.io",
    "GHCR": "https://ghcr.io",
    "K8S": "https://registry.k8s.io",
    "MIRROR": "http://10.0.0.7:30020",
}
CLIENTS = {
    "docker": DOCKER_29,
    "docker-20": DOCKER_20,
    "containerd": CONTAINERD,
    "skopeo": SKOPEO,
    "crane": CRANE,
    "buildkit": "buildkit/v0.21",
    "podman": "containers/5.34.0 (github.com/containers/image)",
    "helm": "Helm/3.17.3",
    "oras": "oras/1.3.3",
    "regctl": REGCTL,
}
TEXTS = {"index": APP.index, "manifest": APP.manifest(), "config": APP.config_text, "base": "base", "app": "app"}
DIGESTS = {name: digest(text) for name, text in TEXTS.items()} | {
    "layer": f"sha256:{'a' * 64}",
    "another": f"sha256:{'b' * 64}",
}
NAMED = (
    {f"<{name}>": text for name, text in DIGESTS.items()}
    | {f"<{name}-tag>": text.replace(":", "-") for name, text in DIGESTS.items()}
    | {f"<{name}-hex>": text.removeprefix("sha256:") for name, text in DIGESTS.items()}
    | {"<oci-index>": OCI_INDEX, "<oci-manifest>": OCI_MANIFEST, "<docker-manifest>": DOCKER_MANIFEST}
    | {"<docker-config>": "application/vnd.docker.container.image.v1+json"}
    | {"<scope>": "scope=repository%3Ateam%2Fapp%3Apull"}
)


def filled(text: str) -> str:
    """A text with what is named in it."""
    return re.sub("|".join(NAMED), lambda name: NAMED[name[0]], text).replace("\\n", "\n")


TEXTS |= {
    "docker-manifest": APP.manifest().replace(OCI_MANIFEST, DOCKER_MANIFEST),
    "artifact": filled(
        '{"schemaVersion":2,"mediaType":"<oci-manifest>","artifactType":"application/vnd.in-toto+json",'
        '"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"<config>","size":2},'
        '"layers":[{"mediaType":"application/vnd.in-toto+json","digest":"<base>","size":4}],'
        '"subject":{"mediaType":"<oci-manifest>","digest":"<manifest>","size":400}}'
    ),
}
JSON = {"Content-Type": "application/json; charset=utf-8"}
TYPES = {
    "index": {"Content-Type": OCI_INDEX, "Docker-Content-Digest": digest(APP.index)},
    "manifest": {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest(APP.manifest())},
    "bare-manifest": {"Content-Type": OCI_MANIFEST},
    "json": JSON,
    "api": {**JSON, "Docker-Distribution-Api-Version": "registry/2.0"},
    "html": {"Content-Type": "text/html"},
    "text": {"Content-Type": "text/plain"},
    "xml": {"Content-Type": "application/xml"},
    "nginx": {"Content-Type": "text/html", "Server": "nginx/1.25.3"},
    "cloudflare": {"Server": "cloudflare", "Cf-Ray": "6a88", "Content-Type": "text/html; charset=UTF-8"},
}
BODIES = {"index": APP.index, "manifest": APP.manifest(), "bare-manifest": APP.manifest()}

Words = dict[str, Any]
"""What `Wire.ask` is given."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One conversation."""

    source: str
    agent: str
    lines: list[str]
    finds: dict[str, str] = field(default_factory=dict)
    """Errors and warnings by their codes; infos may be there beside them."""
    infos: list[str] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def play(self) -> Wire:
        """The wire on which it was said."""
        wire, talk = Wire(agent=self.agent), Talk()
        for line in self.lines:
            talk.play(wire, line)
        return wire


def at_host(text: str) -> str:
    """A URL with its host."""
    return filled(re.sub(r"^[A-Z]\w+(?=/|\?|$)", lambda name: HOSTS[name[0]], text))


def bearer(realm: str) -> str:
    """The challenge of a token server, as far as its realm."""
    return f'Bearer realm="{at_host(realm)}"'


def scoped(scope: str) -> str:
    """What a challenge says of its scope."""
    return f',scope="{f"repository:team/app:{scope}" if re.fullmatch(r"[a-z,]+", scope) else scope}"'


ASKED: dict[str, Callable[[str], Words]] = {
    "login": lambda _: {"basic": True},
    "token": lambda name: {"token": name},
    "from": lambda url: {"referer": at_host(url)},
    "sent": lambda text: {"sent": int(text) if text.isdigit() else TEXTS.get(text, filled(text))},
    "later": lambda seconds: {"later": float(seconds)},
}
ANSWERED: dict[str, Callable[[str], Words]] = {
    "to": lambda url: {"location": at_host(url)},
    "bearer": lambda realm: {"challenge": bearer(realm or "REG/auth/token")},
    "basic": lambda realm: {"challenge": f'Basic realm="{at_host(realm)}"'},
    "service": lambda name: {"challenge": f',service="{name}"'},
    "scope": lambda scope: {"challenge": scoped(scope)},
    "why": lambda code: {"challenge": f',error="{code}"'},
    "gives": lambda token: {"issued": token, "body": '{"token":"REDACTED"}'},
    "lives": lambda seconds: {"body": f'{{"token":"REDACTED","expires_in":{seconds}}}'},
    "body": lambda text: {"body": TEXTS.get(text, filled(text))},
    "blob": lambda text: {"content": TEXTS.get(text, text)},
    "size": lambda text: {"size": int(text)},
    "took": lambda seconds: {"took": float(seconds)},
    "fails": lambda why: {"fails": why},
}
PULLS: dict[str, Callable[[Wire, str], None]] = {
    "docker-pull": lambda wire, name: docker_containerd(wire, APP, name=name)
}


class Talk:
    """What a line may refer to: the exchange before it."""

    def __init__(self) -> None:
        self.url = self.location = ""
        self.redirects = False
        self.start = 0.0

    def play(self, wire: Wire, line: str) -> None:
        """One line."""
        words = shlex.split(line)
        if words[0].startswith("*"):
            PULLS[words[0][1:]](wire, words[1])
        elif words[0] == "wait":
            wire.wait(float(words[1]))
        else:
            times = int(words.pop(0)[:-1]) if re.fullmatch(r"\d+x", words[0]) else 1
            bar = words.index(">")
            for _ in range(times):
                self.ask(wire, words[:bar], words[bar + 1 :])

    def ask(self, wire: Wire, asked: list[str], answered: list[str]) -> None:
        """One exchange."""
        method, url = asked[:2]
        said: Words = {"headers": {}, "answer": {}}
        if url.startswith("^"):
            if self.redirects and not url.startswith("^^"):
                said["referer"] = self.url
            url = self.location + url.lstrip("^")
        for word in asked[2:]:
            put(said, "headers", ASKED, word)
        types = [word for word in answered[1:] if word in TYPES]
        for name in types:
            said["answer"] |= TYPES[name]
            if name in BODIES and method != "HEAD":
                said["body"] = BODIES[name]
        for word in answered[1:]:
            if code := re.fullmatch(r"([A-Z_]{3,}): (.*)", word, re.DOTALL):
                said["body"] = error(code[1], filled(code[2]))
                said["answer"] |= {} if types else JSON
            elif word not in TYPES:
                put(said, "answer", ANSWERED, word)
        status = None if answered[0] == "-" else int(answered[0])
        if later := said.pop("later", None):
            said["at"] = self.start + later
        self.start = wire.now
        self.url, self.location = at_host(url), said.get("location", "")
        self.redirects = status is not None and 300 <= status < 400
        wire.ask(method, self.url, status, **said)


def put(said: Words, headers: str, known: dict[str, Callable[[str], Words]], word: str) -> None:
    """Adds to what `Wire.ask` is given what one word says; a challenge may have several."""
    if header := re.fullmatch(r"([A-Z][A-Za-z0-9-]*):(.*)", word):
        said[headers][header[1]] = filled(header[2])
        return
    name, _, text = word.partition("=")
    for key, value in known[name](text).items():
        said[key] = said.get("challenge", "") + value if key == "challenge" else value


def blocks(text: str) -> Iterator[list[str]]:
    """Blocks of lines; a line that is further in goes on with the one before it."""
    for block in re.sub(r"\n {2,}", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).split("\n\n"):
        if block.strip():
            yield block.strip().split("\n")


def spelled_out(line: str, patterns: dict[str, tuple[list[str], list[str]]]) -> list[str]:
    """A line, or the lines of the pattern that it names."""
    words = line.split()
    if words[0] not in patterns:
        return [line]
    names, lines = patterns[words[0]]
    values = dict(zip(names, words[1:], strict=True))
    return [re.sub(r"\$\w+", lambda name: values[name[0]], each) for each in lines]


def expected(line: str) -> dict[str, Any]:
    """What the last line of a block says is to be found."""
    finds: dict[str, str] = {}
    lists: dict[str, list[str]] = {"infos": [], "says": [], "never": [], "told": []}
    at = ""
    for word in shlex.split(line)[1:]:
        severity, _, code = word.partition(":")
        if word in lists:
            at = word
        elif at:
            lists[at].append(filled(word))
        elif word != "nothing":
            finds[code] = severity
            assert severity in {"error", "warning"}, line
    return {"finds": finds, **lists}


def read(folder: Path) -> dict[str, Report]:
    """Every report of a folder by its name."""
    reports: dict[str, Report] = {}
    patterns: dict[str, tuple[list[str], list[str]]] = {}
    for file in sorted(folder.glob("*.txt")):
        for first, *lines in blocks(file.read_text(encoding="utf-8")):
            if first.startswith("*"):
                name, *names = first.split()
                patterns[name] = names, [each for line in lines for each in spelled_out(line, patterns)]
                continue
            name, source, agent = re.fullmatch(r"(\S+): (.+), (.+)", first).groups()  # type: ignore[union-attr]  # it raises
            assert name not in reports, name
            talk = [each for line in lines[1:-1] for each in spelled_out(line, patterns)]
            assert lines[-1].startswith("= "), name
            reports[name] = Report(source=source, agent=CLIENTS.get(agent, agent), lines=talk, **expected(lines[-1]))
    return reports


FOLDER = Path(__file__).parents[2] / "data" / "reports"
REPORTS = read(FOLDER)
