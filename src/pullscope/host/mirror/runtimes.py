"""The table of clients that can be given a mirror, and which of them are on this machine: by files, never by asking them."""

from __future__ import annotations

from functools import partial

from pullscope.host.layout import SYSTEM
from pullscope.host.mirror import buildkit, certs_d, daemon, drop_in, k3s
from pullscope.host.mirror.runtime import Runtime
from pullscope.host.routes import containerd, containerd_config, podman, toml_text
from pullscope.host.routes.route import Node


def _pulls_nothing(node: Node) -> bool:
    """Docker's packages bring a containerd whose CRI is off, and k3s has a file of its own for this."""
    config = containerd_config.read(node)
    off = toml_text.texts(config.text.data.get("disabled_plugins")) if config.text else []
    if any(name == "cri" or name.startswith("io.containerd.grpc.v1.cri") for name in off) or config.source is not None:
        return True
    return not (config.text or config.trouble) and named("docker").here(node)


RUNTIMES: tuple[Runtime, ...] = (
    Runtime(
        id="containerd",
        name="containerd (CRI, nerdctl)",
        found_by=("containerd.service", containerd_config.CONFIG),
        unless=_pulls_nothing,
        write=certs_d.write,
        examine=containerd.examine,
    ),
    Runtime(
        id="docker",
        name="dockerd",
        found_by=("docker.service", SYSTEM.daemon_json),
        write=daemon.write,
        units=("docker.service",),
        reads="on reload",
    ),
    Runtime(
        id="podman",
        name="podman, buildah, skopeo",
        found_by=("podman", "buildah", "skopeo"),
        write=partial(drop_in.write, drop_in.PODMAN),
        examine=podman.examine,
    ),
    Runtime(
        id="crio",
        name="CRI-O",
        found_by=("crio.service", "/etc/crio"),
        write=partial(drop_in.write, drop_in.CRIO),
        examine=podman.examine,
        units=("crio.service",),
        reads="on reload",
    ),
    Runtime(
        id="buildkit",
        name="BuildKit",
        found_by=("buildkit.service", buildkit.PATH),
        write=buildkit.write,
        units=("buildkit.service",),
        reads="on restart",
    ),
    Runtime(
        id="k3s",
        name="k3s",
        found_by=("k3s.service", "k3s-agent.service", "/etc/rancher/k3s"),
        write=partial(k3s.write, k3s.FILES["k3s"]),
        units=("k3s.service",),
        reads="on restart",
    ),
    Runtime(
        id="rke2",
        name="rke2",
        found_by=("rke2-server.service", "rke2-agent.service", "/etc/rancher/rke2"),
        write=partial(k3s.write, k3s.FILES["rke2"]),
        units=("rke2-server.service",),
        reads="on restart",
    ),
)
"""In the order in which they are switched on."""


def named(name: str) -> Runtime:
    """The runtime of this id; ValueError with all ids where there is none."""
    for runtime in RUNTIMES:
        if runtime.id == name:
            return runtime
    raise ValueError(f"{name[:40]!r} is not one of {', '.join(runtime.id for runtime in RUNTIMES)}")


def here(node: Node) -> list[Runtime]:
    """Those that are on this machine."""
    return [runtime for runtime in RUNTIMES if runtime.here(node)]
