"""When a step is over, and what it proved. One file, because what a step counts for and what takes that back must agree.

A step that was answered well is over at once. One that was not may still be continued: a 401 by the repeat with a token, a
failed HEAD by a GET, a redirect by following it, a server error or a cut-off body by a retry. It is over when its pull has
been quiet for `times.STEP_QUIET` seconds, or `times.NEXT_MOVE` where its client knows where to go, or has ended; and open again
when it goes on after all (`resume`).
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from pullscope.oci.agents import CONTAINERS_IMAGE, TOKEN_WITHIN
from pullscope.oci.challenge import read_scopes
from pullscope.oci.documents import Manifest
from pullscope.oci.media import MediaClass, media_class
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.kinds import OPTIONAL, WRITING, gives_up, kind_of, outcome_of, said_digest
from pullscope.trace.model import Hop, Kind, Outcome, Pull, Step

MOST_HOPS = 10
"""Go's net/http follows no more (client.go defaultCheckRedirect); containerd repeats the number."""

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which clients ask again (containerd 2.3 resolver.go; containers/image waits for Retry-After on 429)."""


def may_continue(step: Step) -> bool:
    """Whether a request that is still to come could belong to this step."""
    last = step.last
    if step.in_flight:
        return True
    if step.is_token:
        return last.redirects and not last.followed and last.failed is None
    if last.failed is not None:
        return True
    status = last.status or 0
    if last.redirects:
        return not last.followed
    if status == 401:
        return step.route.endpoint not in (Endpoint.PING, Endpoint.V1_PING)
    if status in RETRIED or last.refuses_head:
        return True
    if step.method == "HEAD" and status >= 400:
        # Classic dockerd and containerd ask again with GET, for the error's text (seen). A push asks HEAD to hear 404.
        pushes = step.pull is not None and step.pull.pushing
        return step.route.endpoint is Endpoint.MANIFEST and not pushes
    return status == 206 and not _range_ends(last)


def has_next_move(step: Step) -> bool:
    """Whether its client was told where to go next, and nothing says that it cannot; or may ask a storage again that failed."""
    last = step.last
    stored = last.follows is not None and last.route.endpoint is Endpoint.NONE and not last.hung_up
    if stored and (last.failed is not None or last.status in RETRIED):
        return not step.in_flight  # go-containerregistry does, a second later and three (run of crane 0.20)
    if step.in_flight or last.failed is not None:
        return False
    if last.redirects:
        return not last.followed
    wants_token = last.status == 401 and any(one.realm for one in last.challenges if one.scheme == "bearer")
    return wants_token and may_continue(step) and not (step.tokens and step.tokens[-1].outcome is Outcome.FAILED)


def waits_for_token(step: Step) -> bool:
    """Whether a step was told to get a token, and no request for one was seen."""
    return step.last.status == 401 and not step.tokens and not step.is_token


def was_asked_and_not_there(step: Step) -> bool:
    """Whether a HEAD, or a GET of a manifest or of tags, was answered with 404, by whose client more is asked by now."""
    asks = step.method == "HEAD" or (step.method == "GET" and step.route.endpoint in (Endpoint.MANIFEST, Endpoint.TAGS))
    return asks and not step.in_flight and step.last.status == 404 and not step.is_token


def found_no_tag(pull: Pull) -> bool:
    """Whether the tag was not there, so that what comes next may be a push of it (skopeo sync 1.9 asks with GET: seen)."""
    return pull.tag_step is not None and was_asked_and_not_there(pull.tag_step)


def turns_out_a_push(pull: Pull) -> None:
    """What was not there before the first write was the push's question, and no failure (a GET: skopeo 1.9 sync, seen)."""
    for step in (*pull.steps, *pull.ready):
        alone = all(hop.status == 401 for hop in step.hops[:-1])
        if step.outcome is Outcome.FAILED and was_asked_and_not_there(step) and alone:
            _was_a_question(step, pull)


def _turns_out_put(pull: Pull, put: Step) -> None:
    """A blob that was read, was not there and is put by the same push was asked for only to know (gardener/cc-utils#1754)."""
    for step in [*pull.failing]:
        blob = step.route.endpoint is Endpoint.BLOB and step.last.status == 404
        if blob and step.digest == put.digest and step.route.repository == put.route.repository:
            _was_a_question(step, pull)


def reads_to_look(pull: Pull) -> bool:
    """Whether a push has asked for a blob by GET, only to know whether it is there."""
    return pull.pushing and any(
        step.method == "GET" and step.route.endpoint is Endpoint.BLOB and step.outcome is Outcome.EXPECTED_404
        for step in pull.steps
    )


