"""`--web`: the HTML report as a page that grows while pulls run, on 127.0.0.1 only, at an address with a secret in it.

The page is served by a process of its own that reads the recording as it is written: what is drawn here can never hold up
the proxy, and what it reads has no secrets. It answers two addresses below the secret, to this machine's browser under this
machine's name, and everything else with 404: a page of another site that has its name lead here (DNS rebinding) gets nothing.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

import pullscope
from pullscope.cli.exits import Complaint, say
from pullscope.cli.proxy_words import OUT, recording_in
from pullscope.oci.verdicts import ExitCode

if TYPE_CHECKING:
    from tornado.web import Application

    from pullscope.trace.model import Change, Pull

Web = Annotated[bool, typer.Option("--web", help="Also show the report as a live page on 127.0.0.1.")]

HOST = "127.0.0.1"
KEPT_PULLS = 100
ROTATED = (
    *("-s", str(Path(pullscope.__file__).parent / "mitm" / "rotation.py")),
    *("--set", "pullscope_rotate_mb=20", "--set", "pullscope_rotate_keep=1"),
)
"""How a recording that is only for the page is kept from growing: the page has read what is put aside."""
POLL = 0.2
"""Seconds between looks at the recording, and so between two states of a page."""
AT_ONCE = 500
"""Events that are read before the pages are served again."""
LATE = 1.0
"""Seconds that a line of the recording may come behind its event."""
MOST_PAGES = 16
LAST_WORD = 3.0
"""Seconds that the pages have to be sent how it ended."""


@contextmanager
def live_page(wanted: bool, words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The words for a proxy, with a recording among them, and the page of that recording while the block runs."""
    if not wanted:
        yield tuple(words)
        return
    with tempfile.TemporaryDirectory(prefix="pullscope-web-") as aside:
        recording = recording_in(words)
        if recording is None:
            recording = f"+{aside}/live.jsonl"
            words = (*words, "--set", f"{OUT}{recording}", *ROTATED)
        path = Path(recording.removeprefix("+")).expanduser().absolute()
        if path.exists() and not path.is_file():
            raise Complaint(
                f"--web reads the recording while it is written, and {path} is not a regular file.", ExitCode.USAGE
            )
        # -P: what lies in the current directory is not imported, by root least of all.
        source = str(Path(pullscope.__file__).parents[1])
        with subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-P", "-m", "pullscope.cli.live_page", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))},
        ) as server:
            try:
                address = server.stdout.readline().decode().strip() if server.stdout else ""
                say(f"Live report: {address}" if address else "note: the live page could not be started.")
                yield tuple(words)
            finally:
                if server.stdin is not None:
                    server.stdin.close()  # which is how the page learns that this is the end
                try:
                    server.wait(LAST_WORD + 2)
                except subprocess.TimeoutExpired:
                    server.kill()


