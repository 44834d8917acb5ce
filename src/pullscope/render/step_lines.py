"""A step in lines: what was asked, what came, which hosts answered, how long; its hops below it where they explain something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from pullscope.oci.amounts import duration, size
from pullscope.oci.plain import plain
from pullscope.oci.urls import split
from pullscope.render.hop_words import hop_note, hop_status, hop_times
from pullscope.render.layout import WIDTH, Line, wrap, wrapped
from pullscope.render.names import media_name, short
from pullscope.render.wording import sayings, title
from pullscope.trace.final_failures import failed_for_good
from pullscope.trace.hosts import Roles
from pullscope.trace.model import Hop, Outcome, Pull, Step

TITLE_AT, WHAT_AT, TIME_WIDTH = 4, 19, 6

CHAIN_AT, CHAIN_AT_VANITY = 50, 42
"""Where the hosts are written; a pull through a vanity host has longer chains."""

NARROW_NOTE = 30
"""Columns below which a note that does not fit beside its hop stands under it."""

LONG_WORDS, LONG_CHAIN = 30, 36
"""`latest is sha256:8e77458de855`, and `vanity 302 > registry 307 > cdn 200`, with what stands between."""

FOLDED_BELOW = 75
"""Columns below which the words and the hosts of a step do not fit side by side; a gutter leaves more."""

ENOUGH_FOR_A_RATE = 100_000
"""Bytes."""

BELOW = " " * 11
"""What stands before the later lines of a hop."""

LOOK_BACK = 12
"""Steps among which a failure is looked for that was told in the same words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class More:
    """A column that a line has where the terminal has room for it."""

    width: int
    text: Callable[[Step], str]
    right: bool = False


def _rate(step: Step) -> str:
    """`12.3 MB/s` of the exchange that brought or took the bytes; of a few bytes it would say how long a request takes."""
    for hop in step.hops:
        moved = max(hop.bytes or 0, hop.uploaded.bytes if hop.uploaded else 0)
        if moved >= ENOUGH_FOR_A_RATE and hop.seconds:
            return f"{size(round(moved / hop.seconds))}/s"
    return ""


RATE = More(width=10, text=_rate, right=True)
SHORT_DIGEST = More(width=19, text=lambda step: short(step.digest) if step.digest else "")
FULL_DIGEST = More(width=71, text=lambda step: plain(step.digest or "", 71))
MEDIA_TYPE = More(width=20, text=lambda step: media_name(step.media_type or "")[:20])
GROWTH: tuple[tuple[int, tuple[More, ...], tuple[More, ...]], ...] = (
    # columns to fill, and what stands before and behind the chain
    (199, (FULL_DIGEST, MEDIA_TYPE), (RATE,)),
    (147, (SHORT_DIGEST, MEDIA_TYPE), (RATE,)),
    (126, (SHORT_DIGEST,), (RATE,)),
    (105, (), (RATE,)),
)
"""What more room shows; each row has all that the next one has."""


def step_lines(step: Step, pull: Pull, roles: Roles, *, verbose: bool = False, width: int = WIDTH) -> Iterator[Line]:
    """One line, or two where the terminal is narrow, and the hops below it where something failed."""
    failed = step.outcome is Outcome.FAILED
    missed = step.outcome is Outcome.NOT_SEEN
    style = "red" if failed_for_good(step) else "yellow" if failed or missed else "dim" if step.is_token else None
    head: Line = [(f"{step.n:>3} ", "dim"), (f"{title(step):<{WHAT_AT - TITLE_AT}}", style or "cyan")]
    said, chain, time = list(sayings(step, pull)), chain_of(step, roles), duration(step.seconds)
    if width < FOLDED_BELOW:
        yield from _folded(head, said, chain, time, style, width)
    else:
        yield _whole(step, head, said, chain, time, style, width, roles)
    if verbose or (failed and not _says_it_all(step, pull, roles) and not _was_said(step, pull)):
        yield from hop_lines(step, pull, width=width, verbose=verbose)
    if verbose and step.because:
        yield from wrapped([("      because: ", "dim"), ("; ".join(step.because), "dim")], width)


