"""`docker trace`, `sandbox` and `service` with real daemons, in the container."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.images import build_image
from tests.systemd.conftest import RULES, VANITY
from tests.systemd.terminal import terminal

from pullscope.host.listener import free_port, listens

if TYPE_CHECKING:
    from tests.systemd.conftest import Container

pytestmark = pytest.mark.real

CHECKOUT = Path(__file__).parents[2]
D = "/etc/systemd/system/docker.service.d"
RESTART = "systemctl daemon-reload && systemctl reset-failed docker && systemctl restart docker"
SECRET = "s3cret-of-ann"
MAKE_CA = """
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=private -keyout ca.key -out ca.crt
openssl req -newkey rsa:2048 -nodes -subj /CN=registry.test -keyout server.key -out server.csr
echo 'subjectAltName=DNS:registry.test,IP:127.0.0.1' > names
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt
"""
SCRIPT = str(CHECKOUT / "scripts" / "docker_daemon.py")
SAMPLE = str(CHECKOUT / "addons" / "sample_registry.py")


def residue(machine: Container) -> str:
    """Processes, mounts, links and files that could be left behind."""
    return machine.sh(
        "ps -eo comm= | sort | uniq -c | grep -E 'dockerd|containerd|mitm|python'; cat /proc/self/mountinfo | wc -l; "
        "ip -o link | cut -d: -f2; find /run /var/lib/docker /var/lib/containerd /tmp -xdev | sort "
        "| grep -v -e /run/log -e /run/systemd -e agetty"
    ).stdout


def test_the_sandbox_pulls_beside_another_docker_and_leaves_nothing(machine: Container) -> None:
    """A pull in the sandbox is traced, and no process, mount, network or file of it stays."""
    before, images = residue(machine), machine.sh("docker images -q").stdout
    done = machine.docker("sandbox", "--addon", SAMPLE, "--", "pull", "timonback/zephykus")
    assert "4 of 4 layers" in done.stderr
    assert "Sandbox removed" in done.stderr
    assert residue(machine) == before
    assert machine.sh("docker images -q").stdout == images


def test_the_sandbox_answers_for_a_vanity_host(machine: Container) -> None:
    """`sandbox --vanity HOST=FILE`: a real dockerd pulls from a domain that does not exist; the rule's line is named."""
    words = ("--vanity", f"{VANITY}={RULES}", "--addon", SAMPLE)
    done = machine.docker("sandbox", *words, "--", "pull", f"{VANITY}/timonback/zephykus")
    assert "vanity 302 > registry 307 > cdn 200" in done.stderr
    assert "netlify.toml:8" in done.stderr
    assert "4 of 4 layers" in done.stderr
    failed = machine.docker("sandbox", *words, "--", "pull", f"{VANITY}/library/nginx", check=False)
    assert failed.returncode != 0
    assert "path-not-redirected" in failed.stderr


