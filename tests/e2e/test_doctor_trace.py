"""`doctor CLIENT --trace REF` with the real clients: a healthy pull, and a mistake that only the pull can show.

Each daemon has /etc and /run of its own in a mount namespace, and the command is run in there as a user would run it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import parts
from tests.e2e.cri import pull_image
from tests.e2e.images import Image
from tests.e2e.listener import Listeners, listening
from tests.e2e.parts import Trust
from tests.e2e.processes import Running
from tests.e2e.test_node_routes import root

from pullscope.host.watched import cri
from pullscope.host.watched.packets import Packets, Segment

pytestmark = pytest.mark.real
__all__ = ["root"]

IMAGE = "docker.io/doctor/traced:1"
"""One that no other test pulls beside these."""
OWN = 'for each in "$0"/etc/*; do mount --bind "$each" "/etc/${each##*/}"; done; mount -t tmpfs tmpfs /run; exec "$@"'
HOSTS = '[host."{}"]\n  capabilities = ["pull", "resolve"]\n'


@dataclass(frozen=True, kw_only=True)
class Traced:
    """What the command said."""

    exit_code: int
    document: dict[str, Any]

    @property
    def states(self) -> list[tuple[int | None, str]]:
        return [(row["number"], row["state"]) for row in self.document["trace"]["endpoints"]]

    @property
    def causes(self) -> list[str]:
        return [row["cause"] for row in self.document["trace"]["endpoints"]]

    @property
    def codes(self) -> list[str]:
        return [problem["code"] for problem in self.document["problems"]]


def doctor(before: Sequence[str | Path], client: str, reference: str) -> Traced:
    words = [*before, sys.executable, "-m", "pullscope.cli.main", "doctor", client, "--trace", reference, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=parts.ROOT)
    assert done.stdout, done.stderr
    return Traced(exit_code=done.returncode, document=json.loads(done.stdout))


@contextmanager
def containerd(root: Path, config: str) -> Iterator[Running]:
    """A containerd with `/etc/containerd` of the root, which has taken its first question."""
    settings = root / "etc/containerd/config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(config)
    words: list[str | Path] = ["unshare", "--mount", "sh", "-ec", OWN, root, "containerd", "--root", root / "lib"]
    with Running(words) as program:
        program.wait_for("containerd successfully booted")
        pull_image(socket_of(program), "127.0.0.1:1/none:1")  # waits until CRI takes questions
        yield program


def socket_of(program: Running) -> Path:
    return Path(f"/proc/{program.process.pid}/root/run/containerd/containerd.sock")


def inside(program: Running) -> list[str]:
    return ["nsenter", "--target", str(program.process.pid), "--mount", "--wd=/"]


@pytest.fixture(scope="module")
def filled(registry: int, zephykus: Image) -> int:
    """The registry's port."""
    parts.fill(registry, zephykus, "doctor/traced:1")
    return registry


CRI = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\nsnapshotter = "native"\n'
CONFIG_PATH = '[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n'


def hosts_toml(root: Path, text: str) -> None:
    place = root / "etc/containerd/certs.d/docker.io/hosts.toml"
    place.parent.mkdir(parents=True)
    place.write_text(text)


@pytest.fixture
def empty() -> Iterator[Listeners]:
    with listening(2) as made:
        yield made


def test_containerd_as_said(root: Path, filled: int, empty: Listeners) -> None:
    """The first mirror misses, the second has it, the registry is not needed; the image is gone afterwards."""
    mirrors = [f"http://127.0.0.1:{port}" for port in (empty.ports[0], filled)]
    hosts_toml(root, "".join(HOSTS.format(url) for url in mirrors))
    with containerd(root, CRI + CONFIG_PATH) as program:
        found = doctor(inside(program), "containerd", IMAGE)
        assert cri.ids(socket_of(program)) == set()
    assert found.states == [(1, "as listed"), (2, "as listed"), (3, "not asked")], found.document
    assert found.causes == ["404", "200", "not needed: 2 answered"]
    assert (found.exit_code, found.codes) == (0, [])


def test_containerd_that_was_not_restarted(root: Path, empty: Listeners) -> None:
    """config_path was written after the start: doctor says the mirror, the pull shows that it is not asked, and why."""
    hosts_toml(root, HOSTS.format(f"http://127.0.0.1:{empty.ports[0]}"))
    settings = root / "etc/containerd/config.toml"
    with containerd(root, CRI) as program:
        settings.write_text(CRI + CONFIG_PATH)
        later = settings.stat().st_mtime + 60
        os.utime(settings, (later, later))
        found = doctor(inside(program), "containerd", IMAGE)
    assert found.states == [(1, "not asked"), (2, "as listed")], found.document
    assert "changed after containerd was started" in found.causes[0]
    assert (found.exit_code, found.codes) == (3, ["endpoint-not-asked", "pull-failed"])
    assert found.document["problems"][0]["fix"] == "systemctl restart containerd"
    assert empty.asked == []


