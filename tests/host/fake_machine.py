"""A machine for tests: a tree with a docker package's files, and a systemd and docker daemon that read that tree."""

from __future__ import annotations

import itertools
import json
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from pullscope.host import layout, machine, systemd
from pullscope.host.command import Outcome
from pullscope.host.layout import Layout
from pullscope.host.machine import Machine
from pullscope.host.systemd import read_unit
from pullscope.host.tree import Tree

AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIIBKzCB0qADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCW1pdG1wcm94
eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJ
bWl0bXByb3h5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpReAH/utQtDpP1Yh
UgZ6jN8ij9Vl41FTLPzyUiw5pT1FeTcRd1QgH5QA/0U7TzVveNciAhpLH/Dva52Z
roF0jKMTMBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAonz1
Kye4fSdNjEal10w8mOSButuNA/37wFBDs6tH+lMCICHjfPaz/aGFqkZeet2m3lFQ
0TF2dMNCGS9qUjn7AcGQ
-----END CERTIFICATE-----
"""
"""A CA until 2120; its key was thrown away."""
SYSTEM_CA = """\
-----BEGIN CERTIFICATE-----
MIIBJDCBzKADAgECAgEBMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBnN5c3RlbTAg
Fw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowETEPMA0GA1UEAwwGc3lz
dGVtMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnBcMNOndppeQWQFo45qWO2pi
UJHbiTuEjaVS9hUEAaO4LKXnQgXijTrnKT9b1JO9TLQqsyc0gGRxin0WCtk0RKMT
MBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBeUI/eFezwrf0G
1vKd0M8E7YdJ0uoT/aT/Q9Q+NE1w3QIgMv0PL3JOxkoQpDk3qUBiQhofuQC+GtBb
lNjwfA0DGww=
-----END CERTIFICATE-----
"""
UNIT = "[Unit]\n[Service]\nExecStart=/usr/sbin/dockerd -H fd://\nExecReload=/bin/kill -s HUP $MAINPID\n"


def plant(root: Path, files: dict[str, str]) -> Path:
    """Files below `root`, with the directories that they need."""
    for path, text in files.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return root


def debian(root: Path, **files: str) -> Path:
    """What Debian's docker.io package leaves on a machine, and `files`, whose names have `__` for a slash."""
    base = {
        "/lib/systemd/system/docker.service": UNIT,
        "/etc/ssl/certs/ca-certificates.crt": SYSTEM_CA,
        "/etc/hosts": "127.0.0.1 localhost\n",
        "/usr/sbin/dockerd": "",
        "/run/systemd/system/.keep": "",
        "/etc/systemd/system/.keep": "",
        "/var/lib/.keep": "",
        "/etc/docker/key.json": "{}",
    }
    return plant(root, base | files)


def listing(root: Path, below: Sequence[str] = ("etc", "var", "home")) -> dict[str, tuple[str, int, int, int, bytes]]:
    """Every path with kind, mode, owner and bytes: what must be equal before and after."""
    found: dict[str, tuple[str, int, int, int, bytes]] = {}
    for top in below:
        for path in [root / top, *sorted((root / top).rglob("*"))]:
            if not (path.exists() or path.is_symlink()):
                continue
            info = path.lstat()
            kind = "file" if stat.S_ISREG(info.st_mode) else "directory" if stat.S_ISDIR(info.st_mode) else "other"
            content = path.read_bytes() if kind == "file" else b""
            found[str(path.relative_to(root))] = (kind, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, content)
    return found


