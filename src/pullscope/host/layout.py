"""Where things are on this machine: for the system's docker daemon, and for a rootless one.

A table of paths; nothing is read here. Sources: docs.docker.com/engine/daemon, moby
contrib/dockerd-rootless-setuptool.sh, systemd.unit(5) for the search paths of units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    """What the proxy must read, which runs as somebody else."""
    socket: str
    systemctl: tuple[str, ...]
    unit: str = "docker.service"

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
