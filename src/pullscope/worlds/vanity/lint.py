"""What is wrong or dangerous with a vanity domain's rules, found without any network; and the checks on single rules.

Each check asks the rules what a client would ask and looks at where that ends (`following.Subject`); none reads the syntax of a
platform, so that all platforms are judged alike. One function a code (`checks_of_paths`), in the table `CHECKS`; the codes are
those of docs/findings.md. What a reader found odd (`RuleFile.remarks`) is reported beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from pullscope.oci.messages import Request
from pullscope.oci.reference import registry_name
from pullscope.oci.verdicts import Problem, Severity, note, warning
from pullscope.worlds.vanity import checks_of_paths
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.following import Check, Subject, follow
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.rules import Decision, Rule, RuleFile
from pullscope.worlds.vanity.targets import is_url, told
from pullscope.worlds.vanity.upstreams import is_inside, upstream

MOST_COMPARED = 500
"""Each rule is compared with all before it, so the work grows with the square."""


def redirect_downgrade(subject: Subject) -> Iterator[Problem]:
    for rule in subject.v2_rules:
        if rule.target is None or not is_url(rule.target) or (rule.is_proxy and is_inside(rule.target_host or "")):
            continue
        if rule.target.lower().startswith("http://"):
            yield warning(
                "redirect-downgrade",
                f"{rule.source} goes to plain http: anyone on the network path can read the tokens and change the "
                "images.",
                "write https:// in the target",
                rule.line_of("to", "destination"),
            )


def redirect_permanent(subject: Subject) -> Iterator[Problem]:
    kind = PLATFORMS[subject.rules.platform]
    for rule in subject.v2_rules:
        if rule.status in {301, 308} and rule.status not in kind.refused_statuses:
            default = kind.permanent_by_default and not {"status", "statusCode", "permanent"} & set(rule.lines)
            yield warning(
                "redirect-permanent",
                f"{rule.status}{' (the default here)' if default else ''} is permanent: clients, proxies and "
                "browsers may keep it after you have moved.",
                kind.status_fix,
                rule.line_of("status", "statusCode", "permanent"),
            )


def redirect_unsupported_status(subject: Subject) -> Iterator[Problem]:
    kind = PLATFORMS[subject.rules.platform]
    for rule in subject.rules.rules:
        if rule.status in kind.refused_statuses & {307, 308}:
            yield Problem(
                "redirect-unsupported-status",
                f"{rule.status} works in netlify dev, but {kind.label}'s production answered 404 there. "
                f"Unproven: {kind.unproven_status}.",
                "use status 302",
                rule.line_of("status"),
            )


def not_played(subject: Subject) -> Iterator[Problem]:
    """What decides the answer to a path that clients ask for, and was not played: no verdict rests on it."""
    fixes = {one.where: one.fix for one in subject.rules.remarks if one.code == "rule-unsupported"}
    for reason in subject.not_played:
        where, _, what = reason.partition(": ")
        message = f"{what}. What clients meet there is not known."
        yield warning("rule-unsupported", message, fixes.get(where), where=where)


def rule_unreachable(subject: Subject) -> Iterator[Problem]:
    if subject.rules.play is not None:
        # A server's configuration is not a list in which an earlier rule hides a later one.
        return
    if len(subject.rules.rules) > MOST_COMPARED:
        message = f"Of {len(subject.rules.rules)} rules only the first {MOST_COMPARED} are compared with each other."
        yield note("rule-unsupported", message, where=subject.here)
    for index, rule in enumerate(subject.rules.rules[:MOST_COMPARED]):
        earlier = subject.rules.rules[:index]
        if not earlier:
            continue
        samples = [rule.pattern.example(rest) for rest in ("", "a", "org/app/manifests/latest", "a/")]
        winners = [winner(earlier, rule, sample) for sample in samples]
        if all(winners) and (first := winners[-1]):
            yield warning(
                "rule-unreachable",
                f"{rule.source} is never reached: {first.source} ({first.where}) comes before and matches the same "
                "paths.",
                "put the more exact rule first, or remove it",
                rule.where,
            )


def winner(earlier: tuple[Rule, ...], rule: Rule, path: str) -> Rule | None:
    """The first of `earlier` that answers `path` whenever `rule` would."""
    for one in earlier:
        if one.after_files and not rule.after_files:
            continue
        if (
            set(one.conditions) <= set(rule.conditions)
            and (one.force or not rule.force)
            and one.pattern.match(path) is not None
        ):
            return one
    return None


def push_over_redirect(subject: Subject) -> Iterator[Problem]:
    for name in subject.names[:1]:
        landing = follow(subject.rules, subject.host, f"/v2/{name}/blobs/uploads/", "POST")
        rule = landing.rule
        if rule is not None and rule.status in {301, 302, 303} and landing.url is not None:
            yield note(
                "push-over-redirect",
                f"This domain is for pulling: a push to it becomes a GET at the {rule.status}, and may "
                "report success without uploading anything.",
                f"push to {registry_name(landing.host or '')}/{landing.repository or name}",
                rule.where,
            )


def _names(pattern: str, host: str) -> bool:
    """Whether a name in a rule file, with its wildcards, is this host's; an expression is taken to be."""
    bare = host.partition(":")[0]
    if pattern.startswith("~"):
        return True
    if pattern.startswith("."):
        return bare.endswith(pattern) or bare == pattern[1:]
    return pattern == host or fnmatchcase(bare, pattern) or told(pattern, bare) is not None


