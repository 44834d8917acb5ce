"""What commands say in the end: problems, verdicts on clients, and the one JSON form of both.

Plain values. The code that prints a problem chooses the words around it, never its fields. A problem says what is wrong
in one line and how to cure it in one line that works when pasted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import partial
from typing import Any

SCHEMA_VERSION = 1


class ExitCode(IntEnum):
    """How every command ends."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PROBLEMS = 3
    INTERRUPTED = 130


class Severity(StrEnum):
    """How bad something is, the worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """To sort by: 0 is the worst."""
        return [*Severity].index(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `code` for machines, `message` for people, `fix` to paste, `where` it was seen."""

    code: str
    message: str
    fix: str | None = None
    where: str | None = None
    severity: Severity = Severity.ERROR


warning = partial(Problem, severity=Severity.WARNING)
note = partial(Problem, severity=Severity.INFO)


class ClientOutcome(StrEnum):
    WORKS = "works"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientVerdict:
    """What one client (`docker-classic`, `podman+vanity-login`, …) will make of a registry, and why."""

    id: str
    verdict: ClientOutcome
    step: str | None = None
    finding: str | None = None
    reason: str | None = None
    fix: str | None = None
    link: str | None = None


_KEYS = ("code", "severity", "message", "fix", "where")


def exit_code(problems: Iterable[Problem]) -> ExitCode:
    """3 where a problem is an error, else 0."""
    return ExitCode.PROBLEMS if any(one.severity is Severity.ERROR for one in problems) else ExitCode.DONE


def as_json(
    command: str,
    problems: Iterable[Problem] = (),
    clients: Iterable[Mapping[str, Any]] = (),
    *,
    ended: ExitCode = ExitCode.DONE,
    **more: Any,
) -> dict[str, Any]:
    """The JSON form of every verdict: fixed keys first, `more` after them. A command that `ended` with 3 says "problems"."""
    listed = list(problems)
    problematic = ended is not ExitCode.DONE or any(problem.severity is not Severity.INFO for problem in listed)
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "verdict": "problems" if problematic else "ok",
        "problems": [{key: getattr(problem, key) for key in _KEYS} for problem in listed],
        "clients": [dict(client) for client in clients],
        **more,
    }
