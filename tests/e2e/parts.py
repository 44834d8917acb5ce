"""The real parts, started as a user would start them, on free ports of 127.0.0.1 and in folders of their own.

Each function yields when its part answers and removes what it started. What each needs is in `NEEDED`, which is also
what `.ci/run` installs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mitmproxy.certs import CertStore
from tests.e2e.images import Image
from tests.e2e.processes import Running, remove_tree
from tests.e2e.standin import HOSTS

ROOT = Path(__file__).parents[2]
TRACER = ROOT / "addons" / "registry_trace.py"
SEND_TO_STANDIN = Path(__file__).with_name("send_to_standin.py")

NEEDED = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "containerd": "containerd",
    "ctr": "containerd",
    "docker-registry": "docker-registry",
    "skopeo": "skopeo",
    "podman": "podman",
    "buildah": "buildah",
    "openssl": "openssl",
    "unshare": "util-linux",
    "prometheus": "prometheus",
}
"""Program to the Debian package that has it."""


def missing_parts() -> str | None:
    """One sentence on why real parts cannot run here, or None."""
    if not sys.platform.startswith("linux"):
        return "real parts run on Linux only"
    if os.geteuid() != 0:
        return "real parts need root (dockerd does)"
    absent = [program for program in NEEDED if shutil.which(program) is None]
    if absent:
        packages = " ".join(dict.fromkeys(NEEDED[program] for program in absent))
        return f"{', '.join(absent)} not found: apt-get install --no-install-recommends {packages}"
    return None


def free_port() -> int:
    """A port that was free a moment ago, for programs that must be told the number before they start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def docker_registry(directory: Path) -> Iterator[int]:
    """A real docker-registry; yields its port."""
    directory.mkdir()
    settings = directory / "config.yml"
    settings.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {directory / 'storage'}}}}}\n"
        "http: {addr: '127.0.0.1:0', secret: for-one-run}\n"
    )
    with Running(["docker-registry", "serve", settings]) as program:
        yield int(program.wait_for(r"listening on 127\.0\.0\.1:(\d+)")[1])


@dataclass(frozen=True, kw_only=True)
class Forgetful:
    """Runs skopeo or podman as on a machine where it never ran before.

    They remember under /var/lib/containers where they saw which blob, and then ask for a mount instead of uploading.
    Here they find `state` in the place of /var/lib, in a mount namespace of their own: two calls share a memory if
    they share a Forgetful.
    """

    state: Path
    env: Mapping[str, str]

    def words(self, *words: str | Path) -> list[str | Path]:
        """The command that does it."""
        self.state.mkdir(exist_ok=True)
        return ["unshare", "--mount", "sh", "-ec", 'mount --bind "$0" /var/lib; exec "$@"', self.state, *words]

    def __call__(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.words(*words), env=self.env, capture_output=True, text=True, timeout=120)


