"""The projects that `vanity init` writes, and the folder that `vanity static` writes, with real servers and clients."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e import parts, vanity
from tests.e2e.images import Image
from tests.e2e.standin import REGISTRY, VANITY, Hub
from tests.e2e.vanity import REFERENCE, Lab
from tests.worlds.vanity.real_servers import rendered, traefik

from pullscope.worlds.vanity.config_tree import read_items
from pullscope.worlds.vanity.kinds.ingress import directives
from pullscope.worlds.vanity.platform import Design
from pullscope.worlds.vanity.starters import PROJECTS, Wanted, starter
from pullscope.worlds.vanity.static_registry import write_static

pytestmark = pytest.mark.real


@pytest.fixture
def lab(hub: Hub, trust: parts.Trust, port: int) -> Lab:
    return Lab(hub=hub, trust=trust, port=port)


def project(folder: Path, platform: str, design: Design = Design.REDIRECT) -> Path:
    """Writes the starter; the file with its rules."""
    wanted = Wanted(host=VANITY, namespace="timonback", upstream="docker.io", platform=platform, design=design)
    for name, text in starter(wanted).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / wanted.project.rules


@pytest.mark.parametrize("platform", ["netlify", "cloudflare", "vercel"])
def test_docker_pulls_through_the_starter(
    lab: Lab, docker: parts.Docker, tmp_path: Path, platform: str, zephykus: Image
) -> None:
    """A real docker pulls through the project, with the platform played from its rules; a stranger's image is refused."""
    rules = project(tmp_path / "project", platform)
    with lab.mitmdump(f"pullscope_vanity={VANITY}={rules}"):
        own = docker("pull", REFERENCE)
        strange = docker("pull", f"{VANITY}/library/nginx:1.27")

    assert own.returncode == 0, own.stderr
    assert zephykus.index in own.stdout
    assert strange.returncode != 0


@contextmanager
def deployed(lab: Lab, folder: Path, platform: str, design: Design) -> Iterator[int]:
    """The project under a real server; one that proxies asks the stand-in, under the registry's name. Yields its port."""
    rules, port = project(folder / "project", platform, design), parts.free_port()
    text = rules.read_text()
    if design is Design.PROXY:
        text = text.replace(f"https://{REGISTRY}", f"https://127.0.0.1:{lab.hub.port}")
    needed = {"apache": "apache2", "ingress": "nginx", **dict.fromkeys(("netlify", "cloudflare", "vercel"), "node")}
    program = needed.get(platform, platform)
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if platform == "nginx":
        kept = [line for line in text.splitlines() if "listen" not in line and "ssl_certificate" not in line]
        block = "\n".join(kept).replace("server_name", f"listen 127.0.0.1:{port};\n    server_name", 1)
        with vanity.nginx(folder / "nginx", block.replace(f"/var/www/{VANITY}", f"{folder}/project/site")):
            yield port
    elif platform == "caddy":
        site = text.replace(f"{VANITY} {{", f"http://:{port} {{").replace("site", f"{folder}/project/site")
        trusting = f"header_up Host {REGISTRY}\ntransport http {{\ntls_insecure_skip_verify\n}}"
        with vanity.caddy(folder / "project", site.replace(f"header_up Host {REGISTRY}", trusting)):
            yield port
    elif platform == "ingress":
        # As its controller's nginx has it.
        (server, *_), _ = directives(read_items(text, rules.name), rules.name)
        block = rendered(server.block or []).replace(f"https://{REGISTRY}", f"https://127.0.0.1:{lab.hub.port}")
        with vanity.nginx(folder / "nginx", f"server {{ listen 127.0.0.1:{port}; {block} }}"):
            yield port
    elif platform == "traefik":
        text = text.replace("      tls:\n        certResolver: letsencrypt\n", "      middlewares: [named]\n")
        text = text.replace("passHostHeader: false", "serversTransport: trusting").replace(f"Host(`{VANITY}`) && ", "")
        text += f"  middlewares: {{named: {{headers: {{customRequestHeaders: {{Host: {REGISTRY}}}}}}}}}\n"
        text += "  serversTransports: {trusting: {insecureSkipVerify: true}}\n"
        with traefik({"dynamic.yml": text}, folder, port, secure=False):
            yield port
    elif platform == "apache":
        with tempfile.TemporaryDirectory(prefix="pullscope-") as readable:
            Path(readable).chmod(0o755)  # www-data reads it
            shutil.copytree(folder / "project" / "site", f"{readable}/site")
            kept = [line for line in text.splitlines() if "SSLEngine" not in line and "SSLCertificate" not in line]
            host = "\n".join(kept).replace("*:443", f"*:{port}").replace(f"/var/www/{VANITY}", f"{readable}/site")
            named = f"ProxyPreserveHost On\nRequestHeader set Host {REGISTRY} early\nSSLProxyCheckPeerName off\n"
            with vanity.apache(folder / "apache", port, host.replace("SSLProxyEngine", f"{named}SSLProxyEngine")):
                yield port
    else:
        code = folder / "project" / PROJECTS[design, platform].program
        with vanity.function(folder / "function", code, port, lab.hub):
            yield port


