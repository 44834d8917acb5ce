"""An error of ours breaks no pull: every method of `mitm` that runs while traffic passes is made to raise, one at a time.

Found by introspection, so that a new one is tried too: a first run notes which functions and methods are called, and then each
of these raises while real requests go through a real mitmproxy. The client gets what it gets without us, at once.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import http.client
import importlib
import inspect
import json
import logging
import pkgutil
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import pytest
from mitmproxy import ctx
from tests.share import share

import pullscope.mitm
from pullscope.mitm.proxy_thread import ProxyThread
from pullscope.mitm.watch import Watch
from pullscope.render.labels import label
from pullscope.render.views import make_view

MODULES: Sequence[ModuleType] = [
    importlib.import_module(f"pullscope.mitm.{module.name}")
    for module in pkgutil.iter_modules(pullscope.mitm.__path__)
    if module.name not in ("proxy_thread", "otlp_sender")  # what the test itself runs in; what needs an extra
]
WRAPPERS = {"pullscope.mitm.watch.never_raising", "pullscope.mitm.safety._stream"}
"""Called when a module is imported, and the net itself."""

LAYER = bytes(range(256)) * 1_500
CONFIG = json.dumps({"os": "linux", "architecture": "amd64"}).encode()
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"digest": f"sha256:{hashlib.sha256(CONFIG).hexdigest()}", "size": len(CONFIG)},
        "layers": [{"digest": f"sha256:{hashlib.sha256(LAYER).hexdigest()}", "size": len(LAYER)}],
    }
).encode()
TYPE = "application/vnd.oci.image.manifest.v1+json"
DISTRUSTFUL = ssl.create_default_context()
LONGEST = 10.0
"""Seconds after which a client gives up: then it was made to wait."""

BodyAndHeaders = dict[str, tuple[bytes, dict[str, str]]]
ANSWERS: BodyAndHeaders = {
    "/v2/": (b"{}", {}),
    "/v2/app/manifests/latest": (MANIFEST, {"Content-Type": TYPE}),
    "/v2/app/manifests/coded": (gzip.compress(MANIFEST, mtime=0), {"Content-Type": TYPE, "Content-Encoding": "gzip"}),
    f"/v2/app/blobs/sha256:{hashlib.sha256(CONFIG).hexdigest()}": (CONFIG, {}),
    f"/v2/app/blobs/sha256:{hashlib.sha256(LAYER).hexdigest()}": (LAYER, {}),
    f"/v2/app/blobs/sha256:{'b' * 64}": (gzip.compress(LAYER, mtime=0), {"Content-Encoding": "gzip"}),
    "/token?service=x&scope=repository:app:pull": (b'{"token": "abc"}', {"Content-Type": "application/json"}),
    "/elsewhere": (b"a page", {"Content-Type": "text/html"}),
}
CUT = f"/v2/app/blobs/sha256:{'c' * 64}"
UPLOADS = {"/v2/app/blobs/uploads/1": ("PATCH", LAYER), "/v2/app/manifests/new": ("PUT", MANIFEST)}


class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        if self.path == CUT:
            self.send_response_only(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 100)
            self.close_connection = True
            return
        body, headers = ANSWERS[self.path]
        self.answer(body, headers)

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(hashlib.sha256(body).hexdigest().encode(), {})

    def do_PUT(self) -> None:
        self.do_PATCH()

    def answer(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(200)
        chunked = self.path.endswith("coded")
        for name, value in {
            **headers,
            **({"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(body))}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body)


class Target(NamedTuple):
    """A function or method, and where it is kept."""

    name: str
    owner: Any
    key: str
    function: FunctionType


def targets() -> Iterator[Target]:
    """Every function and method that is written in `mitm`, inside properties and class methods too."""
    for module in MODULES:
        for key, value in vars(module).items():
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                yield Target(f"{module.__name__}.{key}", module, key, value)
            if inspect.isclass(value) and value.__module__ == module.__name__:
                for name, member in vars(value).items():
                    inner = getattr(member, "fget", None) or getattr(member, "__func__", member)
                    if isinstance(inner, FunctionType) and inner.__module__ == module.__name__:
                        yield Target(f"{module.__name__}.{key}.{name}", value, name, inner)


@contextmanager
def replaced(target: Target, made: Callable[..., Any]) -> Iterator[None]:
    """With another function in its place, also under the name by which other modules have imported it."""
    places = [(target.owner, target.key)]
    if inspect.ismodule(target.owner):
        places += [
            (m, key)
            for m in MODULES
            for key, value in vars(m).items()
            if value is target.function and m is not target.owner
        ]
    before = [(owner, key, vars(owner)[key]) for owner, key in places]
    for owner, key, value in before:
        if isinstance(value, property):
            setattr(owner, key, property(made, value.fset))
        elif isinstance(value, (classmethod, staticmethod)):
            setattr(owner, key, type(value)(made))
        else:
            setattr(owner, key, made)
    try:
        yield
    finally:
        for owner, key, value in before:
            setattr(owner, key, value)


class Switch:
    """Puts one `Watch` after the other into a running proxy, in its own thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def running(self) -> None:
        self._loop = asyncio.get_running_loop()

    def do(self, work: Callable[[], None]) -> None:
        done, failed = threading.Event(), []

        def run() -> None:
            try:
                work()
            except Exception as error:
                failed.append(error)
            done.set()

        assert self._loop is not None
        self._loop.call_soon_threadsafe(run)
        assert done.wait(LONGEST)
        assert not failed, failed


