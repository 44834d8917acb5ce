"""What is wrong or dangerous with a vanity domain's rules, found without any network.

Each check asks the rules what a client would ask and looks at where that ends; none reads the syntax of a platform, so that
all platforms are judged alike. One function a code (`checks_of_…`), in the table `CHECKS`; the codes are those of
docs/findings.md. What a reader found odd (`RuleFile.remarks`) is reported beside it.
"""

from __future__ import annotations

from dataclasses import replace

from pullscope.oci.messages import Request
from pullscope.oci.verdicts import Problem, Severity
from pullscope.worlds.vanity import checks_of_paths, checks_of_ping, checks_of_rules
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.following import Check, Subject
from pullscope.worlds.vanity.rules import RuleFile

CHECKS: tuple[Check, ...] = (
    checks_of_rules.uncovered_by_name,
    checks_of_ping.ping_not_redirected,
    checks_of_ping.ping_not_a_registry,
    checks_of_ping.ping_hides_challenge,
    checks_of_ping.ping_slash_lost,
    checks_of_ping.ping_other_host,
    checks_of_paths.path_not_redirected,
    checks_of_paths.scope_mismatch,
    checks_of_paths.library_prefix_missing,
    checks_of_paths.redirect_loop,
    checks_of_rules.redirect_downgrade,
    checks_of_rules.redirect_permanent,
    checks_of_rules.redirect_unsupported_status,
    checks_of_paths.query_dropped,
    checks_of_rules.open_to_all,
    checks_of_rules.rule_unreachable,
    checks_of_rules.not_played,
    checks_of_rules.push_over_redirect,
)


def lint(rules: RuleFile, host: str, repository: str | None = None, *, strict: bool = False) -> tuple[Problem, ...]:
    """Every problem, the most severe first. `strict` makes what is not supported an error."""
    subject = Subject(rules, host.lower(), repository)
    found = [problem for check in CHECKS for problem in check(subject)]
    told = {one.where for one in found if one.code == "rule-unsupported"}
    found.extend(
        Problem(
            code=one.code,
            severity=Severity(one.severity),
            message=one.message[:1].upper() + one.message[1:],
            fix=one.fix or None,
            where=one.where,
        )
        for one in rules.remarks
        # What decides something and is not played is told already, by what it decides.
        if one.code != "rule-unsupported" or one.where not in told
    )
    if strict:
        # Nothing was ignored by mistake: what has no effect at all stays a note.
        found = [
            replace(one, severity=Severity.ERROR)
            if one.code == "rule-unsupported" and one.severity is not Severity.INFO
            else one
            for one in found
        ]
    rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (rank[one.severity], _line(one.where), one.code)))


def _line(where: str | None) -> tuple[str, int]:
    name, _, line = (where or "").rpartition(":")
    return (name, int(line)) if line.isdigit() else (where or "", 0)


def explain(rules: RuleFile, host: str, path: str) -> tuple[str, ...]:
    """For one path: the rules that did not answer with why, then the one that does."""
    decision = decide(rules, Request(method="GET", url=f"https://{host}{path}"))
    passed = (f"{rule.where}  no: {why}" for rule, why in decision.passed)
    return (*passed, f"not known: {decision.not_played}" if decision.not_played else f"{decision.answered_by}  answers")
