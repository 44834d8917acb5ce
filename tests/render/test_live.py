"""Tests of the live view: the table at several widths, and frames that an emulated terminal shows rightly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from pullscope.oci.messages import Headers
from pullscope.render.live import COLUMNS, LiveView, pulls_under_way, rows_of, table
from pullscope.trace.events import Event, Finished, Requested, Responded
from pullscope.trace.trace import Trace

DIGESTS = [f"sha256:{number:064x}" for number in range(1, 5)]
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "config": {"digest": DIGESTS[0], "size": 3},
        "layers": [{"digest": DIGESTS[1]}, {"digest": DIGESTS[2]}],
    }
)


def nothing(_exchange: int) -> int:
    return 0


def request(exchange: int, path: str, *, time: float, host: str = "registry-1.docker.io") -> Requested:
    return Requested(
        time=time,
        exchange=exchange,
        connection=1,
        client=f"192.0.2.{exchange // 10}",
        method="GET",
        url=f"https://{host}/v2/{path}",
        url_id=exchange,
        referer_id=None,
        http_version="HTTP/1.1",
        headers=Headers([("User-Agent", "docker/29.7.2 containerd-client/2.0")]),
        authorization="none",
        credential=None,
    )


def answered(exchange: int, *, time: float, status: int = 200, document: str | None = None) -> Iterable[Event]:
    yield Responded(time=time, exchange=exchange, status=status, headers=Headers(), location=None, location_id=None)
    yield Finished(time=time + 0.1, exchange=exchange, bytes=600, sha256=None, document=document)


def begin(number: int, name: str, *, time: float = 100.0) -> list[Event]:
    """A pull whose manifest has come, and two of whose layers are on their way."""
    first = number * 10
    return [
        request(first, f"{name}/manifests/latest", time=time),
        *answered(first, time=time + 0.1, document=MANIFEST),
        request(first + 1, f"{name}/blobs/{DIGESTS[1]}", time=time + 1),
        request(first + 2, f"{name}/blobs/{DIGESTS[2]}", time=time + 1),
    ]


def end(number: int, *, time: float = 104.0, status: int = 200) -> list[Event]:
    first = number * 10
    return [*answered(first + 1, time=time, status=status), *answered(first + 2, time=time, status=status)]


def fed(*events: Event) -> Trace:
    trace = Trace()
    for event in events:
        trace.feed(event)
    return trace


def drawn(trace: Trace, *, width: int, arriving: Callable[[int], int] = nothing, most_rows: int = 20) -> list[str]:
    pulls = pulls_under_way(trace)
    shown = table(pulls, 105.0, width=width, most_rows=most_rows, arriving=arriving, rates={1: 1_200_000.0})
    return rows_of(shown, width=width, color=False)


class Terminal:
    """As much of a terminal as frames need: lines that wrap, `CSI n F`, `CSI n A` and `CSI J`."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns, self.rows = columns, rows
        self.lines: list[str] = [""]
        self.at = 0

    def size(self) -> tuple[int, int]:
        return self.columns, self.rows

    def write(self, text: str) -> None:
        for part in re.split(r"(\x1b\[[0-9;]*[A-Za-z]|\n)", re.sub(r"\x1b\[[0-9;]*m", "", text + "\n")):
            if part == "\n":
                self.at += 1
                if self.at == len(self.lines):
                    self.lines.append("")
            elif code := re.fullmatch(r"\x1b\[(\d*)([A-Za-z])", part):
                assert code[2] in "FAJ", part
                if code[2] == "J":
                    del self.lines[self.at + 1 :]
                    self.lines[self.at] = ""
                else:
                    self.at = max(0, self.at - int(code[1] or 1))
            elif part:
                self.lines[self.at] = part[: self.columns]
                for start in range(self.columns, len(part), self.columns):
                    self.at += 1
                    self.lines.insert(self.at, part[start : start + self.columns])

    def resize(self, columns: int) -> None:
        """Narrower: every line that is too long takes more rows, as in tmux and most emulators."""
        self.columns = columns
        self.lines = [line[at : at + columns] for line in self.lines for at in range(0, max(1, len(line)), columns)]
        self.at = len(self.lines) - 1