def test_the_sandbox_needs_no_docker_command(machine: Container) -> None:
    """With dockerd alone, the pull is asked of its API; a failure is the daemon's own sentence and exit 1."""
    hidden = 'mount --bind /dev/null /usr/bin/docker; exec "$@"'

    def pull(image: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        words = machine.spelled("sandbox", "--addon", SAMPLE, "--", "pull", image)
        return machine.run("unshare", "-m", "sh", "-ec", hidden, "sh", *words, check=check)

    done = pull("timonback/zephykus")
    assert "4 of 4 layers" in done.stderr
    assert "Status: Downloaded newer image for timonback/zephykus:latest" in done.stderr
    failed = pull("timonback/zephykus:nothing", check=False)
    assert failed.returncode == 1
    assert "error: manifest for timonback/zephykus:nothing not found" in failed.stderr


def test_a_private_registry_with_its_own_ca_goes_on_working(machine: Container, private: int) -> None:
    """What certs.d trusts, the proxy trusts: the pull is decrypted, seen, and succeeds."""
    host = f"registry.test:{private}"
    folder = f"/etc/docker/certs.d/{host}"
    machine.sh("cp /etc/hosts /run/hosts.kept && echo '127.0.0.1 registry.test' >> /etc/hosts")
    machine.sh(f"mkdir -p {folder} && cp {machine.shared}/private/ca.crt {folder}/ca.crt")
    try:
        done = machine.docker("sandbox", "--", "pull", f"{host}/timonback/zephykus")
        assert f"{host}/timonback/zephykus:latest" in done.stdout
        assert "complete" in done.stdout
        machine.sh(f"rm {folder}/ca.crt")
        failed = machine.docker("sandbox", "--", "pull", f"{host}/timonback/zephykus", check=False)
        assert failed.returncode != 0
    finally:
        machine.sh("rm -r /etc/docker/certs.d; cat /run/hosts.kept > /etc/hosts")


def test_loss_of_the_terminal_takes_everything_back(machine: Container) -> None:
    """A terminal that is closed is a hang-up: the machine is as it was."""
    before = machine.listing()
    with terminal(machine.words(*machine.spelled("trace", "--port", "18443"))) as seen:
        seen.until("Pull something")
        assert json.loads(machine.docker("status", "--json").stdout)["state"] == "on"
        seen.hang_up()
        seen.end()
    as_before(machine, before)


def test_trace_goes_on_through_the_proxy_that_docker_had(machine: Container, corporate: int) -> None:
    """`docker trace --vanity` behind a proxy with a login: the pull is told, the login is nowhere to be seen."""
    machine.sh("docker images -q | xargs -r docker rmi -f")
    machine.sh(
        f"mkdir -p {D} /run/corporate && cp {machine.shared}/confdir/mitmproxy-ca-cert.pem /run/corporate/ca.crt && "
        f"printf '[Service]\\nEnvironment=HTTPS_PROXY=http://ann:{SECRET}@127.0.0.1:{corporate}\\n"
        f"Environment=SSL_CERT_DIR=/etc/ssl/certs:/run/corporate\\n' > {D}/corporate.conf && {RESTART}"
    )
    before = machine.listing()
    try:
        words = ("trace", "--yes", "--port", "18443", "--vanity", f"{VANITY}={RULES}")
        with terminal(machine.words(*machine.spelled(*words))) as seen:
            seen.until("Pull something")
            assert SECRET not in machine.sh("ps -eo args").stdout
            machine.sh(f"docker pull -q {VANITY}/timonback/zephykus")
            seen.until("complete")
            status = machine.docker("status").stdout
            seen.type("\x03")
            seen.end()
        assert "off   The docker daemon does not use pullscope." in seen.said
        assert "vanity 302 > registry 307 > cdn 200" in seen.said
        assert SECRET not in seen.said + status
        as_before(machine, before)
    finally:
        machine.sh(f"docker images -q | xargs -r docker rmi -f; rm -r {D}; {RESTART}")


def test_a_restart_that_stops_containers_is_asked_for(machine: Container) -> None:
    """Without a terminal it is refused; at one, no leaves all as it is, and yes does it."""
    # No container runs in this one (runc cannot make its cgroup), so docker is made to say that one does.
    says = """case "$*" in *info*) /usr/bin/docker "$@" | sed 's/"ContainersRunning":0/"ContainersRunning":1/';; """
    says += """*"ps --format"*) echo busy;; *) exec /usr/bin/docker "$@";; esac"""
    machine.run(
        "sh",
        "-c",
        'printf "#!/bin/sh\\n%s\\n" "$1" > /usr/local/bin/docker; chmod 755 /usr/local/bin/docker',
        "sh",
        says,
    )
    before, started = machine.listing(), machine.started()
    try:
        refused = machine.docker("on", check=False)
        assert refused.returncode == 1
        assert "That stops 1 container (live-restore is off): busy." in refused.stdout
        assert "there is no terminal to ask on; add --yes. Nothing changed" in refused.stderr
        with terminal(machine.words(*machine.spelled("on"))) as seen:
            seen.until("[y/N]")
            seen.type("n\n")
            assert seen.end() == 1
        assert "Nothing changed" in seen.said
        assert (machine.listing(), machine.started()) == (before, started)
        with terminal(machine.words(*machine.spelled("on"))) as seen:
            seen.until("[y/N]")
            seen.type("y\n")
            assert seen.end() == 0
        assert machine.started() != started
    finally:
        machine.docker("off", "--yes")
        machine.sh("rm /usr/local/bin/docker")


def as_before(machine: Container, before: str) -> None:
    end = time.monotonic() + 60
    while machine.listing() != before:
        assert time.monotonic() < end
        time.sleep(0.5)
    assert json.loads(machine.docker("status", "--json").stdout)["state"] == "off"


@pytest.fixture(scope="module")
def corporate(container: Container) -> Iterator[int]:
    """A proxy that wants a login, behind which the sample registry is Docker Hub; its port."""
    words = ["-s", SAMPLE, "--proxyauth", f"ann:{SECRET}", "--set", f"confdir={container.shared}/confdir"]
    port = free_port()
    listen = ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    with served([f"{sys.prefix}/bin/mitmdump", "-q", *words, *listen], port):
        yield port


@pytest.fixture(scope="module")
def private(container: Container) -> Iterator[int]:
    """A real docker-registry that speaks TLS with a CA of its own, with one image in it; its port."""
    if shutil.which("docker-registry") is None or shutil.which("skopeo") is None:
        pytest.fail("needs docker-registry and skopeo") if os.environ.get("CI") else pytest.skip("no docker-registry")
    folder, port = container.shared / "private", free_port()
    folder.mkdir()
    subprocess.run(["sh", "-ec", MAKE_CA], cwd=folder, check=True, capture_output=True)
    (folder / "config.yml").write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/storage}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}', secret: x, tls: {{certificate: {folder}/server.crt, key: {folder}/server.key}}}}\n"
    )
    with served(["docker-registry", "serve", f"{folder}/config.yml"], port):
        image = build_image(folder / "image", seed="private")
        copy = [
            "skopeo",
            "copy",
            "--all",
            "--insecure-policy",
            "--dest-tls-verify=false",
            f"oci:{image.directory}:latest",
        ]
        subprocess.run([*copy, f"docker://127.0.0.1:{port}/timonback/zephykus:latest"], check=True, capture_output=True)
        yield port


