"""An endpoint that will be asked, in order, the machine whose configuration says so, and which file holds a login for it.

Never the login itself. containers-auth.json(5): the first file that has one counts; in each, the longest key that begins the
image's name.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pullscope.host import HostError, command, untrusted_file
from pullscope.host.command import Run
from pullscope.host.tree import LARGEST, Tree
from pullscope.oci.bounds import read_object
from pullscope.oci.reference import DOCKER_HUB
from pullscope.oci.verdicts import Problem

SYSTEM_CAS = "system CAs"
NO_TLS = "no TLS"
NOT_VERIFIED = "certificate not verified"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One place that is asked. `url` is what stands before `/manifests/…` and `/blobs/…`."""

    url: str
    asks: str = "tag and content"
    """What it is asked for: `tag and content`, `content` (digests only) or `tag`."""
    trust: str = SYSTEM_CAS
    login: str = ""
    """Where a login for it comes from; empty: none is sent."""
    namespace: str | None = None
    """The registry that `?ns=` names in each request to a mirror; None where no `ns` is sent."""
    source: str = "default"
    """The file and line that name it."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"login": self.login or None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """What a client will do for one reference. `files`: what was read, in order; `notes`: what else is worth knowing."""

    client: str
    reference: str
    endpoints: tuple[Endpoint, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    refused: str | None = None
    """Why nothing is asked at all; None where something is."""

    def as_json(self) -> dict[str, Any]:
        return {
            "client": self.client,
            "reference": self.reference,
            "endpoints": [endpoint.as_json() for endpoint in self.endpoints],
            "refused": self.refused,
            "notes": list(self.notes),
            "files": list(self.files),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """The machine, or a tree that stands for one, as a fix sees it."""

    tree: Tree
    run: Run = field(repr=False, default=command.nowhere)
    sudo: str = "sudo "
    """What stands before a command that needs root; empty where the caller is root."""
    home: str = "/root"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def text(self, path: str) -> str | None:
        """The text of a file, None where there is none. One in the caller's home is read with `untrusted_file`."""
        if not (self.tree.live and path.startswith(f"{self.home}/")):
            return self.tree.text(path)
        try:
            content = untrusted_file.read(Path(path), LARGEST)
        except HostError:
            return None
        return None if content is None else content.decode("utf-8", "replace")

    def shown(self, path: str) -> str:
        """`path` as a word for a shell: in a tree, where it lies on this disk."""
        return shlex.quote(str(self.tree.at(path)))

    def then_restart(self, unit: str) -> str:
        """The words that make a changed file count where it is read at start only; nothing for a tree."""
        return f" && {self.sudo}systemctl restart {unit}" if self.tree.live else ""


def url_parts(url: str) -> SplitResult | None:
    """A URL by its parts; None for anything else."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def login_files(node: Node) -> list[str]:
    """Where podman, buildah and skopeo look, in order."""
    named = node.environment.get("REGISTRY_AUTH_FILE")
    runtime = node.environment.get("XDG_RUNTIME_DIR")
    first = f"{runtime}/containers/auth.json" if runtime else "/run/containers/0/auth.json"
    own = (f"{node.home}/.config/containers/auth.json", f"{node.home}/.docker/config.json")
    return [named] if named else [first, *own]


def find_login(node: Node, places: Sequence[str], name: str) -> str:
    """The file and key of a login for `host/repository`; empty where there is none."""
    for path in places:
        document = read_object(node.text(path) or "")
        keys = [*_login_keys(document, "auths"), *_login_keys(document, "credHelpers")]
        fitting = [key for key in keys if f"{name}/".startswith(f"{_login_name(key)}/")]
        if fitting:
            return f"{path} ({max(fitting, key=lambda key: len(_login_name(key)))})"
    return ""


def _login_keys(document: dict[str, Any], key: str) -> list[str]:
    found = document.get(key)
    return list(found) if isinstance(found, dict) else []


def _login_name(key: str) -> str:
    """A key without its scheme and the path of docker's old keys (`https://index.docker.io/v1/`)."""
    rest = key.partition("://")[2] or key
    host, _, path = rest.partition("/")
    host = DOCKER_HUB if host == "index.docker.io" else host
    return host if path.strip("/") in {"", "v1", "v2"} else f"{host}/{path}"
