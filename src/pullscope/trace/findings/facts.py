"""What there is in a pull at all: a rule that is about redirects need not look at a pull that has none.

A fact is cheap to know and never narrower than the rules that need it: a rule without its fact would have found nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pullscope.oci.documents import Manifest
from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.case import Case, content_type
from pullscope.trace.model import Hop, Kind, Outcome, Step

LISTS = frozenset({Endpoint.TAGS, Endpoint.CATALOG, Endpoint.REFERRERS})
TODAY = frozenset({OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST})


class Fact(StrEnum):
    """Something that many pulls have none of."""

    FAILURE = "a step that failed, made good later or not"
    TROUBLE = "a step failed, or a hop had status >= 400 or no response"
    REDIRECT = "a redirect"
    PING = "a version check"
    TOKEN = "a request for a token"
    CREDENTIAL = "a request that carries a token or a login"
    REJECTED = "one of those that was refused"
    CLEAR = "a request without TLS"
    BLOB = "a blob"
    WRITE = "a request of an upload"
    MIRROR = "a mirror, or a failure that would show one"
    LIST = "a list of tags, repositories or referrers"
    INDEX = "an index"
    INDEX_OR_IMAGE = "an index or an image's manifest"
    TAG = "a manifest that was met without asking for a digest"
    ODD = "an answer that is, by its type or its form, no manifest of today"


def facts_of(case: Case) -> frozenset[Fact]:
    """Everything that this pull has."""
    found = {Fact.FAILURE, Fact.TROUBLE, Fact.MIRROR} if case.pull.failing else set()
    if case.pull.index is not None:
        found |= {Fact.INDEX, Fact.INDEX_OR_IMAGE}
    if case.pull.images:
        found.add(Fact.INDEX_OR_IMAGE)
    for step in case.steps:
        found.update(_of_step(step))
        for hop in step.hops:
            found.update(_of_hop(hop))
    return frozenset(found)


def _of_step(step: Step) -> Iterator[Fact]:
    endpoint = step.route.endpoint
    if step.outcome is Outcome.FAILED:
        yield Fact.FAILURE
        yield Fact.TROUBLE
        yield Fact.MIRROR
    if step.kind is Kind.VERSION_CHECK:
        yield Fact.PING
    if step.is_token:
        yield Fact.TOKEN
    if endpoint is Endpoint.BLOB:
        yield Fact.BLOB
    elif endpoint in (Endpoint.UPLOAD, Endpoint.UPLOAD_START):
        yield Fact.WRITE
    elif endpoint in LISTS:
        yield Fact.LIST
    if isinstance(step.document, Manifest) and step.document.schema_version == 1:
        yield Fact.ODD


def _of_hop(hop: Hop) -> Iterator[Fact]:
    request, status = hop.request, hop.status
    if hop.failed is not None or (status is not None and status >= 400):
        yield Fact.TROUBLE
    if hop.route.ns is not None:
        yield Fact.MIRROR
    if hop.redirects:
        yield Fact.REDIRECT
    if request.authorization != "none" or request.credential is not None:
        yield Fact.CREDENTIAL
        if status is not None and status >= 400:
            yield Fact.REJECTED
    if not request.url.startswith("https:"):
        yield Fact.CLEAR
    if hop.route.endpoint is Endpoint.MANIFEST and hop.step.route.digest is None:
        yield Fact.TAG
    if content_type(hop) not in TODAY:
        yield Fact.ODD
