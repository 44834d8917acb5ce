"""What ends while a client pulls: the proxy, its terminal, its disk, the upstream, or the client's patience.

Each is done to bare mitmproxy and then to the tracer in its place. The client ends alike, mitmdump ends alike, and a recording
is readable up to its last whole line and claims no more than was seen.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.e2e import chaos, parts
from tests.e2e.faults import PAUSE, STALLS, Fault
from tests.e2e.images import Image
from tests.e2e.parts import Ctr, Forgetful, Trust
from tests.e2e.processes import Running
from tests.e2e.standin import Hub, Planted
from tests.e2e.told import Json, report
from tests.systemd.terminal import terminal

pytestmark = pytest.mark.real

COMMANDS = ("containerd", "skopeo")


class Side(NamedTuple):
    """mitmdump in a test's place, and the words of the clients behind it."""

    program: Running
    hub: Hub
    trust: Trust
    ctr: Ctr
    folder: Path

    def words(self, client: str) -> list[str | Path]:
        if client == "containerd":
            return ["ctr", "--address", self.ctr.socket, "content", "fetch", chaos.NAME]
        containers = Forgetful(state=self.folder / "state", env=self.ctr.env)
        return containers.words("skopeo", "copy", f"docker://{chaos.NAME}", f"dir:{self.folder / 'copy'}")


Act = Callable[[Side, Running, Planted], None]
"""Something happens, while the layer with the fault is under way."""


@pytest.fixture
def sides(
    tmp_path: Path, registry: int, trust: Trust, port: int, ctr: Ctr, zephykus: Image
) -> Callable[[str, Fault, Act], tuple[Any, ...]]:
    """Does it to both sides, and says what came of each; the recording of the second is `tmp_path / "out.jsonl"`."""
    recording = tmp_path / "out.jsonl"
    options: dict[str, list[str | Path]] = {
        "bare": chaos.bare_words("proxy", tmp_path),
        "traced": ["-s", parts.TRACER, "--set", f"pullscope_out={recording}"],
    }

    def each(client: str, fault: Fault, act: Act) -> tuple[Any, ...]:
        ended = []
        for which, words in options.items():
            ctr.remove_images()
            with (
                Hub(registry=registry, certificate=trust.certificate, key=trust.key) as hub,
                parts.bare_mitmdump(tmp_path / which, trust, hub, port, *words) as program,
            ):
                side = Side(program, hub, trust, ctr, tmp_path / which)
                plan = Planted(fault=fault, meets=chaos.target("layer", zephykus), left=1)
                hub.plant(plan)
                with Running(side.words(client), env=ctr.env) as pulls:
                    assert plan.met.wait(60), pulls.output
                    assert plan.line is not None
                    assert plan.line.waits.wait(60)
                    act(side, pulls, plan)
                    hub.plant(None)
                    code = pulls.process.wait(120)
                program.stop()
                ended.append((code, program.process.returncode))
        return tuple(ended)

    return each


def kill(*numbers: signal.Signals) -> Act:
    def act(side: Side, _pulls: Running, _plan: Planted) -> None:
        for number in numbers:
            side.program.process.send_signal(number)
        side.program.process.wait(60)

    return act


def vanish(side: Side, _pulls: Running, plan: Planted) -> None:
    """The host is gone: connections are cut, and no new one is had."""
    assert plan.line is not None
    plan.line.reset()
    side.hub.__exit__()


def give_up(_side: Side, pulls: Running, _plan: Planted) -> None:
    pulls.process.send_signal(signal.SIGINT)
    pulls.process.wait(60)


def nothing(_side: Side, _pulls: Running, _plan: Planted) -> None:
    """It only took a while."""


ENDS: dict[str, tuple[Fault, Act]] = {
    "SIGINT": (PAUSE, kill(signal.SIGINT)),
    "SIGINT twice": (PAUSE, kill(signal.SIGINT, signal.SIGINT)),
    "SIGTERM": (PAUSE, kill(signal.SIGTERM)),
    "SIGHUP": (PAUSE, kill(signal.SIGHUP)),
    "SIGKILL": (PAUSE, kill(signal.SIGKILL)),
    "the upstream vanishes": (PAUSE, vanish),
    "a pause": (PAUSE, nothing),
    **{f"the client gives up after {name}": (fault, give_up) for name, fault in STALLS.items()},
}
GENTLE = {"SIGINT", "SIGTERM"}
"""Ends after which the story can be told."""


