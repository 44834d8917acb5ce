"""The projects that `vanity init` writes, and the folder that `vanity static` writes, with real servers and clients."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from tests.e2e import parts, vanity
from tests.e2e.images import Image
from tests.e2e.standin import VANITY, Hub
from tests.e2e.vanity import REFERENCE, Lab

from pullscope.worlds.vanity.starters import STARTERS, Wanted, starter
from pullscope.worlds.vanity.static_registry import write_static

pytestmark = pytest.mark.real


@pytest.fixture
def lab(hub: Hub, trust: parts.Trust, port: int) -> Lab:
    return Lab(hub=hub, trust=trust, port=port)


def project(folder: Path, platform: str) -> Path:
    """Writes the starter; the file with its rules."""
    wanted = Wanted(host=VANITY, namespace="timonback", upstream="docker.io", platform=platform)
    for name, text in starter(wanted).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / STARTERS[platform]


@pytest.mark.parametrize("platform", ["netlify", "cloudflare", "vercel"])
def test_docker_pulls_through_the_starter(
    lab: Lab, docker: parts.Docker, tmp_path: Path, platform: str, zephykus: Image
) -> None:
    """A real docker pulls through the project, with the platform played from its rules; a stranger's image is refused."""
    rules = project(tmp_path / "project", platform)
    # Cloudflare's _redirects is told from Netlify's by what lies beside it.
    (tmp_path / "project" / "wrangler.toml").write_text("") if platform == "cloudflare" else None
    with lab.mitmdump(f"pullscope_vanity={VANITY}={rules}"):
        own = docker("pull", REFERENCE)
        strange = docker("pull", f"{VANITY}/library/nginx:1.27")

    assert own.returncode == 0, own.stderr
    assert zephykus.index in own.stdout
    assert strange.returncode != 0


def test_docker_pulls_through_real_nginx(lab: Lab, docker: parts.Docker, tmp_path: Path) -> None:
    """Debian's nginx with the starter's configuration, over http since the proxy speaks TLS to docker."""
    text = project(tmp_path / "project", "nginx").read_text()
    port = parts.free_port()
    kept = [line for line in text.splitlines() if "ssl" not in line]
    block = "\n".join(kept).replace("server_name", f"listen 127.0.0.1:{port};\n    server_name", 1)
    with vanity.nginx(tmp_path / "nginx", block), lab.mitmdump(*vanity.in_front(port)):
        own = docker("pull", REFERENCE)
        strange = docker("pull", f"{VANITY}/library/nginx:1.27")

    assert own.returncode == 0, own.stderr
    assert "not served here" in strange.stderr


@pytest.mark.skipif(shutil.which("caddy") is None, reason="apt-get install --no-install-recommends caddy")
def test_docker_pulls_through_real_caddy(lab: Lab, docker: parts.Docker, tmp_path: Path) -> None:
    """Debian's Caddy with the starter's configuration."""
    text = project(tmp_path / "project", "caddy").read_text()
    port = parts.free_port()
    site = text.replace(f"{VANITY} {{", f"http://:{port} {{").replace("root * site", f"root * {tmp_path}/project/site")
    with vanity.caddy(tmp_path / "project", site), lab.mitmdump(*vanity.in_front(port)):
        own = docker("pull", REFERENCE)
        strange = docker("pull", f"{VANITY}/library/nginx:1.27")

    assert own.returncode == 0, own.stderr
    assert strange.returncode != 0


def test_static_folder_is_a_registry(lab: Lab, docker: parts.Docker, tmp_path: Path, zephykus: Image) -> None:
    """docker, skopeo and podman pull from plain files that a real nginx serves."""
    out = tmp_path / "static"
    write_static(zephykus.directory, out, "timonback/zephykus", "latest")
    port = parts.free_port()
    block = f"server {{ listen 127.0.0.1:{port}; root {out}; include {out}/nginx.conf; }}"
    client = lab.client(tmp_path / "state")
    with vanity.nginx(tmp_path / "nginx", block), lab.mitmdump(*vanity.in_front(port)):
        pulled = docker("pull", REFERENCE)
        copied = client("skopeo", "copy", "--all", f"docker://{REFERENCE}", f"dir:{tmp_path / 'copied'}")
        # podman refuses a runroot of more than 50 characters.
        with tempfile.TemporaryDirectory(prefix="podman-") as short:
            storage = ["--root", f"{short}/root", "--runroot", f"{short}/run", "--storage-driver", "vfs"]
            podman = client("podman", *storage, "pull", REFERENCE)

    assert pulled.returncode == 0, pulled.stderr
    assert zephykus.index in pulled.stdout
    assert copied.returncode == 0, copied.stderr
    assert podman.returncode == 0, podman.stderr


def test_static_fetches_a_reference(lab: Lab, tmp_path: Path, zephykus: Image) -> None:
    """`static REF` brings every platform of the image, with skopeo, byte for byte."""
    script = parts.ROOT / "scripts" / "vanity_domain.py"
    client = lab.client(tmp_path / "state")
    with lab.mitmdump():
        done = client(sys.executable, script, "static", "timonback/zephykus", "--out", tmp_path / "site")

    assert done.returncode == 0, done.stderr
    manifests = {path.name for path in (tmp_path / "site" / "v2" / "timonback" / "zephykus" / "manifests").iterdir()}
    assert {"latest", zephykus.index, *(built.manifest for built in zephykus.platforms.values())} <= manifests
