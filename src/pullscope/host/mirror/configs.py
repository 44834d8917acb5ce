"""The one file of each client that names our mirror first, as a change: what stands there already stays behind it.
One file, because all of them are edited by `Pieces`, which knows what each piece was before: that is the undo after others
edited the file too.
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from pullscope.host import HostError, daemon_json, registry_host
from pullscope.host.carry_out import Parts
from pullscope.host.layout import SYSTEM
from pullscope.host.routes import containerd_config, docker, hosts_toml, registries_conf, toml_text
from pullscope.host.routes.containerd_config import CERTS_D
from pullscope.host.routes.registries_conf import Registry
from pullscope.host.routes.route import Node
from pullscope.host.routes.toml_text import header, quoted
from pullscope.host.systemd import read_unit
from pullscope.oci.mirrored import PORT
from pullscope.oci.reference import DOCKER_HUB, registry_name


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the user asked of `mirror on`."""

    hosts: tuple[str, ...] = (DOCKER_HUB,)
    """Registries as references name them."""
    url: str = f"http://127.0.0.1:{PORT}"
    until: str | None = None
    off_command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for host in self.hosts:
            registry_host.check(host)
            if registry_name(host) != host:
                raise ValueError(f"{host} is Docker Hub's API; as a registry it is called {registry_name(host)}")
        if not re.fullmatch(r"http://[A-Za-z0-9.\[\]:-]+", self.url):
            raise ValueError(f"{self.url[:100]!r} is not http://HOST:PORT")

    @property
    def address(self) -> str:
        """Host and port of the mirror."""
        return urlsplit(self.url).netloc


class Pieces:
    """A file by its lines; edits name the lines of the text as it was and are made from the last one up."""

    def __init__(self, parts: Parts, path: str) -> None:
        self._parts, self._path = parts, path
        before = parts.recorded.before(path)
        self.content = before.content.decode("utf-8", "surrogateescape") if before.is_file else ""
        """As it would be without us."""
        self.lines = self.content.splitlines(keepends=True)
        self._edits: list[tuple[int, int, str]] = []
        self._end = ""

    def replace(self, span: tuple[int, int], text: str) -> None:
        """The lines `first` to `last` become `text`."""
        self._edits.append((span[0] - 1, span[1], text))

    def before(self, line: int, text: str) -> None:
        """`text` above a line, and above the comments that stand directly over it."""
        at = line - 1
        while at and self.lines[at - 1].lstrip().startswith("#"):
            at -= 1
        self._edits.append((at, at, text))

    def after(self, line: int, text: str) -> None:
        self._edits.append((line, line, text))

    def append(self, text: str) -> None:
        """`text` at the end, an empty line before it."""
        self._end += f"\n{text}"

    def done(self) -> None:
        """Put the change into the plan, with what is ours and what it stands for by turns; nothing where nothing is edited."""
        lines, claims = list(self.lines), []
        for start, end, text in sorted(self._edits, reverse=True):
            theirs = "".join(lines[start:end])
            ours = text if text.endswith("\n") else f"{text}\n"
            if start and not lines[start - 1].endswith("\n"):
                ours = f"\n{ours}"
            lines[start:end] = [ours]
            claims += [ours, theirs]
        whole = "".join(lines)
        if self._end:
            ours = self._end if not whole or whole.endswith("\n") else f"\n{self._end}"
            ours = ours if whole else ours.lstrip("\n")
            whole += ours
            claims += [ours, ""]
        if claims:
            self._parts.file(self._path, "pieces", whole.encode("utf-8", "surrogateescape"), claims=tuple(claims))


BUILDKIT = "/etc/buildkit/buildkitd.toml"


def buildkit(parts: Parts, _: Node, wish: Wish) -> list[str]:
    """First among `mirrors` of buildkitd.toml, and in plain http, which the mirror's own table says. Read when buildkitd starts.

    moby/buildkit docs/buildkitd.toml.md.
    """
    pieces = Pieces(parts, BUILDKIT)
    try:
        text = toml_text.read(pieces.content)
    except ValueError as error:
        raise HostError(
            f"{BUILDKIT} {error}; buildkitd does not start with it. Fix it first. Nothing changed."
        ) from error
    for host in wish.hosts:
        known = toml_text.texts(toml_text.get(text.data, "registry", host, "mirrors"))
        if wish.address in known:
            continue
        line = f"  mirrors = {json.dumps([wish.address, *known])}"
        tables = text.named("registry", host)
        if not tables:
            if toml_text.get(text.data, "registry", host) is not None:
                raise HostError(f"{BUILDKIT} has registry.{host} in a form that is not edited here. Nothing changed.")
            pieces.append(f"{header(('registry', host))}\n{line}\n")
        elif "mirrors" in tables[0].keys:
            pieces.replace(tables[0].keys["mirrors"], line)
        else:
            pieces.after(tables[0].line, line)
    if toml_text.get(text.data, "registry", wish.address) is None:
        pieces.append(f"{header(('registry', wish.address))}\n  http = true\n")
    pieces.done()
    return []


