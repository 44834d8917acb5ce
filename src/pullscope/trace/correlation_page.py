"""docs/how-correlation-works.md, made from the tables by `python -m pullscope.trace.correlation_page`.

A test holds the page against the tables, so that they cannot drift.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator

from pullscope.trace import times
from pullscope.trace.candidates import MAY_ASK, VETOES
from pullscope.trace.evidence import WHOSE
from pullscope.trace.lifecycle import PATIENCE, TRANSITIONS

_PREFACE = """\
# How correlation works

<!-- Made by `python -m pullscope.trace.correlation_page`: change the tables in src/pullscope/trace, not this page. -->

For those who change `src/pullscope/trace`. A trace puts every exchange into a step, and every step into an operation: one thing
that one client did at one registry. Named rows of evidence decide, and each step keeps the row that decided: `because` in the
JSON report, and in the text with `-v`.

## From request to operation

1. `stitch` checks whether it continues a step: it follows a redirect (its URL is an open `Location`, or its `Referer` leads to
   one), repeats what was refused, asks for the next range, or goes to the `Location` of an upload.
2. `token_owners` assigns a token request to the step whose challenge it answers. If several challenges are equal, the token waits
   and belongs to the operation that carries it first.
3. Anything else begins a step. `clues` finds what the request shows, `candidates` which operations may have sent it; `evidence`
   chooses. If none can, an operation begins.
4. A request that names no repository (a version check) waits in `waiting`, until a request with a name claims it.
5. A redirect may lead to a request that carries another operation's token. Then the step belonged to that
   operation from the beginning, and moves (`grouping.correct`).
6. Of several redirects to one address, a request follows the one whose client opened its connection at that time (`followers`);
   later evidence can exchange two that were mistaken for each other.
7. When an operation is over, `conclude` says what it was for and how it ended, and `findings` why.

One TCP connection is always one process. A process can have several operations: a daemon runs many at once on one connection. So
a connection proves that requests of a command-line client belong together; for a daemon it does so only while it has served one
operation. The table of clients (`oci.agents`) says which are daemons.

If the wire does not decide between several operations, the one that waited longest is chosen, and the step says "could be
operation 3 too". This happens with version checks of clients that close each connection, and with storage requests whose address
was given to several operations at the same time.
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
        yield _row(row.name, str(row.strength), row.words, row.source)
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
