"""docs/how-correlation-works.md, made from the tables by `python -m pullscope.trace.correlation_page`.

A test holds the page against the tables, so that they cannot drift.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator

from pullscope.trace import times
from pullscope.trace.clues import MAY_ASK, VETOES
from pullscope.trace.evidence import WHOSE
from pullscope.trace.lifecycle import PATIENCE, TRANSITIONS

_PREFACE = """\
# How correlation works

<!-- Made by `python -m pullscope.trace.correlation_page`: change the tables in src/pullscope/trace, not this page. -->

For those who change `src/pullscope/trace`. A trace puts every exchange into a step, and every step into an operation: one thing
that one client did at one registry. Where an exchange belongs is decided by named rows of evidence, and the row that decided
is kept with the step: `because` in the JSON report, and in the text with `-v`.

## The way of a request

1. `stitch` looks whether it continues a step: it follows a redirect (its URL is an open `Location`, or its `Referer` leads to
   one), repeats what was refused, asks for the next range, or goes to the `Location` of an upload.
2. A token request goes to `token_owners`: the step whose challenge it answers. Several challenges may look alike; then the token
   waits, and belongs to the operation that carries it first.
3. Anything else begins a step. `clues` says what the request gives away, who cannot have sent it and who may have; `evidence`
   chooses. Where no operation may have, an operation begins.
4. What names no repository (a version check) waits in `waiting`, until a request with a name claims it.
5. A redirect may lead to a request that carries another operation's token. Then the step was that one's from the beginning, and
   moves (`grouping.correct`).
6. Of several redirects to one address, the one is followed whose client opened its connection at that time (`followers`); what
   comes later exchanges two that were taken for each other.
7. When an operation is over, `conclude` says what it was for and how it ended, and `findings` why.

One TCP connection is one process, always. A process is not one operation: daemons run many at once on one connection. So a
connection joins the requests of a command-line client with certainty, and those of a daemon only as far as it has served one
operation. Which of the two a client is, is a column of the table of clients (`oci.agents`).

What the wire does not tell is not told: of several that fit alike, the one that waited longest is taken, and the step says
"could be operation 3 too". Version checks of clients that close each connection are such, and storage requests whose address
was given to several at once.
"""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', ',') for cell in cells)} |"


def _said(function: Callable[..., object]) -> str:
    return " ".join((inspect.getdoc(function) or "").split())


def lines() -> Iterator[str]:
    yield _PREFACE.rstrip("\n")
    yield ""
    yield "## Who cannot have asked"
    yield ""
    yield _row("veto", "it holds where")
    yield _row("---", "---")
    for name, veto in VETOES.items():
        yield _row(name, _said(veto))
    yield ""
    yield "## Who may have asked"
    yield ""
    yield _row("the request is", "who may have asked it")
    yield _row("---", "---")
    for form, asks in MAY_ASK.items():
        yield _row(str(form), _said(asks))
    yield ""
    yield "## Whose it is"
    yield ""
    yield "The strongest row that leaves one has decided; each narrows what the rows before it left."
    yield ""
    yield _row("row", "strength", "the step says", "source")
    yield _row("---", "---", "---", "---")
    for row in WHOSE:
        yield _row(row.name, str(row.strength), row.words.replace("{token}", "3"), row.source)
    yield ""
    yield "## The life of an operation"
    yield ""
    yield _row("state", "what happens", "then", "where")
    yield _row("---", "---", "---", "---")
    for move in TRANSITIONS:
        yield _row(move.state, move.event, move.then, f"`{move.where}`")
    yield ""
    yield "How long more is waited for, after the last thing that was seen; the first row that holds counts:"
    yield ""
    yield _row("where", "why")
    yield _row("---", "---")
    for patience in PATIENCE:
        yield _row(patience.name, patience.why)
    yield ""
    yield "## Every time that plays a part"
    yield ""
    yield _row("name", "seconds", "what it is")
    yield _row("---", "---", "---")
    for name, seconds, what in _times():
        yield _row(f"`{name}`", f"{seconds:g}", what)


def _times() -> Iterator[tuple[str, float, str]]:
    source = inspect.getsource(times).splitlines()
    for place, line in enumerate(source[:-1]):
        name, equals, _ = line.partition(" = ")
        if equals and name.isupper():
            yield name, getattr(times, name), source[place + 1].strip('"')


def page() -> str:
    """The page, ending in a newline."""
    return "".join(f"{line}\n" for line in lines())


if __name__ == "__main__":
    sys.stdout.write(page())
