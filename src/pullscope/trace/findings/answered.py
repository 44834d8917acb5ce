"""What one answer is enough to tell: refusals, failures, what was sent and not taken. Each is composed by `tellings`."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import period
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.asked import request
from pullscope.trace.findings.case import Case, Found, client_left, mirror_of
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.fixes import fix_of, of_where_it_was_named
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import said_status, words
from pullscope.trace.findings.tellings import told
from pullscope.trace.model import Hop, Kind, Step


@row(
    "access-denied",
    needs=Fact.TROUBLE,
    severities="error",
    suffers="all without the right",
    remedy="the name, or a login",
)
def access_denied(case: Case) -> Iterator[Found]:
    """401 or 403 with a token or login in hand, or a login that the token server refuses.

    Docker Hub says 401 with an anonymous token, 403 with an account's; ghcr.io 403 DENIED for both. Registries do not say
    whether a repository is private or not there, so the finding does not either (distribution-spec 1.1, "Error Codes";
    containerd#9648). Where the answer has a reason of its own (a firewall, a policy), that is quoted and nothing is guessed:
    Azure/acr#412. skopeo, podman and buildah send an empty Basic login where they have none.
    """
    yield from told(case, "access-denied")


@row(
    "registry-failed",
    needs=Fact.FAILURE,
    explains="upload-refused upload-lost head-not-allowed",
    severities="error, warning",
    suffers="all",
    remedy="the registry's logs",
)
def registry_failed(case: Case) -> Iterator[Found]:
    """5xx from the registry, or from what stands in front of it, for anything but a token; and no success after it.

    502, 503, 504 and Cloudflare's 52x come from a proxy that did not reach the registry behind it: what answered is named by
    its Server header. A cache tells which upstream failed it (distribution/distribution#4252). 5xx are asked again by
    containerd and containers/image; what a retry made good is told as `retried` alone.
    """
    yield from told(case, "registry-failed")


@row(
    "upload-refused",
    needs=Fact.FAILURE,
    explains="manifest-unknown name-unknown blob-unknown",
    severities="error",
    suffers="the client that sent it",
    remedy="the registry's own reason",
    report="moby/buildkit#3579",
)
def upload_refused(case: Case) -> Iterator[Found]:
    """An upload or manifest is refused for what it is: 400, 404, 406, 409, 411, 415, 416, 422 or 501 to a request
    that writes.

    411 comes from proxies that take no chunked body; 400 MANIFEST_INVALID and DIGEST_INVALID, 404 MANIFEST_BLOB_UNKNOWN and
    NAME_UNKNOWN are the registry's (distribution-spec 1.1, "Error Codes"). Registries without OCI types refuse what buildx pushes
    since provenance is on by default: moby/buildkit#3579, docker/buildx#1513, #1653.
    """
    yield from told(case, "upload-refused")


@row(
    "write-denied",
    needs=Fact.FAILURE,
    explains="registry-failed upload-refused access-denied credentials-not-used login-lacks-right retried "
    "scope-refused token-not-requested upload-lost",
    severities="error",
    suffers="those that push or delete",
    remedy="a login that may write there; the registry's own reason",
    recording="field/live/push28-quota.mitm",
)
def write_denied(case: Case) -> Iterator[Found]:
    """A push, a mount or a delete is refused: without a login, without the right, by a quota, or by a registry that only reads.

    Docker Hub says 401 with insufficient_scope to an anonymous push (dockerd 20.10.24) and delete (skopeo 1.22), Harbor 403
    with the quota's figures, distribution in read-only mode 405 UNSUPPORTED (also to a delete unless
    `storage.delete.enabled` is set), ECR refuses to move an immutable tag with 400 TAG_INVALID (moby/buildkit#3776).
    Nexus takes nothing twice where redeploy is off (GoogleContainerTools/jib#3057); crane gets its token for push and pull, and
    deletes with it (google/go-containerregistry#2184). Whether a repository is private has nothing to do with it.
    """
    yield from told(case, "write-denied")


@row(
    "upload-too-large",
    needs=Fact.FAILURE,
    explains="upload-refused manifest-too-large registry-failed retried upload-cut-off write-denied",
    severities="error",
    suffers="all that push layers of that size",
    remedy="raise the limit of what answered (client_max_body_size in nginx)",
    recording="field/live/push28-413.mitm",
)
def upload_too_large(case: Case) -> Iterator[Found]:
    """413 to an upload or a manifest.

    nginx takes 1 MB unless client_max_body_size says more (nginx.org, ngx_http_core_module), Cloudflare 100 MB on its free
    plan (developers.cloudflare.com, "Connection limits"); docker/for-mac and distribution's nginx recipe name both. Run
    with dockerd 28.5.2.
    """
    yield from told(case, "upload-too-large")


@row(
    "upload-cut-off",
    needs=Fact.FAILURE,
    explains="upload-refused upload-lost registry-failed retried",
    severities="error, warning",
    suffers="all that push large layers, or slowly",
    remedy="time and size limits of the proxy in front",
    recording="field/live/push-server-closed.mitm",
)
def upload_cut_off(case: Case) -> Iterator[Found]:
    """The server ended the connection in the middle of an upload, or said 408, 499 or 504 to it.

    Proxies end what takes longer than they wait: rpardini/docker-registry-proxy#70 (60 s), docker-archive/docker-registry#900
    (504). Run with dockerd 28.5.2 and a server that closes the connection: docker says `unexpected status`, or EOF.
    """
    yield from told(case, "upload-cut-off")


@row(
    "upload-lost",
    needs=Fact.FAILURE,
    explains="upload-refused manifest-unknown name-unknown blob-unknown retried",
    severities="error",
    suffers="all that push",
    remedy="one storage and one http.secret for all instances; keep the query of Location",
    report="distribution/distribution#1402",
)
def upload_lost(case: Case) -> Iterator[Found]:
    """An upload that the registry has just begun is not known to it any more (404, BLOB_UPLOAD_UNKNOWN or BLOB_UPLOAD_INVALID).

    Several instances behind one name need one storage and one `http.secret` (distribution, docs/content/about/deploying.md,
    "Load balancing considerations"); a proxy that changes the query of Location has the same effect.
    distribution/distribution#1402, #2519, #1576, deis/registry#84.
    """
    yield from told(case, "upload-lost")


@row(
    "request-failed",
    severities="error",
    suffers="the client that asked",
    remedy="what the answer asks for",
    report="goharbor/harbor#13825",
    last_resort=True,
)
def request_failed(case: Case) -> Iterator[Found]:
    """The operation failed or was cut off and no other rule knows why: who said what status to which request, in its own words.

    Asked only where no other rule has found an error. Harbor's policies (412 PROJECTPOLICYVIOLATION), export control pages of
    Docker Hub, licences of Artifactory and plain http on a TLS port come here with the words of the answer; so do pages by
    which a proxy of one's own network refuses a host (virtuald/docker-registry-cache#14).
    """
    waited = next((one for one in case.steps[-3:] if _waited_in_vain(one.last)), None)
    candidates = [step for step in case.bad if not client_left(step.last)] or _ended_badly(case)
    if waited is not None:
        last, home = waited.last, mirror_of(waited.first)
        yield Found(
            [waited],
            f"{last.host} gave no answer to {request(waited)} within {period(last.seconds or 0.0)}, and {case.client} waited "
            "no longer.",
            f"take {last.host} out of the mirrors of {home}, or repair it"
            if home is not None
            else of_where_it_was_named(Answer(case, waited))
            or f"try again; if it keeps failing, check {last.host} and the network path to it",
            severity=Severity.ERROR,
        )
    elif candidates:
        step = next((one for one in candidates if words(one.last)), candidates[-1])
        told_of = f"{said_status(step.last)} to {request(step)}."
        yield Found([step], told_of, fix_of(Answer(case, step)), severity=Severity.ERROR)


def _waited_in_vain(hop: Hop) -> bool:
    """Whether a client left after ten seconds or more without an answer; docker waits 15 (urlstechie/urlchecker-action#103)."""
    return hop.response is None and client_left(hop) and (hop.seconds or 0.0) >= 10


def _ended_badly(case: Case) -> list[Step]:
    """The last steps that were refused or had no answer, where none counts as needed."""
    return [
        step
        for step in case.steps[-3:]
        if ((step.last.status or 0) >= 400 or (step.last.status is None and step.last.failed is not None))
        and not client_left(step.last)
        and step.kind not in (Kind.REFERRERS, Kind.VERSION_CHECK)
        and step not in case.made_good
    ]