@contextmanager
def served(words: list[str], port: int) -> Iterator[None]:
    environment = {**os.environ, "PYTHONPATH": f"{CHECKOUT}/src"}
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        end = time.monotonic() + 60
        while not listens("127.0.0.1", port):
            assert child.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        yield
    finally:
        child.terminate()
        child.wait(20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_trace_takes_everything_back_when_it_is_killed(machine: Container, number: signal.Signals) -> None:
    """`kill` ends as Ctrl-C does, with the machine as it was, although its output is no longer read."""
    before = machine.listing()
    words = [sys.executable, SCRIPT, "trace", "--port", "18443", "--confdir", f"{machine.shared}/confdir"]
    inside = ["nsenter", "-t", str(machine.leader), "-m", "-p", "-u", "-i", "--", "env"]
    child = subprocess.Popen(
        [*inside, f"PYTHONPATH={CHECKOUT}/src", *words], stdout=subprocess.PIPE, text=True, cwd="/"
    )
    assert child.stdout is not None
    for line in child.stdout:
        if "Pull something" in line:
            break
    assert json.loads(machine.docker("status", "--json").stdout)["state"] == "on"
    machine.run("pkill", f"-{number.value}", "-f", "docker_daemon.py trace")
    child.stdout.close()
    assert child.wait(60) == 0
    end = time.monotonic() + 30
    while machine.listing() != before:
        assert time.monotonic() < end
        time.sleep(0.5)
    assert json.loads(machine.docker("status", "--json").stdout)["state"] == "off"
