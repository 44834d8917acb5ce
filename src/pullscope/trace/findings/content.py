"""The bytes of blobs and manifests: cut off, corrupt, or kept back by the storage that should send them."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.case import CONTENT, Case, client_left, found, header, name_of
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.row import row
from pullscope.trace.model import Hop, Step


@row(
    "size-mismatch",
    explains=("digest-mismatch", "manifest-unreadable"),
    severities="error, warning",
    suffers="all",
    remedy="time and size limits of proxies",
)
def size_mismatch(case: Case) -> Iterator[Finding]:
    """Another number of bytes than the manifest or Content-Length says.

    Not judged where a content coding makes the numbers differ, nor where the client went away.
    """
    short: list[tuple[Step, Hop, int, int]] = []
    for hop in case.hops:
        step = hop.step
        if step.route.endpoint not in CONTENT or hop.request.method != "GET" or hop.response is None:
            continue
        if client_left(hop):
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


@row(
    "digest-mismatch",
    needs=Fact.FAILURE,
    explains=("manifest-unreadable",),
    severities="error, warning",
    suffers="all",
    remedy="what stands between",
)
def digest_mismatch(case: Case) -> Iterator[Finding]:
    """Bytes that do not hash to the digest asked for.

    Hashed while streaming, after content coding (RFC 9110, 8.4); null where the beginning was not seen.
    """
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


@row(
    "range-ignored",
    needs=Fact.BLOB,
    explains=("digest-mismatch", "size-mismatch"),
    severities="warning, error",
    suffers="those that resume",
    remedy="serve ranges",
)
def range_ignored(case: Case) -> Iterator[Finding]:
    """200 to a request for the rest.

    Classic dockerd wants 206 (client/transport/http_reader.go); containerd takes 200 too, and throws away what it had.
    """
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