def pull_with_three(lab: Lab, docker: parts.Docker, folder: Path) -> list[subprocess.CompletedProcess[str]]:
    """docker, skopeo and podman, each without anything from before."""
    client = lab.client(folder / "state")
    pulled = docker("pull", REFERENCE)
    copied = client("skopeo", "copy", "--all", f"docker://{REFERENCE}", f"dir:{folder / 'copied'}")
    # podman refuses a runroot of more than 50 characters.
    with tempfile.TemporaryDirectory(prefix="podman-") as short:
        storage = ["--root", f"{short}/root", "--runroot", f"{short}/run", "--storage-driver", "vfs"]
        podman = client("podman", *storage, "pull", REFERENCE)
    return [pulled, copied, podman]


@pytest.mark.parametrize("platform", [platform for design, platform in PROJECTS if design is Design.PROXY])
def test_everybody_pulls_through_a_proxy_project(
    lab: Lab, docker: parts.Docker, tmp_path: Path, platform: str, zephykus: Image
) -> None:
    """What `init --design proxy` writes: docker, skopeo and podman pull with tokens; no layer goes through; a stranger's
    image is refused by the project itself.
    """
    with deployed(lab, tmp_path, platform, Design.PROXY) as port, lab.mitmdump(*vanity.in_front(port)):
        done = pull_with_three(lab, docker, tmp_path)
        before = len(lab.hub.seen)
        strange = docker("pull", f"{VANITY}/library/nginx:1.27")

    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    assert zephykus.index in done[0].stdout
    assert strange.returncode != 0
    assert not [one for one in lab.hub.seen[before:] if "library" in one.path]
    blobs = [one for one in lab.hub.seen if "/blobs/" in one.path and one.host == REGISTRY]
    assert blobs
    assert {one.status for one in blobs} <= {307, 401}


@pytest.mark.parametrize("platform", ["nginx", "caddy", "apache"])
def test_docker_pulls_through_a_real_servers_redirects(
    lab: Lab, docker: parts.Docker, tmp_path: Path, platform: str
) -> None:
    """What `init` writes unless told otherwise, over http since the proxy speaks TLS to docker."""
    with deployed(lab, tmp_path, platform, Design.REDIRECT) as port, lab.mitmdump(*vanity.in_front(port)):
        own = docker("pull", REFERENCE)
        strange = docker("pull", f"{VANITY}/library/nginx:1.27")

    assert own.returncode == 0, own.stderr
    assert strange.returncode != 0
    assert platform != "nginx" or "not served here" in strange.stderr


@pytest.mark.parametrize("platform", ["nginx", "caddy", "apache"])
def test_static_project_is_a_registry(
    lab: Lab, docker: parts.Docker, tmp_path: Path, platform: str, zephykus: Image
) -> None:
    """What `init --design static` writes, with an image in it: docker, skopeo and podman pull from plain files."""
    write_static(zephykus.directory, tmp_path / "project" / "site", "timonback/zephykus", "latest")
    with deployed(lab, tmp_path, platform, Design.STATIC) as port, lab.mitmdump(*vanity.in_front(port)):
        done = pull_with_three(lab, docker, tmp_path)

    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    assert zephykus.index in done[0].stdout


def test_static_fetches_a_reference(lab: Lab, tmp_path: Path, zephykus: Image) -> None:
    """`static REF` brings every platform of the image, with skopeo, byte for byte."""
    script = parts.ROOT / "scripts" / "vanity_domain.py"
    client = lab.client(tmp_path / "state")
    with lab.mitmdump():
        done = client(sys.executable, script, "static", "timonback/zephykus", "--out", tmp_path / "site")

    assert done.returncode == 0, done.stderr
    manifests = {path.name for path in (tmp_path / "site" / "v2" / "timonback" / "zephykus" / "manifests").iterdir()}
    assert {"latest", zephykus.index, *(built.manifest for built in zephykus.platforms.values())} <= manifests
