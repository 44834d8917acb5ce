"""podman, buildah, skopeo and CRI-O: a drop-in of registries.conf(5) whose `[[registry]]` has our mirror first.

A drop-in replaces the `[[registry]]` of the same prefix whole, so what the user set for it is said again in ours. The last
name of the directory wins.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pullscope.host import HostError
from pullscope.host.change_list import Parts
from pullscope.host.mirror.runtime import Wish
from pullscope.host.routes import registries_conf
from pullscope.host.routes.registries_conf import Registry
from pullscope.host.routes.route import Node

PODMAN = f"{registries_conf.SYSTEM}.d/zzz-pullscope.conf"
NO_HOME = "/nonexistent"
"""No home directory: a drop-in of the system holds what the system's files say."""
CRIO = f"{registries_conf.SYSTEM}.d/zzz-pullscope-crio.conf"
"""A file of its own, so that each is taken back by itself."""


def write(path: str, parts: Parts, node: Node, wish: Wish) -> list[str]:
    """The drop-in for all registries; what a longer prefix takes for itself is said."""
    system = replace(node, home=NO_HOME, environment={})
    known = registries_conf.read(system, without=(PODMAN, CRIO))
    if known.faults:
        fault = known.faults[0]
        raise HostError(f"{fault.path} {fault.why}: every pull fails with it. Fix it first. Nothing changed")
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