def test_a_row_says_what_a_person_wants_to_know() -> None:
    """Image, step and how many beside it, layers, bytes with those on their way, rate, time."""
    rows = drawn(fed(*begin(1, "library/nginx")), width=79, arriving=lambda _exchange: 5_000_000)

    assert rows[0].split() == ["pull", "image", "step", "layers", "bytes", "rate", "time"]
    assert rows[1].split() == [
        "1",
        "nginx:latest",
        "layer",
        "1/2",
        "+1",
        "0/2",
        "10.0",
        "MB",
        "1.2",
        "MB/s",
        "5.0",
        "s",
    ]


@pytest.mark.parametrize("width", [24, 34, 44, 54, 64, 79, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Columns are left out where there is no room; the image and its bytes always stay."""
    rows = drawn(fed(*begin(1, "a-rather-long-name/of-some-image")), width=width)

    assert max(len(row) for row in rows) <= width
    assert len(rows) == 2
    assert rows[0].split() == [column.title for column in COLUMNS if width >= column.from_width]
    assert "latest" in rows[1]


def test_a_long_name_keeps_its_end() -> None:
    """The tag and the image's own name say more than the host."""
    (_, row) = drawn(fed(*begin(1, "some/very/long/path/to/an/image")), width=79)

    assert re.search(r"1 \.\.[a-z/]*/an/image:latest ", row)


def test_strings_from_the_wire_are_no_markup_and_no_codes() -> None:
    """A repository can be called anything."""
    events = [
        request(1, "[bold]x[/]\x1b[31m/manifests/latest", time=100.0),
        *answered(1, time=100.1, document=MANIFEST),
    ]
    text = "\n".join(drawn(fed(*events), width=200))

    assert "[bold]x[/]\\x1b[31m:latest" in text
    assert "\x1b" not in text


def test_colour_only_where_wanted() -> None:
    """Without it not one code is written."""
    pulls = pulls_under_way(fed(*begin(1, "app")))
    shown = table(pulls, 105.0, width=79, most_rows=5, arriving=nothing, rates={})

    assert "\x1b" not in "".join(rows_of(shown, width=79, color=False))
    assert "\x1b[36m" in "".join(rows_of(shown, width=79, color=True))


def test_more_pulls_than_rows() -> None:
    """The newest are shown, and how many are not."""
    trace = fed(*(event for number in range(1, 9) for event in begin(number, f"app{number}", time=100.0 + number)))
    rows = drawn(trace, width=79, most_rows=3)

    assert len(rows) == 5
    assert rows[-1].strip() == "and 5 older operations"


def test_ended_pulls_stay_as_lines_above_the_table() -> None:
    """What is complete is short, what failed is whole; the table below holds what goes on."""
    terminal = Terminal()
    view = LiveView(terminal.write, color=True, terminal_size=terminal.size)
    trace = Trace()
    for event in [*begin(1, "good"), *begin(2, "bad"), *begin(3, "slow")]:
        view.show(trace.feed(event))
    view.tick(trace, 102.0, nothing)
    assert len(terminal.lines) == 5  # title, three pulls, and where the cursor is

    for event in [*end(1), *end(2, status=404)]:
        view.show(trace.feed(event))
    view.print_above("[12:00:00] a line of the log")
    view.show(trace.tick(120.0))
    view.tick(trace, 120.0, nothing)
    text = "\n".join(terminal.lines)

    assert text.index("a line of the log") < text.index("complete") < text.index("pull image")
    assert "not there" in text
    assert "layer 1/2      " not in text.partition("docker.io/bad")[0]
    assert terminal.lines[-3].split()[0] == "pull"
    assert terminal.lines[-2].split()[:2] == ["3", "slow:latest"]
    assert text.count("pull image") == 1


def test_a_frame_that_changes_nothing_is_not_written() -> None:
    """An idle proxy does not redraw."""
    written: list[str] = []
    view = LiveView(written.append, color=False, terminal_size=lambda: (80, 24))
    for _ in range(3):
        view.tick(Trace(), 100.0, nothing)

    assert written == ["\x1b[Jnothing under way"]


@pytest.mark.parametrize("columns", [30, 50, 79, 120])
def test_after_a_resize_nothing_is_left_behind(columns: int) -> None:
    """A narrower terminal has wrapped the old table: all of its rows are cleared."""
    terminal = Terminal()
    view = LiveView(terminal.write, color=False, terminal_size=terminal.size)
    trace = fed(*begin(1, "one"), *begin(2, "two"))
    view.print_above("before")
    view.tick(trace, 102.0, nothing)
    terminal.resize(columns)
    view.tick(trace, 103.0, nothing)

    assert terminal.lines[0] == "before"
    assert [line.split()[0] for line in terminal.lines[1:4]] == ["pull", "1", "2"]
    assert len(terminal.lines) == 5


def test_close_leaves_lines_and_no_table() -> None:
    """The shell's prompt comes right below, at the first column; no mode of the terminal was changed."""
    terminal = Terminal()
    view = LiveView(terminal.write, color=False, terminal_size=terminal.size)
    view.print_above("before")
    view.tick(fed(*begin(1, "one")), 102.0, nothing)
    view.close()

    assert terminal.lines == ["before", ""]
    assert terminal.at == 1


def test_closing_an_untouched_view_writes_nothing() -> None:
    """A proxy that never showed anything leaves nothing."""
    written: list[str] = []
    LiveView(written.append, color=False, terminal_size=lambda: (80, 24)).close()

    assert written == []


def test_the_rate_is_of_the_last_seconds() -> None:
    """A pull that stands still has a rate of nothing, whatever it had before."""
    written: list[str] = []
    view = LiveView(written.append, color=False, terminal_size=lambda: (80, 24))
    trace = fed(*begin(1, "one"))
    for second, arrived in enumerate([0, 10_000_000, 20_000_000, *[20_000_000] * 10]):
        view.tick(trace, 101.0 + second, {11: arrived, 12: 0}.__getitem__)

    rates = [found[1] for frame in written if (found := re.search(r"(\d[\d.]* .?B)/s", frame))]
    assert "5.0 MB" in rates
    assert "/s" not in written[-1]


def test_an_ended_trace_has_no_table() -> None:
    """One dim line says that the proxy is there."""
    trace = fed(*begin(1, "one"), *end(1))
    trace.finish()

    assert drawn(trace, width=79) == ["nothing under way"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "<1 s"), (0.9, "<1 s"), (1.2, "1.0 s"), (59.9, "59.0 s"), (61, "1:01")]
)
def test_the_clock_of_a_row(seconds: float, text: str) -> None:
    """It counts whole seconds, and calls none of them nothing."""
    [row] = drawn(fed(*begin(1, "library/nginx", time=105.0 - seconds)), width=79)[1:]
    assert row.endswith(f" {text}")


def test_a_pull_that_goes_on_is_not_told_again() -> None:
    """Its first steps stand above already: what follows is what came since, and its end."""
    written: list[str] = []
    view = LiveView(written.append, color=False, terminal_size=lambda: (80, 24))
    trace = Trace()
    for event in [*begin(2, "bad"), *end(2, status=503)]:
        view.show(trace.feed(event))
    view.show(trace.tick(130.0))
    for event in [request(29, f"bad/blobs/{DIGESTS[1]}", time=131.0), *answered(29, time=131.1, status=503)]:
        view.show(trace.feed(event))
    view.show(trace.finish())

    text = "\n".join(written)
    assert text.count("pull 1  docker.io/bad:latest") == 1
    assert text.count("pull 1  goes on") == 1
    assert text.count("  1 manifest ") == 1
    assert text.count("\n error  ") == 1


def test_a_row_of_another_action_says_it() -> None:
    """What is under way need not be a pull."""
    upload = replace(request(10, "app/blobs/uploads/", time=100.0), method="POST")
    [_, row] = drawn(fed(upload), width=79)
    assert " push app " in row
