"""What one answer to a push or a delete is enough to tell: who may not write, and what is not taken."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import size
from pullscope.oci.media import essence
from pullscope.trace.findings.advice import clue
from pullscope.trace.findings.answers import Answer, after
from pullscope.trace.findings.asked import doing, other_bytes, request, unknown_subject
from pullscope.trace.findings.case import REFUSALS, is_write
from pullscope.trace.findings.connections import gave_up_sending
from pullscope.trace.findings.grants import issued_for
from pullscope.trace.findings.put_before import held_before
from pullscope.trace.findings.rights import why_refused
from pullscope.trace.findings.row import Case, Fact, Found, row
from pullscope.trace.findings.said import answered_by, quoted, reason, words
from pullscope.trace.findings.sent import hangs_up, is_read_only, sent_twice
from pullscope.trace.findings.tellings import composed
from pullscope.trace.model import Kind


@row(
    needs=Fact.WRITE,
    explains="scope-mismatch",
    suffers="clients that mount and do not go on to upload",
    remedy="give the account read access there, or upload instead",
)
def mount_refused(case: Case) -> Iterator[Found]:
    """A mount is refused with words about the repository that it is to come from, and no upload follows.

    A registry that cannot mount should answer 202 (distribution-spec 1.1, "Mounting a blob from another repository"). crane
    0.10 names repositories of other registries, and Harbor says 401 to projects that it has not got:
    google/go-containerregistry#1393.
    """
    for step in case.bad:
        last, source = step.last, step.route.from_repository
        if step.route.mount is None or source is None or last.status not in (*REFUSALS, 400, 404):
            continue
        said = words(last).lower()
        named = source.lower() in said or source.partition("/")[0].lower() in said.replace(",", " ").split()
        issued = issued_for(case, last)
        logged_in = last.request.authorization == "basic" if issued is None else not issued.anonymous
        plain = any(one is not step and is_write(one) and one.route.mount is None for one in case.bad)
        unsaid = last.status in REFUSALS and clue(last, "write") is None and (step.route.repository or "") not in said
        told = (unsaid and not plain) or any(source in error.detail for error in last.errors)
        if not named and not (logged_in and told):
            continue
        # moby distribution/push_v2.go, containers/image docker_image_dest.go, google/go-containerregistry#1406
        other = "push by a client that uploads what it may not mount (docker push, skopeo copy, crane from 0.11)"
        if case.family == "docker-cli":  # goreleaser/goreleaser#5853, aws/containers-roadmap#1459
            other = "use docker buildx imagetools create, which copies"
        yield Found(
            [step],
            f"{answered_by(last)} refused to mount {step.route.mount.short} from {source} with {last.status}{quoted(last)}.",
            f"{other}; a mount needs {source} at {last.host} itself, the "
            "right to read it and the right to push" + (f" {step.route.repository}" if step.route.repository else ""),
        )


@composed(
    explains="manifest-unknown name-unknown blob-unknown",
    suffers="the client that sent it",
    remedy="do what the registry's reason says",
)
def upload_refused(one: Answer) -> str:
    """An upload or manifest is refused for what it is: 400, 404, 406, 409, 411, 415, 416, 422 or 501 to a request
    that writes.

    411 comes from proxies that take no chunked body; 400 MANIFEST_INVALID and DIGEST_INVALID, 404 MANIFEST_BLOB_UNKNOWN and
    NAME_UNKNOWN are the registry's (distribution-spec 1.1, "Error Codes"). Registries without OCI types refuse what buildx pushes
    since provenance is on by default: moby/buildkit#3579, docker/buildx#1513, #1653.
    """
    subject = unknown_subject(one.step)
    other = other_bytes(one.case, one.step)
    if other is not None and subject is None:
        sent = f", and what was sent is {other.short}, not {one.step.route.digest.short if one.step.route.digest else 'that'}"
        return f"{answered_by(one.hop)} said {one.status} to {_upload(one)}{quoted(one.hop)}{sent}."
    held = held_before(one.case, one.step) if one.step.kind is Kind.MANIFEST_PUT else None
    new = essence(one.hop.request.headers.get("content-type"))
    if held is not None and new not in ("", held):
        tag = f"{one.step.route.reference} held {held} before, and this is {new}"
        return f"{answered_by(one.hop)} said {one.status} to {_upload(one)}{quoted(one.hop)}. The tag {tag}."
    means = f", and means {subject.short}, the subject of that manifest" if subject is not None else ""
    first = sent_twice(one)
    twice = f" {one.case.client} had sent a part of it twice: the first had no answer." if first is not None else ""
    return f"{answered_by(one.hop)} said {one.status} to {_upload(one)}{quoted(one.hop)}{means}.{twice}"


@composed(
    explains="registry-failed upload-refused access-denied credentials-not-used login-lacks-right retried "
    "scope-refused token-not-requested upload-lost upload-cut-off",
    suffers="those that push or delete",
    remedy="log in with an account that may write there; read the registry's reason",
    recording="field/live/push28-quota.mitm",
)
def write_denied(one: Answer) -> str:
    """A push, a mount or a delete is refused: without a login, without the right, by a quota, or by a registry that only reads.

    Docker Hub says 401 with insufficient_scope to an anonymous push (dockerd 20.10.24) and delete (skopeo 1.22), Harbor 403
    with the quota's figures, distribution in read-only mode 405 UNSUPPORTED (also to a delete unless
    `storage.delete.enabled` is set), ECR refuses to move an immutable tag with 400 TAG_INVALID (moby/buildkit#3776).
    Nexus takes nothing twice where redeploy is off (GoogleContainerTools/jib#3057); crane gets its token for push and pull, and
    deletes with it (google/go-containerregistry#2184). Whether a repository is private has nothing to do with it.
    """
    what = doing(one.step)
    to = f" {'from' if what == 'a delete' else 'to'} {one.name}" if one.name else ""
    often = f" {one.times} times" if one.times > 1 else ""
    return f"{answered_by(one.hop)} refused {what}{to}{often} with {one.status}{quoted(one.hop)}.{_then(one)}" + (
        f" {one.host} takes no writes: it is a cache of another registry, or read-only."
        if one.clue is None and is_read_only(one)
        else why_refused(one)
    )


def _then(one: Answer) -> str:
    """What was said to the same when it was sent again."""
    again = [step for step in one.case.bad if step.place == one.step.place and step.started > one.step.started]
    other = next((step.last for step in reversed(again) if step.last.status not in (None, one.status)), None)
    return f" Sent again, it got {other.status}{quoted(other)}." if other is not None and not one.no_login else ""


@composed(
    explains="upload-refused manifest-too-large registry-failed retried upload-cut-off write-denied",
    suffers="all that push layers of that size",
    remedy="raise the limit of what answered (client_max_body_size in nginx)",
    recording="field/live/push28-413.mitm",
)
def upload_too_large(one: Answer) -> str:
    """413 to an upload or a manifest, or a storage's words for one that is too large (400 or 500).

    nginx takes 1 MB unless client_max_body_size says more (nginx.org, ngx_http_core_module), Cloudflare 100 MB on its free
    plan (developers.cloudflare.com, "Error 413"); docker/for-mac and distribution's nginx recipe name both. Run
    with dockerd 28.5.2. S3 takes 5 GiB in one request: distribution/distribution#886, minio/minio#2843, #1629.
    """
    said = f"{answered_by(one.hop)} said {one.status} to {_upload(one)}{reason(one.hop)}"
    return f"{said}: it does not accept a body of that size."


@composed(
    explains="upload-refused upload-lost registry-failed retried",
    severities="error, warning",
    suffers="all that push large layers, or slowly",
    remedy="raise the time and size limits of the proxy in front",
    recording="field/live/push-server-closed.mitm",
)
def upload_cut_off(one: Answer) -> str:
    """The server ended the connection in the middle of an upload, or said 408, 499 or 504 to it.

    Proxies end what takes longer than they wait: rpardini/docker-registry-proxy#70 (60 s), docker-archive/docker-registry#900
    (504). Run with dockerd 28.5.2 and a server that closes the connection: docker says `unexpected status`, or EOF. An upload
    that is begun again at byte 0 is refused where a part of it came: apple/container#1895 (ECR), wendylabsinc/WendyOS#1072.
    """
    if one.hop.status is None:
        if gave_up_sending(one.hop):
            return f"{one.case.client} ended {_upload(one)} itself: that is its own limit of time for one request."
        when = "at the start" if hangs_up(one) else "in the middle"
        same = [step.last for step in one.case.bad if step.route.upload_id == one.step.route.upload_id is not None]
        after_it = [hop for hop in same if hop.status is not None and hop.request.time > one.hop.request.time]
        then = [f", and then said {hop.status} to {hop.request.method} of it{quoted(hop)}" for hop in after_it]
        return f"{one.hop.host} ended the connection {when} of {_upload(one)}{''.join(then[:1])}."
    return f"{answered_by(one.hop)} said {one.status} to {_upload(one)}{quoted(one.hop)}."


@composed(
    explains="upload-refused manifest-unknown name-unknown blob-unknown retried",
    suffers="all that push",
    remedy="give all instances one storage and one http.secret; keep the query of Location",
)
def upload_lost(one: Answer) -> str:
    """An upload that the registry has just begun is not known to it any more (404, BLOB_UPLOAD_UNKNOWN or BLOB_UPLOAD_INVALID).

    Several instances behind one name need one storage and one `http.secret` (distribution, docs/content/about/deploying.md,
    "Load balancing considerations"); a proxy that changes the query of Location has the same effect.
    distribution/distribution#1402, #2519, #1576, deis/registry#84.
    """
    return f"{answered_by(one.hop)} said {one.status} to an upload that it had begun itself{quoted(one.hop)}."


def _upload(one: Answer) -> str:
    """What was sent, how much, and for how long it took."""
    sent = one.hop.uploaded.bytes if one.hop.uploaded is not None else 0
    return f"{request(one.step)}{f' ({size(sent)})' if sent > 100_000 else ''}{after(one)}"
