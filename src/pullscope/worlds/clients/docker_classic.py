"""`docker pull` with the classic (graphdriver) image store: dockerd 20.10 to 28, and 29 where it kept that store.

Compared with dockerd 20.10.24 and 29.7.2 on the wire; 23 to 28 read at their tags. Sources: moby
distribution/{registry,pull_v2,push_v2,errors}.go and registry/auth.go; distribution v2.8 registry/client/repository.go,
client/auth/session.go, client/transport/http_reader.go. Of `docker push` there is only what an image takes whose blobs
are at the registry already.

What makes it itself: it pings, and remembers the challenge under the URL at which the ping ended. Every hop of every
later request looks there by its own host, so a token goes to exactly one host, whichever redirected to it. The scope
asked for is the repository of the reference, never the challenge's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pullscope.oci.challenge import Challenge, read_challenges
from pullscope.oci.digest import Digest, as_digest
from pullscope.oci.documents import Descriptor, Index, Manifest, read_manifest
from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, SCHEMA1_SIGNED
from pullscope.oci.messages import Headers, Request
from pullscope.oci.urls import split
from pullscope.worlds.clients.bearer import Token, login_request, token_in
from pullscope.worlds.clients.distribution_errors import DistributionError, read_error
from pullscope.worlds.clients.go_http import GoError, Reply, send
from pullscope.worlds.clients.image_pull import ImagePull, config_of
from pullscope.worlds.clients.steps import Outcome, PullFailedError, Steps, together

# library-import is what moby's dockerversion says where a build names no commit.
_USER_AGENT = (
    "docker/{0} go/go1.24.9 git-commit/library-import kernel/6.1.0-28-amd64 os/linux arch/amd64 "
    "UpstreamClient(Docker-Client/{0} \\(linux\\))"
)
# distribution.ManifestMediaTypes(): a Go map, so the order of these lines changes from request to request.
_ACCEPT = (DOCKER_MANIFEST, DOCKER_INDEX, OCI_INDEX, OCI_MANIFEST)
_ACCEPT_BEFORE_29 = (*_ACCEPT, SCHEMA1_SIGNED, "application/json")
_PARALLEL_LAYERS = 3  # max-concurrent-downloads
_PARALLEL_UPLOADS = 5  # max-concurrent-uploads
_ATTEMPTS = 5  # max-download-attempts; the pauses of 5, 10, 15 … seconds between them are not played


@dataclass(kw_only=True)
class DockerClassic(ImagePull):
    """One daemon's pull of one reference. The CLI hands over a login, which is used for any token server (registry/auth.go)."""

    version: str = "28.5.2"
    _challenges: dict[str, tuple[Challenge, ...]] = field(default_factory=dict, init=False)
    _token: Token | None = field(default=None, init=False)
    _actions: str = field(default="pull", init=False)

    def pull(self) -> Steps[Outcome]:
        return self._ended(self._pull_tag(), f"Status: Downloaded newer image for {self._familiar}")

    def push(self, manifest: bytes, media_type: str) -> Steps[Outcome]:
        """A push of what the registry has already, but for the manifest: each blob is looked for, then the tag is put."""
        self._actions = "push,pull"
        document = read_manifest(manifest, media_type)
        if not isinstance(document, Manifest) or not document.layers or document.config is None:
            raise ValueError("Only an image with layers can be pushed here.")
        work = self._push(document.layers, document.config, manifest, media_type)
        return self._ended(work, f"{self.reference.tag}: digest: {Digest.of(manifest)} size: {len(manifest)}")

    # The conversation, from the first request to the last.

    def _ping(self) -> Steps[None]:
        """registry/auth.go PingV2Registry: any status will do; only a 401 teaches anything."""
        reply = yield from send(self._request("GET", f"https://{self.reference.api_host}/v2/"))
        if reply.status == 401:
            found = read_challenges(reply.response.headers.get_all("WWW-Authenticate"))
            self._challenges[reply.request.url.partition("?")[0].lower()] = found

    def _push(
        self, layers: tuple[Descriptor, ...], config: Descriptor, manifest: bytes, media_type: str
    ) -> Steps[None]:
        yield from self._ping()
        # session.go tokenHandler: the others wait for the token of the first.
        first, *others = layers
        yield from self._is_there(first)
        yield from together(*map(self._is_there, others), limit=_PARALLEL_UPLOADS)
        yield from self._is_there(config)
        yield from self._put(manifest, media_type)
        self._resolved = Digest.of(manifest)

    def _pull_tag(self) -> Steps[None]:
        yield from self._ping()
        digest = self.reference.digest
        if digest is None:
            digest = yield from self._resolve(self.reference.tag or "latest")
        self._resolved = digest
        document = yield from self._manifest(digest)
        if isinstance(document, Index):
            none = f"no matching manifest for {self.platform} in the manifest list entries"
            document = yield from self._manifest(self._entry(document, none).digest)
        manifest, config = config_of(document, "unsupported manifest format")
        # distribution/xfer: a layer that is listed twice, or is there already, is not asked for.
        layers = together(*map(self._blob, self._missing(manifest.layers)), limit=_PARALLEL_LAYERS)
        yield from together(self._blob(config), layers, limit=2)

    def _resolve(self, tag: str) -> Steps[Digest]:
        """repository.go tags.Get: HEAD, and GET where that fails or names no digest."""
        reply = yield from self._send("HEAD", f"manifests/{tag}", self._accept)
        digest = as_digest(reply.header("Docker-Content-Digest"))
        if 200 <= reply.status < 400 and digest:
            return digest
        reply = yield from self._send("GET", f"manifests/{tag}", self._accept)
        if not 200 <= reply.status < 400:
            raise self._failed(reply)
        return as_digest(reply.header("Docker-Content-Digest")) or Digest.of(reply.body)

    def _manifest(self, digest: Digest | None) -> Steps[Index | Manifest]:
        reply = yield from self._send("GET", f"manifests/{digest}", self._accept)
        if not 200 <= reply.status < 400:
            raise self._failed(reply)
        if Digest.of(reply.body) != digest:
            raise PullFailedError(f"manifest verification failed for digest {digest}")
        document = read_manifest(reply.body, reply.header("Content-Type"))
        if document is None:
            content_type = reply.header("Content-Type")
            raise PullFailedError(f"unsupported manifest media type and no default available: {content_type}")
        return document

    def _blob(self, descriptor: Descriptor) -> Steps[None]:
        digest = descriptor.digest
        if digest is None:
            raise PullFailedError("invalid checksum digest format")
        received = b""
        for attempt in range(1, _ATTEMPTS + 1):
            # http_reader.go: what has come already is not asked for again.
            more = (("Range", f"bytes={len(received)}-"),) if received else ()
            try:
                reply = yield from self._send("GET", f"blobs/{digest}", (), more)
            except GoError:
                if attempt == _ATTEMPTS:
                    raise
                continue
            if reply.status == 404:
                raise PullFailedError("unknown blob")
            if received and reply.status == 200:
                # pull_v2.go: after ErrWrongCodeForByteRange the file is emptied and the next attempt begins anew.
                if attempt == _ATTEMPTS:
                    raise PullFailedError("expected HTTP 206 from byte range request")
                received = b""
                continue
            if not 200 <= reply.status < 300:
                error = read_error(reply.response)
                # A server's failure is tried again, a refusal is not (pull_v2.go retryOnError).
                if error.code or reply.status < 500 or attempt == _ATTEMPTS:
                    raise self._failed(reply)
                continue
            received += reply.body
            if len(reply.body) < reply.length:
                if attempt == _ATTEMPTS:
                    raise PullFailedError("unexpected EOF")
                continue
            if Digest.of(received) != digest:
                raise PullFailedError(f"filesystem layer verification failed for digest {digest}")
            return

    def _is_there(self, descriptor: Descriptor) -> Steps[None]:
        """push_v2.go layerAlreadyExists; what is not there would be uploaded, which is not played."""
        reply = yield from self._send("HEAD", f"blobs/{descriptor.digest}", ())
        if reply.status != 200:
            raise self._failed(reply)

    def _put(self, manifest: bytes, media_type: str) -> Steps[None]:
        """repository.go manifests.Put: any good status is success, also that of the GET that a redirect made of it."""
        asked = self._request("PUT", self._url(f"manifests/{self.reference.tag}"), (), (("Content-Type", media_type),))
        reply = yield from send(replace(asked, body=manifest), self._authorized)
        if not 200 <= reply.status < 400:
            raise self._failed(reply)

    # Requests, and what each hop gets.

    def _send(
        self, method: str, path: str, accept: tuple[str, ...], more: tuple[tuple[str, str], ...] = ()
    ) -> Steps[Reply]:
        return (yield from send(self._request(method, self._url(path), accept, more), self._authorized))

    def _request(
        self, method: str, url: str, accept: tuple[str, ...] = (), more: tuple[tuple[str, str], ...] = ()
    ) -> Request:
        fields = [("User-Agent", _USER_AGENT.format(self.version)), *(("Accept", line) for line in accept), *more]
        # Go's transport offers gzip by itself, except for HEAD and with Range.
        if method != "HEAD" and "Range" not in dict(more):
            fields.append(("Accept-Encoding", "gzip"))
        # distribution/registry.go: DisableKeepAlives, up to 28.
        if not self.version.startswith("29."):
            fields.append(("Connection", "close"))
        return Request(method=method, url=url, headers=Headers(fields))

    def _authorized(self, hop: Request) -> Steps[Request]:
        """session.go ModifyRequest: run by the transport, so on every hop, by the URL of that hop."""
        parts = split(hop.url)
        root = parts.path.find("/v2/")
        ping = f"{parts.scheme}://{parts.netloc}{parts.path[: root + 4]}".lower() if root >= 0 else ""
        challenges = self._challenges.get(ping, ())
        # Every handler, and for each every challenge of its scheme: one that fails ends it, and the last one's is sent.
        for challenge in (one for one in challenges if one.scheme == "bearer"):
            token = yield from self._bearer(challenge)
            hop = hop.with_header("Authorization", token.authorization)
        for _ in (one for one in challenges if one.scheme == "basic"):
            if self.login is None:
                raise PullFailedError("no basic auth credentials")
            hop = hop.with_header("Authorization", self.login.authorization)
        return hop

    def _bearer(self, challenge: Challenge) -> Steps[Token]:
        if self._token is None:
            if not challenge.realm:
                raise PullFailedError("no realm specified for token auth challenge")
            scope = f"repository:{self.reference.repository}:{self._actions}"
            headers = self._request("GET", "").headers
            reply = yield from send(login_request(challenge, [scope], headers, self.login))
            if not 200 <= reply.status < 300:
                raise PullFailedError(read_error(reply.response).shown_by_dockerd)
            self._token = token_in(reply.response)
            if self._token is None:
                raise PullFailedError("authorization server did not include a token in the response")
        return self._token

    # What the user reads.

    @property
    def _accept(self) -> tuple[str, ...]:
        return _ACCEPT if self.version.startswith("29.") else _ACCEPT_BEFORE_29

    @property
    def _familiar(self) -> str:
        tag = f":{self.reference.tag}" if self.reference.tag else ""
        digest = f"@{self.reference.digest}" if self.reference.digest else ""
        return f"{self._familiar_name}{tag}{digest}"

    def _failed(self, reply: Reply) -> PullFailedError:
        """errors.go TranslatePullError."""
        error = read_error(reply.response)
        return PullFailedError(self._not_found(error) or error.shown_by_dockerd)

    def _not_found(self, error: DistributionError) -> str | None:
        if not error.whole:
            return None
        return {
            "DENIED": f"pull access denied for {self._familiar_name}, "
            f"repository does not exist or may require 'docker login': {error.shown_by_dockerd}",
            "MANIFEST_UNKNOWN": f"manifest for {self._familiar} not found: {error.shown_by_dockerd}",
            "NAME_UNKNOWN": f"repository {self._familiar_name} not found: {error.shown_by_dockerd}",
        }.get(error.code)