def _was_a_question(step: Step, pull: Pull) -> None:
    step.outcome = Outcome.EXPECTED_404
    if step in pull.failing:
        pull.failing.remove(step)


def is_unfinished(step: Step, *, cut_off: bool) -> bool:
    """Whether a step that is quiet may have gone on after the input ended.

    Where the input is known to be `cut_off`, whatever could still come may have. Where it is not, what no client leaves
    as it is: a redirect that was not followed, a token that was not used.
    """
    last = step.last
    if cut_off:
        return may_continue(step)
    if last.redirects and last.request.method not in ("GET", "HEAD") and last.status in (301, 302, 303):
        return False  # what is asked there is a GET, if anything: nothing is written (Go, net/http redirectBehavior)
    if last.redirects:
        return not last.followed and last.names_address and not _goes_round(step)
    got = step.tokens[-1] if step.tokens else None
    return last.status == 401 and got is not None and got.last.ok and (got.ended or 0.0) >= (last.ended or 0.0)


def _goes_round(step: Step) -> bool:
    """Whether a chain of redirects is one that clients give up."""
    chain = step.passes[-1]
    target = chain[-1].response.location_id if chain[-1].response else None
    return len(chain) >= MOST_HOPS or any(hop.request.url_id == target for hop in chain)


def _range_ends(hop: Hop) -> bool:
    """Whether a 206 brought the last byte: `Content-Range: bytes 100-199/200`."""
    if hop.header("content-range") is None:
        return True
    part = hop.part
    return part is not None and part[1] + 1 >= part[2] and not hop.short_part


def settle(step: Step, pull: Pull | None, *, unfinished: bool = False) -> None:
    """Make what is known of a step final. `unfinished`: it may have gone on where the input has ended."""
    step.settled = True
    step.kind = kind_of(step, pull)
    step.outcome = Outcome.NOT_SEEN if unfinished else outcome_of(step, step.kind)
    digest = (
        step.route.digest
        or step.route.mount
        or (said_digest(step.last) if step.route.endpoint is Endpoint.MANIFEST else None)
    )
    step.digest = digest
    if pull is not None and digest is not None:
        step.expectation = pull.expected.get(digest)
        step.platform = step.expectation.platform if step.expectation else None
    step.verified = verified(step)
    if step.verified is False:
        step.outcome = Outcome.FAILED  # no client keeps bytes that do not hash to what it asked for
    if pull is not None:
        credit(pull, step)


def resume(step: Step, pull: Pull) -> None:
    """A step that was thought to be over goes on: it is open, and counts for nothing until it is over again."""
    step.settled = False
    if step.sent_on_to is not None and step.digest in pull.sent_on:
        pull.sent_on.discard(step.digest)
        if step.kind in (Kind.CONFIG, Kind.LAYER):
            pull.missing.add(step.digest)
    step.sent_on_to = None
    for place in (pull.failing, pull.steps, pull.ready):
        if step in place:
            place.remove(step)
    pull.told = [(n, finding) for n, finding in pull.told if step.n not in finding.steps]
    pull.open_steps.add(step)


def number(step: Step, pull: Pull) -> None:
    """Give a step its place in the story: the next one, or that which it had before it went on."""
    pull.steps.append(step)
    if step.n:
        pull.steps.sort(key=attrgetter("n"))
    else:
        step.n = pull.numbered = pull.numbered + 1


def verified(step: Step) -> bool | None:
    """Whether the bytes that came hash to the digest that was asked for; None where that is not known."""
    last = step.last
    if last.request.method == "HEAD" or not last.ok or last.finished is None:
        return None
    if (last.status == 206 or last.header("content-range") is not None) and not last.unasked_part:
        return None  # a part, whatever its status says (RFC 9110, 14.4)
    if step.route.endpoint not in (Endpoint.MANIFEST, Endpoint.BLOB, Endpoint.NONE) or step.method != "GET":
        return None
    if step.digest is None or last.finished.sha256 is None or not step.digest.startswith("sha256:"):
        return None
    if is_schema1(step) and step.digest != f"sha256:{last.finished.sha256}":
        return None  # its digest is of what is signed, without the signatures (distribution, manifest-v2-1.md)
    if step.route.digest is None and last.header("docker-content-digest") is None:
        return None  # no answer gave a digest to compare with
    return step.digest == f"sha256:{last.finished.sha256}"


def is_schema1(step: Step) -> bool:
    """Whether what came is a manifest of schema 1, by itself or by its media type."""
    if step.document is not None:
        return isinstance(step.document, Manifest) and step.document.schema_version == 1
    return media_class(step.last.content_type) is MediaClass.SCHEMA1


