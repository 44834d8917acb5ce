"""NO_PROXY by the rules of Go, and the problems of a daemon's environment on a tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.host.fake_machine import AUTHORITY, Systemd, debian

from pullscope.host import doctor, plan, switch
from pullscope.host.doctor import Examination
from pullscope.host.doctor.daemon import covers
from pullscope.host.requested import Wish


@pytest.mark.parametrize(
    ("word", "host", "expected"),
    [
        ("*", "a.com", True),
        ("a.com", "a.com", True),
        ("a.com", "b.a.com", True),
        (".a.com", "a.com", False),
        (".a.com", "b.a.com", True),
        ("*.a.com", "b.a.com", True),
        ("a.com", "ba.com", False),
        ("a.com:5000", "a.com:5000", True),
        ("a.com:5000", "a.com", False),
        ("a.com:443", "a.com", True),
    ],
)
def test_no_proxy_covers_what_go_says_it_covers(word: str, host: str, expected: bool) -> None:
    """golang.org/x/net/http/httpproxy: a bare domain covers its sub-domains, a dotted one only those."""
    assert covers(word, host) is expected


def codes(systemd: Systemd, *, listens: bool = True) -> list[str]:
    examination = Examination(
        machine=systemd.look(),
        command="pullscope docker",
        confdir="/c",
        listens=lambda *_: listens,
        command_of=lambda _: None,
    )
    return [problem.code for problem in doctor.examine(examination)]


def on(systemd: Systemd) -> None:
    found = systemd.look()
    switch.on(found, plan.plan(found, Wish(authority=AUTHORITY)), lambda _: None)


def test_a_healthy_machine_has_no_problem(tmp_path: Path) -> None:
    """Neither off nor on."""
    systemd = Systemd(debian(tmp_path))
    assert codes(systemd) == []
    on(systemd)
    assert codes(systemd) == []
    assert codes(systemd, listens=False) == ["proxy-not-listening"]


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        (
            "etc/systemd/system/docker.service.d/zz.conf",
            '[Service]\nEnvironment="HTTPS_PROXY=http://x:1"\n',
            "overridden",
        ),
        ("etc/systemd/system/docker.service.d/zz.conf", '[Service]\nEnvironment="NO_PROXY=*"\n', "no-proxy"),
        ("etc/docker/daemon.json", '{"proxies": {"https-proxy": "http://x:1"}}', "proxies-shadow"),
        ("etc/docker/daemon.json", "{", "daemon-json-unreadable"),
        ("etc/docker/daemon.json", '{"https-proxy": "http://x:1"}', "proxy-at-top-level"),
        ("etc/docker/certs.d/x.lan/ca.pem", AUTHORITY, "ca-named-pem"),
    ],
)
def test_what_a_user_plants_is_found(tmp_path: Path, path: str, text: str, code: str) -> None:
    """Each on top of a healthy `on`."""
    systemd = Systemd(debian(tmp_path))
    on(systemd)
    place = tmp_path / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    assert code in codes(systemd)


def test_docker_from_snap_is_recognised(tmp_path: Path) -> None:
    """Its files lie elsewhere, so it is named and not changed."""
    systemd = Systemd(debian(tmp_path))
    (tmp_path / "usr/sbin/dockerd").unlink()
    (tmp_path / "snap/docker/current").mkdir(parents=True)
    assert "other-docker" in codes(systemd)
