"""Failures of a registry itself, and those that no other rule explains."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import period
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.access import fix_where_it_was_named
from pullscope.trace.findings.answers import Answer, answer_of
from pullscope.trace.findings.asked import request
from pullscope.trace.findings.case import Case, Found, client_left, in_storage, is_a_question, is_write
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.fixes import GATEWAY, fix_of
from pullscope.trace.findings.mirrors import mirror_of
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, front, quoted, said_status, words
from pullscope.trace.model import Hop, Kind, Outcome, Step
from pullscope.trace.source_gaps import lacking


@row(
    "registry-failed",
    needs=Fact.FAILURE,
    explains="upload-refused upload-lost head-not-allowed",
    severities="error, warning",
    suffers="all",
    remedy="the registry's logs",
)
def registry_failed(case: Case) -> Iterator[Found]:
    """5xx from the registry, or from what stands in front of it, for anything but a token; and no success after it.

    502, 503, 504 and Cloudflare's 52x come from a proxy that did not reach the registry behind it: what answered is named by
    its Server header. A cache tells which upstream failed it (distribution/distribution#4252). 5xx are asked again by
    containerd and containers/image; what a retry made good is told as `retried` alone.
    """
    broken = [
        hop
        for hop in case.hops
        if (hop.status or 0) >= 500
        and hop.step.outcome is Outcome.FAILED
        and hop.step not in case.made_good
        and not hop.step.is_token
        and not in_storage(hop)
        and not is_a_question(hop.step)
        and not (hop.status == 501 and is_write(hop.step))
        and mirror_of(hop.step.first) is None
    ]
    if broken:
        hop = next((one for one in broken if words(one)), broken[0])
        steps = [one.step for one in broken]
        answer = answer_of(case, hop)
        instead = answer.clue is not None and answer.clue.name == "filter"
        behind = not instead and hop.status in GATEWAY and not hop.errors and front(hop) is not None
        yield Found(
            steps,
            f"{answered_by(hop)} said {hop.status}{quoted(hop)}: "
            + (
                "it stands in front and did not get an answer from the registry behind it."
                if behind
                else "it answers in the registry's place."
                if instead
                else f"the fault is there, not with {case.client}."
            ),
            fix_of(answer),
        )


@row(
    "request-failed",
    severities="error",
    suffers="the client that asked",
    remedy="what the answer asks for",
    report="goharbor/harbor#13825",
    last_resort=True,
)
def request_failed(case: Case) -> Iterator[Found]:
    """The operation failed or was cut off and no other rule knows why: who said what status to which request, in its own words.

    Asked only where no other rule has found an error. Harbor's policies (412 PROJECTPOLICYVIOLATION), export control pages of
    Docker Hub, licences of Artifactory and plain http on a TLS port come here with the words of the answer; so do pages by
    which a proxy of one's own network refuses a host (virtuald/docker-registry-cache#14).
    """
    candidates = [step for step in case.bad if not client_left(step.last)] or _ended_badly(case)
    waited = next((one for one in case.steps[-3:] if _waited_in_vain(one.last)), None)
    if waited is not None:
        yield Found(
            [waited],
            f"{waited.last.host} gave no answer{_to(waited)} within {period(waited.last.seconds or 0.0)}, and {case.client} "
            "waited no longer.",
            _where_it_was_named(case, waited.last)
            or f"try again; if it stays, look at {waited.last.host} and the network path to it",
            severity=Severity.ERROR,
        )
    if not candidates:
        return
    step = next((one for one in candidates if words(one.last)), candidates[-1])
    last = step.last
    yield Found(
        [step],
        f"{said_status(last)}{_to(step)}.",
        _unshown(last) or _without_the_right(step) or fix_of(Answer(case, step)),
        severity=Severity.ERROR,
    )


def _where_it_was_named(case: Case, hop: Hop) -> str | None:
    """What to do where the one that was waited for is a mirror, or is what a registry names for tokens or blobs."""
    home = mirror_of(hop.step.first)
    if home is not None:
        return f"take {hop.host} out of the mirrors of {home}, or mend it"
    return fix_where_it_was_named(case, hop)


def _waited_in_vain(hop: Hop) -> bool:
    """Whether a client left after ten seconds or more without an answer; docker waits 15 (urlstechie/urlchecker-action#103)."""
    return hop.response is None and client_left(hop) and (hop.seconds or 0.0) >= 10


def _unshown(hop: Hop) -> str | None:
    """What to do about a refusal of which the source cannot show whether there was a login."""
    if hop.status not in (401, 403) or not lacking(hop.request, "credentials"):
        return None
    return "check the name, and that the client is logged in with an account that may have it: no login is in the log"


def _without_the_right(step: Step) -> str | None:
    """What to do about a 403 to a blob with a login in hand: ECR, aws-actions/amazon-ecr-login#14."""
    last = step.last
    if last.status != 403 or last.request.authorization == "none" or step.route.endpoint is not Endpoint.BLOB:
        return None
    return (
        f"give the account the right to look at blobs of {step.route.repository}: in IAM ecr:BatchCheckLayerAvailability, which "
        "a push needs too"
        if last.host.endswith(".amazonaws.com")
        else f"give the account the right to look at blobs of {step.route.repository}, which a push needs too"
    )


def _to(step: Step) -> str:
    """Which request it was."""
    if is_write(step) and step.route.endpoint in (Endpoint.UPLOAD, Endpoint.UPLOAD_START):
        return f" to {step.last.request.method} for an upload to {step.route.repository}"
    return f" to {request(step)}"


def _ended_badly(case: Case) -> list[Step]:
    """The last steps that were refused or had no answer, where none counts as needed."""
    return [
        step
        for step in case.steps[-3:]
        if ((step.last.status or 0) >= 400 or (step.last.status is None and step.last.failed is not None))
        and not client_left(step.last)
        and step.kind not in (Kind.REFERRERS, Kind.VERSION_CHECK)
        and step not in case.made_good
    ]
