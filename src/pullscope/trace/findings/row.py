"""One row a code: the rule, and everything that is to be known of it, in one place beside it.

The docstring of a rule is its section of docs/findings.md, which is made from the rows: its first sentence says what shows
the code, the rest how that is known, with sources. How to add a row is in CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from inspect import cleandoc
from types import ModuleType

from pullscope.trace.findings.case import Case, Found
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding, Severity

__all__ = ["Case", "Fact", "Found", "Row", "Severity", "row"]
"""What a file of rules is written with."""

Rule = Callable[[Case], Iterator[Found] | None]
"""What is found in an operation; the first counts, so that a rule need not stop after it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is known of one code; `@row(remedy=...)` makes one of the rule below it, whose name is the code, with _ for -.

    Most are asked where a step failed, and find an error that stops all clients.
    """

    remedy: str
    """The fix in a few words; the finding's own names the hosts."""
    severities: str = "error"
    """Those that it has in what plays it and in real pulls, the usual one first; `warning` or `info` alone it always has."""
    suffers: str = "all"
    """Which clients have to do with it."""
    needs: Fact | None = Fact.ERROR
    """Without what the rule finds nothing, and is not asked: most operations go well."""
    explains: str = ""
    """The codes of what follows from it in other steps, or has no place in `table.ORDER`: one cause is one error."""
    of_an_answer: bool = False
    """Whether one answer alone shows it (`tellings`)."""
    softens: str = ""
    """What is told beside it as no more than info: it explains, it is not what failed."""
    last_resort: bool = False
    """Whether it is asked only where no other rule has found an error."""
    found_elsewhere: bool = False
    """Whether it takes more than one operation to show it, or another kind of look: then its rule is not asked."""
    recording: str | None = None
    """The recording that shows it, below tests/data."""
    rules: str | None = None
    """The platform whose rule file shows it; the file is in `known`. Without either, it is shown by the conversation of this
    name, rebuilt from a public report (tests/data/reports), or played by the fault of this name."""
    rule: Rule = lambda _: None

    def __call__(self, rule: Rule) -> Row:
        """The row with its rule."""
        return replace(self, rule=rule)

    @property
    def code(self) -> str:
        return self.rule.__name__.replace("_", "-")

    @property
    def shows(self) -> str:
        """What shows it, as the table of the docs says it."""
        return " ".join(cleandoc(self.rule.__doc__ or "").partition("\n\n")[0].split()).removesuffix(".")

    @property
    def known(self) -> str:
        """How that is known, in Markdown."""
        return cleandoc(self.rule.__doc__ or "").partition("\n\n")[2]

    def look(self, case: Case) -> Finding | None:
        """What the rule finds in one operation."""
        first = next(self.rule(case) or iter(()), None)
        if first is None:
            return None
        only = self.severities in ("warning", "info")
        return first.under(self.code, case, Severity(self.severities) if only else None)


row = Row


def rows_of(modules: Iterable[ModuleType]) -> tuple[Row, ...]:
    """The rows that stand in these files, in their order."""
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Row))
