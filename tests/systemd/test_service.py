"""`pullscope service` under a real systemd: a proxy, a mirror, and what is left where it does not start."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.e2e.listener import listening
from tests.systemd.conftest import SOURCE, VENV, differences
from tests.systemd.test_nodes import pullscope

from pullscope.host.listener import free_port

if TYPE_CHECKING:
    from tests.systemd.conftest import Container

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the container's own python must find our packages"),
]

SITE = f"{VENV}/lib/python3.11/site-packages"


def started(machine: Container) -> str:
    return machine.sh("systemctl show docker.service -p MainPID -p ExecMainStartTimestampMonotonic").stdout


def asked_of(port: int, registry: str) -> tuple[int, bytes]:
    """What the mirror answers, over the network that the container shares."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", f"/v2/org/app/manifests/1?ns={registry}")
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_the_service_runs_records_and_goes(machine: Container) -> None:
    """service install starts a proxy that records in its state directory; remove leaves /etc as it was."""
    before = machine.listing()
    put_mitmdump(machine, SITE, f"{SOURCE}/src")
    try:
        said = service(machine, "install", "--port", "18444").stdout
        assert "runs  the proxy listens on 127.0.0.1:18444" in said
        made = "/var/lib/pullscope-proxy/mitmproxy/mitmproxy-ca-cert.pem"
        machine.sh(f"curl -s -x http://127.0.0.1:18444 http://127.0.0.1:1/v2/; test -s {made}")
        assert machine.sh("systemctl is-active pullscope.service").stdout == "active\n"
        verified = machine.sh("systemd-analyze verify pullscope.service")
        assert (verified.stdout, verified.stderr) == ("", "")
        assert "1.2 OK" in machine.sh("systemd-analyze security --no-pager pullscope.service | tail -1").stdout
        assert "root" not in machine.sh("ps -o user= -p $(systemctl show -P MainPID pullscope.service)").stdout
    finally:
        service(machine, "remove")
    assert differences(before, machine.listing()) == []


def test_a_service_that_cannot_start_is_put_back(machine: Container) -> None:
    """Its own last words are in the sentence, and nothing of it stays."""
    before = machine.listing()
    put_mitmdump(machine)
    failed = service(machine, "install", "--port", "18444", check=False)
    assert failed.returncode == 1
    assert "ModuleNotFoundError: No module named 'mitmproxy'. Everything was put back" in failed.stderr
    assert differences(before, machine.listing()) == []


def test_the_service_is_a_mirror(machine: Container) -> None:
    """It stands in for what it was told, docker is led to it by a reload, and pulls go on when it is gone, without a restart."""
    before, running = machine.listing(), started(machine)
    put_mitmdump(machine, SITE, f"{SOURCE}/src")
    port = free_port()
    with listening(1) as registry:
        name = f"127.0.0.1:{registry.ports[0]}"
        hosts = ("--host", f"http://{name}", "--host", "docker.io")
        try:
            said = service(machine, "install", "--mirror", *hosts, "--port", str(port)).stdout
            assert f"runs  the mirror listens on 127.0.0.1:{port}" in said
            assert f"a mirror of http://{name}, docker.io on 127.0.0.1:{port}" in service(machine, "status").stdout
            assert asked_of(port, name) == (404, b"")
            assert registry.manifests() == [f"http://{name}/v2/org/app"]
            assert b"not ghcr.io" in asked_of(port, "ghcr.io")[1]
            pullscope(machine, "mirror", "on", "--for", "docker", "--port", str(port))
            machine.sh("docker pull timonback/zephykus", check=False)
        finally:
            service(machine, "remove")
            pullscope(machine, "mirror", "off")
    recorded = machine.sh("cat /var/lib/private/pullscope-proxy/trace.jsonl").stdout
    assert "/v2/timonback/zephykus/manifests/latest" in recorded
    assert "service is not installed" in service(machine, "status").stdout
    assert started(machine) == running
    assert differences(before, machine.listing()) == []


def test_a_service_that_cannot_be_changed_goes_on(machine: Container) -> None:
    """An install over one that runs, with a program that does not start: the older one runs as before, and status says so."""
    port = free_port()
    put_mitmdump(machine, SITE, f"{SOURCE}/src")
    try:
        service(machine, "install", "--mirror", "--port", str(port))
        before = machine.listing()
        put_mitmdump(machine, to="/usr/bin/mitmdump")
        failed = service(machine, "install", "--port", str(free_port()), path="/usr/bin", check=False)
        assert failed.returncode == 1
        assert "No module named 'mitmproxy'. Everything was put back" in failed.stderr
        assert differences(before, machine.listing()) == []
        assert f"a mirror of docker.io on 127.0.0.1:{port}" in service(machine, "status").stdout
    finally:
        machine.sh("rm -f /usr/bin/mitmdump")
        service(machine, "remove")


def put_mitmdump(machine: Container, *path: str, to: str = "/usr/local/bin/mitmdump") -> None:
    """A mitmdump for the container's own python, which finds its packages in `path`."""
    program = f"#!/usr/bin/python3\nimport sys\nsys.path[:0] = {list(path)}\n"
    program += "from mitmproxy.tools.main import mitmdump\nmitmdump()\n"
    machine.sh(f"printf '%s' \"{program}\" > {to} && chmod 755 {to}")


def service(
    machine: Container, *words: str, path: str = "/usr/local/bin:/usr/bin", check: bool = True
) -> subprocess.CompletedProcess[str]:
    """`pullscope service …` as it is where it was installed in /opt."""
    code = "from pullscope.cli.service import app; app()"
    environment = (f"PYTHONPATH={SOURCE}/src:{SITE}", f"PATH={path}:/usr/sbin:/bin:/sbin")
    return machine.run("env", *environment, "/usr/bin/python3", "-c", code, *words, check=check)
