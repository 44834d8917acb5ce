"""What a registry was seen taking, in whichever operation, and says soon after that it has not got; or takes no second time."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import period
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.known_registries import known_registry
from pullscope.oci.media import MediaClass, media_class
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.answers import Answer, look_at_the_log
from pullscope.trace.findings.asked import UNKNOWN_BLOB
from pullscope.trace.findings.case import CONTENT, REFUSALS, harmless, is_a_question, is_write, name_of
from pullscope.trace.findings.login_commands import log_in, registry_at
from pullscope.trace.findings.puts import SOON, Place, Put, held_type, place_of, put_alone
from pullscope.trace.findings.row import Case, Found, Severity, row
from pullscope.trace.findings.said import tells_more, words
from pullscope.trace.kinds import said_digest
from pullscope.trace.model import Hop, Kind, Step


def put_before(case: Case, step: Step) -> Put | None:
    """How that which a step names was put at the same host, not long before it."""
    put = case.put.get(place_of(step))
    return put if put is not None and 0 <= step.started - put.time <= SOON else None


def to_tag(case: Case, place: Place, tag: str | None = None) -> str:
    """The command that gives a tag to what was put by its digest."""
    image = harmless(f"{place[0]}/{place[1]}")
    whole = f"{image}@{place[2]}"
    if case.family in ("docker", "buildkit", "containerd"):
        return f"docker buildx imagetools create -t {image}:{tag or 'TAG'} {whole}"
    return f"{'oras' if case.family == 'oras' else 'crane'} tag {whole} {tag or 'TAG'}"


def of_no_tag(one: Answer) -> tuple[str, str] | None:
    """What is said, and what is to be done, of a tag that was never put, or a digest that was put elsewhere."""
    if (found := one.put_alone) is None:
        return None
    (registry, repository, digest), put = found
    when, tag = told_of(put, one.step), one.step.route.reference
    if one.step.route.digest is None:
        said = f"It took {str(digest)[:19]} there by its digest alone {when}, and no tag was seen being put."
        how = "a push by digest makes no tag (buildx with push-by-digest, crane to NAME@DIGEST, oras without a tag)"
        return said, f"give it that tag: {to_tag(one.case, found[0], tag)}; {how}"
    whole = harmless(f"{registry}/{repository}@{digest}")
    here = f"{registry_name(one.step.first.host)}/{one.step.route.repository}"
    return (
        f"It was put to {registry}/{repository} {when}.",
        f"ask for {whole}, or copy it: crane copy {whole} {here}:TAG",
    )


def artifact_type(document: Manifest) -> str | None:
    """The type of what is no image (image-spec manifest.md, "Guidelines for Artifact Usage"), by its config or a layer."""
    kind = document.config.media_type if document.config is not None else ""
    layers = (layer.media_type for layer in document.layers if media_class(layer.media_type) is not MediaClass.LAYER)
    foreign = next(layers, None) if media_class(kind) is MediaClass.CONFIG else kind
    return document.artifact_type or foreign or None


def of_what_was_taken(one: Answer) -> str | None:
    """A manifest that is refused to the token that wrote its blobs: engineerd/wasm-to-oci#7 (Docker Hub, which knew no WASM)."""
    shown, document, known = one.hop.request.credential, one.step.document, one.known
    wrote = (hop for hop in one.case.hops if hop.ok and is_write(hop.step) and hop.route.endpoint is Endpoint.UPLOAD)
    basic = one.hop.request.authorization == "basic"
    alike = (
        hop.request.credential == shown and (basic or shown is not None) for hop in wrote if hop.host == one.hop.host
    )
    same = any(alike)
    if one.status != 403 or not same or tells_more(one.hop):
        return None
    if known is not None and known.id == "ecr":  # medic/cht-core#9175
        region, name = f" --region {known.at['region']}" if known.at.get("region") else "", one.name or "NAME"
        count = f"aws ecr describe-images{region} --repository-name {name} --query 'length(imageDetails)'"
        rule = f"aws ecr put-lifecycle-policy{region} --repository-name {name} --lifecycle-policy-text file://POLICY"
        quota = f"compare the images of {name} with the quota of images per repository ({count}), and delete old ones ({rule})"
        right = "else allow ecr:PutImage there: the same login wrote its blobs"
        return f"{quota} or raise it; {right}, so that another login is no help (CloudTrail says why)"
    kind = artifact_type(document) if isinstance(document, Manifest) else None
    other = f", or with an image's config in place of {kind}, which it may not take" if kind else ""
    return f"push it under another tag, if this is protected{other}: the same login wrote its blobs, so that it is not that"