class Shown:
    """What the pages show: the trace of a growing recording, and which state each pull is in."""

    def __init__(self) -> None:
        from pullscope.trace.recording import Reader
        from pullscope.trace.trace import Trace

        self.trace = Trace(keep=KEPT_PULLS, on_error=lambda _error: None)
        self.states: dict[int, int] = {}
        """By pull; 0 is what belongs to none. A number that grows with each change."""
        self.ended = False
        self._reader = Reader("the recording")
        self._half = b""
        self._state = 0
        self._opened = 0
        self._latest, self._read_at = 0.0, time.monotonic()
        self._pulls: dict[int, tuple[int, dict[str, object]]] = {}

    def read(self, lines: BinaryIO) -> bool:
        """Take in some of what came; whether there may be more at once."""
        for _ in range(AT_ONCE):
            line = lines.readline()
            if not line.endswith(b"\n"):
                self._half += line
                idle = time.monotonic() - self._read_at
                self._note(self.trace.tick(self._latest + idle - LATE) if self._latest else [])
                return False
            line, self._half = self._half + line, b""
            event = self._reader.line(line)
            if event is not None:
                self._latest, self._read_at = max(self._latest, event.time), time.monotonic()
                self._note(self.trace.feed(event))
        return True

    def finish(self) -> None:
        """There is no more to come."""
        self._note(self.trace.finish(cut_off=self._reader.cut_off, at=self._reader.connected_at))
        self.ended = True

    def news(self, seen: dict[int, int]) -> Iterator[tuple[str, dict[str, object]]]:
        """What a page that has seen these states does not show yet."""
        from pullscope.render.html.page import live_rest, tally_of

        changed = [number for number, state in self.states.items() if seen.get(number) != state]
        pulls = {pull.id: pull for pull in self.trace.pulls}
        for number in changed:
            seen[number] = self.states[number]
            drawn = self._drawn(pulls[number]) if number in pulls else {}
            if drawn:
                yield "pull", drawn
            elif number == 0:
                yield "rest", {"html": live_rest(self.trace.findings, self.trace.refusals)}
        if changed:
            text = tally_of(self.trace.pulls)
            if self._opened > len(self.trace.pulls):
                text = f"the latest {text}; {self._opened - len(self.trace.pulls)} earlier ones are no longer kept"
            yield "tally", {"text": text, "kept": [f"p{pull.id}" for pull in self.trace.pulls]}

    def _drawn(self, pull: Pull) -> dict[str, object]:
        from pullscope.render.html.page import live_pull

        state, drawn = self._pulls.get(pull.id, (-1, {}))
        if state != self.states[pull.id]:
            try:
                drawn = live_pull(pull)
            except Exception:
                drawn = {}  # one pull that cannot be drawn must not hide the others
            self._pulls[pull.id] = self.states[pull.id], drawn
        return drawn

    def _note(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._state += 1
            self._opened = max(self._opened, change.pull.id if change.pull is not None else 0)
            self.states[change.pull.id if change.pull is not None else 0] = self._state
        while len(self.states) > 2 * KEPT_PULLS:
            old = next(iter(self.states))
            self.states.pop(old)
            self._pulls.pop(old, None)


def application(shown: Shown, secret: str, port: int) -> Application:
    """The two addresses, and 404 for all else."""
    from tornado.iostream import StreamClosedError
    from tornado.web import Application, HTTPError, RequestHandler

    from pullscope.render.html.page import live_page as page

    names = {f"{name}:{port}" for name in (HOST, "localhost")}
    open_pages: set[object] = set()

    class Guarded(RequestHandler):
        def set_default_headers(self) -> None:
            self.clear_header("Server")
            self.set_header("Cache-Control", "no-store")
            self.set_header("Referrer-Policy", "no-referrer")
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Content-Security-Policy", "frame-ancestors 'none'")
            self.set_header("Cross-Origin-Resource-Policy", "same-origin")

        def prepare(self) -> None:
            given = self.path_args[0] if self.path_args else ""
            if self.request.host not in names or not hmac.compare_digest(given.encode(), secret.encode()):
                raise HTTPError(404)

        def write_error(self, status_code: int, **_kwargs: Any) -> None:
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(f"{status_code}\n")

    class Page(Guarded):
        def get(self, _secret: str) -> None:
            self.finish(page())

    class Events(Guarded):
        left = False

        def on_connection_close(self) -> None:
            self.left = True

        async def get(self, _secret: str) -> None:
            if len(open_pages) >= MOST_PAGES:
                raise HTTPError(503)
            self.set_header("Content-Type", "text/event-stream; charset=utf-8")
            open_pages.add(self)
            seen: dict[int, int] = {}
            try:
                await self.flush()  # the page says that it is live before there is a pull
                while not self.left:
                    ended = shown.ended
                    for name, data in shown.news(seen):
                        self.write(f"event: {name}\ndata: {json.dumps(data)}\n\n")
                        await self.flush()
                    if ended:
                        self.finish("event: end\ndata: {}\n\n")
                        return
                    await asyncio.sleep(POLL)
            except StreamClosedError:
                pass  # the browser went away
            finally:
                open_pages.discard(self)

    return Application(
        [(r"/([A-Za-z0-9_-]+)/", Page), (r"/([A-Za-z0-9_-]+)/events", Events)],
        default_handler_class=Guarded,
        log_function=lambda _handler: None,  # a line of tornado's would name the secret
        open_pages=open_pages,
    )


async def serve(path: Path) -> None:
    """Say where the page is, and serve it until our stdin is closed and the pages know how it ended."""
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_sockets

    sockets = bind_sockets(0, HOST)
    port, secret, shown = sockets[0].getsockname()[1], secrets.token_urlsafe(18), Shown()
    app = application(shown, secret, port)
    server = HTTPServer(app)
    server.add_sockets(sockets)
    print(f"http://{HOST}:{port}/{secret}/", flush=True)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def from_the_command() -> None:
        if not os.read(0, 1024):
            loop.remove_reader(0)
            over.set()

    loop.add_reader(0, from_the_command)
    with suppress(FileNotFoundError):
        await _follow(path, shown, over)
    shown.finish()
    ends = time.monotonic() + LAST_WORD
    while app.settings["open_pages"] and time.monotonic() < ends:
        await asyncio.sleep(POLL / 4)
    server.stop()


async def _follow(path: Path, shown: Shown, over: asyncio.Event) -> None:
    """Read the recording, and the next one where it was put aside."""
    while not path.exists() and not over.is_set():
        await asyncio.sleep(POLL)
    while True:
        with path.open("rb") as lines:
            while True:
                ending, more = over.is_set(), shown.read(lines)
                if not more and ending:
                    return
                if not more and not _is_still(path, lines):
                    break
                await asyncio.sleep(0 if more else POLL)


def _is_still(path: Path, file: BinaryIO) -> bool:
    """Whether this open file still has that name, or no file has it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return True


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command; this ends with it
    with suppress(BrokenPipeError):
        asyncio.run(serve(Path(sys.argv[1])))
