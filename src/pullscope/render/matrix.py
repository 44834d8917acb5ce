"""The table of clients: who pulls, who does not and why, and what each line rests on. Lines of text in, none out to anywhere.

It is given verdicts and words, and knows no client. Everything in it may come from a server: what is no printable character
is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pullscope.oci.verdicts import ClientOutcome, ClientVerdict, Problem, Severity

WIDTH = 80
_LABEL = 26
_REASON = 37

_WORDS = {ClientOutcome.WORKS: "pulls", ClientOutcome.FAILS: "FAILS", ClientOutcome.UNKNOWN: "?"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One client. `evidence` is "run" or "read"; an inset row belongs to the one above it."""

    label: str
    evidence: str
    verdict: ClientVerdict
    inset: bool = False


def matrix(rows: Iterable[Row]) -> list[str]:
    """A line for each client, and below the table, once each, what to do and where it is tracked."""
    listed = list(rows)
    lines = [_line(row) for row in listed]
    lines.append("  run: compared with the real client; read: from its source")
    advice: dict[str, list[str]] = {}
    for row in listed:
        verdict = row.verdict
        if verdict.verdict is not ClientOutcome.FAILS or not verdict.fix:
            continue
        links = advice.setdefault(verdict.fix, [])
        if verdict.link and verdict.link not in links:
            links.append(verdict.link)
    for fix, links in advice.items():
        lines += wrapped("  fix", fix)
        lines += [f"        {printable(link)}" for link in links]
    return lines


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """`error  code  where`, the sentence and the fix, as every command says problems."""
    lines = []
    for problem in problems:
        lines.append(f" {problem.severity!s:<8}{printable(problem.code)}  {printable(problem.where or '')}".rstrip())
        lines += wrapped("", problem.message)
        if problem.fix:
            lines += wrapped("  fix", problem.fix)
    return lines


def count_of(problems: Iterable[Problem]) -> str:
    """`1 error, 2 warnings`; empty where there is neither."""
    listed = list(problems)
    words = []
    for severity in (Severity.ERROR, Severity.WARNING):
        count = sum(problem.severity is severity for problem in listed)
        if count:
            words.append(f"{count} {severity}{'' if count == 1 else 's'}")
    return ", ".join(words)


def printable(text: str) -> str:
    """Without control codes: what a server says is data."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _line(row: Row) -> str:
    label = f"  {row.label}" if row.inset else row.label
    reason = printable(row.verdict.reason or "")
    if len(reason) > _REASON:
        reason = reason[: _REASON - 3] + "..."
    return f"  {label:<{_LABEL}} {_WORDS[row.verdict.verdict]:<5}  {reason:<{_REASON}}  {row.evidence}".rstrip()


def wrapped(head: str, text: str) -> list[str]:
    """Whole words below a head; a word that is longer than a line stays whole, so that it can be pasted."""
    lines: list[str] = []
    for word in printable(text).split():
        if lines and len(lines[-1]) + 1 + len(word) <= WIDTH - 8:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [f"{head if number == 0 else '':<8}{line}" for number, line in enumerate(lines)]
