"""What the body of an answer says, taken from it while it is there: a token, errors, a list, a manifest. No body is kept."""

from __future__ import annotations

from functools import lru_cache

from pullscope.oci.documents import (
    MAX_DOCUMENT,
    read_errors,
    read_listed_count,
    read_listed_name,
    read_manifest,
    what_instead,
)
from pullscope.oci.media import MANIFESTS, media_class
from pullscope.oci.routes import Endpoint
from pullscope.trace.clues import LISTS
from pullscope.trace.events import Finished
from pullscope.trace.findings.watching import Findings
from pullscope.trace.kinds import is_empty_manifest, learn, learn_referrers
from pullscope.trace.model import Hop
from pullscope.trace.open_pulls import OpenPulls
from pullscope.trace.stitch import Stitcher
from pullscope.trace.tokens import read_token_facts

SAID = 300
"""Characters that are kept of an error body that is not a registry's."""

MOST_KNOWN = 64 * 1024
"""Characters of a manifest up to which what it says is remembered, by its redacted text."""

_known_manifest = lru_cache(maxsize=32)(read_manifest)  # a fleet asks for the same few over and over


def read(hop: Hop, event: Finished, open_pulls: OpenPulls, stitcher: Stitcher, findings: Findings) -> None:
    """Take what is said from a body while it is there; the body itself is not kept."""
    step = hop.step
    if step.is_token:
        step.token = read_token_facts(hop, None, event)
        if event.issued is not None:
            open_pulls.token_issued(step, event.issued)
            if step.pull is not None:
                step.pull.credentials.add(event.issued)
            findings.issued(event.issued)
    if event.document is None or hop.status is None:
        if is_empty_manifest(hop):
            step.instead = "empty"
        elif _is_no_chart(hop):
            step.instead = hop.content_type
        elif hop.ok and (step.is_token or step.route.endpoint is Endpoint.MANIFEST) and _cannot_unpack(hop, event):
            step.instead = f"not {event.miscoded}, as its Content-Encoding says"
        return
    if hop.status >= 400:
        _read_words(hop, event.document)
    elif hop.ok and event.document.startswith("<HTML>"):
        hop.said = event.document[:SAID]
        step.instead = "a web page" if step.route.endpoint in (Endpoint.MANIFEST, *LISTS) else None
    elif _is_no_chart(hop):
        step.instead = hop.content_type
    elif hop.ok and step.route.endpoint in LISTS:
        step.listed_count = read_listed_count(event.document)
        if step.route.endpoint is Endpoint.TAGS:
            step.listed = read_listed_name(event.document)
        elif step.route.endpoint is Endpoint.REFERRERS and step.pull is not None:
            learn_referrers(step.pull, step, read_manifest(event.document))
    elif hop.ok and step.route.endpoint is Endpoint.MANIFEST and step.pull is not None:
        reads = _known_manifest if len(event.document) <= MOST_KNOWN else read_manifest
        document = reads(event.document, hop.content_type)
        if document is not None:
            learn(step.pull, step, document)
            stitcher.may_come_from_elsewhere(hop, document)
        else:
            _read_words(hop, event.document)
            if media_class(hop.content_type) in MANIFESTS and (event.bytes or 0) <= MAX_DOCUMENT:
                step.instead = what_instead(event.document)


def _is_no_chart(hop: Hop) -> bool:
    """Whether the type of an answer is that of a page, or of an index where an archive was asked for."""
    others = ("html", "xml", "yaml", "json") if hop.route.reference is not None else ("html", "xml")
    return hop.ok and hop.step.route.endpoint is Endpoint.CHARTS and hop.content_type.endswith(others)


def _read_words(hop: Hop, document: str) -> None:
    """What an answer says of itself, which is not what was asked for."""
    hop.errors = read_errors(document)
    hop.said = None if hop.errors else document[:SAID]


def _cannot_unpack(hop: Hop, event: Finished) -> bool:
    """Whether a body has not the coding that its client takes off: Go does where it asked for it, curl where it was told to."""
    asked = hop.request.headers.get("accept-encoding") or ""
    return event.miscoded is not None and event.miscoded.strip().lower() in asked.lower()
