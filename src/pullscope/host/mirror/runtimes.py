"""The clients that can be given a mirror: what is known of each, and which are on this machine, by files and not by asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from pullscope.host.carry_out import Parts
from pullscope.host.layout import SYSTEM, SYSTEM_UNIT_PATHS
from pullscope.host.mirror import configs
from pullscope.host.mirror.configs import Wish
from pullscope.host.routes import containerd, containerd_config, podman, toml_text
from pullscope.host.routes.route import Node
from pullscope.oci.verdicts import Problem

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


def _pulls_nothing(node: Node) -> bool:
    """Docker's packages bring a containerd whose CRI is off, and k3s has a file of its own for this."""
    config = containerd_config.read(node)
    off = toml_text.texts(config.text.data.get("disabled_plugins")) if config.text else []
    if any(name == "cri" or name.startswith("io.containerd.grpc.v1.cri") for name in off) or config.source is not None:
        return True
    return not (config.text or config.trouble) and named("docker").here(node)


_ROWS = (
    Runtime(
        id="containerd",
        name="containerd (CRI, nerdctl)",
        found_by=("containerd.service", containerd_config.CONFIG),
        unless=_pulls_nothing,
        write=configs.containerd,
        examine=containerd.examine,
    ),
    Runtime(
        id="docker",
        name="dockerd",
        found_by=("docker.service", SYSTEM.daemon_json),
        write=configs.dockerd,
        units=("docker.service",),
        reads="on reload",
    ),
    Runtime(
        id="podman",
        name="podman, buildah, skopeo",
        found_by=("podman", "buildah", "skopeo"),
        write=partial(configs.registries_drop_in, configs.PODMAN),
        examine=podman.examine,
    ),
    Runtime(
        id="crio",
        name="CRI-O",
        found_by=("crio.service", "/etc/crio"),
        write=partial(configs.registries_drop_in, configs.CRIO),
        examine=podman.examine,
        units=("crio.service",),
        reads="on reload",
    ),
    Runtime(
        id="buildkit",
        name="BuildKit",
        found_by=("buildkit.service", configs.BUILDKIT),
        write=configs.buildkit,
        units=("buildkit.service",),
        reads="on restart",
    ),
    Runtime(
        id="k3s",
        name="k3s",
        found_by=("k3s.service", "k3s-agent.service", "/etc/rancher/k3s"),
        write=partial(configs.k3s, containerd_config.K3S_FILES["k3s"]),
        units=("k3s.service",),
        reads="on restart",
    ),
    Runtime(
        id="rke2",
        name="rke2",
        found_by=("rke2-server.service", "rke2-agent.service", "/etc/rancher/rke2"),
        write=partial(configs.k3s, containerd_config.K3S_FILES["rke2"]),
        units=("rke2-server.service",),
        reads="on restart",
    ),
)
RUNTIMES: Mapping[str, Runtime] = {runtime.id: runtime for runtime in _ROWS}
"""By their ids, in the order in which they are switched on."""


def named(name: str) -> Runtime:
    """The runtime of this id; ValueError with all ids where there is none."""
    if name not in RUNTIMES:
        raise ValueError(f"{name[:40]!r} is not one of {', '.join(RUNTIMES)}")
    return RUNTIMES[name]


def here(node: Node) -> list[Runtime]:
    """Those that are on this machine."""
    return [runtime for runtime in RUNTIMES.values() if runtime.here(node)]
