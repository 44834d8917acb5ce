"""What a step is, from what was asked and what came back; and what a manifest says about digests still to come.

The kind comes from the answer, not the path alone: a successful GET of a tag is a manifest or a list of them, a HEAD or a
failed GET of one is `resolve`. A config and a layer look alike on the wire; they are told apart by the manifests that came
before. The two tables below are the whole of it.
"""

from __future__ import annotations

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.digest import Digest
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.media import MediaClass, media_class
from pullscope.oci.routes import Endpoint
from pullscope.trace.model import Expectation, Hop, Image, Kind, Outcome, Pull, Step
from pullscope.trace.source_gaps import lacking

PLAIN: dict[Endpoint, Kind] = {
    Endpoint.PING: Kind.VERSION_CHECK,
    Endpoint.V1_PING: Kind.VERSION_CHECK,
    Endpoint.TAGS: Kind.TAGS,
    Endpoint.CATALOG: Kind.CATALOG,
    Endpoint.REFERRERS: Kind.REFERRERS,
    Endpoint.SIGNATURES: Kind.SIGNATURE,
    Endpoint.V1_SEARCH: Kind.SEARCH,
    Endpoint.CHARTS: Kind.CHARTS,
}
"""Endpoints that are one kind of step whatever the method and the answer."""

BY_METHOD: dict[tuple[Endpoint, str], Kind] = {
    (Endpoint.MANIFEST, "PUT"): Kind.MANIFEST_PUT,
    (Endpoint.MANIFEST, "DELETE"): Kind.DELETE,
    (Endpoint.BLOB, "DELETE"): Kind.DELETE,
    (Endpoint.UPLOAD_START, "POST"): Kind.UPLOAD_START,
    (Endpoint.UPLOAD, "PATCH"): Kind.UPLOAD_CHUNK,
    (Endpoint.UPLOAD, "PUT"): Kind.UPLOAD_FINISH,
    (Endpoint.UPLOAD, "GET"): Kind.UPLOAD_STATUS,
    (Endpoint.UPLOAD, "DELETE"): Kind.DELETE,
}
"""Endpoints of which the method makes the kind (OCI distribution-spec 1.1, "Endpoints")."""

OPTIONAL = frozenset({Kind.ATTESTATION, Kind.REFERRERS, Kind.SIGNATURE})
"""What a client can do without: a pull does not fail for the want of these."""

WRITING = frozenset({Kind.UPLOAD_START, Kind.UPLOAD_CHUNK, Kind.UPLOAD_FINISH, Kind.MOUNT, Kind.MANIFEST_PUT})
"""The steps that make a push of what a client does."""


def gives_up(step: Step) -> bool:
    """Whether an upload is given up: what a registry clears by itself in time, and need not take a request for."""
    return step.method == "DELETE" and step.route.endpoint is Endpoint.UPLOAD


def kind_of(step: Step, pull: Pull | None) -> Kind:
    """The kind as far as it can be known by now; final once the step is settled."""
    if step.is_token:
        return Kind.TOKEN
    route = step.route
    method = step.method
    if method == "OPTIONS":  # a browser's question whether it may ask (fetch.spec.whatwg.org)
        return Kind.UNKNOWN
    if route.endpoint is Endpoint.UPLOAD_START and route.mount is not None:
        return Kind.MOUNT
    found = PLAIN.get(route.endpoint) or BY_METHOD.get((route.endpoint, method))
    if found is not None:
        return found
    expected = pull.expected.get(route.digest) if pull is not None and route.digest is not None else None
    if route.endpoint is Endpoint.MANIFEST:
        return _manifest_kind(step, expected, method)
    if route.endpoint is Endpoint.BLOB or (route.endpoint is Endpoint.NONE and route.digest is not None):
        return expected.kind if expected is not None else Kind.LAYER
    return Kind.UNKNOWN


def _manifest_kind(step: Step, expected: Expectation | None, method: str) -> Kind:
    if step.route.fallback_for is not None:
        return Kind.REFERRERS
    if step.route.cosign:
        return Kind.SIGNATURE
    document = step.document
    if isinstance(document, Index):
        return Kind.MANIFEST_LIST
    if isinstance(document, Manifest):
        attests = document.is_attestation or (expected is not None and expected.kind is Kind.ATTESTATION)
        return Kind.ATTESTATION if attests else Kind.MANIFEST
    if expected is not None:
        return expected.kind
    if method == "GET" and step.last.ok:
        # Its body was not seen, or is empty: only the answer's Content-Type tells.
        return Kind.MANIFEST_LIST if media_class(step.last.content_type) is MediaClass.INDEX else Kind.MANIFEST
    if step.route.digest is None or method == "HEAD":
        return Kind.RESOLVE
    return Kind.MANIFEST


def outcome_of(step: Step, kind: Kind) -> Outcome:
    """How a step that nothing continues has ended."""
    last = step.last
    if step.in_flight:
        return Outcome.NOT_SEEN
    if last.failed is not None:
        return Outcome.FAILED
    if step.sent_on_to is not None:
        return Outcome.OK
    if step.instead is not None:
        return Outcome.FAILED  # whatever it is, no client can go on from there
    status = last.status or 0
    if step.token is not None and step.token.empty:
        return Outcome.FAILED
    if last.short_part or (last.unasked_part and step.pull is not None and step.pull.client.family in CONTAINERS_IMAGE):
        return Outcome.FAILED
    if 200 <= status < 300 or (status == 304 and _asked_if_changed(last)):
        # A redirect with 301 or 302 turns PUT and POST into GET (Go, net/http redirectBehavior): nothing was written.
        turned = kind in WRITING and last.request.method in ("GET", "HEAD") and step.method not in ("GET", "HEAD")
        return Outcome.FAILED if turned else Outcome.OK
    if kind is Kind.VERSION_CHECK and status == 401 and (last.challenges or lacking(last.request, "headers")):
        return Outcome.EXPECTED_401
    if status == 404 and kind in (Kind.REFERRERS, Kind.SIGNATURE):
        # No referrers API, or none by a tag: all are normal (distribution-spec 1.1, "Listing Referrers"; cosign 3.1 tree).
        return Outcome.EXPECTED_404
    if status == 404 and step.method == "HEAD" and step.route.endpoint is Endpoint.BLOB:
        return Outcome.EXPECTED_404  # a push asks first whether the blob is there
    if status == 404 and step.method == "HEAD" and step.pull is not None and step.pull.pushing:
        return Outcome.EXPECTED_404
    return Outcome.FAILED


