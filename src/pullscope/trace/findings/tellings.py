"""How one answer (`answers`) is told: a row is a sentence on who said what to which request; `fixes` makes the fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import Any

from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.fixes import fix_of
from pullscope.trace.findings.grants import refused_pings
from pullscope.trace.findings.row import Case, Found, Row, Severity, row
from pullscope.trace.findings.said import words

_OF_LOGINS = frozenset({"login-not-needed", "login-expired"})
_OF_TOKENS = frozenset({"access-denied", "login-lacks-right"})
"""What stands on the request for the token too."""


def composed(**known: Any) -> Callable[[Callable[[Answer], str]], Row]:
    """Makes a row of the sentence below it, which is said of one of the answers that make the code."""

    def made(sentence: Callable[[Answer], str]) -> Row:
        @wraps(sentence)
        def rule(case: Case) -> Iterator[Found]:
            yield from _told(case, made_of.code, sentence)

        made_of = row(of_an_answer=True, **known)(rule)
        return made_of

    return made


@lru_cache(maxsize=1)
def _answers(case: Case) -> dict[str | None, list[Answer]]:
    """What failed for good, by the code that each answer makes: worked out for all rows at once."""
    found: dict[str | None, list[Answer]] = {}
    for one in (Answer(case, step) for step in [*case.bad, *refused_pings(case)]):
        found.setdefault(one.code, []).append(one)
    return found


def _told(case: Case, code: str, sentence: Callable[[Answer], str]) -> Iterator[Found]:
    answers = _answers(case).get(code, [])
    if not answers:
        return
    of_login = [one for one in answers if one.is_about_a_login] if code == "access-denied" else []
    answers = of_login or answers
    one = next((answer for answer in reversed(answers) if words(answer.hop)), answers[-1])
    steps = [answer.step for answer in answers]
    issuer = case.issuer_of(one.hop)
    sure = of_login or code in _OF_LOGINS or (code == "write-denied" and case.over and case.failed)
    yield Found(
        [*steps, *([issuer] if issuer and code in _OF_TOKENS and not of_login else [])],
        sentence(one),
        fix_of(one),
        severity=case.severity(*steps, otherwise=Severity.ERROR if sure else Severity.WARNING),
    )
