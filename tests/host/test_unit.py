"""Another daemon of systemd behind the proxy: the same drop-in, checks and undo as docker's, and nothing of docker's."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from tests.host.fake_machine import AUTHORITY, Killed, Systemd, debian, kill_at, listing

from pullscope.host import change, doctor, layout, plan, plan_words, switch
from pullscope.host.doctor import Examination
from pullscope.host.requested import Wish
from pullscope.host.status import status

UNITS = ("containerd.service", "crio.service", "k3s.service", "rke2-agent.service")


def machine_of(root: Path, unit: str, **files: str) -> Systemd:
    text = f"[Service]\nExecStart=/usr/bin/{unit.removesuffix('.service')}\nEnvironmentFile=-/etc/systemd/system/{unit}.env\n"
    debian(root, **{f"/lib/systemd/system/{unit}": text, **files})
    return Systemd(root, layout.of_unit(unit))


def turn_on(systemd: Systemd, **wish: object) -> None:
    found = systemd.look()
    planned = plan.plan(found, Wish(**{"authority": AUTHORITY, **wish}))  # type: ignore[arg-type]  # words of each test
    switch.on(found, planned, lambda _: None)


def turn_off(systemd: Systemd) -> None:
    switch.off(systemd.look(), lambda _: None)
    if systemd.look().daemon_has_ours:
        switch.restart(systemd.look(), lambda _: None)


@pytest.mark.parametrize("unit", UNITS)
def test_off_restores_what_was_there(tmp_path: Path, unit: str) -> None:
    """After `on` and `off` every path has its bytes, mode and owner, and the daemon its environment."""
    systemd = machine_of(tmp_path, unit)
    then, environment = listing(tmp_path), systemd.running
    turn_on(systemd, until="2030-01-01 00:00:00 UTC")
    assert systemd.look().daemon_has_ours
    assert (tmp_path / f"etc/systemd/system/{unit}.d/pullscope.conf").exists()
    assert not (tmp_path / "etc/systemd/system/docker.service.d").exists()
    turn_off(systemd)
    assert listing(tmp_path) == then
    assert systemd.running == environment


def test_killed_at_any_step_off_restores_every_byte(tmp_path: Path) -> None:
    """For every step of `on`: killed there, a later `off` brings every byte back."""
    systemd = machine_of(tmp_path, "containerd.service")
    then = listing(tmp_path)
    for step in itertools.count():
        found = systemd.look(fault=kill_at(step))
        try:
            switch.on(found, plan.plan(found, Wish(authority=AUTHORITY)), lambda _: None)
        except Killed:
            turn_off(systemd)
            assert listing(tmp_path) == then, f"after step {step}"
            continue
        break
    assert step > 10


def test_containerd_gets_proxy_and_ca(tmp_path: Path) -> None:
    """The daemon that runs afterwards has the proxy, the NO_PROXY that it had, and a CA in a place of its own."""
    before = {"/etc/systemd/system/containerd.service.env": "NO_PROXY=.lan\n"}
    systemd = machine_of(tmp_path, "containerd.service", **before)
    turn_on(systemd)
    assert systemd.running == {
        "HTTPS_PROXY": "http://127.0.0.1:8080",
        "HTTP_PROXY": "http://127.0.0.1:8080",
        "NO_PROXY": ".lan",
        "SSL_CERT_DIR": "/etc/ssl/certs:/var/lib/pullscope/units/containerd/ca",
        "PULLSCOPE_CA": change.sha256(AUTHORITY.encode())[:16],
        "PULLSCOPE_DOCKER": "proxy",
    }
    text = (tmp_path / "etc/systemd/system/containerd.service.d/pullscope.conf").read_text()
    assert "docker" not in text.lower().replace("pullscope_docker", "")
    assert "pullscope off --unit containerd.service" in text


def test_k3s_hands_the_variables_to_its_containerd_alone(tmp_path: Path) -> None:
    """Each variable has the prefix that k3s takes off; the node's own HTTPS_PROXY stays, and is the way out."""
    before = {"/etc/systemd/system/k3s.service.env": "HTTPS_PROXY=http://corp:3128\nCONTAINERD_NO_PROXY=.lan\n"}
    systemd = machine_of(tmp_path, "k3s.service", **before)
    found = systemd.look()
    planned = plan.plan(found, Wish(authority=AUTHORITY))
    assert planned.upstream == "http://corp:3128"
    turn_on(systemd)
    running = systemd.running
    assert running["HTTPS_PROXY"] == "http://corp:3128"
    assert running["CONTAINERD_HTTPS_PROXY"] == "http://127.0.0.1:8080"
    assert running["CONTAINERD_NO_PROXY"] == ".lan"
    assert running["CONTAINERD_SSL_CERT_DIR"].endswith("/units/k3s/ca")
    shown = status(systemd.look(), "pullscope")
    assert shown.state == "on"
    assert shown.facts["running"]["HTTPS_PROXY"] == "http://127.0.0.1:8080"


def examine(systemd: Systemd) -> list[str]:
    at = Examination(
        machine=systemd.look(), command="pullscope", confdir="/c", authority=AUTHORITY, listens=lambda *_: True, sudo=""
    )
    return [problem.code for problem in doctor.examine(at)]


@pytest.mark.parametrize("unit", UNITS)
def test_doctor_finds_what_overrides_the_drop_in(tmp_path: Path, unit: str) -> None:
    """Healthy after `on`; an environment file with the same variable wins over the drop-in and is named."""
    systemd = machine_of(tmp_path, unit)
    turn_on(systemd)
    assert examine(systemd) == []
    name = f"{systemd.layout.prefix}HTTPS_PROXY"
    (tmp_path / f"etc/systemd/system/{unit}.env").write_text(f"{name}=http://other:1\n")
    assert "overridden" in examine(systemd)


def test_docker_and_a_unit_are_undone_alone(tmp_path: Path) -> None:
    """Two journals: taking one back leaves the other whole."""
    systemd = machine_of(tmp_path, "containerd.service")
    then = listing(tmp_path)
    turn_on(systemd)
    alone = listing(tmp_path)
    docker = Systemd(tmp_path)
    turn_on(docker)
    turn_off(docker)
    assert listing(tmp_path) == alone
    turn_off(systemd)
    assert listing(tmp_path) == then


def test_a_restart_needs_leave_and_says_what_it_does(tmp_path: Path) -> None:
    """Another daemon than docker is never restarted without being asked."""
    for unit in UNITS:
        assert "keep running" in switch.stopped_by_restart(machine_of(tmp_path, unit).look())


@pytest.mark.parametrize("unit", ["docker", "docker.service", "../etc", "a.socket", "", "x" * 99])
def test_what_is_no_other_service_is_refused(unit: str) -> None:
    """docker has commands of its own, and a unit's name is not a path."""
    with pytest.raises(ValueError, match=r"docker|not the name"):
        layout.of_unit(unit)


def test_dry_run_names_the_unit(tmp_path: Path) -> None:
    """The commands restart that unit and no other."""
    systemd = machine_of(tmp_path, "crio.service")
    found = systemd.look()
    planned = plan.plan(found, Wish(authority=AUTHORITY, until="2030-01-01 00:00:00 UTC"))
    assert [" ".join(argv) for argv in plan_words.commands(found, planned, of_a_tree=True)] == [
        "systemctl daemon-reload",
        "systemctl restart pullscope-unit-crio-off.timer",
        "systemctl restart crio.service",
    ]
