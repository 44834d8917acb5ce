"""Where things are on this machine: for the system's docker daemon, for a rootless one, and for other daemons of systemd.

A table of paths; nothing is read here. Sources: docs.docker.com/engine/daemon, moby
contrib/dockerd-rootless-setuptool.sh, systemd.unit(5) for the search paths of units.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

SYSTEM_UNIT_PATHS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The places of one daemon, as absolute paths."""

    rootless: bool
    unit_paths: tuple[str, ...]
    """Where systemd looks for units of this daemon, the strongest first; ours go into the first."""
    daemon_json: str
    certs_d: str
    state: str
    """The journal and the CA for the daemon; for its owner only."""
    public: str
    """What the proxy must read, which runs as another user."""
    socket: str
    systemctl: tuple[str, ...]
    unit: str = "docker.service"
    prefix: str = ""
    """What stands before a variable's name that is meant for the daemon below this unit (k3s: its containerd)."""
    restarting: str = ""
    """What a restart does to what runs, as a sentence; empty for docker, which is asked."""

    @property
    def is_docker(self) -> bool:
        return self.unit == "docker.service"

    @property
    def name(self) -> str:
        """What sentences call the daemon."""
        return self.unit.removesuffix(".service")

    @property
    def timer(self) -> str:
        """The name of the unit files that take everything back, without their endings."""
        return "pullscope-off" if self.is_docker else f"pullscope-unit-{self.name}-off"

    @property
    def drop_in(self) -> str:
        return f"{self.unit_paths[0]}/{self.unit}.d/pullscope.conf"

    @property
    def ca_directory(self) -> str:
        return f"{self.state}/ca"

    @property
    def docker(self) -> tuple[str, ...]:
        """The docker command, tied to this daemon whatever context or DOCKER_HOST says."""
        return ("docker", "-H", f"unix://{self.socket}")


SYSTEM = Layout(
    rootless=False,
    unit_paths=SYSTEM_UNIT_PATHS,
    daemon_json="/etc/docker/daemon.json",
    certs_d="/etc/docker/certs.d",
    state="/var/lib/pullscope",
    public="/etc/pullscope",
    socket="/var/run/docker.sock",
    systemctl=("systemctl",),
)


NOWHERE = "/nonexistent/daemon.json"
_GO_ON = "Its running containers keep running."
_K3S = "Containers keep running; Kubernetes on this node is briefly unavailable."
# unit: where certificates of registries lie, what restarting it does, the prefix of its variables.
# k3s hands CONTAINERD_X to its containerd as X (k3s pkg/agent/containerd/containerd.go); the node itself keeps its own.
UNITS: dict[str, tuple[str, str, str]] = {
    "containerd": ("/etc/containerd/certs.d", _GO_ON, ""),
    "crio": ("/etc/containers/certs.d", _GO_ON, ""),
    "podman": ("/etc/containers/certs.d", "Running API calls are aborted; containers keep running.", ""),
    "buildkit": ("/etc/buildkit/certs.d", "Running builds are aborted.", ""),
    "k3s": ("/etc/containerd/certs.d", _K3S, "CONTAINERD_"),
    "k3s-agent": ("/etc/containerd/certs.d", _K3S, "CONTAINERD_"),
    "rke2-server": ("/etc/containerd/certs.d", _K3S, "CONTAINERD_"),
    "rke2-agent": ("/etc/containerd/certs.d", _K3S, "CONTAINERD_"),
}


def of_unit(unit: str) -> Layout:
    """The places of another daemon under systemd, `containerd.service`; ValueError for what is not a unit's name."""
    unit = unit if "." in unit else f"{unit}.service"
    name = unit.removesuffix(".service")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,60}", name) or unit == name:
        raise ValueError(f"{unit[:60]!r} is not the name of a service, such as containerd.service")
    if unit == SYSTEM.unit:
        raise ValueError("docker has commands of its own: pullscope docker on, off, status, doctor")
    certs_d, restarting, prefix = UNITS.get(name, (f"/etc/{name}/certs.d", f"Running work of {name} is aborted.", ""))
    return replace(
        SYSTEM,
        unit=unit,
        daemon_json=NOWHERE,
        certs_d=certs_d,
        state=f"{SYSTEM.state}/units/{name}",
        public=f"{SYSTEM.public}/{name}",
        prefix=prefix,
        restarting=restarting,
    )


def rootless(home: str, uid: int, environment: Mapping[str, str]) -> Layout:
    """The places of a daemon that runs as an ordinary user."""
    config = environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
    state = environment.get("XDG_STATE_HOME") or f"{home}/.local/state"
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}"
    return Layout(
        rootless=True,
        unit_paths=(
            f"{config}/systemd/user",
            "/etc/systemd/user",
            f"{runtime}/systemd/user",
            f"{home}/.local/share/systemd/user",
            "/usr/local/lib/systemd/user",
            "/usr/lib/systemd/user",
        ),
        daemon_json=f"{config}/docker/daemon.json",
        certs_d=f"{config}/docker/certs.d",
        state=f"{state}/pullscope",
        public=f"{config}/pullscope",
        socket=f"{runtime}/docker.sock",
        systemctl=("systemctl", "--user"),
    )
