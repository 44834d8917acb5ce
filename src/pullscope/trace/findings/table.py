"""The one table of rules, and what follows from what: one cause is one error.

`findings_of` looks at a pull that is over, or that has just failed at a step. The order of the rules is the order in which
findings are told: how the client got there first, then what it was answered. Which codes a trace cannot show (they are in
a rule file) is docs/findings.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from pullscope.trace.findings import access, answers, content, pace, redirects, tokens, unreadable
from pullscope.trace.findings.case import Case
from pullscope.trace.findings.facts import Fact, facts_of
from pullscope.trace.findings.finding import Finding, Severity

Rule = Callable[[Case], Iterator[Finding]]

RULES: Mapping[str, Rule] = {
    "upstream-unreachable": access.upstream_unreachable,
    "plain-http-fallback": access.plain_http_fallback,
    "token-request-elsewhere": access.token_request_elsewhere,
    "host-not-traced": access.host_not_traced,
    "redirect-loop": redirects.redirect_loop,
    "redirect-unreadable": unreadable.redirect_unreadable,
    "redirect-downgrade": redirects.redirect_downgrade,
    "ping-not-redirected": redirects.ping_not_redirected,
    "ping-not-a-registry": redirects.ping_not_a_registry,
    "ping-slash-lost": redirects.ping_slash_lost,
    "ping-other-host": redirects.ping_other_host,
    "path-not-redirected": redirects.path_not_redirected,
    "push-over-redirect": redirects.push_over_redirect,
    "authorization-dropped": tokens.authorization_dropped,
    "authorization-leaked": tokens.authorization_leaked,
    "two-auth-mechanisms": redirects.two_auth_mechanisms,
    "library-prefix-missing": redirects.library_prefix_missing,
    "scope-mismatch": tokens.scope_mismatch,
    "scope-refused": tokens.scope_refused,
    "challenge-unreadable": unreadable.challenge_unreadable,
    "token-server-failed": tokens.token_server_failed,
    "token-rejected": tokens.token_rejected,
    "credentials-not-used": tokens.credentials_not_used,
    "access-denied": tokens.access_denied,
    "rate-limited": pace.rate_limited,
    "registry-failed": answers.registry_failed,
    "name-unknown": answers.name_unknown,
    "manifest-unknown": answers.manifest_unknown,
    "blob-unknown": answers.blob_unknown,
    "no-matching-platform": answers.no_matching_platform,
    "schema1-only": answers.schema1_only,
    "manifest-too-large": answers.manifest_too_large,
    "wrong-content-type": answers.wrong_content_type,
    "manifest-unreadable": answers.manifest_unreadable,
    "signed-url-expired": content.signed_url_expired,
    "range-ignored": content.range_ignored,
    "size-mismatch": content.size_mismatch,
    "digest-mismatch": content.digest_mismatch,
    "cdn-failed": content.cdn_failed,
    "head-not-allowed": answers.head_not_allowed,
    "missing-content-digest": answers.missing_content_digest,
    "query-dropped": redirects.query_dropped,
    "link-points-elsewhere": redirects.link_points_elsewhere,
    "redirect-permanent": redirects.redirect_permanent,
    "rate-limit-low": pace.rate_limit_low,
    "slow-hop": pace.slow_hop,
    "retried": pace.retried,
}
"""One function a code; each yields at most one finding."""

NEEDS: Mapping[str, Fact] = {
    "upstream-unreachable": Fact.TROUBLE,
    "plain-http-fallback": Fact.CLEAR,
    "token-request-elsewhere": Fact.CREDENTIAL,
    "host-not-traced": Fact.REDIRECT,
    "redirect-loop": Fact.REDIRECT,
    "redirect-unreadable": Fact.FAILURE,
    "redirect-downgrade": Fact.REDIRECT,
    "ping-not-redirected": Fact.PING,
    "ping-not-a-registry": Fact.PING,
    "ping-slash-lost": Fact.PING,
    "ping-other-host": Fact.PING,
    "path-not-redirected": Fact.ODD,
    "push-over-redirect": Fact.REDIRECT,
    "authorization-dropped": Fact.FAILURE,
    "authorization-leaked": Fact.CREDENTIAL,
    "two-auth-mechanisms": Fact.FAILURE,
    "library-prefix-missing": Fact.FAILURE,
    "scope-mismatch": Fact.FAILURE,
    "scope-refused": Fact.FAILURE,
    "challenge-unreadable": Fact.TROUBLE,
    "token-server-failed": Fact.TOKEN,
    "token-rejected": Fact.CREDENTIAL,
    "credentials-not-used": Fact.TROUBLE,
    "access-denied": Fact.FAILURE,
    "rate-limited": Fact.TROUBLE,
    "registry-failed": Fact.FAILURE,
    "name-unknown": Fact.FAILURE,
    "manifest-unknown": Fact.FAILURE,
    "blob-unknown": Fact.FAILURE,
    "no-matching-platform": Fact.INDEX,
    "schema1-only": Fact.ODD,
    "wrong-content-type": Fact.ODD,
    "manifest-unreadable": Fact.FAILURE,
    "signed-url-expired": Fact.TROUBLE,
    "range-ignored": Fact.BLOB,
    "digest-mismatch": Fact.FAILURE,
    "cdn-failed": Fact.FAILURE,
    "head-not-allowed": Fact.TROUBLE,
    "missing-content-digest": Fact.TAG,
    "query-dropped": Fact.REDIRECT,
    "link-points-elsewhere": Fact.LIST,
    "redirect-permanent": Fact.REDIRECT,
    "retried": Fact.TROUBLE,
}
"""Without what a rule finds nothing, and is not asked: most pulls go well. The other rules look at every pull."""

_REFUSALS = frozenset(
    {
        "access-denied",
        "challenge-unreadable",
        "credentials-not-used",
        "scope-mismatch",
        "scope-refused",
        "token-rejected",
    }
)
_BYTES = frozenset({"digest-mismatch", "size-mismatch"})
_UNREAD = frozenset({"manifest-unreadable"})

FOLLOWS: Mapping[str, frozenset[str]] = {
    "upstream-unreachable": frozenset({"cdn-failed", "token-server-failed", "size-mismatch"}),
    "plain-http-fallback": frozenset({"upstream-unreachable", "retried"}),
    "redirect-loop": frozenset({"query-dropped", "redirect-permanent"}),
    "ping-not-redirected": _REFUSALS | {"ping-other-host", "registry-failed"},
    "ping-not-a-registry": _REFUSALS,
    "ping-slash-lost": _REFUSALS | {"ping-other-host"},
    "ping-other-host": _REFUSALS,
    "path-not-redirected": frozenset(
        {"manifest-unknown", "name-unknown", "blob-unknown", "wrong-content-type", "missing-content-digest"}
        | {"head-not-allowed", "digest-mismatch", "access-denied"}
    ),
    "push-over-redirect": frozenset({"manifest-unknown", "name-unknown"}),
    "authorization-dropped": _REFUSALS,
    "two-auth-mechanisms": frozenset({"cdn-failed"}) | _REFUSALS,
    "library-prefix-missing": _REFUSALS | {"name-unknown", "manifest-unknown"},
    "scope-mismatch": frozenset({"access-denied", "scope-refused", "credentials-not-used"}),
    "scope-refused": frozenset({"access-denied", "credentials-not-used"}),
    "token-rejected": frozenset({"access-denied", "credentials-not-used"}),
    "credentials-not-used": frozenset({"access-denied"}),
    "rate-limited": frozenset({"rate-limit-low"}),
    "wrong-content-type": _BYTES | {"missing-content-digest", "no-matching-platform"},
    "manifest-too-large": _BYTES | {"wrong-content-type"} | _UNREAD,
    "range-ignored": _BYTES,
    "size-mismatch": frozenset({"digest-mismatch"}) | _UNREAD,
    "digest-mismatch": _UNREAD,
    "signed-url-expired": frozenset({"cdn-failed"}),
}
"""For a cause, what follows from it and is not told beside it."""

SOFTENED: Mapping[str, frozenset[str]] = {
    "authorization-dropped": frozenset({"authorization-leaked"}),
    "two-auth-mechanisms": frozenset({"authorization-leaked"}),
}
"""For a cause, what is told beside it, but as no more than info: it explains, it is not what failed."""


_RANK = (Severity.INFO, Severity.WARNING, Severity.ERROR)


def findings_of(case: Case) -> list[Finding]:
    """What is wrong with a pull, the causes only, errors first."""
    every = [finding for rule in _rules_for(facts_of(case)) for finding in rule(case)]
    kept = []
    for finding in every:
        causes = [cause for cause in every if cause.severity is not Severity.INFO and not _less(cause, finding)]
        if any(finding.code in FOLLOWS.get(cause.code, ()) for cause in causes):
            continue
        soft = any(finding.code in SOFTENED.get(cause.code, ()) for cause in causes)
        kept.append(replace(finding, severity=Severity.INFO) if soft else finding)
    return sorted(kept, key=lambda finding: -_RANK.index(finding.severity))


@lru_cache(maxsize=256)
def _rules_for(facts: frozenset[Fact]) -> tuple[Rule, ...]:
    return tuple(rule for code, rule in RULES.items() if code not in NEEDS or NEEDS[code] in facts)


def _less(one: Finding, other: Finding) -> bool:
    """Whether one weighs less than the other: a mere risk does not explain a failure."""
    return _RANK.index(one.severity) < _RANK.index(other.severity)
