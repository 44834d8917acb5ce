"""`pullscope service` and `pullscope docker` know of each other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.host.fake_machine import AUTHORITY, SYSTEM_CA, Systemd, debian, listing, plant
from typer.testing import CliRunner, Result

from pullscope.cli.main import app
from pullscope.host import command, proxy_service, trust
from pullscope.host.doctor import Examination


@dataclass(frozen=True, kw_only=True)
class Host:
    """A tree with a fake systemd; the service's CA and the user's lie beside it."""

    root: Path
    systemd: Systemd
    own: Path

    def call(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--root", str(self.root)], env={"HOME": str(self.own.parent)})

    def restarted(self) -> None:
        self.systemd.reload_units()
        self.systemd.start()

    def trusted(self) -> str:
        return (self.root / "var/lib/pullscope/ca/pullscope-mitmproxy.crt").read_text()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    root = debian(tmp_path / "tree")
    systemd = Systemd(root)
    plant(tmp_path, {"service/mitmproxy-ca-cert.pem": SYSTEM_CA, "ann/.mitmproxy/mitmproxy-ca-cert.pem": AUTHORITY})
    monkeypatch.setattr(command, "nowhere", systemd)
    service = str(tmp_path / "service")
    monkeypatch.setattr(proxy_service, "CONFDIR", service)
    monkeypatch.setattr("pullscope.host.doctor.examination.CONFDIR", service)
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.delenv("PULLSCOPE_CONFDIR", raising=False)
    return Host(root=root, systemd=systemd, own=tmp_path / "ann" / ".mitmproxy")


@pytest.mark.parametrize("state", ["on", "off on disk", "off"])
def test_a_service_that_docker_needs_is_not_removed_unsaid(host: Host, state: str) -> None:
    """By the files or by the daemon that runs: refused with the command that comes first; with --yes it goes, and it is said."""
    assert host.call("service", "install").exit_code == 0
    assert host.call("docker", "on").exit_code == 0
    host.restarted()
    if state != "on":
        host.call("docker", "off", "--no-restart")
    if state == "off":
        host.restarted()
    before = listing(host.root)
    done = host.call("service", "remove")
    if state == "off":
        assert (done.exit_code, "every pull" in done.output) == (0, False)
        return
    assert done.exit_code == 1
    assert "every pull would fail without the service. First: " in done.output
    assert f"docker off --root {host.root}. Nothing changed" in done.output
    assert listing(host.root) == before
    forced = host.call("service", "remove", "--yes")
    assert forced.exit_code == 0
    assert "every pull fails until then" in forced.output


def test_a_service_on_another_port_can_go(host: Host) -> None:
    """Docker asks a proxy of its own."""
    host.call("service", "install", "--port", "9090")
    host.call("docker", "on", "--confdir", str(host.own))
    host.restarted()
    assert host.call("service", "remove").exit_code == 0


def test_on_trusts_the_ca_of_the_service_that_listens_there(host: Host) -> None:
    """Without --confdir; another port, or a confdir that is named, is the caller's own."""
    host.call("service", "install")
    done = host.call("docker", "on")
    assert host.trusted() == SYSTEM_CA, done.output
    assert "proxy pullscope.service on port 8080; docker trusts its CA" in done.output
    host.call("docker", "on", "--port", "9090")
    assert host.trusted() == AUTHORITY
    host.call("docker", "on", "--confdir", str(host.own))
    assert host.trusted() == AUTHORITY


def problems(host: Host) -> dict[str, str]:
    document = json.loads(host.call("docker", "doctor", "--json").output)
    return {problem["code"]: problem["fix"] for problem in document["problems"]}