def keeps(one: Answer) -> Hop | None:
    """The last answer that gave what the same host says that it has not got to delete: openshift/origin#13870."""
    digest, asked = one.step.route.digest, one.hop.route
    if one.step.kind is not Kind.DELETE or digest is None or asked.endpoint is not Endpoint.MANIFEST:
        return None
    same = [
        hop for hop in one.case.hops if hop.ok and hop.host == one.hop.host and hop.route.repository == asked.repository
    ]
    gone = max((hop.request.time for hop in same if hop.step.kind is Kind.DELETE), default=0.0)
    read = (hop for hop in same if hop.route.endpoint is Endpoint.MANIFEST and hop.request.method in ("GET", "HEAD"))
    given = [hop for hop in read if hop.request.time > gone and said_digest(hop) == str(digest)]
    return given[-1] if given else None


def has_no_delete(one: Answer) -> bool:
    """Whether no such request is known where it was asked: words of Go's router, and none of a registry (ECR before 2023:
    aws/containers-roadmap#1229)."""
    by_router = not one.hop.errors and words(one.hop).startswith("404 page not found")
    return one.step.kind is Kind.DELETE and one.status == 404 and by_router


def of_what_it_keeps(one: Answer) -> str | None:
    if has_no_delete(one):
        why = "it answered as to an address that it has not, so that the image may still be there"
        return f"delete it by {one.host}'s own means ({one.step_there('deletes') or 'its page or API'}): {why}"
    if keeps(one) is None:
        return None
    project, _, image = (one.name or "NAME").rpartition("/")
    own = f"OpenShift: oc delete istag {image}:TAG -n {project or 'PROJECT'}, then oc adm prune images --confirm"
    return (
        f"delete it by {one.host}'s own means ({one.step_there('deletes') or own}): some do not delete by this request"
    )


def held_before(case: Case, step: Step) -> str | None:
    """The media type that the tag of a put held a moment before, as far as that was seen."""
    place = place_of(step)
    seen = [(one.started, held_type(one)) for one in case.steps if one.place == step.place]
    seen += [case.held[place]] if place in case.held else []
    before = [(time, kind) for time, kind in seen if kind is not None and 0 <= step.started - time <= SOON]
    return max(before)[1] if before and step.route.digest is None else None


def of_its_type(one: Answer, sent: str) -> str | None:
    """A tag that held another type before: project-zot/zot#3005, #3022, knative/func#2721. What held the same shows none."""
    held = held_before(one.case, one.step)
    if held is None or not sent:
        return None
    if held == sent:
        return look_at_the_log(one)
    may = "it may let no tag change its type, as Zot of before March 2025 does not (update that)"
    return f"push under a new tag, or delete {one.step.route.reference} at {one.hop.host} first: {may}"


def of_one_push(one: Answer) -> str | None:
    """A tag that may not be changed, and that the same client has just put: docker/buildx#1660, moby/buildkit#2004."""
    put, tag = put_before(one.case, one.step), one.step.route.reference
    if put is None or put.client != one.case.pull.client_key:
        return None
    newer = "use a newer version of the client (buildx from 0.22), which puts each platform by its digest"
    return f"if this is one push, {newer}: it put {tag} itself {told_of(put, one.step)}; else push under a new tag"


def told_of(put: Put, step: Step) -> str:
    """When that was, and in which operation."""
    since = step.started - put.time
    return f"{period(since) if since >= 1 else 'less than a second'} before (operation {put.operation})"


# regclient/regclient#433: "regctl image mod"; crane's and oras' manuals
_BY_A_TAG = {
    "regctl": "regctl image mod {image} --create TAG, regctl image copy SOURCE {image}:TAG",
    "oras": "oras push {image}:TAG FILE",
    **dict.fromkeys(("crane", "go-containerregistry"), "crane push FILE {image}:TAG"),
}


def _with_its_tag(case: Case, place: Place) -> str:
    image = harmless(f"{place[0]}/{place[1]}")
    how = _BY_A_TAG.get(case.family)
    return f"push it by a tag in the same step ({how.format(image=image)})" if how else f"push it by a tag, {image}:TAG"


