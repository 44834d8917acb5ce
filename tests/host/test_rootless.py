"""A rootless daemon: the same `on` and `off` in its user's directories, by its user's systemd."""

from __future__ import annotations

from pathlib import Path

from tests.host.fake_machine import AUTHORITY, UNIT, Systemd, debian, listing

from pullscope.host import doctor, layout, plan, switch
from pullscope.host.doctor import Examination
from pullscope.host.requested import Wish

HOME = "/home/ann"
LAYOUT = layout.rootless(HOME, 1000, {})


def rootless(root: Path) -> Systemd:
    unit = {f"{HOME}/.config/systemd/user/docker.service": UNIT}
    return Systemd(debian(root, **unit), LAYOUT)


def test_only_the_users_own_directories_are_touched(tmp_path: Path) -> None:
    """on writes below the home and asks systemctl --user; off restores every byte, and /etc was never changed."""
    systemd = rootless(tmp_path)
    then, etc = listing(tmp_path), listing(tmp_path, ("etc", "var"))
    found = systemd.look()
    switch.on(found, plan.plan(found, Wish(authority=AUTHORITY, insecure=("x.lan",))), lambda _: None)
    assert listing(tmp_path, ("etc", "var")) == etc
    assert (tmp_path / "home/ann/.config/systemd/user/docker.service.d/pullscope.conf").exists()
    assert (tmp_path / "home/ann/.config/docker/daemon.json").exists()
    assert (tmp_path / "home/ann/.local/state/pullscope/journal.json").stat().st_mode & 0o777 == 0o600
    assert systemd.running["SSL_CERT_DIR"].endswith(f":{HOME}/.local/state/pullscope/ca")
    assert all(call.startswith("systemctl --user ") for call in systemd.calls if call.startswith("systemctl"))
    switch.off(systemd.look(), lambda _: None)
    switch.restart(systemd.look(), lambda _: None)
    assert listing(tmp_path) == then


def test_xdg_directories_are_followed() -> None:
    """Where the user moved them."""
    moved = layout.rootless(HOME, 1000, {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/r"})
    assert moved.drop_in == "/c/systemd/user/docker.service.d/pullscope.conf"
    assert (moved.daemon_json, moved.certs_d) == ("/c/docker/daemon.json", "/c/docker/certs.d")
    assert (moved.state, moved.socket) == ("/s/pullscope", "/r/docker.sock")


def test_a_daemon_in_a_network_of_its_own_is_told(tmp_path: Path) -> None:
    """Before 29.5, 127.0.0.1 is another machine for it; the fix names an address of this one."""
    systemd = rootless(tmp_path)
    for version, expected in (("28.5.2", True), ("29.4.1", True), ("29.5.0", False), ("30.0.0", False)):
        systemd.version = version
        found = systemd.look()
        switch.on(found, plan.plan(found, Wish(authority=AUTHORITY)), lambda _: None)
        examination = Examination(
            machine=systemd.look(),
            command="pullscope docker",
            confdir="/c",
            sudo="",
            listens=lambda *_: True,
            command_of=lambda _: None,
        )
        problems = {problem.code: problem for problem in doctor.examine(examination)}
        assert ("rootless-loopback" in problems) is expected, version
        assert not expected or "--proxy-host $(hostname -I" in (problems["rootless-loopback"].fix or "")
