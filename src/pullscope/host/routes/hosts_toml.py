"""containerd's host directories (certs.d): which one counts for a registry, and which hosts its files name, in order.

containerd core/remotes/docker/config/hosts.go: the first of `HOST_PORT_`, `HOST:PORT` and `_default` that exists wins whole,
nothing of the others is added. A hosts.toml that is not understood is logged and left out, as if it were not there; what
is left are certificates in docker's layout (`*.crt`, `*.cert`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pullscope.host.routes import toml_text
from pullscope.host.routes.route import NO_TLS, NOT_VERIFIED, SYSTEM_CAS, url_parts
from pullscope.host.routes.toml_text import Table, TomlText
from pullscope.host.tree import Tree
from pullscope.oci.reference import DOCKER_HUB, HUB_API
from pullscope.oci.whereabouts import is_this_machine

DEFAULT = "_default"
CAPABILITIES = ("pull", "resolve", "push", "referrers")


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """One `[host."…"]` table, or `server` (`key` empty). `table`: where it stands; None for what no file says."""

    key: str
    scheme: str
    host: str
    path: str
    capabilities: frozenset[str]
    authorities: tuple[str, ...] = ()
    skip_verify: bool = False
    has_tls: bool = False
    override_path: bool = False
    table: Table | None = None

    @property
    def trust(self) -> str:
        if self.scheme == "http" and not (self.has_tls and not self.host.endswith(":80")):
            return NO_TLS
        words = NOT_VERIFIED if self.skip_verify else f"CA {', '.join(self.authorities)} and {SYSTEM_CAS}"
        words = words if self.skip_verify or self.authorities else SYSTEM_CAS
        # docker.NewHTTPFallback: https is tried first where TLS is configured for an http address.
        return f"https first ({words}), then plain http" if self.scheme == "http" else words

    @property
    def asks(self) -> str | None:
        """What it is asked for in a pull; None where it is not asked."""
        if "pull" in self.capabilities:
            return "tag and content" if "resolve" in self.capabilities else "content"
        return "tag" if "resolve" in self.capabilities else None


@dataclass(frozen=True, kw_only=True, slots=True)
class HostDirectory:
    """What the directory that counts says. `refused`: why its hosts.toml is left out; None where it is read."""

    path: str
    text: TomlText | None
    hosts: tuple[Host, ...]
    refused: str | None = None
    line: int = 0
    """The line that is refused, 0 where the file names none."""

    @property
    def file(self) -> str:
        return f"{self.path}/hosts.toml"


def candidates(registry: str) -> list[str]:
    """The names of directories for a registry, the strongest first (hostPaths)."""
    name, colon, port = registry.rpartition(":")
    return [f"{name}_{port}_", registry, DEFAULT] if colon else [registry, DEFAULT]


def directory(tree: Tree, roots: Sequence[str], registry: str) -> str | None:
    """The directory that counts for a registry; None where there is none."""
    found = (f"{root}/{name}" for root in roots for name in candidates(registry))
    return next((path for path in found if tree.exists(path)), None)


def own_server(registry: str) -> Host:
    """The registry itself, as it is asked where nothing else is said (ConfigureHosts)."""
    host = HUB_API if registry == DOCKER_HUB else registry
    own = Host(key="", scheme="https", host=host, path="/v2", capabilities=frozenset(CAPABILITIES))
    name, _, port = registry.rpartition(":")
    name = name or registry
    if not is_this_machine(name):
        return own
    ambiguous = name != registry and port not in {"", "443"}
    tls = port != "80"
    return replace(own, scheme="http" if ambiguous else "https", skip_verify=tls, has_tls=tls)


def url_of(key: str) -> str:
    """The URL that a key stands for (parseHostConfig)."""
    return key if key.startswith("http") or not key else f"https://{key}"


def read(tree: Tree, path: str, registry: str) -> HostDirectory:
    """What the host directory `path` says about `registry`."""
    content = tree.text(f"{path}/hosts.toml")
    text, refused, line = None, None, 0
    try:
        if content:
            text = toml_text.read(content)
            return HostDirectory(path=path, text=text, hosts=tuple(_hosts(text, path, registry)))
    except _RefusedError as error:
        refused, line = str(error), error.line
    except ValueError as error:
        refused = str(error)
    hosts = (_certificates(tree, path, registry),)
    return HostDirectory(path=path, text=text, hosts=hosts, refused=refused, line=line)


class _RefusedError(ValueError):
    """Why containerd ignores the whole file."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.line = line


def _hosts(text: TomlText, path: str, registry: str) -> Iterator[Host]:
    """The hosts that have a table of their own, in the order of the file (getSortedHosts); then the registry itself."""
    keys = (table.path[1] for table in text.tables if len(table.path) > 1 and table.path[0] == "host")
    for key in dict.fromkeys(keys):
        for table in text.named("host", key)[:1]:
            yield _host(key, toml_text.get(text.data, "host", key), path, table)
    server = toml_text.get(text.data, "server")
    said = _host(server if isinstance(server, str) else "", text.data, path, text.tables[0])
    yield said if said.host else _with(registry, said)


def _host(key: str, settings: object, base: str, table: Table) -> Host:
    """parseHostConfig: the URL, what it may be asked for, and its certificates."""
    settings = settings if isinstance(settings, dict) else {}
    url = url_of(key)
    override = settings.get("override_path") is True
    split = url_parts(url)
    if split is None:
        raise _RefusedError(f"names {key!r}, which is not a URL", table.line)
    path = posixpath.normpath(split.path) if split.path else ""
    if url and not override and not path.endswith("/v2"):
        path = f"{path.rstrip('/')}/v2"
    named = toml_text.texts(settings.get("capabilities"))
    unknown = next((word for word in named if word.lower() not in CAPABILITIES), None)
    if unknown is not None:
        line = table.keys.get("capabilities", (table.line, 0))[0]
        raise _RefusedError(f'has the unknown capability "{unknown}"', line)
    authorities = tuple(
        item if item.startswith("/") else posixpath.join(base, item) for item in toml_text.texts(settings.get("ca"))
    )
    return Host(
        key=key,
        scheme=split.scheme,
        host=split.netloc,
        path=path,
        capabilities=frozenset(word.lower() for word in named) or frozenset(CAPABILITIES),
        authorities=authorities,
        skip_verify=settings.get("skip_verify") is True,
        has_tls=bool(authorities) or "skip_verify" in settings or "client" in settings,
        override_path=override,
        table=table,
    )


def _with(registry: str, said: Host) -> Host:
    """The registry itself, with what the top of a file says of its certificates."""
    own = own_server(registry)
    return replace(
        own,
        authorities=said.authorities,
        skip_verify=said.skip_verify or own.skip_verify,
        has_tls=said.has_tls or own.has_tls,
        table=said.table,
    )


def _certificates(tree: Tree, path: str, registry: str) -> Host:
    """loadCertFiles: docker's layout."""
    names = tree.names(path)
    authorities = tuple(f"{path}/{name}" for name in names if name.endswith(".crt"))
    client = any(name.endswith(".cert") for name in names)
    own = own_server(registry)
    return replace(own, authorities=authorities, has_tls=bool(authorities) or client or own.has_tls)
