"""Rule files from the field on a real nginx, Caddy and Traefik, and real clients: each ends as `vanity try` says of the file.

Only addresses, certificates and passwords are changed: the registry behind is the stand-in for Docker Hub, or the plain registry
with the same image in it.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e import parts, vanity
from tests.e2e.images import Image
from tests.e2e.standin import AUTH, CDN, REGISTRY, VANITY, Hub
from tests.e2e.vanity import REFERENCE, Lab
from tests.worlds.vanity.real_servers import traefik
from typer.testing import CliRunner

from pullscope.cli.vanity import app

pytestmark = pytest.mark.real

RULES = parts.ROOT / "tests" / "data" / "rules"
USER, PASSWORD = "sample", "sample-password"
MARKED = f"{VANITY}/docker/timonback/zephykus:latest"


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a file is given in the place of the internet."""

    folder: Path
    port: int
    hub: Hub
    registry: int
    trust: parts.Trust

    @property
    def behind(self) -> str:
        return f"https://127.0.0.1:{self.hub.port}"

    def serving(self, text: str, listen: str) -> str:
        """nginx with the stand-in's certificate at the test's port."""
        text = re.sub(r"^\s*ssl_certificate.*$", "", text, flags=re.MULTILINE)
        own = f"ssl_certificate {self.trust.certificate}; ssl_certificate_key {self.trust.key};"
        assert text.count(listen) == 1
        return text.replace(listen, f"listen 127.0.0.1:{self.port} ssl; {own}")


def recipe(text: str, place: Place) -> str:
    passwords = place.folder / "nginx.htpasswd"
    passwords.write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    text = place.serving(text, "listen 443 ssl;").replace("listen 80;", f"listen 127.0.0.1:{parts.free_port()};")
    text = text.replace("/etc/nginx/conf.d/nginx.htpasswd", str(passwords))
    return text.replace("registry:5000", f"127.0.0.1:{place.registry}")


def hub_realm(text: str, place: Place) -> str:
    text = place.serving(text, "listen 443 ssl http2;").replace(
        f"proxy_pass https://{REGISTRY}", f"proxy_pass {place.behind}"
    )
    text = text.replace(f"proxy_pass https://{AUTH}", f"proxy_pass {place.behind}")
    # lint warns of this Host: what a CDN makes of the name of another is not known. Here it has the one that lint advises.
    text = text.replace("proxy_set_header Host $host;", f"proxy_set_header Host {CDN};")
    text = text.replace("proxy_pass $saved_redirect_location;", f"proxy_pass {place.behind}$path_there;")
    return f"map $saved_redirect_location $path_there {{ ~^https://[^/]+(?<there>/.*)$ $there; }}\n{text}"


def ecr_fallback(text: str, place: Place) -> str:
    text = place.serving(text, "listen 80;").replace("https://public.ecr.aws", f"http://127.0.0.1:{place.registry}")
    return text.replace(f"https://{REGISTRY}", place.behind)


def one_host(text: str, place: Place) -> str:
    """The placeholder for the upstream's name is what it would be."""
    for name in (REGISTRY, AUTH, CDN):
        there = (
            f"reverse_proxy {place.behind} {{\n\t\t\ttransport http {{\n\t\t\t\ttls_insecure_skip_verify\n\t\t\t}}\n"
        )
        text, count = re.subn(
            rf"reverse_proxy https://{name} \{{\n(\s*header_up Host )\{{http.reverse_proxy.upstream.hostport\}}",
            lambda found, name=name, there=there: f"{there}{found[1]}{name}",  # type: ignore[misc]
            text,
        )
        assert count == 1
    return caddy_site(text, f"{VANITY} {{", place)


def marker(text: str, place: Place) -> str:
    name = "{$PROXY_DOCKER_UPSTREAM:registry-1.docker.io}"
    there = f"reverse_proxy {place.behind} {{\ntransport http {{\ntls_insecure_skip_verify\n}}\n"
    assert f"reverse_proxy https://{name} {{\n" in text
    return caddy_site(text.replace(f"reverse_proxy https://{name} {{\n", there), "{$PROXY_DOMAIN} {", place)


def caddy_site(text: str, opening: str, place: Place) -> str:
    assert text.startswith(opening)
    own = f"https://{VANITY}:{place.port} {{\n\ttls {place.trust.certificate} {place.trust.key}\n\tbind 127.0.0.1\n"
    return own + text.removeprefix(opening)