def credit(pull: Pull, step: Step) -> None:
    """Count what a settled step brought."""
    if step.outcome in (Outcome.FAILED, Outcome.NOT_SEEN):
        if step.kind not in OPTIONAL:
            pull.failing.append(step)
            pull.failed_at[step.place] = step
            if (host := step.last.target) is not None:
                pull.unfollowed.setdefault(host, []).append(step)
        return
    if step.outcome is not Outcome.OK:
        return
    place, started = step.place, step.started
    for served in [(*one, purpose) for one in (place, (step.digest,)) for purpose in _serves(step) if one[0]]:
        pull.answered[served] = max(started, pull.answered.get(served, 0.0))
    # A signature may go before its image (cosign copy).
    of_another = step.route.cosign or step.route.fallback_for is not None
    if step.kind is Kind.MANIFEST_PUT and step.route.digest is None and not of_another:
        pull.put = True
    if step.kind is Kind.DELETE:
        pull.deleted = min(pull.deleted, started)
    if step.digest is None:
        return
    if step.kind in WRITING and step.kind is not Kind.MANIFEST_PUT:
        _turns_out_put(pull, step)
    if step.sent_on_to is not None:
        pull.sent_on.add(step.digest)
        pull.missing.discard(step.digest)
        return
    if step.method == "GET":
        pull.fetched.add(step.digest)
        pull.missing.discard(step.digest)
        if step.verified:
            pull.verified.add(step.digest)
    names_tag = step.route.digest is None
    if names_tag and step.kind in (Kind.RESOLVE, Kind.MANIFEST_LIST, Kind.MANIFEST, Kind.MANIFEST_PUT):
        writes = step.kind is Kind.MANIFEST_PUT  # of several, the last names what was pushed: children first
        pull.digest = step.digest if writes else pull.digest or step.digest


def has_everything(pull: Pull) -> bool:
    """Whether the config and every layer of an image manifest that was fetched arrived, as far as could be seen."""
    return bool(pull.images) and not pull.missing


def failures(pull: Pull) -> list[Step]:
    """The failed steps that the client could not do without and that nothing later made good."""
    return [
        step
        for step in pull.failing
        if step.outcome is Outcome.FAILED
        and not _was_answered_later(pull, step)
        and not _goes_on_without(pull, step)
        and not tokens_read_early(pull, step)
    ]


def _was_answered_later(pull: Pull, failed: Step) -> bool:
    """Whether what was asked for came after all, or what a token was asked for (from the registry, past a mirror).

    An answer that was asked for before makes nothing good. What has a digest is the same by any name: dockerd 20.10 reads
    the tag (moby/moby#41749), containerd asks for a manifest as a blob, kraken the other way (uber/kraken#34).
    """
    asked = [(*step.place, _purpose(step)) for step in (failed, failed.under) if step is not None]
    if failed.is_token and failed.answers is not None and registry_name(failed.answers.first.host) != pull.registry:
        # A registry of a list, or a mirror, that gave no token: the next had it (run: podman 4.3.1).
        asked += [one for one in pull.answered if one[0] is Endpoint.MANIFEST]
    asked += [(str(failed.route.digest), "read")] if failed.method == "GET" and failed.route.digest else []
    if failed.route.endpoint is Endpoint.UPLOAD_START and pull.put and pull.repository == failed.route.repository:
        return pull.last > failed.last.request.time  # a registry takes no manifest without its blobs
    return any(pull.answered.get(one, -1.0) >= failed.last.request.time for one in asked)


def unused_token(pull: Pull) -> Step | None:
    """The token for a repository that came last, and that no request carries, although its client needed it for one."""
    last = max(pull.steps, key=lambda step: step.last.request.time, default=None)
    number = last.token.number if last is not None and last.token is not None and last.last.status == 200 else None
    if last is None or last.token is None or number is None or pull.put or has_everything(pull):
        return None
    asks_later = last.answers is not None and last.answers.kind is not Kind.VERSION_CHECK
    within = pull.client.family in TOKEN_WITHIN or asks_later
    named = any(scope.type == "repository" for scope in read_scopes(last.token.scope or ""))
    return last if within and named and all(hop.request.credential != number for hop in pull.hops) else None


