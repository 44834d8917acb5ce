"""What each step says, in plain words: one function a kind, in one table. Text only; layout is `lines`' matter.
One file, because the table is of all kinds of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pullscope.oci.amounts import count, period, size
from pullscope.oci.challenge import read_scopes
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.media import MANIFESTS, essence, media_class
from pullscope.oci.plain import plain
from pullscope.oci.routes import Endpoint
from pullscope.render.names import short
from pullscope.trace.final_failures import failed_for_good
from pullscope.trace.kinds import WRITING
from pullscope.trace.model import Kind, Outcome, Pull, RateLimit, Step
from pullscope.trace.source_gaps import lacking

TITLES: dict[Kind, str] = {
    Kind.VERSION_CHECK: "version check",
    Kind.MANIFEST_LIST: "manifest list",
    Kind.UPLOAD_START: "upload start",
    Kind.UPLOAD_CHUNK: "upload chunk",
    Kind.UPLOAD_STATUS: "upload status",
    Kind.UPLOAD_FINISH: "upload finish",
    Kind.MANIFEST_PUT: "manifest put",
}
"""Kinds whose title is not simply their name."""

COSIGN_TAGS = {"sig": "signature", "att": "attestation", "sbom": "SBOM"}
"""What cosign's tags (`sha256-….sig`) are of."""


def title(step: Step, kind: Kind | None = None) -> str:
    """The name of a step: `layer 3/4`, `manifest list`."""
    kind = kind or step.kind
    expected = step.expectation
    if kind is Kind.SIGNATURE and step.route.cosign:
        return attached_by(step) or str(kind)
    if kind is Kind.MANIFEST_PUT and step.route.fallback_for is not None:
        return "referrers"
    if kind is Kind.LAYER and expected is not None and expected.number is not None:
        return f"layer {expected.number}/{expected.of}"
    if kind is Kind.LAYER and expected is None:
        return "blob"  # only its manifest tells a config from a layer; a push sends it last, and some clients have it
    return TITLES.get(kind, str(kind))


def what(step: Step, pull: Pull) -> str:
    """The result of a step, in a few words."""
    if step.verified is False or step.outcome is Outcome.FAILED:
        said = _failure(step)
        return f"FAILED, {said}" if failed_for_good(step) else said
    if step.outcome is Outcome.NOT_SEEN:
        return "not seen to the end"
    if step.sent_on_to is not None:
        return "relayed, not read" if step.sent_on_to in pull.unread.bytes else "sent on, not seen"
    return plain(SAYINGS.get(step.kind, _unknown)(step, pull), 120)


def _failure(step: Step) -> str:
    """Why a step is not good so far; a client may still make up for it, so that it is no more than what was answered."""
    last = step.last
    if step.verified is False:
        return "cut off" if step.fell_short else "WRONG BYTES"
    if last.failed is not None:
        if last.hung_up:
            return "stopped by the client"
        return "cut off" if last.response is not None else "no response"
    if step.instead is not None:
        return step.instead
    if step.token is not None and step.token.empty and last.ok:
        return "no token in it"
    status = last.status or 0
    if step.kind in WRITING and last.request.method in ("GET", "HEAD") and step.method not in ("GET", "HEAD"):
        return "nothing was written"  # a redirect had made a GET of it
    if last.redirects:
        return f"{status}, not followed"
    if status == 404 and not step.is_token:
        return "not there"
    return f"{status}: {REFUSALS.get(status) or ('server error' if status >= 500 else 'refused')}"


REFUSALS = {
    401: "authentication required",
    403: "access denied",
    404: "not there",
    405: "not allowed",
    413: "too large",
    416: "no such range",
    429: "too many requests",
}
"""What a status means, in the words of the field."""


def sayings(step: Step, pull: Pull) -> Iterator[str]:
    """The same in ever fewer words, for lines with long chains of hosts."""
    words = what(step, pull)
    yield words
    shorter = words
    for long, brief in SHORTER:
        shorter = shorter.replace(long, brief)
        yield shorter
    shorter = shorter.partition(", for ")[0]  # what a token is for says more than for how long
    yield shorter
    for mark in (",", ":", " "):
        shorter = shorter.partition(mark)[0]
        yield shorter


SHORTER = (
    ("sha256:", ""),
    (" (expected)", ""),
    ("authentication required", "unauthorized"),
    (": config, ", ", "),
    (", pull, for ", ", for "),
    ("by fallback tag", "by tag"),
    (" (for content)", ""),
    (" (for referrers)", ""),
    (", then uploaded", ""),
    (" attestations", " attested"),
)
"""Words that a narrow line can do without, the least needed first."""