class Systemd:
    """Answers systemctl, docker and dockerd from a tree's files; keeps what is loaded and what runs, as they do."""

    def __init__(self, root: Path, where: Layout = layout.SYSTEM) -> None:
        self.root = root
        self.tree = Tree(root)
        self.layout = where
        self.calls: list[str] = []
        self.active = True
        self.starts = 0
        self.comes_up: Callable[[], bool] = lambda: True
        self.version = "20.10.24+dfsg1"
        self.containers: list[str] = []
        self.live_restore = False
        self.containerd_store = False
        self.insecure: list[str] = []
        self.mirrors: list[str] = []
        self.loaded: dict[str, str] = {}
        self.reload_units()
        self.start()

    def reload_units(self) -> None:
        self.loaded = read_unit(self.tree, self.layout).environment()

    def start(self) -> bool:
        self.starts += 1
        proc = self.root / "proc" / "4242"
        proc.mkdir(parents=True, exist_ok=True)
        (proc / "environ").write_bytes(b"".join(f"{k}={v}\0".encode() for k, v in self.loaded.items()))
        self.insecure, self.mirrors = [], []
        self.read_settings()
        self.active = self.comes_up()
        return self.active

    def read_settings(self) -> None:
        """SIGHUP: an absent key keeps the old list (wire facts D3)."""
        place = self.root / self.layout.daemon_json.lstrip("/")
        if place.exists():
            settings = json.loads(place.read_bytes())
            if "insecure-registries" in settings:
                self.insecure = list(settings["insecure-registries"])
            if "registry-mirrors" in settings:
                self.mirrors = [f"{url}/" for url in settings["registry-mirrors"]]

    def __call__(self, argv: Sequence[str]) -> Outcome:
        self.calls.append(" ".join(argv))
        words = [word for word in argv if word != "--user"]
        match words:
            case ["systemctl", "show", *_]:
                state = "active" if self.active else "inactive"
                environment = " ".join(f'"{name}={value}"' for name, value in self.loaded.items())
                lines = (f"ActiveState={state}", "MainPID=4242", f"Environment={environment}", "LoadState=loaded")
                stale = read_unit(self.tree, self.layout).environment() != self.loaded
                return Outcome(code=0, out="\n".join((*lines, f"NeedDaemonReload={'yes' if stale else 'no'}")))
            case ["systemctl", "is-active", _, unit]:
                return Outcome(code=0 if self.active and unit == self.layout.unit else 3)
            case ["systemctl", "daemon-reload"]:
                self.reload_units()
            case ["systemctl", "restart", unit] if unit == self.layout.unit:
                return Outcome(code=0) if self.start() else Outcome(code=1, err="Job for docker.service failed.")
            case ["systemctl", "reload", unit] if unit == self.layout.unit:
                self.read_settings()
            case ["docker", "-H", _, "info", *_]:
                return Outcome(code=0, out=json.dumps(self.info())) if self.active else Outcome(code=1)
            case ["docker", "-H", _, "ps", *_]:
                return Outcome(code=0, out="\n".join(self.containers))
            case ["dockerd", "--version"]:
                return Outcome(code=0, out=f"Docker version {self.version}, build 5d6db84\n")
        return Outcome(code=0)

    def info(self) -> dict[str, object]:
        environment = systemd.environment_file("")
        environment.update(self.running)
        return {
            "ServerVersion": self.version,
            "LiveRestoreEnabled": self.live_restore,
            "ContainersRunning": len(self.containers),
            "HttpsProxy": environment.get("HTTPS_PROXY", ""),
            "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
            "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]] if self.containerd_store else [],
            "RegistryConfig": {
                "IndexConfigs": {host: {"Secure": False} for host in self.insecure},
                "Mirrors": self.mirrors,
            },
        }

    @property
    def running(self) -> dict[str, str]:
        content = (self.root / "proc/4242/environ").read_text()
        return dict(item.partition("=")[::2] for item in content.split("\0") if item)

    def look(self, fault: Callable[[str], None] | None = None) -> Machine:
        tree = Tree(self.root, fault=fault) if fault else self.tree
        return machine.look(tree, self, self.layout)


def owner() -> tuple[int, int]:
    return os.geteuid(), os.getegid()


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it."""


def kill_at(step: int) -> Callable[[str], None]:
    count = itertools.count()

    def fault(name: str) -> None:
        if next(count) == step:
            raise Killed(name)

    return fault
