"""The table of clients: who pulls, who does not and why, and what each line rests on; and problems, as every command tells them.

It is given verdicts and words, and knows no client. Everything in it may come from a server, and passes `plain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pullscope.oci.amounts import count
from pullscope.oci.plain import plain
from pullscope.oci.verdicts import ClientOutcome, ClientVerdict, Problem, Severity
from pullscope.render.layout import WIDTH, Line, wrap, wrap_advice
from pullscope.render.lines import fix_lines, told_lines

_LABEL = 24
_MARGIN = 8

_WORDS = {ClientOutcome.WORKS: "pulls", ClientOutcome.FAILS: "FAILS", ClientOutcome.UNKNOWN: "?"}
_STYLES = {ClientOutcome.WORKS: "green", ClientOutcome.FAILS: "red", ClientOutcome.UNKNOWN: "yellow"}
_EVIDENCE = 6
"""Columns of what a line rests on: `tested` or `source`."""

_LEGEND = "tested: compared with the real client; source: read in its source code"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One client. `evidence` is "tested" or "source"; one `of` another is inset below it, and names it where it stands alone."""

    label: str
    evidence: str
    verdict: ClientVerdict
    of: str | None = None
    before: ClientOutcome | None = None
    """What it was before a move."""


def matrix(rows: Iterable[Row], width: int = WIDTH, *, note: str = "", fixes: bool = True) -> list[Line]:
    """A line for each client, and below the table, once each, why there is no verdict, what to do and where it is tracked.

    `note` stands with the legend. Without `fixes` what to do is said elsewhere, once for all clients.
    """
    listed = list(rows)
    advice = _advice(listed, width) if fixes else []
    if len(listed) > 1 and len({row.verdict.reason for row in listed}) == 1 and all(map(_only_fails, listed)):
        alone = Row(label=f"all {len(listed)} clients", evidence="", verdict=listed[0].verdict)
        return [*_lines(alone, width, moved=False), *advice]
    lines: list[Line] = []
    above: str | None = None
    # In a wide terminal the evidence stands beside the reasons and not at the far edge.
    longest = max(
        (len(row.verdict.reason or "") for row in listed if row.verdict.verdict is ClientOutcome.FAILS), default=0
    )
    needed = max(WIDTH, longest + 54)
    for row in listed:
        if row.of not in (None, above):
            lines.append([(f"  {row.of}", None)])
        above = row.of or row.label
        lines += _lines(row, min(width, needed), moved=any(one.before is not None for one in listed))
    for words in filter(None, (_LEGEND, note)):
        lines += wrapped("", words, width, margin=2, style="dim")
    for why in dict.fromkeys(row.verdict.reason for row in listed if row.verdict.verdict is ClientOutcome.UNKNOWN):
        lines += wrapped("  ?", why or "not tried", width)
    return [*lines, *advice]


def _only_fails(row: Row) -> bool:
    return row.verdict.verdict is ClientOutcome.FAILS and row.before is None


def _advice(listed: Iterable[Row], width: int) -> list[Line]:
    """What to do, once each, for which clients, and where it is tracked."""
    advice: dict[str, list[Row]] = {}
    for row in listed:
        if row.verdict.verdict is ClientOutcome.FAILS and row.verdict.fix:
            advice.setdefault(row.verdict.fix, []).append(row)
    lines: list[Line] = []
    for fix, failing in advice.items():
        whose = ", ".join(f"{row.of} {row.label}" if row.of else row.label for row in failing)
        lines += fix_lines(" ".join(plain(f"{whose}: {fix}" if len(advice) > 1 else fix, None).split()), width)
        links = dict.fromkeys(row.verdict.link for row in failing if row.verdict.link)
        lines += [[(f"        {plain(link, None)}", "dim")] for link in links]
    return lines


def problem_lines(problems: Iterable[Problem], width: int = WIDTH, *, pasted: bool = False) -> Iterator[Line]:
    """`error  code  where`, the sentence and the fix, as the story has them, the worst first.

    A place that the sentence names is not said twice. With `pasted` every fix is a command as a whole.
    """
    for one in sorted(problems, key=lambda problem: problem.severity.rank):
        where = one.where if one.where and one.where not in one.message else ""
        headline = f"{plain(one.code, None)}  {plain(where, None)}".rstrip()
        yield from told_lines(one.severity, headline, one.message, one.fix, width, pasted=pasted)


def count_of(problems: Iterable[Problem], *, notes: bool = False) -> str:
    """`no errors, 2 warnings`; with `notes` the rest too."""
    listed = [problem.severity for problem in problems]
    errors, warnings, infos = (listed.count(one) for one in (Severity.ERROR, Severity.WARNING, Severity.INFO))
    words = [count(errors, "error") if errors else "no errors"]
    words += [count(warnings, "warning")] if warnings else []
    words += [f"{infos} info"] if infos and notes else []
    return ", ".join(words)


def _lines(row: Row, width: int, *, moved: bool) -> list[Line]:
    """A line, and its reason's later words below the first."""
    label = f"  {row.label}" if row.of else row.label
    outcome = row.verdict.verdict
    reason = "no verdict: see below" if outcome is ClientOutcome.UNKNOWN else plain(row.verdict.reason or "", None)
    word = _WORDS[outcome]
    if row.before is not None and row.before is not outcome:
        word = f"{_WORDS[row.before]}→{word}"
    words = len("pulls→FAILS") if moved else len("FAILS")
    at = 2 + _LABEL + 2 + words + 2
    most = width - at - 2 - _EVIDENCE
    beside = most >= 12  # else the reason stands below, with more room
    first, *rest = wrap(reason, most) if beside else ("", *filter(None, wrap(reason, width - _MARGIN)))
    line: Line = [
        (f"  {label:<{_LABEL}}  ", None),
        (f"{word:<{words}}", _STYLES[outcome]),
        (f"  {first:<{most}}  ", None),
        (row.evidence, "dim"),
    ]
    below: list[Line] = [[(f"{'':<{at if beside else _MARGIN}}{later}", None)] for later in rest]
    return [line, *below]


def wrapped(head: str, text: str, width: int = WIDTH, *, margin: int = _MARGIN, style: str | None = None) -> list[Line]:
    """Whole words below a head; a word that is longer than a line stays whole, so that it can be pasted."""
    lines = wrap_advice(" ".join(plain(text, None).split()), width - margin)
    return [[(f"{head if number == 0 else '':<{margin}}{line}", style)] for number, line in enumerate(lines)]
