"""A step in lines: what was asked, what came, which hosts answered, how long; its hops below it where they explain something."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pullscope.oci.amounts import duration
from pullscope.render.layout import WIDTH, Line, wrap, wrapped
from pullscope.render.plain import plain
from pullscope.render.wording import hop_note, sayings, title
from pullscope.trace.for_good import failed_for_good
from pullscope.trace.hosts import Roles
from pullscope.trace.model import Hop, Outcome, Pull, Step

TITLE_AT, WHAT_AT, TIME_WIDTH = 4, 19, 6

CHAIN_AT, CHAIN_AT_VANITY = 50, 42
"""Where the hosts are written; a pull through a vanity host has longer chains."""

LOOK_BACK = 12
"""Steps among which a failure is looked for that was told in the same words."""


def step_lines(step: Step, pull: Pull, roles: Roles, *, verbose: bool = False, width: int = WIDTH) -> Iterator[Line]:
    """One line, and the hops below it where something failed."""
    failed = step.outcome is Outcome.FAILED
    missed = step.outcome is Outcome.NOT_SEEN
    name = title(step)
    chain = chain_of(step, roles)
    at = (CHAIN_AT_VANITY if roles.has_vanity else CHAIN_AT) - (WIDTH - width)
    time = duration(step.seconds)
    # The chain keeps its column unless it needs more room; the words give way first.
    last = width - max(TIME_WIDTH, len(time)) - 1
    chain = _fit_chain(chain, last - WHAT_AT - 13)
    at = at if at + len(chain) <= last else last - 1 - len(chain)
    room = at - WHAT_AT - 1
    said = list(sayings(step, pull))
    words = next((saying for saying in said if len(saying) <= room), f"{said[-1][: max(0, room - 2)]}..")
    gap = max(1, width - at - len(chain) - len(time))
    style = "red" if failed_for_good(step) else "yellow" if failed or missed else "dim" if step.is_token else None
    yield [
        (f"{step.n:>3} ", "dim"),
        (f"{name:<{WHAT_AT - TITLE_AT}}", style or "cyan"),
        (f"{words:<{at - WHAT_AT}}", style),
        (chain, style),
        (" " * gap, None),
        (time, "dim"),
    ]
    if verbose or (failed and not _says_it_all(step, pull, roles) and not _was_said(step, pull)):
        yield from hop_lines(step, pull, width=width)
    if verbose and step.because:
        yield from wrapped([("      because: ", "dim"), ("; ".join(step.because), "dim")], width)


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


def hop_lines(step: Step, pull: Pull, *, width: int = WIDTH) -> Iterator[Line]:
    """Each hop of a step: method, host, status, and what is worth knowing of it."""
    column = min(40, max(len(_place(hop)) for hop in step.hops))

    def alike(hop: Hop) -> tuple[str, str]:
        status = str(hop.status) if hop.status is not None else "---"
        return f"      {plain(hop.request.method, 8):<4} {_place(hop):<{column}}  {status}  ", hop_note(hop, pull)

    for (start, note), same in groupby(step.hops, alike):
        hops = [*same]
        failed = hops[-1] is step.last and failed_for_good(step)
        if len(hops) > 1:
            note = f"{len(hops)} times, {note}" if note else f"{len(hops)} times"
        room = max(width - len(start), 20)
        # An address is there to be copied: where the column is too narrow for one, the note goes on at the left.
        indent = len(start) if all(len(word) <= room for word in note.split(" ")) else len("          ")
        for number, text in enumerate(wrap(note, room, width - indent)):
            lead = start if number == 0 else " " * indent
            yield [(lead, "red" if failed else "dim"), (text, "red" if failed else "dim")]


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
        status = _status(hop)
        if not said[place] or said[place][-1] != status:
            said[place].append(status)
    return " > ".join(f"{place[1]} {' '.join(said[place][-4:])}" for place in places)


def _status(hop: Hop) -> str:
    if hop.failed is not None:
        if hop.hung_up:
            return f"{hop.status or ''} stopped".lstrip()
        return f"{hop.status} cut off" if hop.status is not None else "no response"
    if hop.status is None:
        return "..."
    return str(hop.status) if hop.done else f"{hop.status} ..."


def _fit_chain(chain: str, room: int) -> str:
    if len(chain) <= room:
        return chain
    parts = chain.split(" > ")
    while len(parts) > 2 and len(" > ".join([*parts[:-1][:-1], "..", parts[-1]])) > room:
        del parts[-2]
    folded = " > ".join([*parts[:-1], "..", parts[-1]]) if len(parts) > 1 else chain
    return folded[:room]