def traefik_route(text: str, place: Place) -> str:
    """The stand-in's certificate, and the plain registry in the place of a service's."""
    text = text.replace("http://zot:5000", f"http://127.0.0.1:{place.registry}").replace("docker.example.com", VANITY)
    pair = f'certFile = "{place.trust.certificate}"\nkeyFile = "{place.trust.key}"\n'
    if "[http" in text:
        return f"{text}\n[[tls.certificates]]\n{pair}"
    return f"{text}\ntls: {{certificates: [{{certFile: {place.trust.certificate}, keyFile: {place.trust.key}}}]}}\n"


CASES: list[tuple[str, str, Callable[[str, Place], str]]] = [
    ("nginx-registry-recipe/nginx.conf", REFERENCE, recipe),
    ("nginx-hub-realm/docker-proxy.conf", REFERENCE, hub_realm),
    ("nginx-ecr-fallback/nginx.conf", REFERENCE, ecr_fallback),
    ("caddy-hub-one-host/Caddyfile", REFERENCE, one_host),
    ("caddy-marker/Caddyfile", REFERENCE, marker),
    ("caddy-marker/Caddyfile", MARKED, marker),
    ("traefik-zot/dynamic.toml", REFERENCE, traefik_route),
    ("traefik-redirect/dynamic.yml", REFERENCE, traefik_route),
]


@contextmanager
def served(file: str, text: str, folder: Path, port: int) -> Iterator[None]:
    """A real server with this configuration."""
    if file.startswith("traefik"):
        if shutil.which("traefik") is None:
            pytest.skip("Traefik is not installed")
        with traefik({Path(file).name: text}, folder, port):
            yield
        return
    start, program = (vanity.caddy, "caddy") if file.endswith("Caddyfile") else (vanity.nginx, "nginx")
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    with start(folder, text):
        yield


def tried(file: str, reference: str) -> dict[str, str]:
    """What `vanity try` says of docker, skopeo and podman."""
    result = CliRunner().invoke(app, ["try", str(RULES / file), "--ref", reference, "--json"])
    told = {one["id"]: one["verdict"] for one in json.loads(result.stdout)["clients"]}
    version = subprocess.run(["dockerd", "--version"], capture_output=True, text=True, check=True).stdout
    major = int(re.findall(r"version (\d+)", version)[0])
    return {
        "docker": told["docker-containerd" if major >= 29 else "docker-classic"],
        "skopeo": told["skopeo"],
        "podman": told["podman"],
    }


def pulled(lab: Lab, docker: parts.Docker, folder: Path, reference: str) -> dict[str, tuple[str, str]]:
    """How each client ended, logged in at the vanity host, and what it said."""
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    logins = folder / "login"
    logins.mkdir()
    (logins / "config.json").write_text(json.dumps({"auths": {VANITY: {"auth": auth}}}))
    client = lab.client(folder / "state")
    authfile = ("--authfile", str(logins / "config.json"))
    done = {"docker": docker("--config", str(logins), "pull", reference)}
    done["skopeo"] = client("skopeo", "copy", *authfile, "--all", f"docker://{reference}", f"dir:{folder / 'copied'}")
    # podman refuses a runroot of more than 50 characters.
    with tempfile.TemporaryDirectory(prefix="podman-") as short:
        storage = ["--root", f"{short}/root", "--runroot", f"{short}/run", "--storage-driver", "vfs"]
        done["podman"] = client("podman", *storage, "pull", *authfile, reference)
    return {name: ("works" if one.returncode == 0 else "fails", one.stderr) for name, one in done.items()}


@pytest.mark.parametrize(
    ("file", "reference", "placed"), [pytest.param(*case, id=f"{case[0]}:{case[1]}") for case in CASES]
)
def test_clients_end_as_try_says(
    lab: Lab,
    docker: parts.Docker,
    registry: int,
    tmp_path: Path,
    zephykus: Image,
    file: str,
    reference: str,
    placed: Callable[[str, Place], str],
) -> None:
    """docker, skopeo and podman pull through the file exactly where `vanity try` says that they do."""
    parts.fill(registry, zephykus, "docker/timonback/zephykus:latest")
    folder = tmp_path / "server"
    folder.mkdir()
    place = Place(folder=folder, port=parts.free_port(), hub=lab.hub, registry=registry, trust=lab.trust)
    text = placed((RULES / file).read_text(), place)
    with served(file, text, folder, place.port), lab.mitmdump(scripts=(), front=place.port):
        done = pulled(lab, docker, tmp_path, reference)

    assert {name: ended for name, (ended, _) in done.items()} == tried(file, reference), done


@pytest.fixture
def lab(hub: Hub, trust: parts.Trust, port: int) -> Lab:
    return Lab(hub=hub, trust=trust, port=port)
