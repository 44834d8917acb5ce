"""The bytes of blobs and manifests: cut off, corrupt, or kept back by the storage that should send them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.case import CONTENT, Case, found, header, in_storage, name_of
from pullscope.trace.findings.finding import Finding
from pullscope.trace.model import Hop, Outcome, Step

_EXPIRED = re.compile(r"expired", re.IGNORECASE)
# mitmproxy's words for a client that went away (proxy/layers/http), and ours for a proxy that did (mitm.witness); a user who
# presses Ctrl-C is no fault of a server.
_CUT = re.compile(r"client (?:disconnected|closed)|connection killed|proxy was stopped", re.IGNORECASE)


def size_mismatch(case: Case) -> Iterator[Finding]:
    """A blob or manifest that ended early, or that has another length than was said."""
    short: list[tuple[Step, Hop, int, int]] = []
    for hop in case.hops:
        step = hop.step
        if step.route.endpoint not in CONTENT or hop.request.method != "GET" or hop.response is None:
            continue
        if hop.failed is not None and _CUT.search(hop.failed.reason):
            continue  # the client had enough
        came, wanted = hop.bytes, _announced(hop)
        if came is None or wanted is None or came == wanted or not (hop.ok or hop.failed is not None):
            continue
        if hop.status == 200 or hop.failed is not None:
            short.append((step, hop, came, wanted))
    if not short:
        return
    step, hop, came, wanted = short[0]
    steps = [one for one, *_ in short]
    how = f"ended after {came} of {wanted} bytes" if came < wanted else f"has {came} bytes instead of {wanted}"
    yield found(
        "size-mismatch",
        case.severity(*steps),
        steps,
        f"what {hop.host} sent for {name_of(step)} {how}.",
        f"look at {hop.host}, or at what stands between it and here: time limits and size limits of proxies cut bodies off",
    )


def _announced(hop: Hop) -> int | None:
    """How many bytes an answer should have; None where a content coding makes that another number."""
    if header(hop, "content-encoding") not in (None, "identity"):
        return None
    if hop.status == 200 and hop.step.expectation is not None:
        return hop.step.expectation.descriptor.size
    length = header(hop, "content-length") or ""
    return int(length) if length.isdecimal() and len(length) < 16 and hop.failed is not None else None


def digest_mismatch(case: Case) -> Iterator[Finding]:
    """Bytes that do not hash to the digest under which they were asked for."""
    wrong = [step for step in case.steps if step.verified is False]
    if wrong:
        step = wrong[0]
        coded = header(step.last, "content-encoding")
        yield found(
            "digest-mismatch",
            case.severity(*wrong),
            wrong,
            f"what {step.last.host} sent for {name_of(step)} does not hash to that digest: it is corrupt, or something on "
            f"the way has rewritten it{f' (content coding {coded})' if coded else ''}.",
            f"fetch it again by hand from {step.last.host} and compare; proxies must hand on manifests and blobs byte for byte",
        )


def range_ignored(case: Case) -> Iterator[Finding]:
    """A request for the rest was answered with the whole."""
    for hop in case.hops:
        asked = hop.request.headers.get("range")
        if asked and hop.status == 200 and asked.strip() != "bytes=0-" and hop.step.route.endpoint is Endpoint.BLOB:
            yield found(
                "range-ignored",
                case.severity(hop.step),
                [hop.step],
                f"{hop.host} was asked for {asked.strip()} of {name_of(hop.step)} and sent all of it again, with 200 "
                "instead of 206.",
                f"let {hop.host} serve ranges: a download that was cut off begins again at every attempt",
            )
            return


def signed_url_expired(case: Case) -> Iterator[Finding]:
    """The storage says that the address is too old."""
    late = [hop for hop in case.hops if in_storage(hop) and hop.status in (400, 401, 403) and _says_expired(hop)]
    if late:
        hop = late[0]
        age = hop.request.time - hop.follows.response.time if hop.follows and hop.follows.response else 0.0
        waited = f"{age:.0f} s after it was made" if age >= 1 else "just after it was made"
        steps = [one.step for one in late]
        yield found(
            "signed-url-expired",
            case.severity(*steps),
            steps,
            f"{hop.host} said {hop.status}: the signed address of {name_of(hop.step)} had expired, {waited}.",
            f"compare the clocks of {hop.follows.host if hop.follows else 'the registry'} and {hop.host}; a queue in the "
            "client may also be longer than the address lives",
        )


def _says_expired(hop: Hop) -> bool:
    return bool(_EXPIRED.search(hop.said or "")) or any(_EXPIRED.search(one.message) for one in hop.errors)


def cdn_failed(case: Case) -> Iterator[Finding]:
    """A blob's storage that fails or refuses for a reason of its own."""
    broken = [
        hop
        for hop in case.hops
        if hop.step.route.endpoint is Endpoint.BLOB
        and hop.request.method == "GET"
        and (in_storage(hop) or (hop.status or 0) >= 500)
        and ((hop.status or 0) >= 400 or (hop.failed is not None and not _CUT.search(hop.failed.reason)))
        and hop.status != 429
        and hop.step.outcome is Outcome.FAILED
        and not _says_expired(hop)
        and not (hop.failed is not None and hop.response is not None)
    ]
    if not broken:
        return
    hop = broken[0]
    steps = [one.step for one in broken]
    said = (
        f"said {hop.status}"
        if hop.status is not None
        else f"ended the connection ({hop.failed.reason if hop.failed else ''})"
    )
    yield found(
        "cdn-failed",
        case.severity(*steps),
        steps,
        f"{hop.host}, which has the bytes of {name_of(hop.step)}, {said}.",
        f"try again; if it stays, {hop.follows.host if hop.follows else 'the registry'} points to a storage that does not have "
        "or does not give what it should",
    )