def _whole(
    step: Step, head: Line, said: list[str], chain: str, time: str, style: str | None, width: int, roles: Roles
) -> Line:
    """All on one line: the chain keeps its column unless it needs more room; the words give way first."""
    before, behind = next((row[1:] for row in GROWTH if width >= row[0]), ((), ()))
    # What stands behind the chain, and before it, takes its columns from the right.
    taken_behind, taken_before = (sum(one.width + 1 for one in columns) for columns in (behind, before))
    end = width - taken_behind
    at = (CHAIN_AT_VANITY if roles.has_vanity else CHAIN_AT) - (WIDTH - end)
    last = end - max(TIME_WIDTH, len(time)) - 1
    if before or behind:  # there is room for a long chain in the column of all
        at = min(at, max(last - 1 - LONG_CHAIN, WHAT_AT + taken_before + LONG_WORDS))
    chain = _fit_chain(chain, last - WHAT_AT - 13 - taken_before)
    at = at if at + len(chain) <= last else last - 1 - len(chain)
    place = at - WHAT_AT - taken_before
    words = next((saying for saying in said if len(saying) < place), said[-1])
    gap = max(1, width - taken_behind - at - len(chain) - len(time))
    more = [[(_cell(one, step), "dim") for one in columns] for columns in (before, behind)]
    return [
        *head,
        (f"{_cut(words, place - 1):<{place}}", style),
        *more[0],
        (chain, style),
        (" " * gap, None),
        *more[1],
        (time, "dim"),
    ]


def _cell(column: More, step: Step) -> str:
    text = column.text(step)
    return f"{text:>{column.width}} " if column.right else f"{text:<{column.width}} "


def _folded(head: Line, said: list[str], chain: str, time: str, style: str | None, width: int) -> Iterator[Line]:
    """Words and time, and the chain beside the words where both fit, else below them."""
    room = width - WHAT_AT - max(TIME_WIDTH, len(time)) - 1
    words = next((saying for saying in said if len(saying) <= room), said[-1])
    words = _cut(words, room)
    beside = len(words) + 2 + len(chain) <= room
    gap = room - len(words) - len(chain) if beside else 0
    yield [
        *head,
        (words, style),
        *([(" " * gap, None), (chain, style)] if beside else [(" " * (room - len(words)), None)]),
        (f" {time:>{TIME_WIDTH}}", "dim"),
    ]
    if not beside:
        yield [(" " * WHAT_AT, None), (_fit_chain(chain, width - WHAT_AT), style)]


def _cut(words: str, room: int) -> str:
    """What is still too long after the last of its shorter forms is one word."""
    return words if len(words) <= room else f"{words[: max(0, room - 2)]}.."


def _says_it_all(step: Step, pull: Pull, roles: Roles) -> bool:
    """Whether the hop of a step would only say its 404 once more; that a mirror has not everything is nothing to explain."""
    last = step.last
    if len(step.hops) > 1 or last.status != 404:
        return False
    return roles.of_hop(last) == "mirror" or (not last.request.url.startswith("http:") and not hop_note(last, pull))


def _was_said(step: Step, pull: Pull) -> bool:
    """Whether the same was asked for a little while ago, and came to the same."""
    if step.n < 2:
        return False
    before = [old for old in pull.steps[max(0, step.n - LOOK_BACK) : step.n - 1] if old.place == step.place]
    return any(_told_alike(old, pull) == _told_alike(step, pull) for old in before)


def _told_alike(step: Step, pull: Pull) -> list[tuple[str, str, int | None, str]]:
    return [(hop.request.method, _place(hop), hop.status, hop_note(hop, pull)) for hop in step.hops]