def test_containerd_that_does_not_trust_a_mirror(root: Path, trust: Trust, filled: int) -> None:
    """The certificate is of a CA that containerd does not know: asked as listed, and the cause; the next mirror has it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trust.certificate, trust.key)
    with listening(1) as made:
        server: ThreadingHTTPServer = made.servers[0]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        urls = (f"https://localhost:{made.ports[0]}", f"http://127.0.0.1:{filled}")
        hosts_toml(root, "".join(HOSTS.format(url) for url in urls))
        with containerd(root, CRI + CONFIG_PATH) as program:
            found = doctor(inside(program), "containerd", IMAGE)
    assert found.states == [(1, "as listed"), (2, "as listed"), (3, "not asked")], found.document
    assert "does not trust the certificate" in found.causes[0]


@contextmanager
def dockerd(root: Path, **settings: object) -> Iterator[Running]:
    place = root / "etc/docker/daemon.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(settings))
    words: list[str | Path] = [
        "unshare", "--mount", "sh", "-ec", OWN, root, "dockerd", "--data-root", root / "data", "--exec-root", root / "exec",
        "-p", root / "d.pid", "--storage-driver", "vfs", "--iptables=false", "--ip6tables=false", "--bridge=none",
    ]  # fmt: skip
    with Running(words) as program:
        program.wait_for("API listen on")
        yield program


def test_docker_as_said(root: Path, filled: int) -> None:
    """A mirror that is down, one that has it; what was pulled is gone afterwards."""
    with dockerd(root, **{"registry-mirrors": ["http://127.0.0.1:1", f"http://127.0.0.1:{filled}"]}) as program:
        found = doctor(inside(program), "docker", IMAGE)
        left = subprocess.run([*inside(program), "docker", "images", "-q"], capture_output=True, text=True).stdout
    assert found.states == [(1, "as listed"), (2, "as listed"), (3, "not asked")], found.document
    assert found.causes == ["connection refused", "200", "not needed: 2 answered"]
    assert (found.exit_code, found.codes, left) == (0, [], "")


def test_docker_that_has_not_read_its_file(root: Path, filled: int, empty: Listeners) -> None:
    """The file names another mirror now; the daemon goes on with the old one until it is told to read it."""
    old, new = f"http://127.0.0.1:{filled}", f"http://127.0.0.1:{empty.ports[0]}"
    with dockerd(root, **{"registry-mirrors": [old]}) as program:
        place = root / "etc/docker/daemon.json"
        place.write_text(json.dumps({"registry-mirrors": [new]}))
        found = doctor(inside(program), "docker", IMAGE)
        assert [row["url"] for row in found.document["trace"]["endpoints"] if row["number"] is None] == [
            f"{old}/v2/doctor/traced"
        ]
        assert found.states == [(1, "not asked"), (2, "not asked"), (None, "asked but not listed")]
        assert found.codes[0] == "mirrors-not-read"
        assert found.exit_code == 3
        before = program.output.count("Reloaded configuration")
        os.kill(program.process.pid, signal.SIGHUP)
        program.wait_for("Reloaded configuration", after=before)
        again = doctor(inside(program), "docker", IMAGE)
    assert again.states == [(1, "as listed"), (2, "as listed")]
    assert "mirrors-not-read" not in again.codes


def podman_conf(root: Path, mirror: int, *, insecure: bool) -> list[str | Path]:
    """What runs a command with the root's /etc/containers in the place of this machine's."""
    place = root / "etc/containers"
    place.mkdir(parents=True)
    shutil.copy("/etc/containers/policy.json", place / "policy.json")
    (place / "registries.conf").write_text(
        f'[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "127.0.0.1:{mirror}"\n'
        f"insecure = {str(insecure).lower()}\n"
    )
    return ["unshare", "--mount", "sh", "-ec", 'mount --bind "$0/etc/containers" /etc/containers; exec "$@"', root]


def test_podman_as_said(root: Path, filled: int) -> None:
    """The mirror has it; the storage that the command uses every day has nothing of it."""
    found = doctor(podman_conf(root, filled, insecure=True), "podman", IMAGE)
    assert found.document["trace"]["by"] == "podman"
    assert found.states == [(1, "as listed"), (2, "not asked")]
    assert found.causes == ["answered", "not needed: 1 answered"]
    assert (found.exit_code, found.codes) == (0, [])
    kept = subprocess.run(["podman", "images", "-q", IMAGE], capture_output=True, text=True, timeout=60)
    assert kept.stdout == ""


def test_podman_that_asks_a_plain_mirror_by_tls(root: Path, filled: int) -> None:
    """Without `insecure` the mirror is asked as listed, fails in podman's own words, and the registry is next."""
    found = doctor(podman_conf(root, filled, insecure=False), "podman", IMAGE)
    assert found.states == [(1, "as listed"), (2, "as listed")]
    assert "server gave HTTP response to HTTPS client" in found.causes[0]
    assert "pull-failed" in found.codes


def test_the_filter_lets_pass_what_begins_something() -> None:
    """Of a long answer in http: the opening, the request, the beginning of the answer, the end, and of its rest little."""
    seen: list[Segment] = []
    body = bytes(4_000_000)

    def answer(server: ThreadingHTTPServer) -> None:
        wire, _ = server.socket.accept()
        wire.recv(4096)
        wire.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body)
        wire.close()

    with listening(1) as made:
        server = made.servers[0]
        server.shutdown()
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        with Packets(seen.append), urllib.request.urlopen(f"http://127.0.0.1:{made.ports[0]}/v2/") as said:
            assert said.read() == body
        thread.join()
    ours = [item for item in seen if made.ports[0] in (item.source[1], item.target[1])]
    begun = [item.data[:4] for item in ours if item.data]
    assert begun[0] == b"GET "
    assert b"HTTP" in begun
    assert len(ours) < 20