def containerd(parts: Parts, node: Node, wish: Wish) -> list[str]:
    """The first `[host]` of each registry's hosts.toml; `server` stays as it is.

    One that `_default` stands for is put into `_default`, which hides nothing of the user's.
    """
    said: list[str] = []
    config = containerd_config.read(node)
    if config.source is not None:
        raise HostError(f"{config.path} is written from {config.source}: use --for k3s or --for rke2. Nothing changed.")
    roots = config.roots or [CERTS_D]
    block = f'[host."{wish.url}"]\n  capabilities = ["pull", "resolve"]\n'
    for host in wish.hosts:
        folder = _directory(parts, roots, host)
        path = f"{folder}/hosts.toml"
        if any(item.path == path for item in parts.changes):
            continue
        pieces = Pieces(parts, path)
        if not pieces.content.strip():
            parts.lines(path, _certificates(parts, folder) + block)
        elif not _insert(pieces, block, wish.url, path):
            continue
        if posixpath.basename(folder) == hosts_toml.DEFAULT:
            said.append(
                f"{path} is for every registry without a directory: the mirror answers 404 for those it was not given"
            )
    return said


def _directory(parts: Parts, roots: list[str], host: str) -> str:
    """The directory in use without our own, or that of the host in the first root."""
    found = (f"{root}/{name}" for root in roots for name in hosts_toml.candidates(host))
    there = next((path for path in found if not parts.recorded.before(path).absent), None)
    return there or f"{roots[0]}/{host}"


def _insert(pieces: Pieces, block: str, url: str, path: str) -> bool:
    """Put the block before the first table; False where it is there already."""
    try:
        text = toml_text.read(pieces.content)
    except ValueError as error:
        raise HostError(f"{path} {error}; containerd ignores it. Fix it first. Nothing changed.") from error
    if toml_text.get(text.data, "host", url) is not None:
        return False
    first = next((table.line for table in text.tables if table.path), None)
    if first is None:
        pieces.append(block)
    else:
        pieces.before(first, f"{block}\n")
    pieces.done()
    return True


def _certificates(parts: Parts, folder: str) -> str:
    """Certificates in docker's layout count only without a hosts.toml: beside ours they are named in it."""
    names = parts.recorded.tree.names(folder)
    authorities = [name for name in names if name.endswith(".crt")]
    pairs = [(name, f"{name.removesuffix('.cert')}.key") for name in names if name.endswith(".cert")]
    lines = []
    if authorities:
        lines.append(f"ca = [{', '.join(map(quoted, authorities))}]")
    if pairs:
        shown = (f"[{quoted(cert)}, {quoted(key)}]" if key in names else quoted(cert) for cert, key in pairs)
        lines.append(f"client = [{', '.join(shown)}]")
    return "".join(f"{line}\n" for line in lines) + ("\n" if lines else "")


def dockerd(parts: Parts, node: Node, wish: Wish) -> list[str]:
    """First among `registry-mirrors` of daemon.json, which dockerd reads on SIGHUP. What it would refuse is refused here."""
    if DOCKER_HUB not in wish.hosts:
        raise HostError(
            f"dockerd asks a mirror for {DOCKER_HUB} only, not for {', '.join(wish.hosts)}. Nothing changed."
        )
    unit = read_unit(node.tree, SYSTEM)
    if unit.flag("registry-mirror"):
        raise HostError(
            f"{unit.fragment} starts dockerd with --registry-mirror, and with the same key in daemon.json it would not "
            "start: add the mirror to that command line instead. Nothing changed."
        )
    path = docker.path(node)
    before = parts.recorded.before(path)
    old = before.content if before.is_file else None
    try:
        content = daemon_json.add_listed(old, daemon_json.MIRRORS, (wish.url,), first=True)
        interim = daemon_json.with_empty(old, daemon_json.MIRRORS)
    except ValueError as error:
        raise HostError(f"{path} {error}; fix it first. Nothing changed.") from error
    if content != old:
        parts.file(path, "docker-mirrors", content, claims=(wish.url,), interim=(interim,))
    return ["not seen: other registries, because dockerd uses mirrors for Docker Hub only"]


PODMAN = f"{registries_conf.SYSTEM}.d/zzz-pullscope.conf"
NO_HOME = "/nonexistent"
"""No home directory: a drop-in of the system holds what the system's files say."""
CRIO = f"{registries_conf.SYSTEM}.d/zzz-pullscope-crio.conf"
"""A file of its own, so that each is taken back by itself."""


