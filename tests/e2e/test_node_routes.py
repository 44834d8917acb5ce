"""What `doctor` foretells is what the real clients ask: their first requests to listeners that have nothing, in order."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cri import pull_image
from tests.e2e.listener import Listeners, listening
from tests.e2e.processes import Running, remove_tree
from tests.host.routes.test_containerd import FAULTS as CONTAINERD_FAULTS
from tests.host.routes.test_containerd import V2, V3
from tests.host.routes.test_podman import FAULTS

from pullscope.host import command
from pullscope.host.routes import containerd, docker, podman
from pullscope.host.routes.route import Node, Route
from pullscope.host.tree import Tree
from pullscope.oci.reference import Reference

pytestmark = pytest.mark.real

DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def registries() -> Iterator[Listeners]:
    with listening(3) as made:
        yield made


@pytest.fixture
def root() -> Iterator[Path]:
    """A short directory that stands for / of the doctor; the client is given its paths."""
    directory = Path(tempfile.mkdtemp(prefix="pullscope-"))
    yield directory
    remove_tree(directory)


def hosts_toml(ports: list[int], *, top: str = "") -> str:
    """A mirror, one that may not resolve, a server with a path of its own."""
    one, two, three = (f"http://127.0.0.1:{port}" for port in ports)
    return (
        f'{top}server = "{three}/hub"\n[host."{one}"]\n  capabilities = ["pull", "resolve"]\n'
        f'[host."{two}/v2/proxy"]\n  capabilities = ["pull"]\n  override_path = true\n'
    )


def plant(root: Path, ports: list[int], *, registry: str, wrong: str = "") -> Path:
    folder = root / "certs.d" / registry
    folder.mkdir(parents=True)
    (folder / "hosts.toml").write_text(hosts_toml(ports, top=wrong))
    settings = root / "etc/containerd/config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f"version = 2\nroot = '{root / 'lib'}'\nstate = '{root / 'run'}'\n[grpc]\naddress = '{root / 'c.sock'}'\n"
        '[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/certs.d"\n'
    )
    return settings


def foretold(root: Path, reference: str) -> list[str]:
    """The endpoints that are asked for the manifest of this reference, as a listener would see them."""
    found: Route = containerd.route(Node(tree=Tree(root)), Reference.parse(reference))
    asked = [item for item in found.endpoints if "tag" in item.asks or "@" in reference]
    return [f"{item.url} {item.namespace or ''}".rstrip() for item in asked]


def fetch(root: Path, reference: str) -> None:
    """`ctr content fetch`, with a containerd of its own."""
    settings = root / "plain.toml"
    settings.write_text(
        f"version = 2\nroot = '{root / 'lib'}'\nstate = '{root / 'run'}'\n"
        f"disabled_plugins = ['io.containerd.grpc.v1.cri']\n[grpc]\naddress = '{root / 'c.sock'}'\n"
    )
    with Running(["containerd", "--config", settings]) as program:
        program.wait_for("containerd successfully booted")
        subprocess.run(
            ["ctr", "--address", root / "c.sock", "content", "fetch", "--hosts-dir", root / "certs.d", reference],
            check=False,
            capture_output=True,
            timeout=60,
        )


@pytest.mark.parametrize("registry", ["docker.io", "r.invalid_5000_", "_default"])
@pytest.mark.parametrize("by", ["tag", "digest"])
def test_ctr_asks_in_the_foretold_order(root: Path, registries: Listeners, registry: str, by: str) -> None:
    """containerd's resolver with --hosts-dir: which directory counts, the order, the paths, ns, and who resolves tags."""
    plant(root, registries.ports, registry=registry)
    host = "r.invalid:5000" if registry != "docker.io" else "docker.io"
    reference = f"{host}/org/app" + (":1" if by == "tag" else f"@{DIGEST}")
    fetch(root, reference)
    assert registries.manifests() == foretold(root, reference)
    assert len(registries.manifests()) == (2 if by == "tag" else 3)


WRONG = {
    "unknown capability": 'capabilities = ["resolv"]\n',
    "no TOML": "server = oops\n",
}


