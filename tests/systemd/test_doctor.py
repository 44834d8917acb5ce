"""Each problem planted on a real machine, found, and cured by its printed fix, executed as it stands.

What docker 20.10 does not know (`proxies` in daemon.json) and what is not a daemon under systemd: tests/cli/test_doctor.py.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.systemd.conftest import Container, Proxy

pytestmark = pytest.mark.real

D = "/etc/systemd/system/docker.service.d"
RUN_D = "/run/systemd/system/docker.service.d"
RESTART = "systemctl daemon-reload && systemctl reset-failed docker && systemctl restart docker"
CA = "/var/lib/pullscope/ca/pullscope-mitmproxy.crt"
KEEP = "cp -p /etc/docker/daemon.json /run/kept.json"
BACK = "cp -p /run/kept.json /etc/docker/daemon.json"
# daemon.json is what is planted, so what this machine needs of it (no bridge, no sysctl) stands on the command line.
FLAGS = (
    f"{KEEP}; mkdir -p {RUN_D}; printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd -H fd:// --bridge=none "
    f"--ip-forward=false --iptables=false --ip6tables=false --storage-driver vfs\\n' "
    f"> {RUN_D}/flags.conf; systemctl daemon-reload"
)
UNFLAG = f"rm -rf {RUN_D}; {BACK}; {RESTART}"
FAILS = "systemctl reset-failed docker; systemctl restart docker || true"

PLANTED: dict[str, tuple[str, str]] = {
    "not-restarted": (
        f"sed -i s,/var/lib/pullscope/ca,/var/lib/pullscope/ca:/nowhere, {D}/pullscope.conf && systemctl daemon-reload",
        f"rm {D}/pullscope.conf",  # a user's change in it would stay
    ),
    "https-proxy-url": (f"sed -i 's,HTTPS_PROXY=http:,HTTPS_PROXY=https:,' {D}/pullscope.conf && {RESTART}", "true"),
    "overridden": (
        f"printf '[Service]\\nEnvironment=HTTPS_PROXY=http://127.0.0.1:1\\n' > {D}/zz.conf && {RESTART}",
        f"rm {D}/zz.conf.disabled",
    ),
    "no-proxy": (
        f"printf '[Service]\\nEnvironment=NO_PROXY=.docker.io,.lan\\n' > {D}/a.conf && {RESTART}",
        f"rm {D}/a.conf",
    ),
    "ca-missing": (f"rm {CA}", "true"),
    "ca-of-another-confdir": (f"sed -i s/MII/MIJ/ {CA}", "true"),
    "ca-named-pem": (
        "mkdir -p /etc/docker/certs.d/x.lan && cp /etc/pullscope/proxy-trust.pem /etc/docker/certs.d/x.lan/ca.pem",
        "rm -r /etc/docker/certs.d",
    ),
    "flag-and-file": (
        (
            f"{KEEP}; sed 's,dockerd -H,dockerd --insecure-registry a.lan -H,' "
            "/lib/systemd/system/docker.service > /etc/systemd/system/docker.service; "
            """sed -i 's|^{|{"insecure-registries": [], |' /etc/docker/daemon.json; """
            "systemctl daemon-reload; systemctl restart docker || true"
        ),
        f"rm /etc/systemd/system/docker.service; {BACK}; {RESTART}",
    ),
    "daemon-json-unreadable": (
        f"{FLAGS}; echo '{{nonsense' > /etc/docker/daemon.json; {FAILS}",
        f"rm /etc/docker/daemon.json.broken; {UNFLAG}",
    ),
    "proxy-at-top-level": (
        f"""{FLAGS}; echo '{{"https-proxy": "http://127.0.0.1:1"}}' > /etc/docker/daemon.json; {FAILS}""",
        UNFLAG,
    ),
    "daemon-not-running": ("systemctl stop docker.socket docker.service", "systemctl start docker.socket"),
}


def problems(machine: Container, *words: str) -> dict[str, dict[str, Any]]:
    done = machine.docker("doctor", "--json", *words, check=False)
    found = json.loads(done.stdout)["problems"]
    assert done.returncode == (3 if any(item["severity"] == "error" for item in found) else 0)
    return {item["code"]: item for item in found}


@pytest.fixture(scope="module")
def kept(container: Container) -> Iterator[Container]:
    """One undo for all tests of this file: a restart for each would be most of their time."""
    before = container.listing()
    yield container
    container.docker("off", "--yes")
    assert container.listing() == before


@pytest.fixture
def healthy(kept: Container, proxy: Proxy) -> Container:
    """`on`, and nothing wrong."""
    kept.sh("systemctl daemon-reload; systemctl reset-failed docker; systemctl start docker")
    kept.docker("on", "--port", str(proxy.port))
    assert problems(kept) == {}
    return kept


@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_problem_is_found_and_its_fix_cures_it(healthy: Container, code: str) -> None:
    """Healthy, then planted, then found, then cured by the words that doctor prints."""
    plant, clean = PLANTED[code]
    try:
        healthy.sh(plant)
        found = problems(healthy)
        assert code in found
        healthy.sh("systemctl reset-failed docker.service")
        healthy.sh(found[code]["fix"])
        assert problems(healthy) == {}
    finally:
        healthy.sh(clean)


def test_a_proxy_that_does_not_listen_is_started_by_the_fix(healthy: Container) -> None:
    """The fix is the command line of a proxy; while it runs, nothing is wrong."""
    from pullscope.host.listener import free_port, listens

    port = free_port()
    healthy.docker("on", "--port", str(port))
    found = problems(healthy)
    assert list(found) == ["proxy-not-listening"]
    child = subprocess.Popen(healthy.words("sh", "-c", f"exec {found['proxy-not-listening']['fix']}"), cwd="/")
    try:
        end = time.monotonic() + 60
        while not listens("127.0.0.1", port):
            assert child.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        assert problems(healthy) == {}
    finally:
        healthy.sh(f"pkill -f listen-port.{port}", check=False)
        child.wait(30)


def test_an_expired_ca_is_made_anew_by_the_fix(healthy: Container, proxy: Proxy) -> None:
    """The old one goes aside, docker trusts the new one, and nothing is wrong any more."""
    confdir = healthy.shared / "expired"
    expire(confdir)
    words = ("--confdir", str(confdir))
    healthy.docker("on", "--port", str(proxy.port), *words)
    found = problems(healthy, *words)
    assert list(found) == ["ca-expired"]
    healthy.sh(found["ca-expired"]["fix"])
    assert problems(healthy, *words) == {}


def test_localhost_is_given_a_name_that_docker_sends_to_the_proxy(healthy: Container, proxy: Proxy) -> None:
    """The fix names the machine and asks for that name in place of localhost."""
    hosts = healthy.sh("cat /etc/hosts").stdout
    healthy.docker("on", "--port", str(proxy.port), "--trust", "certs.d", "--host", "localhost:5000")
    try:
        found = problems(healthy)
        assert list(found) == ["loopback"]
        healthy.sh(found["loopback"]["fix"])
        assert problems(healthy) == {}
        assert healthy.sh("ls /etc/docker/certs.d").stdout == "registry.test:5000\n"
    finally:
        healthy.sh(f"printf %s '{hosts}' > /etc/hosts")


def expire(confdir: Path) -> None:
    """A mitmproxy CA in `confdir` that ended yesterday."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from mitmproxy.certs import CertStore

    CertStore.from_store(confdir, "mitmproxy", 2048)
    store = (confdir / "mitmproxy-ca.pem").read_bytes()
    key = serialization.load_pem_private_key(store, None)
    old = x509.load_pem_x509_certificate(store)
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        old.public_key(),
        x509.random_serial_number(),
        now - timedelta(days=9),
        now - timedelta(days=1),
        list(old.extensions),
    ).sign(key, hashes.SHA256())  # type: ignore[arg-type]  # mitmproxy's key is RSA
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (confdir / "mitmproxy-ca.pem").write_bytes(secret + pem)
    (confdir / "mitmproxy-ca-cert.pem").write_bytes(pem)
