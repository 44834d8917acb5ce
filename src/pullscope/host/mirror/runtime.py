"""A kind of client that can be given a mirror, and what the user asks of it. Plain values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from pullscope.host import registry_host
from pullscope.host.change_list import Parts
from pullscope.host.layout import SYSTEM_UNIT_PATHS
from pullscope.host.routes.route import Node
from pullscope.oci.mirrored import PORT
from pullscope.oci.reference import DOCKER_HUB, registry_name
from pullscope.oci.verdicts import Problem


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

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_PROGRAMS = ("/usr/bin", "/usr/local/bin", "/usr/sbin", "/bin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Runtime:
    """A kind of client. `write` adds its changes to a plan and says what is not seen, a line each."""

    id: str
    name: str
    found_by: tuple[str, ...]
    """Units, paths and programs of which one that is there shows that it is on this machine."""
    write: Callable[[Parts, Node, Wish], list[str]]
    units: tuple[str, ...] = ()
    """Its daemon's units; none where it reads its file at each command."""
    examine: Callable[[Node], tuple[Problem, ...]] | None = None
    """What else keeps a mirror from being asked, with its cure; None where nothing reads the same files."""
    reads: str = "at each pull"
    """When it reads the file: `at each pull`, `on reload` or `on restart`."""
    unless: Callable[[Node], bool] = lambda _: False
    """What of its configuration says that it pulls nothing by itself."""

    def here(self, node: Node) -> bool:
        """Whether it is on this machine: by files, never by asking it."""
        return any(_is_there(node, name) for name in self.found_by) and not self.unless(node)


def _is_there(node: Node, name: str) -> bool:
    folders = ("",) if name.startswith("/") else SYSTEM_UNIT_PATHS if name.endswith(".service") else _PROGRAMS
    return any(node.tree.exists(f"{folder}/{name}" if folder else name) for folder in folders)
