"""The live view: a table of the pulls under way, below what is said of those that ended.

`table` is a function of (trace, now) and of the bytes that are on their way; `LiveView` keeps only what it needs to redraw:
how many rows are on the screen, and where each pull stood a moment ago. Each frame is one text, written at once: up to
where the table began, clear, the lines that stay, the table. The cursor is never hidden and no mode is changed, so a
terminal is sane whenever this ends. Strings from the wire are `Text`, after `plain`; never markup.
"""

from __future__ import annotations

import io
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pullscope.oci.amounts import count, duration, size
from pullscope.oci.plain import plain
from pullscope.render.labels import name_of
from pullscope.render.layout import WIDTH, Line, fitting, paint
from pullscope.render.lines import MOST_CLOSED, bare_findings, closing_lines, header_lines, refusal_lines, story_of
from pullscope.render.names import reference_line, verb
from pullscope.trace.bounded_table import Newest
from pullscope.trace.findings.finding import Finding
from pullscope.trace.model import Action, Change, Ending, Pull, Step
from pullscope.trace.trace import Trace

WINDOW = 4.0
"""Seconds over which a rate is taken: long enough to be read, short enough to be news."""

SPARE_ROWS = 4
"""Rows of the terminal that the table leaves free, for a table that fills it could not be cleared."""

