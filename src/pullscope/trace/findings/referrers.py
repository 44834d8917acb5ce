"""What refers to an image: signatures and attestations that are looked for, and answers that say neither yes nor no."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.case import Case, Found
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, quoted


@row(
    "referrers-refused",
    needs=Fact.TROUBLE,
    severities="info",
    suffers="those that look for signatures and attestations: cosign, notation, oras, docker 29",
    remedy="answer 404, so that clients fall back to the tag",
    report="goharbor/harbor#18418",
)
def referrers_refused(case: Case) -> Iterator[Found]:
    """The referrers API is answered by neither 200 nor 404.

    After 404 clients ask for the fallback tag; after anything else notation fails (notaryproject/notation#659), and others
    believe that there are none (distribution-spec 1.1, "Listing Referrers"). goharbor/harbor#18418.
    """
    refused = [
        step
        for step in case.steps
        if step.route.endpoint is Endpoint.REFERRERS and (step.last.status or 0) >= 400 and step.last.status != 404
    ]
    if refused:
        last = refused[0].last
        yield Found(
            refused,
            f"{answered_by(last)} said {last.status} to a request for referrers{quoted(last)}: clients do not fall back to the "
            "tag then, as they do after 404.",
            f"let {last.host} answer 404 to /v2/NAME/referrers/ until it serves them",
            severity=Severity.INFO,
        )