def registries_drop_in(path: str, parts: Parts, node: Node, wish: Wish) -> list[str]:
    """podman, buildah, skopeo and CRI-O: `[[registry]]` with our mirror first; what a longer prefix takes for itself is said.

    A drop-in of registries.conf(5) replaces the table of the same prefix whole, so what the user set for it is said again in
    ours. The last name of the directory wins.
    """
    system = replace(node, home=NO_HOME, environment={})
    known = registries_conf.read(system, without=(PODMAN, CRIO))
    if known.faults:
        fault = known.faults[0]
        raise HostError(f"{fault.path} {fault.why}: every pull fails with it. Fix it first. Nothing changed.")
    said: list[str] = []
    tables: list[str] = ["# Written by `pullscope mirror on`, removed by `pullscope mirror off`.\n"]
    for host in wish.hosts:
        registry = next((item for item in known.registries if item.prefix == host), None)
        tables.append(_table(host, registry, wish))
        said += [
            f"not seen: {item.prefix}, which has a [[registry]] of its own in {item.path}"
            for item in known.registries
            if item.prefix.startswith(f"{host}/")
        ]
        if registry is not None and registry.blocked:
            said.append(f"{host} is blocked in {registry.path}, and stays so")
        said += _replaced(node, host)
    text = "\n".join(tables)
    parts.lines(path, text)
    return said


def _replaced(node: Node, host: str) -> list[str]:
    """A user's own file is not touched, and its table for this registry gives way to ours while ours is there."""
    own = next(
        (item for item in registries_conf.read(node, without=(PODMAN, CRIO)).registries if item.prefix == host), None
    )
    if own is None or not own.path.startswith(f"{node.home}/"):
        return []
    return [f"{own.path} has a [[registry]] {host} of its own, which is not asked while ours is there"]


def _table(host: str, registry: Registry | None, wish: Wish) -> str:
    settings: dict[str, Any] = {"prefix": host, "location": host}
    mirrors: list[dict[str, Any]] = [{"location": f"{wish.address}/{host}", "insecure": True}]
    if registry is not None:
        settings |= {key: value for key, value in registry.settings.items() if key != "mirror"}
        mirrors += registry.mirrors
    return "\n".join(
        (
            "[[registry]]",
            *_keys(settings),
            *(line for item in mirrors for line in ("\n[[registry.mirror]]", *_keys(item))),
            "",
        )
    )


def _keys(settings: dict[str, Any]) -> list[str]:
    """Text, numbers and truth are spelled in TOML as in JSON."""
    known = {key: value for key, value in settings.items() if isinstance(value, str | bool | int)}
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in known.items()]


class _OtherFormError(Exception):
    """The file is not in the form that is edited here."""


def k3s(path: str, parts: Parts, _: Node, wish: Wish) -> list[str]:
    """First among the endpoints in registries.yaml, from which k3s and rke2 write hosts.toml at their start.

    docs.k3s.io "Private Registry Configuration": what is edited is the block style of those pages; another form is refused.
    """
    pieces = Pieces(parts, path)
    try:
        _edit(pieces, wish)
    except (_OtherFormError, KeyError):  # a key that was merged in (`<<`) has no line
        raise HostError(
            f"{path} is written in a form that is not edited here: add the endpoint by hand. Nothing changed."
        ) from None
    pieces.done()
    return []


def _edit(pieces: Pieces, wish: Wish) -> None:
    document = _read(pieces.content)
    if document is None or "mirrors" not in document:
        pieces.append("mirrors:\n" + "".join(_registry(host, wish.url, 2) for host in wish.hosts))
        return
    line, mirrors = document.lc.key("mirrors")[0], document["mirrors"]
    if mirrors is None and not re.match(r"[^:#]*:\s*(?:#.*)?$", pieces.lines[line]):
        raise _OtherFormError
    known: Any = {} if mirrors is None else _block(mirrors)
    indent = min((known.lc.key(host)[1] for host in known), default=2)
    for host in wish.hosts:
        if host in known:
            _put_first(pieces, _block(known[host]), wish.url)
        else:
            pieces.after(line + 1, _registry(host, wish.url, indent))


def _registry(host: str, url: str, indent: int) -> str:
    lines = (f'"{host}":', "  endpoint:", f'    - "{url}"')
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def _read(text: str) -> Any:
    """The document, which knows its lines; None where there is none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML().load(text)
    except (YAMLError, ValueError, RecursionError):
        raise _OtherFormError from None
    if document is not None and (_block(document).lc.col != 0 or re.search(r"^\.\.\.", text, re.MULTILINE)):
        raise _OtherFormError
    return document


def _block(node: Any) -> Any:
    """A map or a list that has lines of its own."""
    if not hasattr(node, "fa") or node.fa.flow_style() is not False:
        raise _OtherFormError
    return node


def _put_first(pieces: Pieces, registry: dict[str, Any], url: str) -> None:
    endpoints = _block(registry.get("endpoint", registry.get("endpoints")))
    if url in endpoints:
        return
    line, column = endpoints.lc.item(0)
    text = pieces.lines[line]
    if not re.fullmatch(r" *- +", text[:column]):
        raise _OtherFormError
    pieces.replace((line + 1, line + 1), f'{text[:column]}"{url}"\n{text}')
