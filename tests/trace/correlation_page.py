"""docs/how-correlation-works.md, made from the tables of the trace room; `test_correlation_page.py` writes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass

from pullscope.trace import times
from pullscope.trace.candidates import MAY_ASK, VETOES
from pullscope.trace.evidence import WHOSE
from pullscope.trace.lifecycle import PATIENCE

_PREFACE = """\
# How correlation works

<!-- Made from the tables in src/pullscope/trace by `PULLSCOPE_REWRITE=1 pytest tests/trace/test_correlation_page.py`. -->

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


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: in this state, after this, the operation is in that state."""

    state: str
    event: str
    then: str
    where: str
    """The function that does it."""


TRANSITIONS: Sequence[Transition] = (
    Transition("-", "a version check or a token request that nothing claims", "waiting", "grouping.begin"),
    Transition("-", "a request with a name that no open operation asked", "open", "grouping.begin"),
    Transition(
        "waiting",
        "a request with a name, by its token, its connection or in its turn",
        "part of that operation",
        "waiting.claim",
    ),
    Transition("waiting", "quiet for long enough", "ended, told as what it is", "trace._close"),
    Transition("open", "quiet for long enough (the table below)", "ended", "trace._advance"),
    Transition("open", "its client asks for the same tag anew", "ended", "grouping._superseded"),
    Transition("open", "too many are open", "ended", "open_pulls.one_too_many"),
    Transition("open", "the end of the input", "ended", "trace.finish"),
    Transition(
        "ended",
        "a request that can only be its own, within 120 s; a step's next move, 600 s; what it has still to fetch, an hour",
        "open again, which is said once",
        "trace._touch",
    ),
    Transition("ended", "more pulls than are kept", "forgotten", "trace._forget_the_oldest"),
)


def _table(heads: str, rows: Iterable[tuple[str, ...]]) -> str:
    columns = heads.split(", ")
    cells = [columns, ["---"] * len(columns), *([cell.replace("|", ",") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _said(function: Callable[..., object]) -> str:
    return " ".join((inspect.getdoc(function) or "").split())


def page() -> str:
    """The page, ending in a newline."""
    return f"""\
{_PREFACE}
## Who cannot have asked

{_table("veto, it holds where", ((name, _said(veto)) for name, veto in VETOES.items()))}
## Who may have asked

{_table("the request is, who may have asked it", ((str(form), _said(asks)) for form, asks in MAY_ASK.items()))}
## Whose it is

The strongest row that leaves one has decided; each narrows what the rows before it left.

{_table("row, strength, the step says, source", ((row.name, str(row.strength), row.words, row.source) for row in WHOSE))}
## The life of an operation

{_table("state, what happens, then, where", ((*astuple(row)[:3], f"`{row.where}`") for row in TRANSITIONS))}
How long more is waited for, after the last thing that was seen; the first row that holds counts:

{_table("where, why", ((row.name, row.why) for row in PATIENCE))}
## Every time that plays a part

{_table("name, seconds, what it is", ((f"`{name}`", f"{seconds:g}", what) for name, seconds, what in _times()))}"""


def _times() -> Iterator[tuple[str, float, str]]:
    source = inspect.getsource(times).splitlines()
    for place, line in enumerate(source[:-1]):
        name, equals, _ = line.partition(" = ")
        if equals and name.isupper():
            yield name, getattr(times, name), source[place + 1].strip('"')
