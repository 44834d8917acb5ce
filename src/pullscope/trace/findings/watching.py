"""When the rules look at a pull: once at its end, and at the first steps that fail for good. Never at every event.

What is told early is told because it is certain: an error that stands on the step which has just failed for good. One that a
client may still make up for, at another host or later, is held back. At the end everything is looked at anew, and what is
found then is what counts.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from pullscope.oci.urls import bare
from pullscope.trace.bounded_table import Newest
from pullscope.trace.clues import UPLOADS
from pullscope.trace.conclude import ending_of
from pullscope.trace.events import TlsRefused
from pullscope.trace.final_failures import failed_for_good, is_final
from pullscope.trace.findings.beside import Beside
from pullscope.trace.findings.case import CONTENT, Case, Issued, was_anonymous
from pullscope.trace.findings.certificates import only_went_away, refusal
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.lookups import Lookups
from pullscope.trace.findings.puts import Puts
from pullscope.trace.findings.table import findings_of
from pullscope.trace.model import Change, Ending, Hop, Kind, Outcome, Pull, Step

MOST_LOOKS = 4
"""Failed steps of a pull at which the rules look before its end: a client that keeps failing is not looked at forever."""

MOST_TOKENS = 10_000
MOST_REFUSALS = 1_000
MOST_OPEN = 1_000
MOST_LOOKED_BACK = 20
"""Operations in which a client is looked for that refused a certificate."""


class Findings:
    """What the rules need to remember between pulls, and what was found that belongs to none."""

    def __init__(self) -> None:
        self._issued: Newest[int, Issued | None] = Newest(MOST_TOKENS)
        self._open_to_all: Newest[tuple[str, str], None] = Newest(MOST_OPEN)
        self._refusals: OrderedDict[tuple[str, str], Finding | None] = OrderedDict()
        self._lookups = Lookups()
        self._puts = Puts()
        self._beside = Beside()
        self._doubtful: set[tuple[str, str]] = set()
        """Those of which the client said nothing: a connection that works later shows that it was none."""

    @property
    def of_no_operation(self) -> list[Finding]:
        """Findings of no single pull: who did not trust the proxy, each once."""
        return list(OrderedDict.fromkeys(finding for finding in self._refusals.values() if finding is not None))

    def issued(self, number: int) -> None:
        """A token was seen being issued."""
        self._issued.setdefault(number, None)

    def is_spare(self, event: TlsRefused, pulls: list[Pull]) -> bool:
        """Whether a client gave up a connection that it did not need: another of its own to that host works."""
        return only_went_away(event.reason) and any(
            hop.response is not None and _pair(hop) == (event.client, event.host)
            for pull in reversed(pulls[-MOST_LOOKED_BACK:])
            for hop in pull.hops
        )

    def refused(self, event: TlsRefused, pulls: list[Pull]) -> Finding | None:
        """A client refused the proxy's certificate for a host, for the first time."""
        key = (event.client, event.host)
        recent = reversed(pulls[-MOST_LOOKED_BACK:])
        known = next((pull.client for pull in recent if pull.client_key[0] == event.client), None)
        found = refusal(event.host, event.reason, known)
        self._refusals[key] = found
        if only_went_away(event.reason):
            self._doubtful.add(key)
        if len(self._refusals) > MOST_REFUSALS:
            self._doubtful.discard(self._refusals.popitem(last=False)[0])
        return found

    def after(self, pull: Pull, steps: list[Step]) -> list[Change]:
        """What became certain with the steps that were told last."""
        self._remember(steps)
        fresh = {step.n for step in steps if failed_for_good(step)}
        if not fresh or pull.closed or len(pull.failing) > MOST_LOOKS:
            return []
        known = {finding.code for _, finding in pull.told}
        certain = [
            finding
            for finding in findings_of(self._case(pull, ending_of(pull), over=False))
            if finding.severity is Severity.ERROR and fresh & set(finding.steps) and finding.code not in known
        ]
        pull.told.extend((pull.numbered, finding) for finding in certain)
        return [Change(what="finding", pull=pull, finding=finding, time=pull.last) for finding in certain]

    def at_the_end(self, pull: Pull, *, over: bool) -> None:
        """Everything about a pull that is being closed; an error means that it came to nothing.

        Not `over` is one of which the rest is missing: what its client did not do, it may have done later.
        """
        case = self._case(pull, pull.outcome, over=over)
        pull.findings = findings_of(case)
        pull.findings = [_softened(one, pull) for one in pull.findings]
        errors = [one for one in pull.findings if one.severity is Severity.ERROR]
        deadly = pull.outcome is Ending.INCOMPLETE and any(_no_client_survives(pull, one) for one in errors)
        if deadly or (pull.outcome is Ending.COMPLETE and errors):
            pull.outcome = Ending.FAILED
        elif pull.outcome is Ending.FAILED and not errors and not case.bad:
            pull.outcome = Ending.COMPLETE  # what failed was a question, or was had anyway
        elif pull.outcome is Ending.COMPLETE and any(one.code == "signature-missing" for one in _loud(pull)):
            pull.outcome = Ending.INCOMPLETE  # cosign verify ends there
        self._lookups.ended(pull)
        self._beside.ended(pull)

    def _remember(self, steps: list[Step]) -> None:
        """What later operations are measured by: tokens and their age, and what was had without a login."""
        if len(steps) > 1:  # a token is told below the step that needed it
            steps = sorted(steps, key=lambda step: not step.is_token)
        for step in steps:
            facts, last = step.token, step.last
            self._lookups.checked(step)
            self._puts.note(step)
            if self._doubtful:
                for key in self._doubtful & {_pair(hop) for hop in step.hops if hop.response is not None}:
                    self._refusals[key] = None
            if facts is not None and facts.number is not None:
                self._issued[facts.number] = Issued(
                    host=last.host,
                    realm=bare(step.first.request.url),
                    time=last.ended or last.request.time,
                    anonymous=was_anonymous(step),
                    client=last.request.client,
                    facts=facts,
                )
            elif step.route.endpoint in CONTENT and last.ok and last.request.method == "GET" and step.route.repository:
                token = self._issued.get(last.request.credential) if last.request.credential is not None else None
                if last.request.authorization == "none" or (token is not None and token.anonymous):
                    self._open_to_all[(step.first.host, step.route.repository)] = None

    def _case(self, pull: Pull, outcome: Ending, *, over: bool) -> Case:
        refused = frozenset(host for client, host in self._refusals if client == pull.client_key[0])
        return Case(
            pull=pull,
            outcome=outcome,
            issued=self._issued,
            open_to_all=self._open_to_all.keys(),
            refused=refused,
            put=self._puts.known,
            held=self._puts.held,
            over=over,
        )


