"""All rows in their order, and what follows from what: one cause is one error.

`findings_of` looks at an operation that is over, or that has just failed at a step. The order of the files below, and of the
rules in them, is the order in which findings are told and documented: how the client got there first, then what it was
answered.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from pullscope.trace.findings import (
    access,
    answered,
    beside,
    certificates,
    challenges,
    content,
    instead,
    logins,
    lookups,
    manifests,
    media_types,
    mirrors,
    name_forms,
    names,
    only_in_rules,
    pace,
    put_before,
    redirects,
    rejected,
    storage,
    tokens,
    unasked,
    unwritten,
    uploads,
    vanity,
)
from pullscope.trace.findings.case import Case
from pullscope.trace.findings.facts import Fact, facts_of
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.row import Row, rows_of
from pullscope.trace.settle import over_at
from pullscope.trace.source_gaps import AT_A_MIRROR, silenced
from pullscope.trace.unseen_hosts import through_mirror

SECTIONS: Mapping[str, tuple[Row, ...]] = {
    "Getting into the traffic": rows_of([certificates, access]),
    "Redirects and vanity domains": rows_of([vanity, redirects]),
    "Tokens and logins": rows_of([challenges, unasked, tokens, rejected, logins]),
    "Mirrors": rows_of([mirrors]),
    "The registry's answers": rows_of([answered, names, name_forms, lookups, beside, manifests, instead, media_types]),
    "Pushes and deletes": rows_of([uploads, unwritten, put_before]),
    "Blobs and their storage": rows_of([content, storage]),
    "Pace": rows_of([pace]),
    "In rule files only": rows_of([only_in_rules]),
}
"""The rows by the sections of docs/findings.md."""

Look = Callable[[Case], Finding | None]
ROWS: Mapping[str, Row] = {one.code: one for rows in SECTIONS.values() for one in rows}
_ASKED = {code: one for code, one in ROWS.items() if not (one.found_elsewhere or one.rules)}
LOOKS: Mapping[str, Look] = {code: one.look for code, one in _ASKED.items() if not one.last_resort}
LAST_RESORTS: Mapping[str, Look] = {code: one.look for code, one in _ASKED.items() if one.last_resort}
"""Those that are asked where no other has found an error."""

logger = logging.getLogger(__name__)

ORDER = """
# Something else answers than was meant, or what was asked is not what is there
login-page browser-check path-without-v2 library-prefix-missing accept-too-narrow tag-invalid name-invalid digest-invalid
two-auth-mechanisms
referrers-refused rate-limited preflight-refused
# The way there
ping-not-redirected ping-slash-lost ping-other-host ping-not-a-registry authorization-dropped scope-mismatch scope-refused
mirror-failed upload-location-elsewhere upstream-unreachable push-over-redirect upload-address-changed upload-not-begun
path-not-redirected
# What came
manifest-too-large head-unusable wrong-content-type upload-given-up part-as-whole range-ignored range-refused size-mismatch
digest-mismatch manifest-unreadable descriptor-size-wrong no-matching-platform
signed-url-stale signed-url-invalid signed-url-expired
# Tokens and logins
token-server-failed challenge-unreadable ping-hides-challenge token-rejected token-not-requested credentials-not-used
token-not-used head-not-allowed
"""
"""What knows more comes first: of two that stand on one step the first is told, and the other follows from it."""

_PLACES = {code: place for place, code in enumerate(re.sub(r"#.*", "", ORDER).split())}


def findings_of(case: Case) -> list[Finding]:
    """What is wrong with an operation, the causes only, errors first."""
    unseen = silenced(hop.request.lacks for hop in case.hops)
    mirrored = through_mirror(case.pull)
    looks = [
        (code, look)
        for code, look in _looks_for(facts_of(case))
        if code not in unseen and (code in AT_A_MIRROR or not mirrored)
    ]
    every = _found(looks, case)
    if mirrored:  # its client goes on past it, so that nothing seen there is the end
        every = [
            replace(one, severity=max(one.severity, Severity.WARNING, key=lambda severity: severity.rank))
            for one in every
        ]
    elif case.over and case.failed and all(finding.severity is not Severity.ERROR for finding in every):
        every += _found(LAST_RESORTS.items(), case)
    kept = []
    for finding in every:
        # A mere risk does not explain a failure, and info nothing.
        causes = [cause for cause in every if cause.severity.rank <= min(finding.severity.rank, Severity.WARNING.rank)]
        if any(_explains(cause, finding) for cause in causes):
            continue
        soft = any(finding.code in ROWS[cause.code].softens.split() for cause in causes)
        kept.append(replace(finding, severity=Severity.INFO) if soft else finding)
    return sorted(_ended(kept, case) if case.over else kept, key=lambda finding: finding.severity.rank)


def _explains(cause: Finding, finding: Finding) -> bool:
    """Whether a finding follows from another: its row says so, or in a step of both the other comes first in the order.

    What one answer alone shows comes last, but before what it explains itself.
    """
    row, own = ROWS[cause.code], ROWS[finding.code]
    if finding.code in row.explains.split():
        return True
    if {*cause.steps}.isdisjoint(finding.steps):
        return False
    if own.of_an_answer or row.of_an_answer:
        return not row.of_an_answer and cause.code not in own.explains.split()
    return _PLACES.get(cause.code, len(_PLACES)) < _PLACES.get(finding.code, 0)


def _ended(every: list[Finding], case: Case) -> list[Finding]:
    """Of two errors the later one ended the client, where it was asked for after the first was answered: it went on."""
    steps = {step.n: step for step in case.steps if step.n}
    errors = [one for one in every if one.severity is Severity.ERROR and set(one.steps) & steps.keys()]
    last = max((steps[n].started for one in errors for n in one.steps if n in steps), default=0.0)

    def was_survived(one: Finding) -> bool:
        return one in errors and all(over_at(steps[n])[0] <= last for n in one.steps if n in steps)

    return [replace(one, severity=Severity.WARNING) if was_survived(one) else one for one in every]


def _found(looks: Iterable[tuple[str, Look]], case: Case) -> list[Finding]:
    """What rules find; one that raises finds nothing, and that is said."""
    every = []
    for code, look in looks:
        try:
            one = look(case)
        except Exception as error:
            _say_once(code, type(error).__name__)
        else:
            every += [one] if one is not None else []
    return every


@lru_cache(maxsize=256)
def _say_once(code: str, error: str) -> None:
    # The error's own words may quote the wire.
    logger.warning("note: the rule %s was skipped (%s); the rest was told. Please report it.", code, error)


@lru_cache(maxsize=256)
def _looks_for(facts: frozenset[Fact]) -> tuple[tuple[str, Look], ...]:
    return tuple((code, look) for code, look in LOOKS.items() if ROWS[code].needs is None or ROWS[code].needs in facts)