def _version_check(step: Step, _pull: Pull) -> str:
    rule = rule_of(step)
    if rule is not None:
        return rule
    shown = step.last.request.authorization
    if step.outcome is Outcome.EXPECTED_401 and shown != "none":
        return f"401: {'login' if shown == 'basic' else 'token'} refused"
    if step.outcome is Outcome.EXPECTED_401:
        schemes = {challenge.scheme for challenge in step.last.challenges}
        return "401: token required (expected)" if "bearer" in schemes else "401: login required (expected)"
    accepted = {"none": "no token required", "basic": "login accepted"}.get(shown, "token accepted")
    return f"{step.last.status}: {accepted}"


def _token(step: Step, pull: Pull) -> str:
    facts = step.token
    if facts is None:
        return ""
    if _is_again(step, pull):
        route = step.under.route if step.under else None
        if route is not None and (route.endpoint is Endpoint.REFERRERS or route.fallback_for is not None):
            return "another token (for referrers)"
        # containerd has an authorizer of its own for what it fetches (core/remotes/docker, resolver.go Fetcher).
        fetches = route is not None and route.endpoint is Endpoint.MANIFEST and route.digest is not None
        by_containerd = pull.client.store == "containerd" or pull.client.family in ("containerd", "buildkit")
        return "second token (for content)" if fetches and by_containerd else "another token"
    scopes = read_scopes(facts.scope or "")
    actions = "+".join(dict.fromkeys(action for scope in scopes for action in scope.actions))
    parts = ["anonymous" if facts.anonymous else "logged in", actions or "no scope"]
    if facts.expires_in is not None:
        parts.append(f"for {facts.expires_in} s")
    return ", ".join(parts)


def _is_again(step: Step, pull: Pull) -> bool:
    for other in pull.steps:
        if other is step:
            return False
        same = other.token is not None and step.token is not None and other.token.scope == step.token.scope
        if other.kind is Kind.TOKEN and other.outcome is Outcome.OK and same:
            return True
    return False


def _resolve(step: Step, pull: Pull) -> str:
    rule = rule_of(step)
    if rule is not None:
        return rule
    if step.outcome is Outcome.EXPECTED_404:
        return "not there" if step.route.digest is None else "not there yet"
    if step.digest is None:
        said = _said_type(step)
        return "is there, digest not named" if not said or media_class(said) in MANIFESTS else f"no manifest: {said}"
    if step.route.digest is not None:
        return f"{short(step.digest)} is there"
    return f"{step.route.reference or pull.tag} is {short(step.digest)}"


def _manifest_list(step: Step, _pull: Pull) -> str:
    rule = rule_of(step)
    if rule is not None:
        return rule
    if not isinstance(step.document, Index):
        return _unread(step)
    entries = step.document.manifests
    attested = sum(entry.is_attestation for entry in entries)
    unnamed = sum(bool(entry.platform and not entry.platform.is_known) for entry in entries if not entry.is_attestation)
    others = [count(attested, "attestation")] * bool(attested) + [f"{unnamed} unknown/unknown"] * bool(unnamed)
    return ", ".join([count(len(entries) - attested - unnamed, "platform"), *others])


def _manifest(step: Step, _pull: Pull) -> str:
    if not isinstance(step.document, Manifest):
        return _unread(step)
    parts = count(len(step.document.layers), "layer")
    if step.document.config is not None:
        parts = f"config, {parts}"
    if step.document.schema_version == 1:
        parts = f"schema 1, {parts}"
    return f"{step.platform}: {parts}" if step.platform else parts


def _unread(step: Step) -> str:
    """A manifest of which there is no document: asked for with HEAD, not kept, or none at all."""
    if step.method == "HEAD":
        return "is there"
    said = _said_type(step)
    unseen = media_class(said) in MANIFESTS or (not said and lacking(step.last.request, "headers"))
    return "body not kept" if unseen else f"no manifest: {said or 'no media type'}"


def _said_type(step: Step) -> str:
    return essence(step.last.response.headers.get("content-type")) if step.last.response else ""


def _attestation(step: Step, pull: Pull) -> str:
    kind = "manifest"
    if step.route.endpoint is Endpoint.BLOB:
        kind = "config"
        expected = step.expectation
        if expected is not None and expected.number is not None:
            kind = "statement"
            predicate = expected.descriptor.annotations.get("in-toto.io/predicate-type", "")
            if "provenance" in predicate:
                kind = "provenance"
            elif "spdx" in predicate or "cyclonedx" in predicate:
                kind = "SBOM"
    came = step.size if step.size is not None else step.bytes
    return f"{kind}, {_blob(step, pull) if step.method == 'HEAD' else size(came)}"


def _blob(step: Step, pull: Pull) -> str:
    if step.method == "HEAD" or step.outcome is Outcome.EXPECTED_404:
        pushes = pull.action in ("push", "attach")  # ollama looks before it fetches
        return f"is there{' already' * pushes}" if step.outcome is Outcome.OK else f"not there{' yet' * pushes}"
    return size(step.bytes or step.size)


