"""`pullscope on --unit` and `pullscope mirror` on a machine with a real systemd, containerd.service and docker.service."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.cri import pull_image
from tests.e2e.listener import listening
from tests.systemd.conftest import differences

from pullscope.host.listener import free_port

if TYPE_CHECKING:
    from tests.systemd.conftest import Container, Proxy

pytestmark = pytest.mark.real

LISTING = r"""
find /etc /var/lib/pullscope -xdev -printf '%p %m %u %g %y %l\n' 2>/dev/null | sort
find /etc /var/lib/pullscope -xdev -type f -exec sha256sum {} + 2>/dev/null | sort -k 2
systemctl show containerd.service docker.service -p Environment -p DropInPaths
docker info --format '{{json .RegistryConfig.Mirrors}}'
"""
UNIT = ("--unit", "containerd.service")


def pullscope(machine: Container, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return machine.run(sys.executable, "-m", "pullscope.cli.main", *words, check=check)


def listing(machine: Container) -> str:
    return machine.sh(LISTING).stdout


def started(machine: Container, unit: str) -> str:
    return machine.sh(f"systemctl show {unit} -p MainPID -p ExecMainStartTimestampMonotonic").stdout


@pytest.fixture
def node(container: Container) -> Iterator[Container]:
    """The container as it was, and checked to be so again afterwards."""
    before = listing(container)
    yield container
    pullscope(container, "off", *UNIT, "--yes")
    pullscope(container, "mirror", "off")
    assert differences(before, listing(container)) == []


def test_containerd_is_traced_behind_the_proxy(node: Container, proxy: Proxy) -> None:
    """on, a pull by CRI, status, doctor, off: the story tells it, and /etc is what it was, to the byte."""
    before = listing(node)
    confdir = ("--confdir", f"{node.shared}/confdir")
    refused = pullscope(node, "on", *UNIT, "--port", str(proxy.port), *confdir, check=False)
    assert refused.returncode == 1
    assert "Its running containers keep running" in refused.stdout
    assert listing(node) == before
    said = pullscope(node, "on", *UNIT, "--port", str(proxy.port), *confdir, "--yes").stdout
    assert f"off {' '.join(UNIT)}" in said

    told = proxy.story.stat().st_size
    socket = Path(f"/proc/{node.leader}/root/run/containerd/containerd.sock")
    pull_image(socket, "docker.io/timonback/zephykus:latest")
    end = time.monotonic() + 20
    while "complete" not in (story := proxy.story.read_text()[told:]):
        assert time.monotonic() < end, story
        time.sleep(0.1)
    assert "registry 307 > cdn 200" in story
    assert "containerd" in story

    state = json.loads(pullscope(node, "status", *UNIT, "--json").stdout)
    assert (state["state"], state["unit"], state["problems"]) == ("on", "containerd.service", [])
    assert pullscope(node, "doctor", "unit", *UNIT, *confdir).stdout.startswith("healthy: on")
    assert "containerd.service does not use pullscope" in pullscope(node, "off", *UNIT, "--yes").stdout
    assert differences(before, listing(node)) == []


def test_a_unit_takes_itself_back(node: Container, proxy: Proxy) -> None:
    """`on --unit --for` ends by itself through a timer of its own."""
    before = listing(node)
    confdir = ("--confdir", f"{node.shared}/confdir")
    pullscope(node, "on", *UNIT, "--port", str(proxy.port), *confdir, "--yes", "--for", "5s")
    verified = node.sh(
        "systemd-analyze verify pullscope-unit-containerd-off.timer pullscope-unit-containerd-off.service"
    )
    assert (verified.stdout, verified.stderr) == ("", "")
    end = time.monotonic() + 60
    while listing(node) != before:
        assert time.monotonic() < end, node.sh("journalctl -u pullscope-unit-containerd-off -n 20 --no-pager").stdout
        time.sleep(0.5)


def test_mirror_is_put_first_and_taken_back_without_a_restart(node: Container) -> None:
    """docker asks ours after a reload, containerd and podman's files are there; off brings all back, without a restart."""
    before, running = listing(node), started(node, "docker.service containerd.service")
    port = str(free_port())
    said = pullscope(node, "mirror", "on", "--for", "docker", "--for", "containerd", "--port", port).stdout
    assert "systemctl reload docker.service  done" in said
    assert f"Nothing listens on 127.0.0.1:{port} yet" in said
    mirrors = node.sh("docker info --format '{{json .RegistryConfig.Mirrors}}'").stdout
    assert json.loads(mirrors) == [f"http://127.0.0.1:{port}/"]
    state = json.loads(pullscope(node, "mirror", "status", "--json").stdout)
    assert {item["runtime"] for item in state["runtimes"] if item["on"]} == {"docker", "containerd"}
    doctor = json.loads(pullscope(node, "doctor", "docker", "nginx", "--json").stdout)
    assert doctor["endpoints"][0]["url"] == f"http://127.0.0.1:{port}/v2/library/nginx"
    assert doctor["problems"] == []
    pullscope(node, "mirror", "off")
    assert differences(before, listing(node)) == []
    assert started(node, "docker.service containerd.service") == running


def test_mirror_takes_itself_back(node: Container) -> None:
    """`mirror on --for docker --for 5s` ends by itself, and docker forgets ours."""
    before = listing(node)
    pullscope(node, "mirror", "on", "--for", "docker", "--for", "5s", "--port", str(free_port()))
    end = time.monotonic() + 60
    while listing(node) != before:
        assert time.monotonic() < end, node.sh("journalctl -u pullscope-mirror-docker-off -n 20 --no-pager").stdout
        time.sleep(0.5)


def test_a_stranger_on_the_port_is_refused(node: Container) -> None:
    """What listens and is not pullscope would answer for the registries."""
    before = listing(node)
    with listening(1) as strangers:
        done = pullscope(node, "mirror", "on", "--for", "docker", "--port", str(strangers.ports[0]), check=False)
    assert done.returncode == 1
    assert "is not pullscope" in done.stderr
    assert listing(node) == before