Arriving = Callable[[int], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of fixed width, so that the table does not jump; it is shown from a width of the terminal on."""

    title: str
    width: int
    right: bool = False
    from_width: int = 0


IMAGE = "image"
COLUMNS = (
    Column(title="pull", width=4, right=True),
    Column(title=IMAGE, width=0),
    Column(title="step", width=13, from_width=44),
    Column(title="layers", width=6, right=True, from_width=34),
    Column(title="bytes", width=8, right=True),
    Column(title="rate", width=10, right=True, from_width=64),
    Column(title="time", width=6, right=True, from_width=54),
)
"""The image has what the others leave."""


def pulls_under_way(trace: Trace) -> list[Pull]:
    """The pulls that have a reference and have not ended, the oldest first."""
    return [pull for pull in trace.pulls if not pull.closed]


def bytes_so_far(pull: Pull, arriving: Arriving) -> int:
    """Body bytes, of answers that are complete and of those that are on their way."""
    open_hops = (hop for step in pull.open_steps for hop in step.hops if not hop.done)
    return pull.bytes + pull.bytes_sent + sum(arriving(hop.request.exchange) for hop in open_hops)


def current_step(pull: Pull) -> str:
    """What is being waited for, or what was done last: `layer 2/4 +1` while two are under way."""
    waiting = [step for step in pull.open_steps if step.in_flight]
    steps: list[Step] = waiting or [*pull.open_steps] or pull.steps
    if not steps:
        return ""
    more = f" +{len(waiting) - 1}" if len(waiting) > 1 else ""
    return plain(name_of(steps[0] if waiting else steps[-1]), 24) + more


def table(
    pulls: Sequence[Pull], now: float, *, width: int, most_rows: int, arriving: Arriving, rates: dict[int, float]
) -> Table | Text:
    """The pulls under way, a row each; the newest where there are more than fit."""
    if not pulls:
        return Text("nothing under way", style="dim")
    columns = [column for column in COLUMNS if width >= column.from_width]
    room = max(8, width - sum(column.width + 1 for column in columns))
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for column in columns:
        shown.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=column.width or room,
        )
    hidden = max(0, len(pulls) - most_rows)
    for pull in pulls[hidden:]:
        layers = pull.layers
        cells = {
            "pull": Text(str(pull.id), style="bold"),
            IMAGE: Text(_about(pull, room)),
            "step": Text(current_step(pull), style="cyan"),
            "layers": Text("" if layers.total is None else f"{layers.fetched}/{layers.total}"),
            "bytes": Text(size(bytes_so_far(pull, arriving))),
            "rate": Text(f"{size(round(rates[pull.id]))}/s" if rates.get(pull.id) else "", style="dim"),
            "time": Text(_clock(now - pull.started), style="dim"),
        }
        shown.add_row(*(cells[column.title] for column in columns))
    if hidden:
        shown.caption = Text(f"and {count(hidden, 'older operation')}", style="dim")
        shown.caption_justify = "left"
    return shown


def rows_of(shown: Table | Text, *, width: int, color: bool) -> list[str]:
    """The table as lines of at most `width` columns."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as captured:
        console.print(shown, no_wrap=True, overflow="ellipsis", crop=True)
    return captured.get().rstrip("\n").split("\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What was told at the end of an operation, should it go on."""

    steps: int = 0
    found: tuple[Finding, ...] | None = None


def lines_of_ended(pull: Pull, *, verbose: bool, before: Ended | None = None, width: int = WIDTH) -> Iterator[Line]:
    """What stays of a pull: who and how it ended; its whole story where something went wrong, or where it is wanted.

    `before` is what was told at an earlier end of it: of that nothing is told again.
    """
    before = before or Ended()
    if verbose or pull.outcome is not Ending.COMPLETE:
        yield from story_of(pull, verbose=verbose, after=before.steps, known=before.found, width=width)
    else:
        yield from header_lines(pull, width)
        yield from closing_lines(pull, width=width)


class LiveView:
    """Redraws the table when something changed and when time passed."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        color: bool,
        verbose: bool = False,
        terminal_size: Callable[[], tuple[int, int]] = shutil.get_terminal_size,
    ) -> None:
        self._write = write
        self._color = color
        self._verbose = verbose
        self._size = terminal_size
        self._samples: dict[int, deque[tuple[float, int]]] = {}
        self._drawn: list[int] = []
        """The lengths of the table's lines that are on the screen."""
        self._rows: list[str] = []
        self._told = False
        self._ended: Newest[int, Ended] = Newest(MOST_CLOSED)
        # Lines of the log may come from other threads than the proxy's.
        self._lock = threading.Lock()

    def show(self, changes: Sequence[Change]) -> None:
        """Say what has ended; the table follows with the next tick."""
        lines: list[str] = []
        width = fitting(self._size()[0])
        for change in changes:
            if change.what == "refused":
                lines += [paint(line, color=self._color) for line in refusal_lines(change, width)]
            elif change.what == "closed" and change.pull is not None:
                if self._told:
                    lines.append("")
                self._told = True
                pull, before = change.pull, self._ended.pop(change.pull.id, None)
                said = lines_of_ended(pull, verbose=self._verbose, before=before, width=width)
                lines += [paint(line, color=self._color) for line in said]
                self._ended[pull.id] = Ended(steps=len(pull.steps), found=bare_findings(pull))
        if lines:
            self._frame(lines, self._rows)

    def tick(self, trace: Trace, now: float, arriving: Arriving) -> None:
        columns, rows = self._size()
        pulls = pulls_under_way(trace)
        # A line that reaches the last column may wrap in some terminals.
        width = max(20, columns - 1)
        shown = table(
            pulls,
            now,
            width=width,
            most_rows=max(1, rows - SPARE_ROWS),
            arriving=arriving,
            rates=self._rates(pulls, now, arriving),
        )
        self._frame([], rows_of(shown, width=width, color=self._color))

    def print_above(self, line: str) -> None:
        """Print another writer's line above the table."""
        self._frame([line], self._rows)

    def close(self) -> None:
        """Leave the lines, and no table."""
        self._frame([], [])

    def _frame(self, above: list[str], rows: list[str]) -> None:
        with self._lock:
            if not above and rows == self._rows:
                return
            columns = max(1, self._size()[0])
            # After the terminal became narrower, each line takes as many rows as it needs now.
            up = sum(max(1, -(-length // columns)) for length in self._drawn)
            text = (f"\x1b[{up}F" if up else "") + "\x1b[J" + "\n".join([*above, *rows])
            self._rows = rows
            self._drawn = [len(Text.from_ansi(row)) for row in rows]
            # `write` ends the text with a newline; without a line before it, that would leave an empty one.
            if above or rows:
                self._write(text)
            elif up:
                self._write(f"\x1b[{up}F\x1b[J\x1b[1A")

    def _rates(self, pulls: Sequence[Pull], now: float, arriving: Arriving) -> dict[int, float]:
        known = {pull.id for pull in pulls}
        for gone in [number for number in self._samples if number not in known]:
            del self._samples[gone]
        rates: dict[int, float] = {}
        for pull in pulls:
            samples = self._samples.setdefault(pull.id, deque([(pull.started, 0)]))
            total = bytes_so_far(pull, arriving)
            samples.append((now, total))
            while len(samples) > 2 and now - samples[1][0] > WINDOW:
                samples.popleft()
            then, before = samples[0]
            rates[pull.id] = max(0, total - before) / (now - then) if now > then else 0.0
        return rates


def _about(pull: Pull, room: int) -> str:
    """What a row is about: the image of a pull; of anything else, what is done before it."""
    if pull.action is Action.PULL:
        return _short_reference(pull, room)
    return f"{verb(pull)} {_short_reference(pull, room - len(verb(pull)) - 1)}"


def _short_reference(pull: Pull, room: int) -> str:
    """The reference as people type it, without docker.io and library; where it is long, its end says more."""
    name = reference_line(pull)
    if pull.reference is not None:
        name = name.replace("docker.io/library/", "", 1).replace("docker.io/", "", 1)
    repository, at, digest = name.partition("@sha256:")
    name = f"{repository}{at}{digest[:12]}"
    return name if len(name) <= room else ".." + name[-(room - 2) :]


def _clock(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole >= 60:
        return f"{whole // 60}:{whole % 60:02}"
    return duration(float(whole)) if whole else "<1 s"
