"""What a simulated client's pull means: its exchanges pass the one border into a `Trace`, and the trace's findings judge it.

The only place that sees a client's run and a trace together. Whether a client pulls is what its model did; why it does not,
and what to do about it, is what the trace finds in its exchanges, as it would in those of the real client. No code is
decided here: a finding's cause is said in a few words for a table (`IN_SHORT`), and that is all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pullscope.oci.verdicts import ClientOutcome, ClientVerdict, Problem, warning
from pullscope.trace.border import Border
from pullscope.trace.events import Event, Requested
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.table import ROWS
from pullscope.trace.model import Outcome, Pull, Step
from pullscope.trace.source_gaps import HERE
from pullscope.trace.trace import Trace
from pullscope.worlds.clients.client_catalog import Client, Trial
from pullscope.worlds.clients.drive import Ran

ADDRESS = "127.0.0.1"
"""Where a simulated client asks from; each has a trace of its own."""

IN_SHORT: Mapping[str, str] = {
    "accept-too-narrow": "its Accept names no such type",
    "access-denied": "{host} denies access",
    "authorization-dropped": "token dropped at the redirect",
    "blob-unknown": "the registry does not have a blob",
    "cdn-failed": "{host} answers {status}",
    "challenge-unreadable": "its 401 names no realm",
    "clocks-differ": "clocks differ by minutes",
    "credentials-not-used": "a login is wanted at {host}",
    "descriptor-size-wrong": "a size in the manifest is wrong",
    "digest-mismatch": "bytes do not match their digest",
    "head-not-allowed": "HEAD fails where GET works",
    "head-unusable": "HEAD says no length or digest",
    "library-prefix-missing": "library/ is missing in the path",
    "login-expired": "the login has expired",
    "login-lacks-right": "the login lacks the right",
    "login-not-needed": "a login is refused, none is needed",
    "manifest-too-large": "a manifest of more than 4 MiB",
    "manifest-unknown": "the registry does not know the tag",
    "manifest-unreadable": "a manifest is malformed or empty",
    "name-unknown": "the registry does not know the name",
    "no-matching-platform": "no image for this platform",
    "path-not-redirected": "no rule for its path",
    "ping-hides-challenge": "no token: /v2/ answers 200",
    "ping-not-a-registry": "no token: /v2/ answers {status}",
    "ping-not-redirected": "/v2/ answers {status}",
    "ping-other-host": "/v2/ leads to another registry",
    "ping-slash-lost": "no token: /v2/ lost its slash",
    "rate-limited": "{host} answers 429",
    "redirect-downgrade": "a redirect leads to plain http",
    "redirect-loop": "a redirect leads back to itself",
    "redirect-unreadable": "a redirect leads nowhere",
    "registry-failed": "{host} answers {status}",
    "schema1-only": "a schema 1 manifest",
    "scope-mismatch": "its token is for another name",
    "scope-refused": "token server refuses the scope",
    "signed-url-expired": "the storage address has expired",
    "signed-url-invalid": "the storage refuses the signature",
    "signed-url-stale": "the storage address has expired",
    "size-mismatch": "a body ends before its length",
    "token-not-requested": "asked for no token",
    "token-rejected": "{host} refuses the token",
    "token-server-failed": "{host} answers {status}",
    "two-auth-mechanisms": "the storage got a second login",
    "wrong-content-type": "a manifest has a wrong Content-Type",
}
"""A cause for one line of a table; `{host}` and `{status}` are those of the step that shows it. Where there was no answer,
the reason for that is told instead; a code that is not here is told as it is."""

_FOR_OTHERS = frozenset({"missing-content-digest", "redirect-permanent"})
"""What is an info to a client that gets on with it, and is told of a registry: others may not."""

_KEPT_BACK = frozenset({"access-denied", "credentials-not-used"})
"""What a trace sees where a client keeps its login to itself."""


def events_of(ran: Ran) -> list[Event]:
    """What this client asked and was answered, in the order of time."""
    border = Border()
    events = [
        event
        for one in ran.seen
        for event in border.whole(
            one.request,
            one.answer,
            asked=one.asked,
            answered=one.answered,
            ended=one.answered,
            client=ADDRESS,
        )
    ]
    events = [replace(one, lacks=f"proxy {HERE}") if isinstance(one, Requested) else one for one in events]
    return sorted(events, key=lambda event: event.time)


def traced(ran: Ran) -> Trace:
    """The trace of this client's run alone, after which nothing comes."""
    trace = Trace()
    for event in events_of(ran):
        trace.feed(event)
    trace.finish()
    return trace


