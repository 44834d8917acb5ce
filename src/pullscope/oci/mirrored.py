"""What a mirror is asked for, and which registry that is at: pure reading of addresses, nothing is asked here.

A client says for whom a mirror stands in by `?ns=` (distribution-spec, "Registry Proxying": containerd, BuildKit, docker's
containerd store), by the first part of the path (containers/image, where the location of a mirror may have one), or not at
all: docker's `registry-mirrors` are for Docker Hub alone. Only registries that were named are homes: plain http on
loopback must not become an open relay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from pullscope.oci.reference import DOCKER_HUB, Reference, is_registry, registry_name
from pullscope.oci.whereabouts import is_ip

PORT = 8600
"""Where a mirror listens by default."""

STAND_IN = "pullscope mirror"
"""How an answer is signed that the mirror gives itself."""

_SCHEMES = {"https": 443, "http": 80}


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A registry that a mirror stands in for."""

    name: str
    """As references name it: `docker.io`, `registry.example.com:5000`."""
    scheme: str
    host: str
    port: int

    @property
    def word(self) -> str:
        """What `read_home` makes it of again."""
        return self.name if self.scheme == "https" else f"{self.scheme}://{self.name}"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _SCHEMES[self.scheme] else f":{self.port}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What one request to a mirror means."""

    registry: str
    """As references name it."""
    path: str
    """Path and query at that registry."""
    home: Home | None
    """None where the mirror does not stand in for it."""


def read_home(text: str) -> Home:
    """`docker.io`, `registry.example.com:5000` or `http://registry.lan:5000`; ValueError, in a sentence, for anything else.

    What is in no public DNS (an address, a name of one label) needs a port, so that it is not opened by mistake.
    """
    scheme, separator, authority = text.strip().lower().rpartition("://")
    scheme = scheme if separator else "https"
    if scheme not in _SCHEMES or not is_registry(authority):
        raise ValueError(f"{text!r} is not a registry. Write it like docker.io or registry.example.com:5000.")
    name = registry_name(authority)
    host, port = _parts(Reference(registry=name, repository="any").api_host)
    if port is None and not _is_public(host):
        raise ValueError(f"{text!r} is in no public DNS; if it is meant, name its port: {host}:443.")
    return Home(name=name, scheme=scheme, host=host, port=port or _SCHEMES[scheme])


def read_homes(texts: Iterable[str]) -> dict[str, Home]:
    """Each by its name, in their order; a text may hold several, separated by commas."""
    words = [word for text in texts for word in text.split(",") if word.strip()]
    return {home.name: home for home in map(read_home, words)}


def wanted_of(path: str, homes: Mapping[str, Home]) -> Wanted | None:
    """What a request for `path` (with its query) wants; None where it is not a request of the registry API."""
    at, _, query = path.partition("?")
    if at.rstrip("/") != "/v2" and not at.startswith("/v2/"):
        return None
    rest, registry = at.removeprefix("/v2").removeprefix("/"), None
    kept = []
    for part in query.split("&") if query else ():
        if part.startswith("ns="):
            registry = unquote(part.removeprefix("ns="))
        else:
            kept.append(part)
    if registry is None:
        first, slash, after = rest.partition("/")
        first = unquote(first)
        if slash and (first == "localhost" or "." in first or ":" in first):
            registry, rest = first, after
    if registry is None:
        # A version check of containers/image says nothing; it is the first registry's, if not Docker Hub's.
        registry = next(iter(homes), DOCKER_HUB) if not rest and DOCKER_HUB not in homes else DOCKER_HUB
    name = registry_name(registry.lower())
    asked = "?" + "&".join(kept) if kept else ""
    return Wanted(registry=name, path=f"/v2/{rest}{asked}", home=homes.get(name))


def _parts(authority: str) -> tuple[str, int | None]:
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        return authority.strip("[]"), None
    if not 0 < int(port) < 65_536:
        raise ValueError(f"{authority!r} has no port between 1 and 65535.")
    return host.strip("[]"), int(port)


def _is_public(host: str) -> bool:
    if "." not in host or host.endswith((".localhost", ".local", ".internal")):
        return False
    return not is_ip(host) and not host.replace(".", "").isdigit()
