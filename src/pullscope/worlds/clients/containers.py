"""skopeo, podman, buildah and CRI-O: what they share is containers/image.

Compared with skopeo 1.9.3, podman 4.3.1 and buildah 1.28.2 on the wire. Sources: containers/image v5.22
docker/{docker_client,docker_image_src}.go, copy/copy.go; containers/common pkg/retry.

What makes it itself: the ping must be answered 200 or 401; there is no HEAD; and the token is set on the first
request only. Go strips it when a redirect leaves the host, so a vanity host that redirects gets the token and the
registry behind it gets none (containers/image#641).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from pullscope.oci.challenge import Challenge, read_challenges
from pullscope.oci.digest import Digest
from pullscope.oci.documents import Descriptor, Index, Manifest, read_manifest
from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, SCHEMA1, SCHEMA1_SIGNED
from pullscope.oci.messages import Headers, Request
from pullscope.oci.statuses import status_line
from pullscope.worlds.clients.bearer import Token, login_request, token_in
from pullscope.worlds.clients.distribution_errors import read_error
from pullscope.worlds.clients.go_http import GoError, Reply, send
from pullscope.worlds.clients.image_pull import ImagePull, config_of
from pullscope.worlds.clients.steps import Outcome, PullFailedError, Steps, together

# manifest.DefaultRequestedManifestMIMETypes
_ACCEPT = (OCI_MANIFEST, DOCKER_MANIFEST, SCHEMA1_SIGNED, SCHEMA1, DOCKER_INDEX, OCI_INDEX)
_API_VERSION = ("Docker-Distribution-API-Version", "registry/2.0")
_PARALLEL_LAYERS = 6  # copy.go maxParallelDownloads
_MOST_ATTEMPTS = 5  # docker_client.go backoffNumIterations, for 429
# pkg/retry isErrorRetryable: an error of the registry's own is tried again, but for these.
_FINAL_CODES = frozenset({"UNAUTHORIZED", "NAME_UNKNOWN", "MANIFEST_UNKNOWN"})


@dataclass(kw_only=True)
class Containers(ImagePull):
    """One program's copy of one reference. The login goes to the realm of the ping's challenge."""

    user_agent: str = "skopeo/1.9.3"
    retries: int = 0
    """How often the whole copy is begun anew: podman and buildah three times, skopeo only if told to."""
    tls_verify: bool = True
    """Whether `--tls-verify=false` was not given, which also allows plain http."""
    _scheme: str = field(default="https", init=False)
    _challenges: tuple[Challenge, ...] = field(default=(), init=False)
    _tokens: dict[str, Token] = field(default_factory=dict, init=False)
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
                return Outcome(pulled=False, digest=self._resolved, message=failed.sentence)
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
            raise self._failed(f"{what}: {why}")
        self._scheme = scheme
        return reply

    def _copy(self) -> Steps[None]:
        document, self._resolved = yield from self._manifest(self.reference.digest)
        if isinstance(document, Index):
            platform = f"architecture {self.platform.architecture}, OS {self.platform.os}"
            none = self._sentence(f"choosing image instance: no image found in manifest list for {platform}")
            document, _ = yield from self._manifest(self._entry(document, none).digest)
        manifest, config = config_of(document, self._sentence("unsupported manifest type"))
        yield from together(*map(self._blob, self._missing(manifest.layers)), limit=_PARALLEL_LAYERS)
        for blob in self._missing([config]):
            yield from self._blob(blob)

    def _manifest(self, digest: Digest | None) -> Steps[tuple[Index | Manifest, Digest]]:
        """By digest, or by the reference's tag."""
        wanted = digest or self._wanted
        what = f"reading manifest {wanted} in {self.reference.registry}/{self.reference.repository}"
        reply = yield from self._get(f"manifests/{wanted}", [("Accept", line) for line in _ACCEPT], what)
        if reply.status != 200:
            raise self._refused(what, reply)
        got = Digest.of(reply.body)
        if digest is not None and got != digest:
            raise self._failed(f"manifest does not match provided manifest digest {digest}")
        document = read_manifest(reply.body, reply.header("Content-Type"))
        if document is None:
            content_type = reply.header("Content-Type").partition(";")[0]
            raise self._failed(f"unsupported manifest media type {content_type}")
        return document, got

    def _blob(self, descriptor: Descriptor) -> Steps[None]:
        reply = yield from self._get(f"blobs/{descriptor.digest}", [], "fetching blob")
        if reply.status != 200:
            raise self._refused("fetching blob", reply)
        got = Digest.of(reply.body)
        if got != descriptor.digest:
            raise self._failed(f"Digest did not match, expected {descriptor.digest}, got {got}")

    # Requests, and who gets the token.

    def _request(self, url: str, *more: tuple[str, str]) -> Request:
        fields = [("User-Agent", self.user_agent), *more, ("Accept-Encoding", "gzip"), ("Connection", "close")]
        return Request(method="GET", url=url, headers=Headers(fields))

    def _sent(self, asked: Request, what: str = "") -> Steps[Reply]:
        try:
            return (yield from send(asked))
        except GoError as failed:
            raise self._failed(f"{what}{failed}") from failed

    def _plain(self, url: str, what: str) -> Steps[Reply]:
        return self._sent(self._request(url, _API_VERSION), f"{what}: ")

    def _get(self, path: str, more: list[tuple[str, str]], what: str) -> Steps[Reply]:
        plain = self._request(self._url(path).replace("https", self._scheme, 1), _API_VERSION, *more)
        extra = ""
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            authorization = yield from self._authorization(extra)
            asked = plain.with_header("Authorization", authorization) if authorization else plain
            reply = yield from self._sent(asked, f"{what}: ")
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
            headers = self._request("").headers
            reply = yield from self._sent(login_request(challenge, scopes, headers, self.login))
            token = token_in(reply.response) if reply.status == 200 else None
            if token is None:
                why = read_error(reply.response).text if reply.status != 200 else "no token in the answer"
                raise self._failed(f"Requesting bearer token: {why}")
            self._tokens[key] = token
        return self._tokens[key].authorization

    def _refused(self, what: str, reply: Reply) -> PullFailedError:
        error = read_error(reply.response)
        self._again = bool(error.code) and _FINAL_CODES.isdisjoint((error.code, *error.others))
        return self._failed(f"{what}: {error.text}")

    def _failed(self, why: str) -> PullFailedError:
        return PullFailedError(self._sentence(why))

    def _sentence(self, why: str) -> str:
        ending = f"@{self.reference.digest}" if self.reference.digest else f":{self.reference.tag}"
        return f"initializing source docker://{self._familiar_name}{ending}: {why}"


def _missing_scope(reply: Reply) -> str:
    """needsRetryWithUpdatedScope: once for each request, and to the first host again; the next one begins without."""
    if reply.status != 401:
        return ""
    for challenge in read_challenges(reply.response.headers.get_all("WWW-Authenticate")):
        if challenge.scheme == "bearer" and challenge.error == "insufficient_scope" and challenge.scope:
            return challenge.scope
    return ""
