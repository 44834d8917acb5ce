"""What `doctor` foretells is what the real clients ask: their first requests to listeners that have nothing, in order."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cri import pull_image
from tests.e2e.listener import Listeners, listening
from tests.e2e.processes import Running, remove_tree

from pullscope.host.routes import containerd
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
