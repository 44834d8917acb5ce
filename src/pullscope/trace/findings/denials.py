"""Pushes and deletes that are refused: for what is sent, for who asks, or for what a registry lets nobody do."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.trace.findings.case import Case, Found
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.row import row
from pullscope.trace.findings.tellings import told


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
