"""Failures of a registry itself, and those that no other rule explains."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.case import (
    Case,
    found,
)
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.row import row
from pullscope.trace.model import Outcome


@row(
    "registry-failed",
    needs=Fact.FAILURE,
    severities="error, warning",
    suffers="all",
    remedy="the registry's logs",
)
def registry_failed(case: Case) -> Iterator[Finding]:
    """5xx for anything but a blob or token, and no success after it.

    containerd asks once more after 5xx (core/remotes/docker/resolver.go); what recovers is `retried`.
    """
    broken = [
        hop
        for hop in case.hops
        if (hop.status or 0) >= 500
        and hop.step.outcome is Outcome.FAILED
        and not hop.step.is_token
        and hop.step.route.endpoint is not Endpoint.BLOB
    ]
    if broken:
        hop = broken[0]
        steps = [one.step for one in broken]
        yield found(
            "registry-failed",
            case.severity(*steps),
            steps,
            f"{hop.host} said {hop.status}: the fault is there, not with {case.client}.",
            f"try again later, or look at the logs of {hop.host}",
        )
