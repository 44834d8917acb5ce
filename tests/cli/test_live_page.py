"""`--web`: a page that grows with the recording, for this machine's browser and for who has its address."""

from __future__ import annotations

import html
import http.client
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.trace.images import Image, docker_classic
from tests.trace.wire import DOCKER_20, Wire

from pullscope.cli.exits import Complaint
from pullscope.cli.live_page import KEPT_PULLS, Shown, live_page
from pullscope.trace.recording import first_line, to_line

ROOT = Path(__file__).parents[2]


def lines_of(*images: Image) -> list[str]:
    """A recording of docker's pulls of these images, one after the other."""
    wire = Wire(agent=DOCKER_20)
    for number, image in enumerate(images):
        docker_classic(wire, image, name=f"t{number}")
        wire.wait(30)
    return [first_line(), *(to_line(event) for event in sorted(wire.events, key=lambda event: event.time))]


APP, TOOL = Image(repository="team/app", tag="1.0"), Image(repository="team/tool", tag="2.0")


class Served:
    """A page of a recording that a test writes."""

    def __init__(self, folder: Path) -> None:
        self.recording = folder / "pull.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pullscope.cli.live_page", str(self.recording)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.opened: list[http.client.HTTPConnection] = []
        self.address = urlsplit(self.process.stdout.readline().decode().strip())

    def ask(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        wire = http.client.HTTPConnection(self.address.hostname or "", self.address.port, timeout=60)
        self.opened.append(wire)
        wire.request(method, path, headers=headers)
        return wire.getresponse()

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What a browser is told, as it comes."""
        answer = self.ask(f"{self.address.path}events")
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        while line := answer.readline().decode():
            if line.startswith("event: "):
                yield line[7:].strip(), json.loads(answer.readline()[6:])

    def end(self) -> None:
        """The command is over."""
        if self.process.stdin is not None:
            self.process.stdin.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    page = Served(tmp_path)
    yield page
    for wire in page.opened:
        wire.close()
    page.process.kill()
    with page.process:
        pass


def test_the_page_needs_its_secret_and_this_machines_name(served: Served) -> None:
    """404 for another path, another method, a wrong secret, and a name that another site made resolve here."""
    path, host = served.address.path, f"127.0.0.1:{served.address.port}"
    assert len(path.strip("/")) >= 24
    for wrong in ("/", "/events", f"{path}x", path.replace("/", "/x", 1), f"{path[:-2]}/", f"{path[:-2]}/events"):
        assert served.ask(wrong).status == 404, wrong
    assert served.ask(path, Host="attacker.example.com").status == 404
    assert served.ask(path, Host=f"attacker.example.com:{served.address.port}").status == 404
    assert served.ask(path, Host="127.0.0.1").status == 404
    assert served.ask("/", method="POST").status == 404
    assert (
        served.ask(path, Host=host).status
        == served.ask(path, Host=host.replace("127.0.0.1", "localhost")).status
        == 200
    )


def test_the_page_may_ask_its_own_server_only(served: Served) -> None:
    """The policy of the report, and the one address that it fills itself from; nothing is cached, framed or told on."""
    answer = served.ask(served.address.path)
    page = answer.read().decode()
    policy = html.unescape(page.partition('Content-Security-Policy" content="')[2].partition('"')[0])

    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("connect-src 'self'; base-uri 'none'; form-action 'none'")
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert "Server" not in answer.headers
    assert set(re.findall(r'(?:src|href)="([^"]*)"', page)) == {"#pulls"}


def test_a_page_is_connected_before_the_first_pull(served: Served) -> None:
    """A browser learns that the proxy is there although nothing was recorded; without an answer `ask` would wait in vain."""
    assert served.ask(f"{served.address.path}events").status == 200


def test_pulls_are_told_as_they_are_recorded(served: Served) -> None:
    """A pull under way, the same one ended, the next one; and at the end of the command, that this is the end."""
    lines, events = lines_of(APP, TOOL), served.events()
    with served.recording.open("w") as file:

        def record(until: int, begin: int = 0) -> None:
            file.write("".join(f"{line}\n" for line in lines[begin:until]))
            file.flush()

        def next_pull() -> dict[str, Any]:
            return next(data for name, data in events if name == "pull")

        record(14)
        first = next_pull()
        assert "under way" in first["html"]
        assert first["data"]["texts"]
        record(len(lines), 14)
        seen: dict[str, str] = {}
        while not (len(seen) == 2 and "complete" in seen["p1"]):
            told_now = next_pull()
            seen[told_now["id"]] = told_now["html"]
        served.end()
        rest = list(events)

    assert "team/<wbr>app" in seen["p1"]
    assert rest[-1][0] == "end"
    assert any(name == "tally" and "under way" not in data["text"] for name, data in rest)
    assert served.process.wait(30) == 0
    assert served.process.stderr is not None
    assert served.process.stderr.read() == b""


def test_half_a_line_is_read_when_the_rest_of_it_comes() -> None:
    """A recording is written as it happens, and may be read in the middle of a line."""
    text, shown = "".join(f"{line}\n" for line in lines_of(APP)).encode(), Shown()
    file = io.BytesIO()
    for at in range(0, len(text), 1_000):
        file.write(text[at : at + 1_000])
        file.seek(at)
        while shown.read(file):
            pass
    shown.finish()

    [pull] = shown.trace.pulls
    assert pull.outcome == "complete"


def test_a_page_is_sent_what_it_has_not_seen() -> None:
    """All at first, nothing while nothing changes, and then what changed."""
    shown, seen = Shown(), dict[int, int]()
    lines = lines_of(APP, TOOL)
    shown.read(io.BytesIO("".join(f"{line}\n" for line in lines[:20]).encode()))
    first = [name for name, _ in shown.news(seen)]
    again = list(shown.news(seen))
    shown.read(io.BytesIO("".join(f"{line}\n" for line in lines[20:]).encode()))
    shown.finish()
    rest = [data.get("id") for _, data in shown.news(seen)]

    assert first == ["pull", "tally"]
    assert again == []
    assert rest == ["p1", "p2", None]


def test_states_do_not_grow_for_ever() -> None:
    """A page that is open for weeks holds the latest pulls."""
    shown = Shown()
    images = [Image(repository=f"team/app{number}", tag="1") for number in range(2 * KEPT_PULLS + 20)]
    file = io.BytesIO("".join(f"{line}\n" for line in lines_of(*images)).encode())
    while shown.read(file):
        pass

    assert len(shown.states) <= 2 * KEPT_PULLS
    shown.finish()
    news = list(shown.news({}))
    assert len(news) <= KEPT_PULLS + 2
    tally = dict(news)["tally"]
    assert f"the latest {KEPT_PULLS} operations" in str(tally["text"])
    assert f"{len(images) - KEPT_PULLS} earlier ones are no longer kept" in str(tally["text"])
    assert tally["kept"] == [f"p{pull.id}" for pull in shown.trace.pulls]


def test_a_recording_that_is_put_aside_is_followed_into_the_next(served: Served) -> None:
    """Rotation gives the name to a new file."""
    events, (one, two) = served.events(), (lines_of(APP), lines_of(TOOL))
    served.recording.write_text("".join(f"{line}\n" for line in one))
    assert next(name for name, data in events if "team/app" in str(data)) == "pull"
    served.recording.rename(served.recording.with_suffix(".1"))
    served.recording.write_text("".join(f"{line}\n" for line in two))
    assert next(name for name, data in events if "team/tool" in str(data)) == "pull"


@pytest.mark.parametrize("given", [(), ("--set", "pullscope_out=+RECORDING")])
def test_a_command_gets_a_recording_if_it_has_none(given: tuple[str, ...], tmp_path: Path, capfd: Any) -> None:
    """The words for the proxy name one; without --web they are what they were, and no page is served."""
    words = tuple(word.replace("RECORDING", str(tmp_path / "own.jsonl")) for word in given)
    with live_page(False, words) as plain:
        assert plain == words
    with live_page(True, words) as with_page:
        assert [word for word in with_page if word.startswith("pullscope_out=")] != []
        assert with_page[: len(words)] == words
    said = capfd.readouterr().err

    own = ["pullscope_rotate_keep=1" in word for word in with_page]
    assert any(own) == (given == ())  # a recording of one's own is never cut into pieces
    assert said.startswith("Live report: http://127.0.0.1:")
    assert said.count("\n") == 1


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """What is read from it would be missing where it leads."""
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(Complaint, match="is not a regular file"),
        live_page(True, ("--set", f"pullscope_out={tmp_path}/pipe")),
    ):
        pass