def uncovered_by_name(subject: Subject) -> Iterator[Problem]:
    """The rules name another host than the one that is tried."""
    hosts = {
        value
        for rule in subject.rules.rules
        for one in rule.conditions
        if one.kind == "host" and not one.regex
        for value in one.values
    }
    if (
        hosts
        and not any(_names(host, subject.host) for host in hosts)
        and all(any(one.kind == "host" and not one.regex for one in rule.conditions) for rule in subject.rules.rules)
    ):
        message = f"Every rule is for {', '.join(sorted(hosts)[:3])}, none for {subject.host}."
        fix = "use --host with the name in the file, or change the name there"
        yield Problem("rule-unreachable", message, fix, subject.rules.rules[0].where)


def open_to_all(subject: Subject) -> Iterator[Problem]:
    stranger = "stranger-a1b2/any-image"
    landing = follow(subject.rules, subject.host, f"/v2/{stranger}/manifests/latest")
    if landing.url is None or landing.rule is None or landing.rule.prefix:
        return
    if landing.fetched and is_inside(landing.host or ""):
        # A registry of one's own behind its proxy: all of it is meant to be there.
        return
    known = upstream(landing.host or "")
    own = landing.fetched if known.row is None else known.row.needs_login
    if landing.repository == stranger and not own:
        message = f"Anyone's images on {known.label} can be pulled as {subject.host}/…, under your domain."
        fix = "name your organisation in the rule: /v2/YOUR-ORGANISATION/* instead of everything"
        yield warning("open-to-all-repositories", message, fix, landing.rule.where)


CHECKS: tuple[Check, ...] = (
    uncovered_by_name,
    checks_of_paths.ping_not_redirected,
    checks_of_paths.ping_not_a_registry,
    checks_of_paths.ping_hides_challenge,
    checks_of_paths.ping_slash_lost,
    checks_of_paths.ping_other_host,
    checks_of_paths.path_not_redirected,
    checks_of_paths.scope_mismatch,
    checks_of_paths.library_prefix_missing,
    checks_of_paths.redirect_loop,
    redirect_downgrade,
    redirect_permanent,
    redirect_unsupported_status,
    checks_of_paths.query_dropped,
    open_to_all,
    rule_unreachable,
    not_played,
    push_over_redirect,
)


def lint(rules: RuleFile, host: str, repository: str | None = None, *, strict: bool = False) -> tuple[Problem, ...]:
    """Every problem, the most severe first. `strict` makes what is not supported an error."""
    subject = Subject(rules, host.lower(), repository)
    found = [problem for check in CHECKS for problem in check(subject)]
    told = {one.where for one in found if one.code == "rule-unsupported"}
    foreign = rules.foreign(subject.host)
    found.extend(
        one
        for one in rules.remarks
        # What decides something and is not played is told already, by what it decides.
        if (one.code != "rule-unsupported" or one.where not in told) and one.where not in foreign
    )
    if strict:
        # Nothing was ignored by mistake: what has no effect at all stays a note.
        found = [
            replace(one, severity=Severity.ERROR)
            if one.code == "rule-unsupported" and one.severity is not Severity.INFO
            else one
            for one in found
        ]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.severity.rank, _line(one.where), one.code)))


def _line(where: str | None) -> tuple[str, int]:
    name, _, line = (where or "").rpartition(":")
    return (name, int(line)) if line.isdigit() else (where or "", 0)


def explain(rules: RuleFile, host: str, path: str) -> tuple[str, ...]:
    """For one path: the rules that did not answer with why, then the one that does."""
    decision = decide(rules, Request(method="GET", url=f"https://{host}{path}"))
    passed = (f"{rule.where}  no: {why}" for rule, why in decision.passed)
    answers = f"{decision.answered_by}  answers: {_answer(decision)}"
    return (*passed, f"not known: {decision.not_played}" if decision.not_played else answers)


def _answer(decision: Decision) -> str:
    """`302 to https://…`, `404`, `fetched from https://…`."""
    if decision.response is None:
        return f"fetched from {decision.forward.url}" if decision.forward else "not known"
    location = decision.response.headers.get("Location")
    return f"{decision.response.status} to {location}" if location else f"{decision.response.status}"