def judged(trials: Iterable[Trial]) -> list[tuple[Client, ClientVerdict]]:
    return [(one.client, verdict_of(one.client, one.ran)) for one in trials]


def verdict_of(client: Client, ran: Ran | str) -> ClientVerdict:
    """What `client` made of it; `ran` is its run, or why there is no verdict."""
    if isinstance(ran, str):
        return ClientVerdict(id=client.id, verdict=ClientOutcome.UNKNOWN, reason=ran)
    if ran.outcome.pulled:
        return ClientVerdict(id=client.id, verdict=ClientOutcome.WORKS)
    trace = traced(ran)
    cause, pull = next(_causes(trace), (None, trace.pulls[-1] if trace.pulls else None))
    shown = _shown(cause, pull)
    code = cause.code if cause is not None else None
    kept_back = bool(client.login) and code in _KEPT_BACK and not _sent_login(ran)
    return ClientVerdict(
        id=client.id,
        verdict=ClientOutcome.FAILS,
        step=str(shown.kind) if shown is not None else None,
        finding=code,
        reason="the login is not sent on" if kept_back else _reason(ran, cause, shown, pull),
        fix=ROWS["credentials-not-used"].remedy if kept_back else cause.fix if cause is not None else None,
        link=client.link if kept_back or code == "authorization-dropped" else None,
    )


def problems_of(runs: Iterable[Ran]) -> tuple[Problem, ...]:
    """What is told of runs that went well: the warnings of their traces, each code once."""
    found: dict[str, Problem] = {}
    for ran in runs:
        for pull in traced(ran).pulls if ran.outcome.pulled else ():
            for one in pull.findings:
                if one.severity is not Severity.INFO or one.code in _FOR_OTHERS:
                    message = one.message[:1].upper() + one.message[1:]
                    problem = warning(one.code, message, one.fix)
                    found.setdefault(one.code, problem)
    return tuple(found.values())


def _sent_login(ran: Ran) -> bool:
    """Whether the client sent its login; a trace cannot know of one that was never sent."""
    asked = [one.request for one in ran.seen]
    return any(one.body or (one.headers.get("Authorization") or "").lower().startswith("basic ") for one in asked)


def _causes(trace: Trace) -> Iterator[tuple[Finding, Pull]]:
    """What made the run fail, the first cause first: the errors, or else any finding on a failed step."""
    for severity in (Severity.ERROR, Severity.WARNING):
        for pull in trace.pulls:
            yield from ((one, pull) for one in pull.findings if one.severity is severity)


def _shown(cause: Finding | None, pull: Pull | None) -> Step | None:
    """The step at which it broke: of the failed ones that show the cause, the one that asked last."""
    if pull is None:
        return None
    steps = [step for step in pull.steps if step.hops]
    named = [step for step in steps if cause is not None and step.n in cause.steps] or steps
    failed = [step for step in named if step.outcome is Outcome.FAILED] or named
    return max(failed, key=lambda step: step.last.request.time, default=None)


def _reason(ran: Ran, cause: Finding | None, shown: Step | None, pull: Pull | None) -> str:
    if shown is not None and shown.last.failed is not None:
        # Go's chain of reasons ends with the one that matters.
        return f"{shown.last.failed.reason.rpartition(': ')[2]}: {shown.last.host}"
    if cause is None or shown is None:
        return ran.outcome.told
    words = IN_SHORT.get(cause.code, cause.code.replace("-", " "))
    if cause.code.startswith("ping-") and pull is not None:  # it broke later, at what the version check had led to
        shown = next((step for step in pull.steps if step.n in cause.steps), shown)
    return words.format(host=shown.last.host, status=shown.last.status)
