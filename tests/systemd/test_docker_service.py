"""`pullscope docker …` on a machine with a real systemd and a real docker.service."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.systemd.conftest import Container, Proxy

pytestmark = pytest.mark.real

IMAGE = "timonback/zephykus"
VANITY = "docker.example.com"
HUB_HOSTS = ("registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com")
MODES = {
    "proxy": (),
    "insecure": ("--insecure-registry", "registry-1.docker.io"),
    "certs.d": ("--trust", "certs.d", "--host", "registry-1.docker.io"),
    "hosts": ("--mode", "hosts", *(word for host in (VANITY, *HUB_HOSTS) for word in ("--host", host))),
}


def pull(machine: Container, proxy: Proxy, reference: str) -> str:
    """Pull afresh, and the story that the proxy told of it."""
    machine.sh("docker images -q | xargs -r docker rmi -f", check=False)
    told = proxy.story.stat().st_size
    end = time.monotonic() + 20
    # dockerd believes for 5 s in what it read of /etc/hosts (Go net/hosts.go, cacheMaxAge).
    while machine.sh(f"docker pull -q {reference}", check=False).returncode != 0:
        assert time.monotonic() < end, machine.sh(f"docker pull -q {reference}", check=False).stderr
        time.sleep(1)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        story = proxy.story.read_text()[told:]
        if "complete" in story:
            return story
        time.sleep(0.1)
    raise AssertionError(proxy.story.read_text()[told:])


@pytest.mark.parametrize("mode", MODES)
def test_on_traces_a_pull_and_off_leaves_no_trace(machine: Container, proxy: Proxy, mode: str) -> None:
    """on, a traced pull, status, doctor, off: /etc and the unit's environment are what they were, to the byte."""
    before, started = machine.listing(), machine.started()
    said = machine.docker("on", "--port", str(proxy.port), *MODES[mode]).stdout
    assert "undo  " in said
    # Only the CA in the daemon's own store covers references without a host on the classic store.
    reference = IMAGE if mode in {"proxy", "insecure"} else f"registry-1.docker.io/{IMAGE}"
    story = pull(machine, proxy, reference)
    assert "registry 307 > cdn 200" in story
    assert "layer" in story
    if mode in {"proxy", "hosts"}:
        story = pull(machine, proxy, f"{VANITY}/{IMAGE}")
        assert "vanity 302 > registry 307 > cdn 200" in story
        assert "netlify.toml:8" in story
    state = json.loads(machine.docker("status", "--json").stdout)
    assert (state["state"], state["verdict"], state["problems"]) == ("on", "ok", [])
    assert machine.docker("doctor").stdout.startswith("healthy: on")
    assert (machine.started() == started) is (mode == "hosts")
    assert "off " in machine.docker("off").stdout
    assert machine.listing() == before
    assert (machine.started() == started) is (mode == "hosts")
    assert "registry-1.docker.io" not in machine.sh("docker info --format '{{json .RegistryConfig}}'").stdout


def test_off_clears_an_insecure_registry_without_a_restart(machine: Container) -> None:
    """The running daemon forgets the registry on reload, although the key was not in its file before."""
    machine.docker("on", "--mode", "hosts", "--host", "x.example", "--insecure-registry", "y.example")
    started = machine.started()
    assert "y.example" in machine.sh("docker info --format '{{json .RegistryConfig}}'").stdout
    machine.docker("off")
    assert "y.example" not in machine.sh("docker info --format '{{json .RegistryConfig}}'").stdout
    assert machine.started() == started


def test_on_for_a_while_takes_itself_back(machine: Container) -> None:
    """`on --for` ends by itself through a systemd timer."""
    before = machine.listing()
    machine.docker("on", "--for", "1h")
    assert "pullscope-off.timer" in machine.docker("status").stdout
    verified = machine.sh("systemd-analyze verify pullscope-off.timer pullscope-off.service")
    assert (verified.stdout, verified.stderr) == ("", "")
    machine.docker("on", "--for", "5s")
    end = time.monotonic() + 60
    while machine.listing() != before:
        assert time.monotonic() < end, machine.sh("journalctl -u pullscope-off.service -n 20 --no-pager").stdout
        time.sleep(0.5)


def test_a_declined_restart_is_a_state_of_its_own(machine: Container) -> None:
    """off without the restart: status and doctor say so until docker is restarted, by whomever."""
    machine.docker("on")
    assert "needs the proxy" in machine.docker("off", "--no-restart").stdout
    assert json.loads(machine.docker("status", "--json").stdout)["state"] == "restart-needed"
    said = json.loads(machine.docker("doctor", "--json", check=False).stdout)
    assert [problem["code"] for problem in said["problems"]] == ["restart-needed"]
    machine.sh(said["problems"][0]["fix"])
    assert json.loads(machine.docker("status", "--json").stdout)["state"] == "off"


def test_a_daemon_that_refuses_gets_everything_back(machine: Container) -> None:
    """A drop-in that docker cannot start with is not left behind: here, a unit that refuses our variable."""
    machine.sh(
        "mkdir -p /run/systemd/system/docker.service.d && printf '[Service]\\nExecStartPre=/bin/sh -c "
        '"test -z $$PULLSCOPE_DOCKER"\\n\' > /run/systemd/system/docker.service.d/test.conf && systemctl daemon-reload'
    )
    before = machine.listing()
    try:
        done = machine.docker("on", check=False)
        assert done.returncode == 1
        assert "Everything was put back, and docker was restarted as it was before" in done.stderr
        assert machine.listing() == before
        assert machine.sh("systemctl is-active docker.service").stdout == "active\n"
    finally:
        machine.sh("rm -r /run/systemd/system/docker.service.d && systemctl daemon-reload")


def test_a_read_only_etc_is_one_sentence(machine: Container) -> None:
    """Refused before the first change, and the daemon is left in peace."""
    before, started = machine.listing(), machine.started()
    read_only = 'mount --bind /etc /etc; mount -o remount,ro,bind /etc; exec "$@"'
    done = machine.run("unshare", "-m", "sh", "-ec", read_only, "sh", *machine.spelled("on"), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot change /etc/systemd/system/")
    assert "is mounted read-only. Nothing changed" in done.stderr
    assert (machine.listing(), machine.started()) == (before, started)
