"""What there is in a pull at all: a rule that is about redirects need not look at a pull that has none.

A fact is cheap to know and never narrower than the rules that need it: a rule without its fact would have found nothing.
"""

from __future__ import annotations

from enum import StrEnum

from pullscope.oci.documents import Manifest
from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.case import Case
from pullscope.trace.model import Hop, Kind, Outcome, Step

LISTS = frozenset({Endpoint.TAGS, Endpoint.CATALOG, Endpoint.REFERRERS})
TODAY = frozenset({OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST})


class Fact(StrEnum):
    """Something that many pulls have none of."""

    TROUBLE = "a step failed, or a hop had status >= 400 or no response"
    ERROR = "the same, but for a 401 that only asked for a token"
    REDIRECT = "a redirect"
    PING = "a version check"
    TOKEN = "a request for a token"
    CREDENTIAL = "a request that carries a token or a login"
    REJECTED = "one of those that was refused"
    CLEAR = "a request without TLS"
    BLOB = "a blob"
    PART = "a part of something, asked for or sent"
    WRITE = "a request of an upload"
    MIRROR = "a mirror, or a failure that would show one"
    LIST = "a list of tags, repositories or referrers"
    INDEX = "an index"
    INDEX_OR_IMAGE = "an index or an image's manifest"
    TAG = "a manifest that was met without asking for a digest"
    SIGNATURE = "a lookup of a signature"
    PAGE = "a step that ends at a web page, or whose end, which may be one, was not seen"
    ODD = "an answer that is, by its type or its form, no manifest of today"


def facts_of(case: Case) -> frozenset[Fact]:
    """Everything that this pull has."""
    found = {Fact.TROUBLE, Fact.ERROR, Fact.MIRROR} if case.pull.failing else set()
    if case.pull.index is not None:
        found |= {Fact.INDEX, Fact.INDEX_OR_IMAGE}
    if case.pull.images:
        found.add(Fact.INDEX_OR_IMAGE)
    if len({step.first.host for step in case.pings}) > 1:  # docker, of its registry-mirrors: moby/moby#33071
        found.add(Fact.MIRROR)
    for step in case.steps:
        _of_step(step, found)
        for hop in step.hops:
            _of_hop(hop, found)
    return frozenset(found)


def _of_step(step: Step, found: set[Fact]) -> None:
    endpoint, last = step.route.endpoint, step.last
    if step.outcome is Outcome.FAILED:
        found |= {Fact.TROUBLE, Fact.ERROR, Fact.MIRROR}
    if step.kind is Kind.VERSION_CHECK:
        found.add(Fact.PING)
    if step.is_token:
        found.add(Fact.TOKEN)
    if step.kind is Kind.SIGNATURE:
        found.add(Fact.SIGNATURE)
    page = last.is_page
    if page or last.redirects or last.response is None:
        found.add(Fact.PAGE)
    if endpoint is Endpoint.BLOB or step.is_foreign:
        found.add(Fact.BLOB)
    elif endpoint in (Endpoint.UPLOAD, Endpoint.UPLOAD_START):
        found.add(Fact.WRITE)
    elif endpoint in LISTS:
        found.add(Fact.LIST)
    met = endpoint is Endpoint.MANIFEST or (last.follows is None and (endpoint is Endpoint.BLOB or endpoint in LISTS))
    if met and (page or last.content_type not in TODAY) and not last.redirects:
        found.add(Fact.ODD)
    if isinstance(step.document, Manifest) and step.document.schema_version == 1:
        found.add(Fact.ODD)


def _of_hop(hop: Hop, found: set[Fact]) -> None:
    request, status = hop.request, hop.status or 0
    if hop.failed is not None or status >= 400:
        found.add(Fact.TROUBLE)
        if hop.failed is not None or status != 401:
            found.add(Fact.ERROR)
    if status == 206 or hop.header("content-range") is not None or request.headers.get("range") is not None:
        found.add(Fact.PART)
    if hop.route.ns is not None:
        found.add(Fact.MIRROR)
    if hop.redirects:
        found.add(Fact.REDIRECT)
    if request.authorization != "none" or request.credential is not None:
        found.add(Fact.CREDENTIAL)
        if status >= 400:
            found.add(Fact.REJECTED)
    if not request.url.startswith("https:"):
        found.add(Fact.CLEAR)
    if hop.route.endpoint is Endpoint.MANIFEST and hop.step.route.digest is None:
        found.add(Fact.TAG)
