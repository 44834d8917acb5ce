"""skopeo, podman, buildah and CRI-O: what they share is containers/image.

Compared with skopeo 1.9.3, podman 4.3.1 and buildah 1.28.2 on the wire. Sources: containers/image v5.22
docker/{docker_client,docker_image_src}.go, copy/copy.go; containers/common pkg/retry.

What makes it itself: the ping must be answered 200 or 401; there is no HEAD; and the token is set on the first
request only. Go strips it when a redirect leaves the host, so a vanity host that redirects gets the token and the
registry behind it gets none (containers/image#641).
"""

from __future__ import annotations

import contextlib
from collections.abc import Container
from dataclasses import dataclass, field

from pullscope.oci.challenge import Challenge, read_challenges
from pullscope.oci.digest import Digest
from pullscope.oci.documents import Descriptor, Index, Manifest, Platform, read_manifest
from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, SCHEMA1, SCHEMA1_SIGNED
from pullscope.oci.messages import Headers, Request
from pullscope.oci.reference import Reference
from pullscope.oci.statuses import status_line
from pullscope.worlds.clients.bearer import Login, Token, login_request, token_in, token_request
from pullscope.worlds.clients.distribution_errors import read_error
from pullscope.worlds.clients.docker_classic import LINUX_AMD64
from pullscope.worlds.clients.go_http import GoError, Reply, send
from pullscope.worlds.clients.platforms import choose
from pullscope.worlds.clients.steps import Outcome, PullFailedError, Steps, together

# manifest.DefaultRequestedManifestMIMETypes
_ACCEPT = (OCI_MANIFEST, DOCKER_MANIFEST, SCHEMA1_SIGNED, SCHEMA1, DOCKER_INDEX, OCI_INDEX)
_PARALLEL_LAYERS = 6  # copy.go maxParallelDownloads
_MOST_ATTEMPTS = 5  # docker_client.go backoffNumIterations, for 429
# pkg/retry isErrorRetryable: an error of the registry's own is tried again, but for these.
_FINAL_CODES = frozenset({"UNAUTHORIZED", "NAME_UNKNOWN", "MANIFEST_UNKNOWN"})


