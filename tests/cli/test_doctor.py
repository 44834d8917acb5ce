"""`pullscope docker doctor` on a tree with a systemd and a docker that read it: each printed fix, executed, cures.

The same with real ones: tests/systemd/test_doctor.py. Here is what no real daemon at hand can show: keys that docker 20.10
does not know, and kinds of docker that are none under systemd.
"""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.host.fake_machine import AUTHORITY, Systemd, debian, plant
from typer.testing import CliRunner

from pullscope.cli.docker import app
from pullscope.host import command
from pullscope.host.command import Outcome


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A machine whose every command goes to a fake systemd and docker, called as a user would call us."""

    root: Path
    systemd: Systemd
    confdir: Path
    port: int

    def call(self, *words: str) -> str:
        confdir = ["--confdir", str(self.confdir)] if words[0] in {"on", "doctor"} else []
        done = CliRunner().invoke(app, [words[0], *confdir, *words[1:], "--root", str(self.root)])
        assert done.exit_code in {0, 3}, done.output
        return done.output

    def on(self, *words: str) -> None:
        """`on`, which on a tree runs no command by itself."""
        self.call("on", "--port", str(self.port), *words)
        self.systemd.reload_units()
        self.systemd.start()

    def problems(self) -> dict[str, dict[str, Any]]:
        return {item["code"]: item for item in json.loads(self.call("doctor", "--json"))["problems"]}

    def paste(self, fix: str) -> None:
        """The fix, word for word, except that this machine's / is a directory and its root needs no sudo."""
        for part in fix.partition("  #")[0].split(" && "):
            words = shlex.split(part)
            words = words[1:] if words[0] == "sudo" else words
            if "docker" in words[1:3] or words[0].endswith("docker_daemon.py"):
                start = next(number for number, word in enumerate(words) if word in {"on", "off", "doctor"})
                self.call(*words[start:])
                self.systemd.reload_units()
            elif words[0] == "systemctl":
                assert self.systemd(words).ok
            else:
                line = re.sub(r"(?<=[ \"'])/etc/", f"{self.root}/etc/", part.removeprefix("sudo "))
                line = line.replace("| sudo tee", "| tee")
                subprocess.run(["bash", "-ec", line], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    root = debian(tmp_path / "tree")
    systemd = Systemd(root)
    monkeypatch.setattr(command, "nowhere", systemd)
    confdir = plant(tmp_path, {"confdir/mitmproxy-ca-cert.pem": AUTHORITY}) / "confdir"
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        yield Patient(root=root, systemd=systemd, confdir=confdir, port=proxy.getsockname()[1])


PLANTED: dict[str, tuple[str, str]] = {
    "proxies-shadow": ("etc/docker/daemon.json", '{"proxies": {"https-proxy": "http://x:1"}}'),
    "daemon-json-unreadable": ("etc/docker/daemon.json", "{nonsense"),
    "daemon-json-unreadable, BOM": ("etc/docker/daemon.json", '\ufeff{"debug": true}'),
    "proxy-at-top-level": ("etc/docker/daemon.json", '{"debug": true, "https-proxy": "http://x:1", "no-proxy": "y"}'),
    "overridden": (
        "etc/systemd/system/docker.service.d/zz.conf",
        '[Service]\nEnvironment="HTTPS_PROXY=http://x:1"\n',
    ),
    "https-proxy-url": (
        "etc/systemd/system/docker.service.d/zz.conf",
        '[Service]\nEnvironment="HTTPS_PROXY=https://127.0.0.1:8080"\n',
    ),
    "no-proxy": ("etc/systemd/system/docker.service.d/a.conf", '[Service]\nEnvironment="NO_PROXY=docker.io,.lan"\n'),
    "ca-named-pem": ("etc/docker/certs.d/x.lan/ca.pem", AUTHORITY),
    "ca-missing": ("var/lib/pullscope/ca/pullscope-mitmproxy.crt", ""),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_every_fix_cures_when_it_is_pasted(patient: Patient, planted: str) -> None:
    """On top of a healthy `on`: planted, found, and after the printed fixes nothing is wrong."""
    path, text = PLANTED[planted]
    code = planted.partition(",")[0]
    patient.on()
    assert patient.problems() == {}
    place = patient.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text) if text else place.unlink()
    patient.systemd.reload_units()
    found = patient.problems()
    assert code in found
    patient.paste(found[code]["fix"])
    for other in patient.problems().values():
        # One plant may be two problems: each has its own fix.
        patient.paste(other["fix"])
    assert patient.problems() == {}


def test_a_mended_daemon_json_keeps_the_rest(patient: Patient) -> None:
    """What is cut out is the misplaced keys; what cannot be read is put aside, not thrown away."""
    place = patient.root / "etc/docker/daemon.json"
    patient.on()
    place.write_text('{"debug": true, "https-proxy": "http://x:1"}')
    patient.paste(patient.problems()["proxy-at-top-level"]["fix"])
    assert json.loads(place.read_text()) == {"debug": True}
    place.write_bytes(b'\xef\xbb\xbf{"debug": true}')
    patient.paste(patient.problems()["daemon-json-unreadable"]["fix"])
    assert place.read_bytes() == b'{"debug": true}'
    place.write_text("{nonsense")
    patient.paste(patient.problems()["daemon-json-unreadable"]["fix"])
    assert (patient.root / "etc/docker/daemon.json.broken").read_text() == "{nonsense"


def test_localhost_gets_another_name(patient: Patient) -> None:
    """docker never uses a proxy for localhost: the fix names the machine, and asks for that name."""
    patient.on("--trust", "certs.d", "--host", "localhost:5000")
    patient.paste(patient.problems()["loopback"]["fix"])
    assert patient.problems() == {}
    assert "127.0.0.1 registry.test" in (patient.root / "etc/hosts").read_text()
    assert (patient.root / "etc/docker/certs.d/registry.test:5000").is_dir()


def test_a_proxy_that_does_not_listen_has_its_command_line_as_the_fix(patient: Patient) -> None:
    """Absolute paths, the port, and the confdir whose CA docker trusts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    patient.call("on", "--port", str(port))
    patient.systemd.reload_units()
    patient.systemd.start()
    fix = patient.problems()["proxy-not-listening"]["fix"]
    assert fix.startswith("/")
    assert f"--listen-port {port}" in fix
    assert f"confdir={patient.confdir}" in fix


KINDS: dict[str, tuple[dict[str, str], tuple[str, ...], str, str]] = {
    "snap": ({"/snap/docker/current/x": ""}, (), "docker from snap", "snap restart docker.dockerd"),
    "desktop": ({"/opt/docker-desktop/x": ""}, ("usr/sbin/dockerd",), "Docker Desktop", "run -- skopeo copy docker://"),
    "podman": (
        {},
        ("usr/sbin/dockerd",),
        "podman's docker command",
        "run -- podman pull docker.io/library/hello-world",
    ),
    "wsl": (
        {"/proc/version": "Linux version 5.15.90.1-microsoft-standard-WSL2"},
        ("run/systemd/system/.keep",),
        "WSL without systemd",
        "docker sandbox -- pull hello-world",
    ),
    "sysvinit": ({}, ("run/systemd/system/.keep",), "a machine without systemd", "docker sandbox -- pull hello-world"),
    "rootless": (
        {"/home/ann/.config/systemd/user/docker.service": "[Service]\n"},
        ("lib/systemd/system/docker.service",),
        "a rootless docker of ann",
        "sudo -u ann XDG_RUNTIME_DIR=/run/user/$(id -u ann) ",
    ),
}


class Elsewhere(Systemd):
    """A machine whose docker is another one."""

    podman = False

    def __call__(self, argv: Any) -> Outcome:
        if self.podman and list(argv) == ["docker", "--version"]:
            return Outcome(code=0, out="podman version 4.3.1\n")
        if argv[0] == "docker":
            return Outcome(code=1, err="Cannot connect to the Docker daemon")
        return super().__call__(argv)


@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_docker_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Recognised by its files, and the fix is a command for that kind."""
    files, gone, name, fix = KINDS[kind]
    root = debian(tmp_path / "tree")
    systemd = Elsewhere(root)
    systemd.podman = kind == "podman"
    for path in gone:
        (root / path).unlink()
        if path.startswith("run/"):
            (root / path).parent.rmdir()
    plant(root, files)
    monkeypatch.setattr(command, "nowhere", systemd)
    done = CliRunner().invoke(app, ["doctor", "--json", "--root", str(root), "--confdir", str(tmp_path)])
    found = {item["code"]: item for item in json.loads(done.output)["problems"]}
    assert name in found["other-docker"]["message"]
    assert fix in found["other-docker"]["fix"]
    assert done.exit_code == 3


def test_docker_desktop_is_known_by_what_it_says_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine where its daemon answers."""

    class Desktop(Systemd):
        def info(self) -> dict[str, object]:
            return super().info() | {"OperatingSystem": "Docker Desktop"}

    root = debian(tmp_path / "tree")
    monkeypatch.setattr(command, "nowhere", Desktop(root))
    done = CliRunner().invoke(app, ["doctor", "--json", "--root", str(root), "--confdir", str(tmp_path)])
    assert "Docker Desktop" in json.loads(done.output)["problems"][0]["message"]


EXPIRED = """\
-----BEGIN CERTIFICATE-----
MIIBKDCB0KADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCW1pdG1wcm94
eTAeFw0xOTAxMDEwMDAwMDBaFw0yMDAxMDIwMDAwMDBaMBQxEjAQBgNVBAMMCW1p
dG1wcm94eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPQg1bofCdP6nMaXr9M9
JiMuF2iP7g0BA9H1723vnqn4FIJ7dwuwCCENNxh+fY3C7IZQFmOJN+w04ZYQV4Pt
qjSjEzARMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgHnz+pTPe
q0VliUvGNW6UGRWVbjT6HefitOUwUMScoB4CIH3KFI+FDg4OsNghcgSwA77usOAU
8omt74VfDTBtvf5z
-----END CERTIFICATE-----
"""
"""Ended on 2020-01-02; its key was thrown away."""


def test_an_expired_ca_is_made_anew(patient: Patient) -> None:
    """The fix moves the old one aside, so that `on` makes a new one, which docker then trusts."""
    (patient.confdir / "mitmproxy-ca-cert.pem").write_text(EXPIRED)
    patient.on()
    found = patient.problems()
    assert "2020-01-02" in found["ca-expired"]["message"]
    patient.paste(found["ca-expired"]["fix"])
    assert patient.problems() == {}
    assert (patient.confdir / "expired-20200102" / "mitmproxy-ca-cert.pem").read_text() == EXPIRED


def test_trace_needs_an_image_and_this_machine(tmp_path: Path) -> None:
    """Each in one sentence, before anything is pulled."""
    from pullscope.cli import doctor

    told = CliRunner().invoke(doctor.app, ["docker", "--trace"])
    assert (told.exit_code, told.output.strip()) == (2, "error: --trace needs the image to pull.")
    told = CliRunner().invoke(doctor.app, ["podman", "--trace", "docker.io/library/nginx", "--root", str(tmp_path)])
    assert told.exit_code == 2
    assert "cannot be combined with --root" in told.output