def readable(recording: Path, *, holes: int = 0) -> list[Json]:
    """The pulls of a recording, of which only the last line may be cut off, and others where it says that some are missing."""
    *whole, last = recording.read_bytes().split(b"\n")
    assert len([line for line in whole if line and not line.endswith(b"}")]) == holes
    assert len(whole) > 10
    assert last == b"" or b'"event"' in last
    return report(recording).pulls


TRIED = [
    (end, client)
    for number, end in enumerate(ENDS)
    for client in (COMMANDS if chaos.WHOLE else COMMANDS[number % 2 : number % 2 + 1])
]


@pytest.mark.parametrize(("end", "client"), TRIED)
def test_it_ends_as_without_us(sides: Callable[..., tuple[Any, ...]], tmp_path: Path, end: str, client: str) -> None:
    """Client and mitmdump end alike; a pull that was cut off is incomplete, and one that came through complete."""
    fault, act = ENDS[end]
    printed: list[Running] = []

    def noted(side: Side, pulls: Running, plan: Planted) -> None:
        act(side, pulls, plan)
        printed.append(side.program)

    bare, traced = sides(client, fault, noted)
    assert traced == bare
    pulls = readable(tmp_path / "out.jsonl")
    # What was cut off before it asked for a blob is a look, as far as the wire shows.
    endings = {pull["outcome"] for pull in pulls if pull["action"] != "look"}
    assert endings == ({"complete"} if traced[0] == 0 else endings - {"complete"})
    if end in GENTLE:
        assert "\nincomplete  " in printed[1].output


def test_the_terminal_is_closed(
    tmp_path: Path, registry: int, trust: Trust, port: int, ctr: Ctr, zephykus: Image
) -> None:
    """A hang-up and a terminal that takes nothing more: the client ends as without us, and what was seen is in the recording."""
    recording = tmp_path / "out.jsonl"
    ended = []
    for options in (
        chaos.bare_words("proxy", tmp_path),
        ["-s", parts.TRACER, "--set", f"pullscope_out={recording}"],
    ):
        ctr.remove_images()
        with (
            Hub(registry=registry, certificate=trust.certificate, key=trust.key) as hub,
            terminal([*map(str, parts.mitmdump_words(trust, hub, port, *options))]) as seen,
        ):
            seen.until("listening at")
            plan = Planted(fault=PAUSE, meets=chaos.target("layer", zephykus), left=1)
            hub.plant(plan)
            with Running(["ctr", "--address", ctr.socket, "content", "fetch", chaos.NAME], env=ctr.env) as pulls:
                assert plan.met.wait(60), pulls.output
                seen.hang_up()
                mitmdump = seen.process.wait(60)
                hub.plant(None)
                ended.append((pulls.process.wait(120), mitmdump))
    assert ended[0] == ended[1]
    assert {pull["outcome"] for pull in readable(recording)} == {"incomplete"}


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """A file system of a few pages in `folder`; what it yields makes it larger."""

    def grow() -> None:
        subprocess.run(["mount", "-o", "remount,size=1m", folder], check=True)

    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", folder], check=True)
    try:
        yield grow
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_the_disk_is_full(tmp_path: Path, registry: int, trust: Trust, port: int, ctr: Ctr) -> None:
    """Every pull is whole, what was written is readable and says how much is missing, and it goes on once there is room."""
    recording = tmp_path / "small" / "out.jsonl"
    with (
        small_disk(tmp_path / "small") as grow,
        Hub(registry=registry, certificate=trust.certificate, key=trust.key) as hub,
        parts.bare_mitmdump(
            tmp_path / "traced", trust, hub, port, "-s", parts.TRACER, "--set", f"pullscope_out={recording}"
        ) as program,
    ):
        side = Side(program, hub, trust, ctr, tmp_path / "traced")
        for number in range(3):
            with Running(side.words("skopeo"), env=ctr.env) as pulls:
                assert pulls.process.wait(120) == 0, pulls.output
            if number == 0:
                program.wait_for("No space left on device; events are missing until it can be written again")
                filled = recording.read_bytes()
                assert len(filled) <= 12 * 1024
                assert {pull["outcome"] for pull in readable(recording)} == {"incomplete"}
            if number == 1:
                grow()
        program.stop()
        told = recording.read_bytes()
        assert told.startswith(filled)
        pulls_told = readable(recording, holes=1)
        assert "it is written again; " in program.output
        assert b"lines could not be written." in told
        assert pulls_told[-1]["outcome"] == "complete"