def listening(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """A process listens on the proxy's port, started with `words`."""
    defaults = dict(Examination.__init__.__kwdefaults__ or {})
    defaults |= {"listens": lambda *_: True, "command_of": lambda _: ["mitmdump", *words]}
    monkeypatch.setattr(Examination.__init__, "__kwdefaults__", defaults)


def test_the_services_ca_is_no_fault(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """doctor without --confdir looks where `on` was told to look, and what it prints keeps to that."""
    host.call("service", "install")
    listening(monkeypatch, "--set", f"confdir={proxy_service.CONFDIR}", "ssl_verify_upstream_trusted_ca=/x")
    host.call("docker", "on", "--confdir", proxy_service.CONFDIR)
    host.restarted()
    assert problems(host) == {}
    (host.root / "var/lib/pullscope/ca/pullscope-mitmproxy.crt").unlink()
    assert f"--confdir {proxy_service.CONFDIR}" in problems(host)["ca-missing"]


@pytest.mark.parametrize("listens", ["the service", "a stranger"])
def test_the_ca_of_another_confdir_is_found_with_the_fix_that_cures(
    host: Host, monkeypatch: pytest.MonkeyPatch, listens: str
) -> None:
    """Docker trusts the user's CA and the service signs: the fix names the service's. A stranger's confdir is never advised."""
    plant(host.root.parent, {"stranger/mitmproxy-ca-cert.pem": SYSTEM_CA})
    named = proxy_service.CONFDIR if listens == "the service" else str(host.root.parent / "stranger")
    listening(monkeypatch, "--set", f"confdir={named}", "ssl_verify_upstream_trusted_ca=/x")
    host.call("docker", "on", "--confdir", str(host.own))
    host.restarted()
    found = problems(host)
    if listens == "a stranger":
        assert found == {}
        return
    fix = found["ca-of-another-confdir"]
    assert f"--confdir {named}" in fix
    words = fix.partition(" && ")[0].split()
    assert (
        host.call("docker", "on", *words[words.index("--yes") : words.index("--root")], "--confdir", named).exit_code
        == 0
    )
    host.restarted()
    assert problems(host) == {}
    assert trust.authority(Path(named)) == host.trusted()


def test_a_service_can_be_a_mirror(host: Host) -> None:
    """Its unit says of what; what follows is `mirror on`, and docker's proxy is none of its business."""
    done = host.call(
        "service", "install", "--mirror", "--host", "ghcr.io", "--otlp", "http://c:4318", "--out", "a.jsonl"
    )
    assert done.exit_code == 0, done.output
    assert "the mirror listens on 127.0.0.1:8600" in done.output
    assert "mirror on --host ghcr.io" in done.output
    unit = (host.root / "etc/systemd/system/pullscope.service").read_text()
    assert (
        "--set pullscope_mirror=ghcr.io --set pullscope_otlp=http://c:4318 --listen-host 127.0.0.1 --listen-port 8600"
        in unit
    )
    assert "pullscope_out=+/var/lib/pullscope-proxy/a.jsonl " in unit
    told = host.call("service", "status").output
    assert "a mirror of ghcr.io on 127.0.0.1:8600" in told
    assert "/var/lib/pullscope-proxy/a.jsonl, and http://c:4318" in told
    assert host.call("service", "remove").exit_code == 0
    assert "not installed" in host.call("service", "status").output


def test_a_proxy_that_docker_needs_does_not_become_a_mirror(host: Host) -> None:
    """Every pull would fail; after `off` it may."""
    host.call("service", "install")
    host.call("docker", "on")
    host.restarted()
    assert "docker is set to ask for everything through port 8080" in host.call("service", "status").output
    before = listing(host.root)
    done = host.call("service", "install", "--mirror")
    assert done.exit_code == 1
    assert "so every pull would fail. First: pullscope docker off. Nothing changed" in done.output
    assert listing(host.root) == before
    host.call("docker", "off")
    host.restarted()
    assert host.call("service", "install", "--mirror").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "docker.io"], "add --mirror"),
        (["--mirror", "--host", "10.0.0.1"], "name its port"),
        (["--out", "../x"], "writes to /var/lib/pullscope-proxy only"),
        (["--out", "/srv/x"], "writes to /var/lib/pullscope-proxy only"),
        (["--out", ".."], "writes to /var/lib/pullscope-proxy only"),
        (["--otlp", "http://c:4318 --set x=y"], "is not an address of a collector"),
        (["--otlp", "c:4318"], "is not an address of a collector"),
    ],
)
def test_what_a_service_cannot_do_is_refused(host: Host, words: list[str], said: str) -> None:
    """Before anything is written."""
    before = listing(host.root)
    done = host.call("service", "install", *words)
    assert done.exit_code == 2
    assert said in done.output
    assert listing(host.root) == before