def _asked_if_changed(hop: Hop) -> bool:
    """304 without a conditional request has no content (RFC 9110, 15.4.5): containerd and skopeo fail on it."""
    headers = hop.request.headers
    asked = headers.get("if-none-match") or headers.get("if-modified-since")
    return bool(asked) or lacking(hop.request, "headers")


def is_empty_manifest(hop: Hop) -> bool:
    """Whether nothing came where a manifest should be, and was not meant to: a body that is not kept says its length."""
    read = hop.ok and hop.request.method == "GET" and hop.step.route.endpoint is Endpoint.MANIFEST
    return read and hop.header("content-length") == "0"


def learn(pull: Pull, step: Step, document: Index | Manifest) -> None:
    """Remember what a manifest or an index that arrived says about digests that the client may ask for next."""
    step.document = document
    digest = _digest_of(step)
    if isinstance(document, Index):
        if pull.index is None and step.route.fallback_for is None:
            pull.index = document
        for descriptor in document.manifests:
            kind = Kind.ATTESTATION if descriptor.is_attestation else Kind.MANIFEST
            if media_class(descriptor.media_type or "") is MediaClass.INDEX:
                kind = Kind.MANIFEST_LIST
            known = descriptor.platform is not None and descriptor.platform.is_known and not descriptor.is_attestation
            platform = str(descriptor.platform) if known else None
            if descriptor.digest and step.route.fallback_for is None:
                pull.expected.setdefault(
                    descriptor.digest, Expectation(kind=kind, descriptor=descriptor, platform=platform)
                )
        return
    expected = pull.expected.get(digest) if digest else None
    attestation = document.is_attestation or (expected is not None and expected.kind is Kind.ATTESTATION)
    platform = expected.platform if expected else None
    # What names another manifest as its subject belongs to that, where the image itself was read before (cosign 3.1 verify).
    attached = document.subject is not None and bool(pull.images or pull.index)
    is_signature = step.route.cosign or step.route.fallback_for is not None or attached
    special = Kind.ATTESTATION if attestation else Kind.SIGNATURE if is_signature else None
    for part, expectation in _parts(document, special, platform).items():
        if part not in pull.expected or expectation.descriptor is document.config:
            pull.expected[part] = expectation
    if not attestation and not is_signature and all(image.digest != digest or digest is None for image in pull.images):
        pull.images.append(Image(digest=digest, platform=platform, manifest=document))
        named = (part.digest for part in document.parts)
        pull.missing.update(digest for digest in named if digest and digest not in pull.fetched)
        pull.platform = pull.platform or platform


def learn_referrers(pull: Pull, step: Step, document: Index | Manifest | None) -> None:
    """Remember what a list of referrers says of the manifests that it names: who asked for it may ask for these next."""
    step.document = document
    for descriptor in document.manifests if isinstance(document, Index) else ():
        if descriptor.digest:
            pull.expected.setdefault(descriptor.digest, Expectation(kind=Kind.SIGNATURE, descriptor=descriptor))


def learn_pushed(pull: Pull, step: Step) -> None:
    """A manifest that was put tells which of the blobs before it were its config, and which of its layers."""
    if not isinstance(step.document, Manifest):
        return
    special = Kind.SIGNATURE if step.route.cosign else Kind.ATTESTATION if step.document.is_attestation else None
    parts = _parts(step.document, special)
    for old in pull.steps:
        expected = parts.get(str(old.route.digest or old.route.mount))
        if expected is not None and old.expectation is None:
            old.expectation = expected
            if old.kind is Kind.LAYER:
                old.kind = expected.kind


def _parts(document: Manifest, special: Kind | None, platform: str | None = None) -> dict[str, Expectation]:
    """What the config and the layers of a manifest are, by their digests."""
    config, of = document.config, len(document.layers)
    parts: dict[str, Expectation] = {}
    if config is not None and config.digest:
        parts[config.digest] = Expectation(kind=special or Kind.CONFIG, descriptor=config, platform=platform)
    for number, layer in enumerate(document.layers, start=1):
        if layer.digest and layer.digest not in parts:
            kind = special or Kind.LAYER
            parts[layer.digest] = Expectation(kind=kind, descriptor=layer, number=number, of=of, platform=platform)
    return parts


def _digest_of(step: Step) -> str | None:
    return step.route.digest or said_digest(step.last)


def said_digest(hop: Hop) -> str | None:
    """The Docker-Content-Digest of an answer (a SHOULD in distribution-spec 1.1), or what clients make of its want."""
    said = hop.header("docker-content-digest")
    try:
        return str(Digest(said)) if said else _hashed(hop)
    except ValueError:
        return None


def _hashed(hop: Hop) -> str | None:
    """The digest of a manifest that came: docker and containerd go on by that where no header names one."""
    whole = hop.ok and hop.request.method == "GET" and hop.finished is not None and hop.finished.bytes
    return f"sha256:{hop.finished.sha256}" if whole and hop.finished is not None and hop.finished.sha256 else None