PASSING = frozenset(
    {"rate-limited", "cdn-failed", "registry-failed", "token-server-failed", "upstream-unreachable", "size-mismatch"}
    | {"request-failed", "slow-hop"}
)
"""Codes of what passes: of an operation that came to a good end they say what it cost, and warn of nothing."""


def _loud(pull: Pull) -> list[Finding]:
    return [one for one in pull.findings if one.severity is not Severity.INFO]


def _softened(finding: Finding, pull: Pull) -> Finding:
    """A trouble that was made good in an operation that completed is not a warning, nor is what it could not clear away.

    Who signs puts a new list of referrers, and then deletes the old one, where it can (notaryproject/notation-go#400).
    """
    if pull.outcome is not Ending.COMPLETE or finding.severity is not Severity.WARNING:
        return finding
    failed = [step for step in pull.steps if step.n in finding.steps]
    if failed and all(step.route.endpoint in UPLOADS for step in failed):  # the registry has what was sent anew
        often = f"ignore it if it happened once; check {failed[-1].last.host} if it happens often"
        return replace(finding, severity=Severity.INFO, fix=often)
    left = pull.action != "delete" and bool(failed) and all(step.kind is Kind.DELETE for step in failed)
    return replace(finding, severity=Severity.INFO) if left or finding.code in PASSING else finding


def _no_client_survives(pull: Pull, error: Finding) -> bool:
    """Whether an error stands on steps after which nothing could have followed, so that it matters little what was not seen."""
    steps = [step for step in pull.steps if step.n in error.steps]
    over = all(step.outcome is not Outcome.NOT_SEEN for step in steps)
    return bool(steps) and over and all(step.outcome is not Outcome.FAILED or is_final(step) for step in steps)


def _pair(hop: Hop) -> tuple[str, str]:
    """The client and the host that spoke TLS; empty names in plain http."""
    if not hop.request.url.startswith("https:"):
        return ("", "")
    return (hop.request.client, hop.host.partition(":")[0])