def _referrers(step: Step, _pull: Pull) -> str:
    if step.outcome is Outcome.EXPECTED_404:
        return "none by fallback tag either" if step.route.fallback_for is not None else "none (normal)"
    if isinstance(step.document, Index):
        return f"{len(step.document.manifests)} found" if step.document.manifests else "none (normal)"
    return "found"


def _uploaded(step: Step, _pull: Pull) -> str:
    sent = sum(hop.uploaded.bytes for hop in step.hops if hop.uploaded)
    if step.kind is Kind.UPLOAD_FINISH:
        return f"{size(sent)} sent, blob stored" if sent else "blob stored"
    if not sent and lacking(step.first.request, "bodies"):
        return "sent"
    return f"{size(sent)} sent"


def _mount(step: Step, _pull: Pull) -> str:
    source = step.route.from_repository
    if step.last.status == 201:
        return f"mounted from {_end_of(source, 32)}" if source else "mounted"
    return "not mounted, then uploaded"


def _end_of(name: str, most: int) -> str:
    return name if len(name) <= most else f"..{name[2 - most :]}"


def _listed(step: Step, _pull: Pull) -> str:
    one, several = LISTED[step.kind]
    if step.listed_count is None:
        return "listed" if step.kind is not Kind.SEARCH else "answered"
    return f"{step.listed_count} {one if step.listed_count == 1 else several}"


LISTED = {
    Kind.TAGS: ("tag", "tags"),
    Kind.CATALOG: ("repository", "repositories"),
    Kind.SEARCH: ("result", "results"),
}
"""What a list is of."""


def _signature(step: Step, pull: Pull) -> str:
    if step.method == "HEAD" and step.route.endpoint is Endpoint.BLOB:
        return f"blob, {_blob(step, pull)}"  # before a push: not a look for a signature
    return "stored" if step.method == "PUT" else "found" if step.outcome is Outcome.OK else "none (normal)"


def attached_by(step: Step) -> str | None:
    """What a tag of cosign's is of: `signature`, `attestation`, `SBOM`; None for any other."""
    return COSIGN_TAGS.get(str(step.route.reference).rpartition(".")[2], "signature") if step.route.cosign else None


def _manifest_put(step: Step, _pull: Pull) -> str:
    kind = attached_by(step)
    if kind is not None:
        return f"{kind} stored"
    if step.route.fallback_for is not None:
        # A client keeps the list under a tag, where a registry has none (distribution-spec 1.1, referrers tag schema).
        return f"list of {len(step.document.manifests)} stored" if isinstance(step.document, Index) else "list stored"
    name = step.route.reference if step.route.digest is None else "manifest"
    return f"{name} is {short(step.digest)}" if step.digest else f"{name} stored"


def _unknown(step: Step, _pull: Pull) -> str:
    return f"{step.first.request.method} {step.last.status or ''}"


SAYINGS: dict[Kind, Callable[[Step, Pull], str]] = {
    Kind.VERSION_CHECK: _version_check,
    Kind.TOKEN: _token,
    Kind.RESOLVE: _resolve,
    Kind.MANIFEST_LIST: _manifest_list,
    Kind.MANIFEST: _manifest,
    Kind.CONFIG: _blob,
    Kind.LAYER: _blob,
    Kind.ATTESTATION: _attestation,
    Kind.REFERRERS: _referrers,
    Kind.TAGS: _listed,
    Kind.CATALOG: _listed,
    Kind.SIGNATURE: _signature,
    Kind.UPLOAD_START: lambda step, _pull: "blob stored" if step.last.status == 201 else "accepted",
    Kind.UPLOAD_CHUNK: _uploaded,
    Kind.UPLOAD_STATUS: lambda step, _pull: f"has {step.last.header('range') or 'said nothing of its range'}",
    Kind.UPLOAD_FINISH: _uploaded,
    Kind.MOUNT: _mount,
    Kind.MANIFEST_PUT: _manifest_put,
    Kind.DELETE: lambda _step, _pull: "deleted",
    Kind.SEARCH: _listed,
    Kind.CHARTS: lambda step, pull: f"{step.route.reference or 'index.yaml'}, {_blob(step, pull)}",
}


MOST_OF_A_SOURCE = 45
"""An IPv6 address is 39 characters at most, Docker's account ids are 36."""


def limit_words(limit: RateLimit) -> str:
    """`97 of 100 left, per 6 h, counted on 203.0.113.7`."""
    text = str(limit.remaining_after)
    text += f" of {limit.limit} left" if limit.limit is not None else " left"
    if limit.window_seconds:
        text += f", per {period(limit.window_seconds)}"
    return f"{text}, counted on {plain(limit.source, MOST_OF_A_SOURCE)}" if limit.source else text


def rule_of(step: Step) -> str | None:
    """The rule (`netlify.toml:8`) that answered the first hop in a server's stead, if one did."""
    response = step.first.response
    answered_by = response.answered_by if response else None
    return answered_by if answered_by and ":" in answered_by else None
