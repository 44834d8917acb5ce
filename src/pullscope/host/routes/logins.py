"""Which file holds a login for a registry, as containers/image and docker look it up. Never the login itself.

containers-auth.json(5): the first file that has one counts; in each, the longest key that begins the image's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pullscope.host.routes.route import Node
from pullscope.oci.bounds import read_object
from pullscope.oci.reference import DOCKER_HUB


def files(node: Node) -> list[str]:
    """Where podman, buildah and skopeo look, in order."""
    named = node.environment.get("REGISTRY_AUTH_FILE")
    runtime = node.environment.get("XDG_RUNTIME_DIR")
    first = f"{runtime}/containers/auth.json" if runtime else "/run/containers/0/auth.json"
    own = (f"{node.home}/.config/containers/auth.json", f"{node.home}/.docker/config.json")
    return [named] if named else [first, *own]


def find(node: Node, places: Sequence[str], name: str) -> str:
    """The file and key of a login for `host/repository`; empty where there is none."""
    for path in places:
        document = read_object(node.text(path) or "")
        keys = [*_keys(document, "auths"), *_keys(document, "credHelpers")]
        fitting = [key for key in keys if _begins(_name(key), name)]
        if fitting:
            return f"{path} ({max(fitting, key=lambda key: len(_name(key)))})"
    return ""


def _keys(document: dict[str, Any], key: str) -> list[str]:
    found = document.get(key)
    return list(found) if isinstance(found, dict) else []


def _name(key: str) -> str:
    """A key without its scheme and the path of docker's old keys (`https://index.docker.io/v1/`)."""
    rest = key.partition("://")[2] or key
    host, _, path = rest.partition("/")
    host = DOCKER_HUB if host == "index.docker.io" else host
    return host if path.strip("/") in {"", "v1", "v2"} else f"{host}/{path}"


def _begins(key: str, name: str) -> bool:
    return name == key or name.startswith(f"{key}/")