def hop_lines(step: Step, pull: Pull, *, width: int = WIDTH, verbose: bool = False) -> Iterator[Line]:
    """Each hop of a step: method, host, status, and what is worth knowing of it; with `verbose` its path and its times."""
    column = min(40, max(len(_place(hop)) for hop in step.hops))

    def alike(hop: Hop) -> tuple[str, str, tuple[list[str], str] | None]:
        status = str(hop.status) if hop.status is not None else "---"
        start = f"      {plain(hop.request.method, 8):<4} {_place(hop):<{column}}  {status}  "
        return start, hop_note(hop, pull), _times_and_path(hop) if verbose else None

    for (start, note, more), same in groupby(step.hops, alike):
        hops = [*same]
        failed = hops[-1] is step.last and failed_for_good(step)
        style = "red" if failed else "dim"
        if len(hops) > 1:
            note = f"{len(hops)} times, {note}" if note else f"{len(hops)} times"
        room = width - len(start)
        if not note:
            start = start.rstrip()
        if note and room < NARROW_NOTE and len(note) > room:
            yield [(start.rstrip(), style)]
            start, room = BELOW, width - len(BELOW)
        # An address is there to be copied: where the column is too narrow for one, the note goes on at the left.
        indent = len(start) if all(len(word) <= room for word in note.split(" ")) else len(BELOW)
        for number, text in enumerate(wrap(note, room, width - indent)):
            yield [(start if number == 0 else " " * indent, style), (text, style)]
        if more:
            yield from _beneath(more, width)


def _beneath(times_and_path: tuple[list[str], str], width: int) -> Iterator[Line]:
    """Times, then the path: whole where it fits in a line, else with short digests and in lines that end at a / ? or &."""
    times, path = times_and_path
    room = width - len(BELOW)
    times = [f"{time}, " for time in times[:-1]] + [f"{times[-1]}: "]
    if len(path) > room:
        lines = _packed(times, room) + _packed(re.findall(r"[^/?&]*[/?&]?", _HASH.sub(r"\1..", path)), room)
    else:
        lines = _packed([*times, path], room)
    for line in lines:
        yield [(BELOW, None), (line, "dim")]


def _packed(parts: list[str], room: int) -> list[str]:
    """The parts in as few lines as they need, none of them broken."""
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > room:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


_HASH = re.compile(r"(?<![0-9a-z])([0-9a-f]{12})[0-9a-f]{52,116}(?![0-9a-z])")
"""sha256 and sha512."""


def _times_and_path(hop: Hop) -> tuple[list[str], str]:
    url = split(hop.request.url)
    asked = f"{url.path}?{url.query}" if url.query else url.path
    return hop_times(hop) or ["no answer"], plain(asked, 2000)


def _place(hop: Hop) -> str:
    """The host of a hop; what is not HTTPS says so."""
    host = plain(hop.host, 60)
    return f"http://{host}" if hop.request.url.startswith("http:") else host


def chain_of(step: Step, roles: Roles) -> str:
    """`vanity 302 > registry 401 200`: the hosts in order, each with the statuses that it gave."""
    places: list[tuple[str, str]] = []
    said: dict[tuple[str, str], list[str]] = {}
    for hop in step.hops:
        place = (hop.host, roles.of_hop(hop))
        if place not in said:
            places.append(place)
            said[place] = []
        status = hop_status(hop)
        if not said[place] or said[place][-1] != status:
            said[place].append(status)
    return " > ".join(f"{place[1]} {' '.join(said[place][-4:])}" for place in places)


def _fit_chain(chain: str, room: int) -> str:
    if len(chain) <= room:
        return chain
    parts = chain.split(" > ")
    while len(parts) > 2 and len(" > ".join([*parts[:-1][:-1], "..", parts[-1]])) > room:
        del parts[-2]
    folded = " > ".join([*parts[:-1], "..", parts[-1]]) if len(parts) > 1 else chain
    return folded[:room]