class Messages(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


Heard = list[tuple[int, list[tuple[str, str]], bytes]]


def traffic(port: int, registry: str) -> Heard:
    """Every kind of body, as a client gets it; raises where the client was made to wait."""
    heard = []
    asked = [("GET", path, None) for path in ANSWERS] + [
        (method, path, body) for path, (method, body) in UPLOADS.items()
    ]
    for method, path, body in asked:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)
        try:
            connection.request(
                method, f"http://{registry}{path}", body, {"Host": registry, "User-Agent": "skopeo/1.9.3"}
            )
            answer = connection.getresponse()
            heard.append((answer.status, answer.getheaders(), answer.read()))
        finally:
            connection.close()
    cut_off(port, registry)
    refuse(port)
    return heard


def cut_off(port: int, registry: str) -> None:
    """A body whose server goes away. Without us the client gets a 502, for nothing streams; either way it gets an end."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)
    with closing(connection), suppress(http.client.IncompleteRead):
        connection.request("GET", f"http://{registry}{CUT}", None, {"Host": registry})
        connection.getresponse().read()


def refuse(port: int) -> None:
    """A client that does not trust the proxy's certificate."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=LONGEST, context=DISTRUSTFUL)
    connection.set_tunnel("registry.example.com", 443)
    with closing(connection), pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/v2/")


@contextmanager
def watched(switch: Switch, recording: Path, *, patient: bool) -> Iterator[Watch]:
    """A new observer for as long as this block, as mitmdump would run it."""
    watch = Watch(make_view=make_view, labels=label, patient=patient)

    def begin() -> None:
        ctx.master.addons.add(watch)
        ctx.options.update(pullscope_out=str(recording))
        watch.running()

    def end() -> None:
        ctx.options.update(pullscope_out="")
        ctx.master.addons.remove(watch)

    switch.do(begin)
    try:
        yield watch
    finally:
        switch.do(end)


@pytest.mark.parametrize("patient", [True, False], ids=["mitmdump", "with windows"])
def test_no_method_that_fails_breaks_a_pull(
    patient: bool, registry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Byte for byte what the client gets without us, without a wait; and each error is said, once."""
    switch, messages = Switch(), Messages()
    found = [target for target in targets() if target.name not in WRAPPERS]
    called: set[str] = set()

    def noting(target: Target) -> Callable[..., Any]:
        @wraps(target.function)
        def note(*args: Any, **kwargs: Any) -> Any:
            called.add(target.name)
            return target.function(*args, **kwargs)

        return note

    def raising(_target: Target) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> Any:
            called.add("it")
            raise RuntimeError("s3cret")

        return fail

    logging.getLogger().addHandler(messages)
    problems = []
    try:
        with ProxyThread(switch) as proxy:
            expected = traffic(proxy.port, registry)
            with watched(switch, tmp_path / "all", patient=patient):
                reached = _reached(found, noting, called, lambda: traffic(proxy.port, registry))
            for target in share(reached):
                messages.said.clear()
                called.clear()
                with watched(switch, tmp_path / target.name, patient=patient), replaced(target, raising(target)):
                    try:
                        heard = traffic(proxy.port, registry)
                    except (OSError, http.client.HTTPException) as error:
                        problems.append(f"{target.name}: the client got {error!r}")
                        continue
                if heard != expected:
                    problems.append(f"{target.name}: the client got something else")
                ours = [said for said in messages.said if said.startswith("pullscope")]
                if len(ours) != len(set(ours)):
                    problems.append(f"{target.name}: said more than once: {ours}")
                if "it" in called and not messages.said:
                    problems.append(f"{target.name}: nothing was said")
                if "s3cret" in "".join(ours):
                    problems.append(f"{target.name}: the log quotes what may be a secret")
    finally:
        logging.getLogger().removeHandler(messages)
    capsys.readouterr()

    assert problems == []
    assert len(reached) > 60, sorted(target.name for target in reached)


def _reached(
    found: list[Target], noting: Callable[[Target], Callable[..., Any]], called: set[str], run: Callable[[], object]
) -> list[Target]:
    """Those that are called while traffic passes."""
    with ExitStack() as stack:
        for target in found:
            stack.enter_context(replaced(target, noting(target)))
        run()
    return [target for target in found if target.name in called]
