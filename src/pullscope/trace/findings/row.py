"""One row a code: the rule, and everything that is to be known of it, in one place beside it.

The docstring of a rule is its section of docs/findings.md, which is made from the rows: its first sentence says what shows
the code, the rest how that is known, with sources. How to add a row is in CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from inspect import cleandoc
from types import ModuleType

from pullscope.trace.findings.case import Case, Found
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding

REFUSED = (
    "access-denied challenge-unreadable credentials-not-used login-lacks-right scope-mismatch scope-refused "
    "token-not-requested token-rejected write-denied"
)
"""Every way in which an answer can refuse: what follows where a client never got to the right token."""

Rule = Callable[[Case], Iterator[Found]]
"""What is found in an operation; the first counts, so that a rule need not stop after it."""
Look = Callable[[Case], Finding | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is known of one code."""

    code: str
    shows: str
    """What shows it, as the table of the docs says it."""
    known: str
    """How that is known, in Markdown."""
    severities: str
    """Those that it has in what plays it and in real pulls, the usual one first: `error, warning`."""
    suffers: str
    """Which clients have to do with it."""
    remedy: str
    """The fix in a few words; the finding's own names the hosts."""
    look: Look | None = None
    """Finds it in one operation; None where a trace alone cannot show it."""
    needs: Fact | None = None
    """Without what the rule finds nothing, and is not asked: most operations go well."""
    explains: tuple[str, ...] = ()
    """What follows from it and is not told beside it: one cause is one error."""
    softens: tuple[str, ...] = ()
    """What is told beside it as no more than info: it explains, it is not what failed."""
    last_resort: bool = False
    """Whether it is asked only where no other rule has found an error."""
    recording: str | None = None
    """The recording that shows it, below tests/data."""
    report: str | None = None
    """The public report from which a conversation that shows it is rebuilt in the tests: `owner/name#1`."""
    rules: str | None = None
    """The platform whose rule file shows it; the file is in `known`. Without either, the fault of this name plays it."""


def row(
    code: str,
    *,
    remedy: str,
    severities: str = "error",
    suffers: str = "all",
    needs: Fact | None = Fact.FAILURE,
    explains: str = "",
    softens: str = "",
    recording: str | None = None,
    report: str | None = None,
    last_resort: bool = False,
) -> Callable[[Rule], Row]:
    """Makes a row of the rule below it; most are asked where a step failed, and find an error that stops all clients."""

    def made(rule: Rule) -> Row:
        def look(case: Case) -> Finding | None:
            first = next(rule(case), None)
            return first.under(code, case) if first is not None else None

        shows, _, known = cleandoc(rule.__doc__ or "").partition("\n\n")
        return Row(
            code=code,
            shows=" ".join(shows.split()).removesuffix("."),
            known=known,
            severities=severities,
            suffers=suffers,
            remedy=remedy,
            look=look,
            needs=needs,
            explains=tuple(explains.split()),
            softens=tuple(softens.split()),
            recording=recording,
            report=report,
            last_resort=last_resort,
        )

    return made


def rows_of(modules: Iterable[ModuleType]) -> tuple[Row, ...]:
    """The rows that stand in these files, in their order."""
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Row))