def fill(registry: int, image: Image, name: str) -> None:
    """Puts an image into the registry as `name` (`repository:tag`), byte for byte."""
    skopeo = Forgetful(state=image.directory.with_name("skopeo"), env=os.environ)
    done = skopeo(
        "skopeo", "copy", "--quiet", "--all", "--preserve-digests", "--dest-tls-verify=false",
        f"oci:{image.directory}:latest", f"docker://127.0.0.1:{registry}/{name}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Who certifies whom: the proxy towards the clients, and the stand-in towards the proxy."""

    confdir: Path
    """mitmproxy's, with its CA in it. It is what clients get as SSL_CERT_DIR too: Go reads every certificate there."""
    certificate: Path
    key: Path


def certify(directory: Path) -> Trust:
    """Keys that are thrown away with `directory`."""
    confdir = directory / "confdir"
    confdir.mkdir(parents=True)
    CertStore.create_store(confdir, "mitmproxy", 2048)
    trust = Trust(confdir=confdir, certificate=directory / "hub.crt", key=directory / "hub.key")
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=stand-in", "-addext", f"subjectAltName={names}",
         "-keyout", trust.key, "-out", trust.certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    shutil.copy(trust.certificate, confdir / "stand-in.pem")  # for a client that talks with it past the proxy's CA
    return trust


def behind(proxy_url: str, trust: Trust) -> dict[str, str]:
    """The environment of a Go program that is to go through the proxy, wherever these tests themselves are run."""
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return env | {"HTTPS_PROXY": proxy_url, "SSL_CERT_DIR": f"/etc/ssl/certs:{trust.confdir}"}


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A running mitmdump with the tracer in it."""

    program: Running
    url: str
    recording: Path
    flows: Path
    """What mitmproxy itself saves (-w), which is raw."""

    def finish(self) -> str:
        """Ends mitmdump, so that story and recording are complete; answers with all that it printed."""
        self.program.stop()
        return self.program.output


class HasPort(Protocol):
    """What stands in for all servers."""

    port: int


@contextmanager
def mitmdump(directory: Path, trust: Trust, standin: HasPort, port: int, *options: str | Path) -> Iterator[Proxy]:
    """mitmdump with the tracer, of which every server is the stand-in."""
    recording, flows = directory / "recording.jsonl", directory / "flows.mitm"
    traced: list[str | Path] = ["-s", TRACER, "--set", f"pullscope_out={recording}", "-w", flows]
    with bare_mitmdump(directory, trust, standin, port, *traced, *options) as program:
        yield Proxy(program=program, url=f"http://localhost:{port}", recording=recording, flows=flows)


def mitmdump_words(trust: Trust, standin: HasPort, port: int, *options: str | Path) -> list[str | Path]:
    """The command of a mitmdump with these options and no more, of which every server is the stand-in."""
    return [
        "env", f"STANDIN_PORT={standin.port}", "PYTHONUNBUFFERED=1",
        Path(sys.executable).with_name("mitmdump"), *options, "-s", SEND_TO_STANDIN,
        "--listen-host", "127.0.0.1", "--listen-port", str(port),
        "--set", f"confdir={trust.confdir}", "--set", f"ssl_verify_upstream_trusted_ca={trust.certificate}",
    ]  # fmt: skip


LISTENS = r"proxy (?:to \S+ )?listening at"
"""What mitmdump says when it is up."""


@contextmanager
def bare_mitmdump(
    directory: Path, trust: Trust, standin: HasPort, port: int, *options: str | Path
) -> Iterator[Running]:
    """It runs, and has a folder of its own."""
    directory.mkdir(exist_ok=True)
    with Running(mitmdump_words(trust, standin, port, *options)) as program:
        program.wait_for(LISTENS)
        yield program


@dataclass(frozen=True, kw_only=True)
class Ctr:
    """containerd's own client. It asks registries itself: the proxy is in its environment, not in the daemon's."""

    socket: Path
    env: Mapping[str, str]

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["ctr", "--address", str(self.socket), *words]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120)

    def remove_images(self) -> None:
        if images := self("images", "ls", "--quiet").stdout.split():
            self("images", "rm", *images)
        self.remove_leases("default")

    def remove_leases(self, namespace: str) -> None:
        """A pull that was given up leaves its lease for a day, and with it the manifests that it had read."""
        if leases := self("--namespace", namespace, "leases", "ls", "--quiet").stdout.split():
            self("--namespace", namespace, "leases", "rm", *leases)
        self.collect_garbage()

    def collect_garbage(self) -> None:
        """Waits until content that nothing refers to is gone; ending a lease is the one thing that can wait for it."""
        self("leases", "create", "--id", "sweep")
        self("leases", "rm", "--sync", "sweep")


@dataclass(frozen=True, kw_only=True)
class Docker:
    """The docker CLI, talking to a daemon of its own."""

    socket: Path
    content: Ctr
    """The containerd in which the daemon keeps manifests; it does not ask for one again that is still there."""
    daemon: Running
    settings: Path
    """Its daemon.json."""

    def reload(self, **settings: object) -> None:
        """Gives a running daemon other settings, as `systemctl reload docker` does."""
        self.settings.write_text(json.dumps(settings))
        before = self.daemon.output.count("Reloaded configuration")
        self.daemon.process.send_signal(signal.SIGHUP)
        self.daemon.wait_for("Reloaded configuration", after=before)

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["docker", "-H", f"unix://{self.socket}", *words]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)

    def start(self, *words: str) -> Running:
        return Running(["docker", "-H", f"unix://{self.socket}", *words])

    def remove_images(self) -> None:
        if images := self("image", "ls", "--all", "--quiet").stdout.split():
            self("image", "rm", "--force", *dict.fromkeys(images))
        self.content.remove_leases("moby")


@contextmanager
def containerd(proxy_url: str, trust: Trust) -> Iterator[Ctr]:
    """A containerd beside any other, and its client behind the proxy."""
    with _containerd("disabled_plugins = ['io.containerd.grpc.v1.cri']\n", os.environ) as (address, _):
        yield Ctr(socket=address, env=behind(proxy_url, trust))


@contextmanager
def node(proxy_url: str, trust: Trust, hosts_dir: Path) -> Iterator[tuple[Path, Running]]:
    """A containerd as on a Kubernetes node: behind the proxy itself, with CRI and a `config_path`. Its socket and itself."""
    registry = f"[plugins.'io.containerd.grpc.v1.cri'.registry]\nconfig_path = '{hosts_dir}'\n"
    # overlayfs is not to be had everywhere
    unpack = "[plugins.'io.containerd.grpc.v1.cri'.containerd]\nsnapshotter = 'native'\n"
    with _containerd(registry + unpack, behind(proxy_url, trust)) as running:
        yield running


@contextmanager
def _containerd(more: str, env: Mapping[str, str]) -> Iterator[tuple[Path, Running]]:
    with _short_directory() as directory:
        address, settings = directory / "containerd.sock", directory / "containerd.toml"
        settings.write_text(
            f"version = 2\nroot = '{directory / 'root'}'\nstate = '{directory / 'state'}'\n{more}[grpc]\naddress = '{address}'\n"
        )
        with Running(["containerd", "--config", settings], env=env) as program:
            program.wait_for("containerd successfully booted")
            yield address, program


@contextmanager
def dockerd(proxy_url: str, trust: Trust) -> Iterator[Docker]:
    """A docker daemon beside any other, behind the proxy, with a containerd of its own."""
    with containerd(proxy_url, trust) as content, _short_directory() as directory:
        address, settings = directory / "docker.sock", directory / "daemon.json"
        settings.write_text("{}")
        command: list[str | Path] = [
            "dockerd", "--config-file", settings, "--data-root", directory / "data", "--exec-root", directory / "exec",
            "--containerd", content.socket, "-H", f"unix://{address}", "-p", directory / "docker.pid",
            "--storage-driver", "vfs", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none",
        ]  # fmt: skip
        with Running(command, env=behind(proxy_url, trust)) as program:
            program.wait_for("API listen on")
            yield Docker(socket=address, content=content, daemon=program, settings=settings)


@contextmanager
def daemons(proxy_url: str, trust: Trust) -> Iterator[tuple[Docker, Ctr]]:
    """A docker daemon and a containerd that share nothing."""
    with dockerd(proxy_url, trust) as docker, containerd(proxy_url, trust) as ctr:
        yield docker, ctr


@contextmanager
def _short_directory() -> Iterator[Path]:
    """Not below pytest's own folder: daemons put sockets in theirs, whose paths must fit into 108 bytes."""
    directory = Path(tempfile.mkdtemp(prefix="pullscope-"))
    try:
        yield directory
    finally:
        remove_tree(directory)