@dataclass(kw_only=True)
class Containers:
    """One program's copy of one reference. `present` are the blobs that its destination has already."""

    reference: Reference
    platform: Platform = LINUX_AMD64
    present: Container[Digest] = frozenset()
    user_agent: str = "skopeo/1.9.3"
    retries: int = 0
    """How often the whole copy is begun anew: podman and buildah three times, skopeo only if told to."""
    login: Login | None = None
    """That of the reference's host; it goes to the realm of the ping's challenge."""
    tls_verify: bool = True
    """Whether `--tls-verify=false` was not given, which also allows plain http."""
    _scheme: str = field(default="https", init=False)
    _challenges: tuple[Challenge, ...] = field(default=(), init=False)
    _tokens: dict[str, Token] = field(default_factory=dict, init=False)
    _resolved: Digest | None = field(default=None, init=False)
    _again: bool = field(default=False, init=False)

    def pull(self) -> Steps[Outcome]:
        for left in range(self.retries, -1, -1):
            self._challenges, self._tokens, self._again = (), {}, False
            try:
                yield from self._ping()
                yield from self._copy()
            except PullFailedError as failed:
                if self._again and left:
                    continue
                return Outcome(pulled=False, digest=self._resolved, message=failed.sentence, failed_at=failed.at)
            break
        return Outcome(pulled=True, digest=self._resolved, message="Storing signatures")

    # The conversation, from the first request to the last.

    def _ping(self) -> Steps[None]:
        """detectProperties: https, then http if that is allowed; else the old protocol is tried, for its error only."""
        host = self.reference.api_host
        try:
            try:
                reply = yield from self._pinged("https")
            except PullFailedError:
                if self.tls_verify:
                    raise
                reply = yield from self._pinged("http")
        except PullFailedError:
            with contextlib.suppress(PullFailedError):
                yield from self._plain(f"https://{host}/v1/_ping", f"pinging container registry {host}")
            raise
        if reply.status == 401:
            self._challenges = read_challenges(reply.response.headers.get_all("WWW-Authenticate"))

    def _pinged(self, scheme: str) -> Steps[Reply]:
        """200 or 401, wherever redirects lead; everything later has the scheme of the ping that was answered so."""
        host = self.reference.api_host
        what = f"pinging container registry {host}"
        reply = yield from self._plain(f"{scheme}://{host}/v2/", what)
        if reply.status not in (200, 401):
            why = f"invalid status code from registry {status_line(reply.status).replace(' ', ' (', 1)})"
            raise self._failed(f"{what}: {why}", reply.request)
        self._scheme = scheme
        return reply

    def _copy(self) -> Steps[None]:
        wanted = str(self.reference.digest or self.reference.tag or "latest")
        document, self._resolved = yield from self._manifest(wanted, self.reference.digest)
        if isinstance(document, Index):
            entry = choose(document, self.platform)
            if entry is None or entry.digest is None:
                platform = f"architecture {self.platform.architecture}, OS {self.platform.os}"
                why = f"no image found in manifest list for {platform}"
                raise self._failed(f"choosing image instance: {why}", None)
            document, _ = yield from self._manifest(entry.digest, entry.digest)
        if not isinstance(document, Manifest) or document.config is None:
            raise self._failed("unsupported manifest type", None)
        layers = {layer.digest: layer for layer in document.layers if layer.digest not in self.present}
        yield from together(*(self._blob(layer) for layer in layers.values()), limit=_PARALLEL_LAYERS)
        if document.config.digest not in self.present:
            yield from self._blob(document.config)

    def _manifest(self, wanted: str, digest: Digest | None) -> Steps[tuple[Index | Manifest, Digest]]:
        what = f"reading manifest {wanted} in {self.reference.registry}/{self.reference.repository}"
        accept = tuple(("Accept", line) for line in _ACCEPT)
        reply = yield from self._get(f"manifests/{wanted}", accept, what)
        if reply.status != 200:
            raise self._refused(what, reply)
        if digest is not None and Digest.of(reply.body) != digest:
            raise self._failed(f"manifest does not match provided manifest digest {digest}", reply.request)
        document = read_manifest(reply.body, reply.header("Content-Type"))
        if document is None:
            content_type = reply.header("Content-Type").partition(";")[0]
            raise self._failed(f"unsupported manifest media type {content_type}", reply.request)
        return document, Digest.of(reply.body)

    def _blob(self, descriptor: Descriptor) -> Steps[None]:
        reply = yield from self._get(f"blobs/{descriptor.digest}", (), "fetching blob")
        if reply.status != 200:
            raise self._refused("fetching blob", reply)
        got = Digest.of(reply.body)
        if got != descriptor.digest:
            raise self._failed(f"Digest did not match, expected {descriptor.digest}, got {got}", reply.request)

    # Requests, and who gets the token.

    def _headers(self, more: tuple[tuple[str, str], ...] = ()) -> Headers:
        own = ("User-Agent", self.user_agent), ("Docker-Distribution-API-Version", "registry/2.0")
        return Headers([*own, *more, ("Accept-Encoding", "gzip"), ("Connection", "close")])

    def _plain(self, url: str, what: str) -> Steps[Reply]:
        try:
            return (yield from send(Request(method="GET", url=url, headers=self._headers())))
        except GoError as failed:
            raise self._failed(f"{what}: {failed}", None) from failed

    def _get(self, path: str, more: tuple[tuple[str, str], ...], what: str) -> Steps[Reply]:
        url = f"{self._scheme}://{self.reference.api_host}/v2/{self.reference.repository}/{path}"
        extra = ""
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            headers = self._headers(more)
            authorization = yield from self._authorization(extra)
            if authorization:
                headers = headers.replacing("Authorization", authorization)
            try:
                reply = yield from send(Request(method="GET", url=url, headers=headers))
            except GoError as failed:
                raise self._failed(f"{what}: {failed}", None) from failed
            if not extra and (extra := _missing_scope(reply)):
                continue
            if reply.status != 429 or attempt == _MOST_ATTEMPTS:
                break
        return reply

    def _authorization(self, extra: str) -> Steps[str | None]:
        """setupRequestAuth: by the challenges of the ping, whatever host is asked."""
        challenge = next((item for item in self._challenges if item.scheme in ("bearer", "basic")), None)
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            return self.login.authorization if self.login else None
        scopes = [f"repository:{self.reference.repository}:pull", *filter(None, [extra])]
        key = " ".join(scopes)
        if key not in self._tokens:
            fields = [("User-Agent", self.user_agent), ("Accept-Encoding", "gzip"), ("Connection", "close")]
            asked = token_request(challenge, scopes, Headers(fields))
            if self.login is not None:
                asked = login_request(challenge, scopes, Headers(fields), self.login)
            try:
                reply = yield from send(asked)
            except GoError as failed:
                raise self._failed(str(failed), None) from failed
            token = token_in(reply.response) if reply.status == 200 else None
            if token is None:
                why = read_error(reply.response).text if reply.status != 200 else "no token in the answer"
                raise self._failed(f"Requesting bearer token: {why}", reply.request)
            self._tokens[key] = token
        return self._tokens[key].authorization

    def _refused(self, what: str, reply: Reply) -> PullFailedError:
        error = read_error(reply.response)
        self._again = bool(error.code) and _FINAL_CODES.isdisjoint((error.code, *error.others))
        return self._failed(f"{what}: {error.text}", reply.request)

    def _failed(self, why: str, at: Request | None) -> PullFailedError:
        return PullFailedError(f"initializing source docker://{self._familiar}: {why}", at)

    @property
    def _familiar(self) -> str:
        name = f"{self.reference.registry}/{self.reference.repository}".removeprefix("docker.io/")
        ending = f"@{self.reference.digest}" if self.reference.digest else f":{self.reference.tag}"
        return f"{name.removeprefix('library/')}{ending}"


def _missing_scope(reply: Reply) -> str:
    """needsRetryWithUpdatedScope: once for each request, and to the first host again; the next one begins without."""
    if reply.status != 401:
        return ""
    for challenge in read_challenges(reply.response.headers.get_all("WWW-Authenticate")):
        if challenge.scheme == "bearer" and challenge.error == "insufficient_scope" and challenge.scope:
            return challenge.scope
    return ""