@pytest.mark.parametrize("wrong", ["unknown capability", "no TOML"])
def test_refused_file_is_as_if_it_were_not_there(root: Path, registries: Listeners, wrong: str) -> None:
    """With a fault that doctor calls fatal for the file, the real client asks the registry itself and nothing else."""
    registry = f"127.0.0.1:{registries.ports[2]}"
    plant(root, registries.ports, registry=registry, wrong=WRONG[wrong])
    fetch(root, f"{registry}/org/app:1")
    assert registries.manifests() == foretold(root, f"{registry}/org/app:1") == [f"http://{registry}/v2/org/app"]


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_cri_asks_in_the_foretold_order(root: Path, registries: Listeners, by: str) -> None:
    """The same through CRI and config_path, as the kubelet pulls."""
    settings = plant(root, registries.ports, registry="docker.io")
    settings.write_text(settings.read_text().replace('"/certs.d"', f'"{root}/certs.d"'))
    reference = "docker.io/org/app" + (":1" if by == "tag" else f"@{DIGEST}")
    with Running(["containerd", "--config", settings]) as program:
        program.wait_for("containerd successfully booted")
        status, message = pull_image(root / "c.sock", reference)
    assert status != 0, message
    settings.write_text(settings.read_text().replace(f'"{root}/certs.d"', '"/certs.d"'))
    assert registries.manifests() == foretold(root, reference)
    assert len(registries.manifests()) == (2 if by == "tag" else 3)


def podman_pull(root: Path, reference: str) -> subprocess.CompletedProcess[str]:
    """`podman pull` with the root's /etc/containers in the place of this machine's."""
    (root / "etc/containers").mkdir(parents=True, exist_ok=True)
    shutil.copy("/etc/containers/policy.json", root / "etc/containers/policy.json")
    mount = 'mount --bind "$0/etc/containers" /etc/containers; exec "$@"'
    command = ["podman", "--root", str(root / "lib"), "--runroot", str(root / "run"), "--storage-driver", "vfs"]
    return subprocess.run(
        ["unshare", "--mount", "sh", "-ec", mount, str(root), *command, "pull", "--quiet", reference],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "reference", ["r.invalid/org/app:1", f"r.invalid/org/app@{DIGEST}", "app:1", "other:1", "sub.w.invalid/app:1"]
)
def test_podman_asks_in_the_foretold_order(root: Path, registries: Listeners, reference: str) -> None:
    """Prefix, rewritten paths, a mirror for digests only, a drop-in that replaces, an alias, search registries, a wildcard."""
    one, two, three = (f"127.0.0.1:{port}" for port in registries.ports)
    conf = root / "etc/containers/registries.conf"
    (conf.parent / "registries.conf.d").mkdir(parents=True)
    every = (f'[[registry]]\nlocation = "{place}"\ninsecure = true\n' for place in (one, two, three))
    conf.write_text(
        f'unqualified-search-registries = ["{two}", "{one}"]\n'
        f'[[registry]]\nprefix = "r.invalid"\nlocation = "{two}"\ninsecure = true\n'
        f'[[registry]]\nprefix = "*.w.invalid"\nlocation = "{three}"\ninsecure = true\n' + "".join(every)
    )
    (conf.parent / "registries.conf.d/50.conf").write_text(
        f'[[registry]]\nprefix = "r.invalid/org"\nlocation = "{three}/base"\ninsecure = true\n'
        f'[[registry.mirror]]\nlocation = "{one}/cache"\ninsecure = true\n'
        f'[[registry.mirror]]\nlocation = "{two}"\ninsecure = true\npull-from-mirror = "digest-only"\n'
        '[aliases]\n"app" = "r.invalid/org/app"\n'
    )
    done = podman_pull(root, reference)
    found = podman.route(Node(tree=Tree(root)), reference)
    assert done.returncode != 0
    assert registries.manifests() == [item.url.replace("https://", "http://") for item in found.endpoints], done.stderr