def ended_at_a_lookup(pull: Pull) -> list[Step]:
    """A look for a signature that was refused, with no request after it: a client that verifies or signs ends there.

    Only 404 says that there is none. cosign sign and verify end at 403 (sigstore/cosign#2973), podman at the 403 of a signature
    store (containers/image#538); who does without asks for more, or has everything that it came for.
    """
    last = pull.steps[-1] if pull.steps else None
    if last is None or last.kind is not Kind.SIGNATURE or last.outcome is not Outcome.FAILED or last.method == "PUT":
        return []
    looked = [step for step in pull.steps if step.kind is Kind.SIGNATURE and step.outcome is Outcome.FAILED]
    went_on = any(step.place != last.place for step in looked)
    return [] if went_on or has_everything(pull) else [last]


def ended_unsigned(pull: Pull) -> bool:
    """Whether a client of containers/image asked for nothing after a signature that is not there: it ends there, or goes on.

    "A signature was required, but no signature exists": what its policy lets it have, it asks for (`signature-missing`).
    """
    last = pull.steps[-1] if pull.steps else None
    if last is None or last.kind is not Kind.SIGNATURE or last.last.status != 404 or pull.pushing:
        return False
    blobs = any(step.route.endpoint is Endpoint.BLOB for step in pull.steps)
    return pull.client.family in (*CONTAINERS_IMAGE, "bootc") and not blobs


def _goes_on_without(pull: Pull, step: Step) -> bool:
    """Tags that are refused, of an image that skopeo inspect shows anyway (skopeo#738, #1522); or what is gone after a delete.

    Or a search, in place of which podman reads the list of repositories (docker_client.go, SearchRegistry; 5.8: seen).

    404, 405 and 5xx for the tags end it (run with skopeo 1.9.3): podman-container-tools/skopeo#1230, tazjin/nixery#85.
    """
    refused = step.kind is Kind.TAGS and step.last.status in (401, 403)
    if refused and pull.client.family == "skopeo" and bool(pull.images):
        return True
    if step.method == "DELETE" and pull.client.family == "cosign":
        # By tag, then by the digest of the tag; what is gone is gone.
        asked_on = any(one.route.named == step.route.named and one.started > step.started for one in pull.steps)
        return asked_on or step.last.status == 404
    if gives_up(step):
        return True
    if step.kind is Kind.SEARCH and any(place[0] is Endpoint.CATALOG for place in pull.answered):
        return True
    # distribution-spec, conformance/04_management_test.go, looks for all that it has deleted.
    return step.last.status == 404 and step.method in ("GET", "HEAD") and pull.deleted < step.started


def tokens_read_early(pull: Pull, step: Step) -> set[int]:
    """The tokens that can have come in an answer that was cut off: no other brought them, and none was shown before.

    Who reads an object and no further does not mind how its body ends (docker 20.10, containerd 1.6: seen; skopeo does).
    """
    if not step.is_token or step.last.failed is None or step.last.status != 200 or not step.last.bytes:
        return set()
    asked = step.last.request.time
    shown: tuple[set[int], set[int]] = set(), set()
    issued = {hop.step.token.number for hop in pull.hops if hop.step.token is not None}
    for hop in pull.hops:
        if hop.request.authorization == "bearer" and hop.request.credential is not None:
            shown[hop.request.time >= asked].add(hop.request.credential)
    return shown[True] - shown[False] - issued


def _purpose(step: Step) -> str:
    """What the client wanted with a request: to look, to read, or what its method says."""
    return "token" if step.is_token else {"HEAD": "look", "GET": "read"}.get(step.method, step.method)


def _serves(step: Step) -> Iterable[str]:
    """The purposes that a good answer serves: who reads has looked, and who resolved a tag has no need to read it by name."""
    if step.is_token:
        return ("token",)
    if step.method == "GET":
        return ("read", "look")
    reads = step.route.endpoint is Endpoint.MANIFEST
    return (("look", "read") if reads else ("look",)) if step.method == "HEAD" else (step.method,)


def over_at(step: Step) -> tuple[float, bool]:
    """Where a step stands in a story: at its end, or right after the token that it asked for without success."""
    ended = step.ended or step.started
    return (max([ended, *(one.ended or one.started for one in step.tokens)]), not step.is_token)


def steps_of(pull: Pull) -> Iterable[Step]:
    """Every step of an operation, numbered or not."""
    yield from pull.steps
    yield from pull.ready
    yield from pull.open_steps


def knows(pull: Pull, digest: str) -> bool:
    """Whether a manifest of this operation named the digest, or the operation is about it."""
    return digest in pull.expected or digest in (pull.digest, pull.by_digest)


def wants(pull: Pull, digest: str | None) -> bool:
    """Whether the operation knows the digest and has not got it."""
    if digest is None or not knows(pull, digest) or digest in pull.fetched or digest in pull.sent_on:
        return False
    return not pull.open_steps.of(digest)
