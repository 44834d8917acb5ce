"""The table of clients that can be given a mirror, and which of them are on this machine: by files, never by asking them."""

from __future__ import annotations

from pullscope.host.layout import SYSTEM, SYSTEM_UNIT_PATHS
from pullscope.host.mirror import buildkit, certs_d, daemon, drop_in, k3s
from pullscope.host.mirror.runtime import Runtime
from pullscope.host.routes import containerd, containerd_config, podman, toml_text
from pullscope.host.routes.route import Node

_PROGRAMS = ("/usr/bin", "/usr/local/bin", "/usr/sbin", "/bin")


def _unit(node: Node, name: str) -> bool:
    return any(node.tree.exists(f"{folder}/{name}") for folder in SYSTEM_UNIT_PATHS)


def _program(node: Node, *names: str) -> bool:
    return any(node.tree.exists(f"{folder}/{name}") for folder in _PROGRAMS for name in names)


def _containerd(node: Node) -> bool:
    """containerd for itself. Docker's packages bring one whose CRI is off: it pulls nothing by itself."""
    config = containerd_config.read(node)
    off = toml_text.texts(config.text.data.get("disabled_plugins")) if config.text else []
    if any(name == "cri" or name.startswith("io.containerd.grpc.v1.cri") for name in off):
        return False
    if config.source is not None:
        return False  # k3s' own, which has a file of its own for this
    return bool(config.text or config.trouble) or (_unit(node, "containerd.service") and not _docker(node))


def _docker(node: Node) -> bool:
    return _unit(node, "docker.service") or node.tree.exists(SYSTEM.daemon_json)


def _podman(node: Node) -> bool:
    return _program(node, "podman", "buildah", "skopeo")


def _crio(node: Node) -> bool:
    return _unit(node, "crio.service") or node.tree.exists("/etc/crio")


def _buildkit(node: Node) -> bool:
    return _unit(node, "buildkit.service") or node.tree.exists(buildkit.PATH)


def _k3s(node: Node) -> bool:
    return _unit(node, "k3s.service") or _unit(node, "k3s-agent.service") or node.tree.exists("/etc/rancher/k3s")


def _rke2(node: Node) -> bool:
    return any(_unit(node, f"rke2-{role}.service") for role in ("server", "agent")) or node.tree.exists(
        "/etc/rancher/rke2"
    )


RUNTIMES: tuple[Runtime, ...] = (
    Runtime(
        id="containerd",
        name="containerd (CRI, nerdctl)",
        here=_containerd,
        write=certs_d.write,
        examine=containerd.examine,
    ),
    Runtime(
        id="docker",
        name="dockerd",
        here=_docker,
        write=daemon.write,
        units=("docker.service",),
        reads="on reload",
    ),
    Runtime(id="podman", name="podman, buildah, skopeo", here=_podman, write=drop_in.write, examine=podman.examine),
    Runtime(
        id="crio",
        name="CRI-O",
        here=_crio,
        write=drop_in.write_crio,
        examine=podman.examine,
        units=("crio.service",),
        reads="on reload",
    ),
    Runtime(
        id="buildkit",
        name="BuildKit",
        here=_buildkit,
        write=buildkit.write,
        units=("buildkit.service",),
        reads="on restart",
    ),
    Runtime(id="k3s", name="k3s", here=_k3s, write=k3s.write_k3s, units=("k3s.service",), reads="on restart"),
    Runtime(
        id="rke2", name="rke2", here=_rke2, write=k3s.write_rke2, units=("rke2-server.service",), reads="on restart"
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
