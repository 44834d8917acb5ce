"""dockerd: our mirror first among `registry-mirrors` of daemon.json, which it reads on SIGHUP. Docker Hub only."""

from __future__ import annotations

from pullscope.host import HostError, daemon_json
from pullscope.host.change_list import Parts
from pullscope.host.layout import SYSTEM
from pullscope.host.mirror.runtime import Wish
from pullscope.host.routes import docker
from pullscope.host.routes.route import Node
from pullscope.host.systemd import read_unit
from pullscope.oci.reference import DOCKER_HUB


def write(parts: Parts, node: Node, wish: Wish) -> list[str]:
    """daemon.json. What dockerd would refuse, or sets elsewhere, is refused here."""
    if DOCKER_HUB not in wish.hosts:
        raise HostError(
            f"dockerd asks a mirror for {DOCKER_HUB} only, not for {', '.join(wish.hosts)}. Nothing changed"
        )
    unit = read_unit(node.tree, SYSTEM)
    if unit.flag("registry-mirror"):
        raise HostError(
            f"{unit.fragment} starts dockerd with --registry-mirror, and with the same key in daemon.json it would not "
            "start: add the mirror to that command line instead. Nothing changed"
        )
    path = docker.path(node)
    before = parts.recorded.before(path)
    old = before.content if before.is_file else None
    try:
        content = daemon_json.add_listed(old, daemon_json.MIRRORS, (wish.url,), first=True)
        interim = daemon_json.with_empty(old, daemon_json.MIRRORS)
    except ValueError as error:
        raise HostError(f"{path} {error}; fix it first. Nothing changed") from error
    if content != old:
        parts.file(path, "docker-mirrors", content, claims=(wish.url,), interim=(interim,))
    return ["not seen: other registries, because dockerd uses mirrors for Docker Hub only"]