@row(
    severities="error, warning",
    remedy="check the registry's storage, caches and clean-up",
)
def lost_after_push(case: Case) -> Iterator[Found]:
    """404 for what the same host took with 201 within the last hour, and no delete of anything in that repository was seen.

    Quay gives nothing by a digest until a tag names it: regclient/regclient#433.
    After a garbage collection distribution's cache of descriptors says that blobs are there which are not, so that a push
    writes nothing: distribution/distribution#3254, #2270, #1761. Several instances with a storage each, replicas that are
    behind and rules for cleaning up look the same. A HEAD for a blob is a question, and is told only where it ends the push that
    put that: docker looks once more, and says "unknown blob" (moby/moby#36823, docker/for-linux#501).
    """
    for step in case.steps:
        route, last = step.route, step.last
        asked = route.endpoint in CONTENT and step.method in ("GET", "HEAD") and last.host == step.first.host
        if not asked or last.status not in (404, 410) or last.is_page:
            continue
        put, asks = put_before(case, step), route.endpoint is Endpoint.BLOB and is_a_question(step)
        if (
            put is None
            or (asks and (put.operation != case.pull.id or not case.failed))
            or any(one.last.ok and one.place == step.place and one.started > step.started for one in case.steps)
        ):
            continue
        name = name_of(step) if route.digest is not None else f"tag {route.reference}"
        known, alone = known_registry(last.host), put_alone(case.put, step)
        yield Found(
            [step],
            f"{last.host} has no {name} in {route.repository}, which it took with 201 {told_of(put, step)}. No "
            + ("tag was seen being put for it, and no delete." if alone is not None else "delete was seen."),
            f"{_with_its_tag(case, alone[0])}: {last.host} may give nothing by a digest that no tag names"
            if alone is not None and (behind := registry_at(case, last.host)) is not None and behind.id == "quay"
            else f"push it again, and give it its tag before a clean-up runs ({to_tag(case, alone[0])}), or let that spare what "
            "is new: clean-ups delete what no tag names"
            if alone is not None
            else f"ask again in a minute, as {known.name} may need time to copy it; if it stays away, look for a clean-up rule "
            "there and push again"
            if known is not None
            else f"restart {last.host} after a garbage collection (and empty its Redis cache), give "
            "all instances behind that name one storage, see what replication and clean-up rules do; then push again",
            severity=Severity.ERROR if asks else None,
        )


def of_one_of_several(one: Answer) -> str | None:
    """One of several writes that were begun at once, where another was accepted: nebari-dev/nebi#539."""
    if (
        one.code != "write-denied"
        or one.status not in REFUSALS
        or one.no_login
        or one.step.kind is not Kind.UPLOAD_START
    ):
        return None
    begun = (step for step in one.case.steps if step.kind is Kind.UPLOAD_START and step.last.ok)
    alike = (step for step in begun if step.route.repository == one.step.route.repository)
    if not any(step.last.request.authorization == one.hop.request.authorization for step in alike):
        return None
    why = f"{one.host} accepted the same for another blob of {one.name}, so that the account may push it"
    new = "a repository that is made by its first push may refuse tokens from before"
    return f"push again, once: {why} ({new}); if it is refused again, {log_in(one.case, one.host, again=True)}"


# goharbor.io/docs, "Create Tag Immutability Rules"; docs.aws.amazon.com/cli/latest/reference/ecr/put-image-tag-mutability.html
_OF_FIXED = "Harbor: the project, Policy, Tag Immutability; ECR: aws ecr put-image-tag-mutability"


def of_fixed_tags(one: Answer) -> str | None:
    fixed = one.clue is not None and one.clue.name == "fixed"
    if not fixed and (one.status != 412 or one.step.kind is not Kind.MANIFEST_PUT or one.clue is not None):
        return None
    there, route = one.step_there("fixed") or _OF_FIXED, one.step.route
    if route.cosign or route.fallback_for is not None:  # actions/attest-build-provenance#80
        there = one.step_there("signed") or there
        return f"leave the tags of signatures (sha256-*) out of the rule for fixed tags at {one.host}: {there}"
    if one.act == "delete":
        return f"take {route.reference or 'it'} out of the rule for fixed tags at {one.host} first ({there})"
    return of_one_push(one) or f"push under a new tag, for this one may not be changed, or change that rule ({there})"


_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing."""


def of_an_empty_blob(one: Answer) -> str | None:
    """A blob of 0 bytes, of which an upload has no part: devcontainers/cli#814, aws/containers-roadmap#1074, oras-py#54 of
    oras-project (ECR), oras-project/oras-go#294, oras#184, #532 (Google)."""
    if one.act != "write" or one.known is None or one.known.id not in ("ecr", "artifact-registry"):
        return None
    document = one.step.document
    parts = document.parts if isinstance(document, Manifest | Index) else ()
    named = any(_EMPTY in str(part.digest) for part in parts) and bool(
        one.hop.codes & {"BLOB_UPLOAD_UNKNOWN", *UNKNOWN_BLOB}
    )
    if not named and _EMPTY not in str(one.step.route.digest):
        return None
    empty = "a config of nothing is {} with the type application/vnd.oci.empty.v1+json, as newer tools write it"
    return (
        f"send no empty blob (update {one.case.client}, or give it a config): {one.host} takes none of 0 bytes; {empty}"
    )
