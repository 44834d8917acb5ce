"""What the tests of vanity domains start: mitmdump with the addon, and real web servers behind it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import parts
from tests.e2e.processes import Running
from tests.e2e.standin import HOSTS, VANITY, Hub

ADDON = parts.ROOT / "addons" / "vanity_registry.py"
ARTICLE = parts.ROOT / "tests" / "data" / "vanity" / "netlify.toml"
REFERENCE = f"{VANITY}/timonback/zephykus:latest"
SEND_KNOWN = Path(__file__).with_name("send_known_to_standin.py")


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One proxy port, one stand-in, and what it takes to start mitmdump between them."""

    hub: Hub
    trust: parts.Trust
    port: int

    @contextmanager
    def mitmdump(
        self, *options: str, scripts: tuple[Path, ...] = (ADDON,), front: int | None = None
    ) -> Iterator[Running]:
        """mitmdump with these options; the stand-in is its hosts, and the vanity host a TLS server at `front`."""
        command: list[str | Path] = [
            Path(sys.executable).with_name("mitmdump"),
            *(word for script in (*scripts, SEND_KNOWN) for word in ("-s", script)),
            "--listen-host", "127.0.0.1", "--listen-port", str(self.port),
            "--set", f"confdir={self.trust.confdir}",
            "--set", f"ssl_verify_upstream_trusted_ca={self.trust.certificate}",
            *(word for option in options for word in ("--set", option)),
        ]  # fmt: skip
        env = {
            **os.environ,
            "STANDIN_PORT": str(self.hub.port),
            "STANDIN_HOSTS": " ".join(HOSTS),
            "STANDIN_FRONT": f"{VANITY}={front}" if front is not None else "",
            "PYTHONUNBUFFERED": "1",
        }
        with Running(command, env=env) as program:
            program.wait_for("proxy listening at")
            yield program

    def client(self, state: Path) -> parts.Forgetful:
        """Runs skopeo or podman behind the proxy."""
        return parts.Forgetful(state=state, env=parts.behind(f"http://localhost:{self.port}", self.trust))


def in_front(server: int) -> tuple[str, str]:
    """Options by which the vanity host is a web server on this port."""
    return f"pullscope_rewrite={VANITY}=front.example.net", f"pullscope_vanity_upstream=http://127.0.0.1:{server}"


@contextmanager
def nginx(folder: Path, text: str) -> Iterator[None]:
    """A real nginx in a folder of its own, with a whole configuration or what stands in its http block."""
    folder.mkdir(exist_ok=True)
    settings = folder / "nginx.conf"
    own = (
        f"http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
    )
    whole = re.sub(r"^http \{", lambda _: own, text, flags=re.MULTILINE)
    if whole == text:
        whole = f"events {{}}\n{own}{text}\n}}\n"
    settings.write_text(f"daemon off; master_process off; pid {folder}/pid; error_log stderr notice;\n{whole}")
    with Running(["nginx", "-p", folder, "-c", settings]) as program:
        program.wait_for("start worker|using the|built by")
        yield


@contextmanager
def caddy(folder: Path, caddyfile: str) -> Iterator[None]:
    """A real Caddy, without its administration and without asking for certificates."""
    folder.mkdir(exist_ok=True)
    settings = folder / "Caddyfile.test"
    settings.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + caddyfile)
    home = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with Running(["caddy", "run", "--config", settings, "--adapter", "caddyfile"], env=home) as program:
        program.wait_for("serving initial configuration")
        yield


MODULES = ("mpm_event", "authz_core", "alias", "dir", "mime", "headers", "proxy", "proxy_http", "ssl")


@contextmanager
def apache(folder: Path, port: int, virtual_host: str) -> Iterator[None]:
    """A real Apache with one virtual host; its children run as www-data, as Debian's do."""
    folder.mkdir()
    settings = folder / "apache2.conf"
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in MODULES)
    settings.write_text(
        f"{modules}Listen 127.0.0.1:{port}\nServerName localhost\nUser www-data\nGroup www-data\nPidFile {folder}/pid\n"
        f"DefaultRuntimeDir {folder}\nErrorLog /dev/stderr\nTypesConfig /etc/mime.types\n"
        f"<Directory />\nRequire all granted\n</Directory>\n{virtual_host}\n"
    )
    with Running(["apache2", "-f", settings, "-DFOREGROUND"]) as program:
        program.wait_for("resuming normal operations")
        yield


@contextmanager
def function(folder: Path, program: Path, port: int, hub: Hub) -> Iterator[None]:
    """A platform's function under Node, whose registry is the stand-in."""
    folder.mkdir()
    module = folder / "function.mjs"
    module.write_text(program.read_text())
    with Running(["node", Path(__file__).with_name("run_function.mjs"), module, str(port), str(hub.port)]) as running:
        running.wait_for("listening")
        yield
