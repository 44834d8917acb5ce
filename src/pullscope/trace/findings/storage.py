"""The storage behind a registry: signed addresses, and those who serve them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import query
from pullscope.trace.findings.case import (
    Case,
    client_left,
    found,
    in_storage,
    name_of,
)
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.row import row
from pullscope.trace.model import Hop, Outcome


@row(
    "two-auth-mechanisms",
    needs=Fact.FAILURE,
    explains=(
        "access-denied",
        "cdn-failed",
        "challenge-unreadable",
        "credentials-not-used",
        "scope-mismatch",
        "scope-refused",
        "token-rejected",
    ),
    softens=("authorization-leaked",),
    severities="error",
    suffers="clients that send their token to a storage",
    remedy="no challenge at the storage",
)
def two_auth_mechanisms(case: Case) -> Iterator[Finding]:
    """A signed storage address got an Authorization, and refused.

    Amazon S3 says "Only one auth mechanism allowed": renovate#3877, container-libs#216, moby#50065.
    """
    refused = [
        step
        for step in case.bad
        if in_storage(step.last)
        and step.last.request.authorization != "none"
        and step.last.status in (400, 401, 403)
        and query(step.last.request.url)
    ]
    if refused:
        last = refused[0].last
        yield found(
            "two-auth-mechanisms",
            case.severity(*refused),
            refused,
            f"{case.client} sent its {_kind(last)} to {last.host} too, whose address is signed already, and {last.host} "
            f"said {last.status}: storages take one of the two, never both.",
            f"let {last.host} answer signed addresses without a challenge; a client that sends its token to a "
            "storage of its own accord needs an update",
        )


def _kind(hop: Hop) -> str:
    return {"bearer": "token", "basic": "login"}.get(hop.request.authorization, "Authorization")


@row(
    "signed-url-expired",
    needs=Fact.TROUBLE,
    explains=("cdn-failed",),
    severities="error",
    suffers="all, and first those with slow queues",
    remedy="clocks, queues",
)
def signed_url_expired(case: Case) -> Iterator[Finding]:
    """The storage refuses, and says that the address has expired.

    Amazon S3's words, "Request has expired", of which the names are kept.
    """
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


_EXPIRED = re.compile(r"expired", re.IGNORECASE)


def _says_expired(hop: Hop) -> bool:
    return bool(_EXPIRED.search(hop.said or "")) or any(_EXPIRED.search(one.message) for one in hop.errors)


@row(
    "cdn-failed",
    needs=Fact.FAILURE,
    severities="error, warning",
    suffers="all",
    remedy="the storage",
)
def cdn_failed(case: Case) -> Iterator[Finding]:
    """The storage behind a blob fails for another reason.

    What recovers when asked again at once is `retried`.
    """
    broken = [
        hop
        for hop in case.hops
        if hop.step.route.endpoint is Endpoint.BLOB
        and hop.request.method == "GET"
        and (in_storage(hop) or (hop.status or 0) >= 500)
        and ((hop.status or 0) >= 400 or (hop.failed is not None and not client_left(hop)))
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