@pytest.mark.parametrize("fault", [name for name, (code, _) in FAULTS.items() if code == "registries-conf-refused"])
def test_podman_refuses_what_doctor_says_it_refuses(root: Path, fault: str) -> None:
    """The real podman fails for its configuration, before it asks a registry; with the cure it gets to ask."""
    for path, text in FAULTS[fault][1].items():
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / path[1:]).write_text(text)
    asking = ("pinging", "dial tcp", "no such host", "connection refused", "initializing source")
    done = podman_pull(root, "docker.io/library/nginx:1")
    assert done.returncode != 0
    assert not any(word in done.stderr for word in ("dial tcp", "no such host", "connection refused")), done.stderr
    fix = podman.route(Node(tree=Tree(root), sudo=""), "docker.io/library/nginx:1").problems[0].fix
    assert fix is not None
    subprocess.run(["sh", "-ec", fix], check=True)
    done = podman_pull(root, "docker.io/library/nginx:1")
    assert any(word in done.stderr for word in asking), done.stderr


@pytest.mark.parametrize("reference", ["org/app:1", f"org/app@{DIGEST}"])
def test_dockerd_asks_in_the_foretold_order(root: Path, registries: Listeners, reference: str) -> None:
    """Mirrors of daemon.json in their order; what has no listener here is the registry itself."""
    settings = root / "etc/docker/daemon.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"registry-mirrors": [f"http://127.0.0.1:{port}" for port in registries.ports]}))
    daemon: list[str | Path] = [
        "dockerd", "--config-file", settings, "--data-root", root / "data", "--exec-root", root / "exec",
        "-H", f"unix://{root / 'd.sock'}", "-p", root / "d.pid", "--storage-driver", "vfs",
        "--iptables=false", "--ip6tables=false", "--bridge=none",
    ]  # fmt: skip
    with Running(daemon) as program:
        program.wait_for("API listen on")
        pull = ["docker", "-H", f"unix://{root / 'd.sock'}", "pull", reference]
        subprocess.run(pull, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    found = docker.route(Node(tree=Tree(root)), Reference.parse(reference))
    *mirrors, own = [item.url for item in found.endpoints]
    assert registries.manifests() == mirrors
    assert own == "https://registry-1.docker.io/v2/org/app"


CURED = (
    "no config.toml", "empty config.toml", "config_path empty", "no version", "mirrors beside config_path",
    "unknown capability", "no resolve", "hosts for host", "empty directory hides _default",
    "CA alone hides _default", "directory of the API host", "hosts.toml beside the directories",
)  # fmt: skip
"""The planted faults that keep a mirror from being asked for a tag."""


def cri_pull(root: Path) -> None:
    """containerd with the root's /etc/containerd in the place of this machine's, and one pull through CRI."""
    mount = 'mount --bind "$0/etc/containerd" /etc/containerd; exec "$@"'
    daemon: list[str | Path] = [
        "containerd",
        "--root",
        root / "lib",
        "--state",
        root / "run",
        "--address",
        root / "c.sock",
    ]
    with Running(["unshare", "--mount", "sh", "-ec", mount, root, *daemon]) as program:
        program.wait_for("containerd successfully booted")
        pull_image(root / "c.sock", "docker.io/org/app:1")


@pytest.mark.parametrize("fault", CURED)
def test_each_cure_makes_the_real_containerd_ask_the_mirror(root: Path, registries: Listeners, fault: str) -> None:
    """With the planted fault CRI asks the mirror nothing; after the printed fix it asks the mirror first."""
    for path, text in CONTAINERD_FAULTS[fault][1].items():
        place = root / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        # The certificates of no registry, and a file of a version that every containerd reads.
        whole = text.replace(V3, V2).replace("127.0.0.1:8600", f"127.0.0.1:{registries.ports[0]}")
        place.write_text(whole)
    if fault.startswith("empty directory"):
        (root / "etc/containerd/certs.d/docker.io/x").unlink()
    cri_pull(root)
    assert registries.manifests() == []
    found = containerd.route(Node(tree=Tree(root), run=command.run, sudo=""), Reference.parse("docker.io/org/app:1"))
    [problem] = found.problems
    assert problem.fix is not None
    subprocess.run(["sh", "-ec", problem.fix], check=True)
    cri_pull(root)
    assert registries.manifests() == [f"http://127.0.0.1:{registries.ports[0]}/v2/org/app docker.io"]
