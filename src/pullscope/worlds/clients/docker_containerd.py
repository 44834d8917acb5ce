"""Pulls by containerd's resolver: `docker pull` with the containerd image store (dockerd 29 as it comes), containerd's own
clients, BuildKit. What divides them (names, header fields, authorizers, attestations, whose login) is in `Dialect`.
One file, because it follows one resolver step by step.

dockerd compared with 29.7.2 on the wire, ctr with 1.6.20; BuildKit read. Sources: containerd v2.3.4
core/remotes/docker/{resolver,fetcher,authorizer,scope}.go; moby v29.7.2 daemon/containerd/{image_pull,resolver}.go.

What makes it itself: no ping. A 401 is answered where it happened, by the host that gave it, however it was reached;
and before every hop the authorizer is asked for that hop's host. Resolver, fetcher and the asking for referrers have
an authorizer each, so a pull meets up to three 401s and asks for three tokens, with containerd's own User-Agent. The
scope is that of the reference together with the challenge's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain

from pullscope.oci.challenge import Challenge, read_challenges
from pullscope.oci.digest import Digest, as_digest
from pullscope.oci.documents import Descriptor, Index, Manifest, read_manifest
from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from pullscope.oci.messages import Headers, Request
from pullscope.oci.statuses import status_line
from pullscope.worlds.clients.bearer import Login, Token, login_form, login_request, token_in, token_request
from pullscope.worlds.clients.distribution_errors import read_error
from pullscope.worlds.clients.go_http import GoError, Reply, send
from pullscope.worlds.clients.image_pull import ImagePull, config_of
from pullscope.worlds.clients.steps import Outcome, PullFailedError, Steps, together


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One program that pulls with containerd's resolver."""

    user_agent: str
    token_agent: str
    """On requests for tokens."""
    extra: tuple[tuple[str, str], ...] = ()
    """On every request."""
    fetch_encoding: str = "gzip"
    shared_authorizer: bool = False
    """One authorizer for the whole pull; else resolver, fetcher and referrers have one each."""
    attestations: bool = False
    moby: bool = False
    """Says errors in moby's words (image_pull.go), else in containerd's own."""
    client_id: str = "containerd-client"
    any_host: bool = False
    """Whether its login goes to any host that asks."""


# moby v29.7.2 daemon/containerd/resolver.go: "Host doesn't match" where the login is for another host. Run, 29.7.2.
MOBY = Dialect(
    user_agent=(
        "docker/{version} go/go1.27.3 git-commit/library-import kernel/6.1.0-28-amd64 os/linux arch/amd64 "
        "containerd-client/{containerd}+unknown storage-driver/overlayfs "
        "UpstreamClient(Docker-Client/{version} \\(linux\\))"
    ),
    token_agent="containerd/{containerd}+unknown",
    extra=(("Baggage", "trigger=api"),),  # moby's OpenTelemetry propagation
    fetch_encoding="zstd;q=1.0, gzip;q=0.8, deflate;q=0.5",  # fetcher.go, since 2.1
    attestations=True,  # since 29.1
    moby=True,
)

# ctr 1.6.20 on the wire; nerdctl is read: it looks for a login by the host that asked (dockerconfigresolver.go, NewAuthCreds).
CONTAINERD = Dialect(
    user_agent="containerd/{containerd}",
    token_agent="containerd/{containerd}",
)

# CRI gives the login of a pull to any host that asks, where it names no server (internal/cri/server/images/image_pull.go,
# ParseAuth); a kubelet's has none (credentialprovider/keyring.go, Add; the request in cri-o/cri-o#4941). Run: PullImage of
# containerd 2.1.9, behind a redirect to a registry with Basic and to one with a token server. `ctr --user` does the same.
KUBELET = replace(CONTAINERD, any_host=True)

# Read: moby/buildkit util/resolver/{resolver,authorizer}.go, session/auth/authprovider. The handlers live in the
# resolver's pool, so one token serves all of a pull. Tokens are asked for by the client's process (buildx, docker),
# which looks for a login by the host that asked; docker.io's is kept under index.docker.io.
BUILDKIT = Dialect(
    user_agent="buildkit/v0.26",
    token_agent="buildkit/v0.26",
    shared_authorizer=True,
    client_id="buildkit-client",
)


# resolver.go: what Resolve asks for; a fetch asks for the one type that the descriptor names.
_RESOLVE_ACCEPT = f"{DOCKER_MANIFEST}, {DOCKER_INDEX}, {OCI_MANIFEST}, {OCI_INDEX}, */*"
_PARALLEL = 3  # moby: max-concurrent-downloads
_MOST_READS = 5  # httpreadseeker.go: goes on where a body was cut off, five times without progress
_NO_OAUTH = frozenset({400, 401, 404, 405})  # authorizer.go doBearerAuth: then GET with Basic
_MOST_ATTEMPTS = 6  # resolver.go retryRequest: no more when len(responses) > 5


@dataclass
class _Authorizer:
    """authorizer.go dockerAuthorizer: a handler for each host that has ever said 401, and its tokens by scope."""

    challenges: dict[str, Challenge] = field(default_factory=dict)
    tokens: dict[tuple[str, str], Token] = field(default_factory=dict)


@dataclass(kw_only=True)
class DockerContainerd(ImagePull):
    """One daemon's pull of one reference."""

    version: str = "29.7.2"
    containerd: str = "2.3.3"
    dialect: Dialect = MOBY

    def pull(self) -> Steps[Outcome]:
        return self._ended(self._image(), f"Status: Downloaded newer image for {self.reference}")

    def _told(self, failed: PullFailedError | GoError) -> str:
        if isinstance(failed.__cause__, PullFailedError):
            # A hop's authorization failed; moby looks through the words of Go's client for the registry's own.
            return str(failed.__cause__)
        return f"failed to do request: {failed}" if isinstance(failed, GoError) else str(failed)

    # The conversation, from the first request to the last.

    def _image(self) -> Steps[None]:
        resolver = _Authorizer()
        root = yield from self._resolve(resolver)
        self._resolved = root.digest
        yield from self._fetch_image(root, resolver if self.dialect.shared_authorizer else _Authorizer())

    def _resolve(self, authorizer: _Authorizer) -> Steps[Descriptor]:
        """resolver.go Resolve: HEAD; GET where HEAD is not allowed, or where it names no digest."""
        path = f"manifests/{self._wanted}"
        headers = self._headers(("Accept", _RESOLVE_ACCEPT))
        reply = yield from self._send("HEAD", path, headers, authorizer)
        if reply.status in (403, 405):
            # 405: HEAD is not served. 403: only a GET says why.
            reply = yield from self._send("GET", path, headers, authorizer)
        if reply.status == 404:
            raise PullFailedError(f'failed to resolve reference "{self.reference}": {self.reference}: not found')
        if reply.status > 299:
            raise self._refused(reply)
        digest = self.reference.digest or as_digest(reply.header("Docker-Content-Digest"))
        if digest is None or not reply.header("Content-Length"):
            reply = yield from self._send("GET", path, headers, authorizer)
            if reply.status > 299:
                raise self._refused(reply)
            digest = Digest.of(reply.body)
        media_type = reply.header("Content-Type").partition(";")[0]
        return Descriptor(media_type=media_type, digest=digest, size=reply.length)

    def _fetch_image(self, root: Descriptor, fetcher: _Authorizer) -> Steps[None]:
        index = yield from self._document(root, fetcher)
        attestations: list[Descriptor] = []
        if isinstance(index, Index):
            entry = self._entry(index, f"no match for platform in manifest {root.digest}: not found")
            if self.dialect.attestations:
                attestations = [
                    item for item in index.manifests if item.is_attestation and item.attests == entry.digest
                ]
            index = yield from self._document(entry, fetcher)
        manifest, config = config_of(index, f"unsupported manifest {root.digest}")
        # First what leads to more; the layers follow when everything is known that has to be fetched.
        _, *statements = yield from together(
            self._config(config, fetcher),
            *(self._attestation(item, fetcher) for item in attestations),
            limit=_PARALLEL,
        )
        wanted = self._missing(chain(*statements, manifest.layers))
        yield from together(*(self._fetch("blobs", item, fetcher) for item in wanted), limit=_PARALLEL)

    def _config(self, config: Descriptor, fetcher: _Authorizer) -> Steps[tuple[Descriptor, ...]]:
        for item in self._missing([config]):
            yield from self._fetch("blobs", item, fetcher)
        return ()

    def _attestation(self, attestation: Descriptor, fetcher: _Authorizer) -> Steps[tuple[Descriptor, ...]]:
        """Since 29.1: the attestation of the chosen manifest, and who refers to it; what it holds is fetched later."""
        manifest = yield from self._document(attestation, fetcher)
        yield from self._referrers(attestation, _Authorizer())
        return manifest.parts if isinstance(manifest, Manifest) else ()

    def _referrers(self, subject: Descriptor, authorizer: _Authorizer) -> Steps[None]:
        """fetcher.go FetchReferrers: the endpoint, then the tag in its place; finding none is not a failure."""
        headers = self._headers(("Accept", f"{OCI_INDEX}, */*"), ("Accept-Encoding", self.dialect.fetch_encoding))
        digest = subject.digest or Digest.of(b"")
        reply = yield from self._send("GET", f"referrers/{digest}", headers, authorizer)
        if reply.status == 404:
            yield from self._send("GET", f"manifests/{digest.algorithm}-{digest.encoded}", headers, authorizer)

    def _document(self, descriptor: Descriptor, fetcher: _Authorizer) -> Steps[Index | Manifest]:
        reply = yield from self._fetch("manifests", descriptor, fetcher)
        document = read_manifest(reply.body, descriptor.media_type)
        if document is None:
            raise PullFailedError(f"unsupported media type {descriptor.media_type}")
        return document

    def _fetch(self, kind: str, descriptor: Descriptor, fetcher: _Authorizer) -> Steps[Reply]:
        accept = ("Accept", f"{descriptor.media_type}, */*")
        headers = self._headers(accept, ("Accept-Encoding", self.dialect.fetch_encoding))
        received = b""
        for _ in range(_MOST_READS):
            ranged = headers.replacing("Range", f"bytes={len(received)}-") if received else headers
            reply = yield from self._send("GET", f"{kind}/{descriptor.digest}", ranged, fetcher)
            if reply.status == 404:
                raise PullFailedError(f"{_READING}: content at {reply.request.url} not found: not found")
            if reply.status > 299:
                raise self._refused(reply, _READING)
            # Who ignores Range sends it all again; what is there already is thrown away.
            received = received + reply.body if reply.status == 206 else reply.body
            if len(reply.body) >= reply.length:
                break
        got, wanted = Digest.of(received), descriptor.digest
        if got != wanted:
            short = len(received) < (descriptor.size or 0)
            why = (
                f"failed size validation: {len(received)} != {descriptor.size}"
                if short
                else f"unexpected commit digest {got}, expected {wanted}"
            )
            raise PullFailedError(f"failed to copy: {why}: failed precondition")
        return replace(reply, response=replace(reply.response, body=received))

    # Requests, and what each hop gets.

    def _headers(self, *fields: tuple[str, str]) -> Headers:
        return Headers([("User-Agent", self._named(self.dialect.user_agent)), *fields, *self.dialect.extra])

    def _named(self, agent: str) -> str:
        return agent.format(version=self.version, containerd=self.containerd)

    def _send(self, method: str, path: str, headers: Headers, authorizer: _Authorizer) -> Steps[Reply]:
        """resolver.go doWithRetries: from the first host again, with what the last answer taught."""
        request = Request(method=method, url=self._url(path), headers=headers)
        refused: Request | None = None

        def each_hop(hop: Request) -> Steps[Request]:
            return self._authorized(hop, authorizer)

        for attempt in range(1, _MOST_ATTEMPTS + 1):
            first = yield from self._authorized(request, authorizer)
            reply = yield from send(first, each_hop)
            if attempt == _MOST_ATTEMPTS:
                break
            if reply.status == 401:
                if not self._learn(reply, authorizer, refused):
                    break
                refused = reply.request
            elif reply.status >= 500:
                # Once more, at the last host only; there is only one.
                if attempt > 1:
                    break
            elif reply.status not in (408, 429):
                break
        return reply

    def _learn(self, reply: Reply, authorizer: _Authorizer, refused: Request | None) -> bool:
        """authorizer.go AddResponses: whether another attempt makes sense."""
        host = reply.request.host
        for challenge in read_challenges(reply.response.headers.get_all("WWW-Authenticate")):
            if challenge.scheme == "basic" and self.login is not None:
                if self._login_for(host) is None:
                    why = "pull access denied, repository does not exist or may require authorization"
                    raise PullFailedError(f"{why}: authorization failed: no basic auth credentials")
                known = host in authorizer.challenges
                authorizer.challenges[host] = challenge
                return not known
            if challenge.scheme != "bearer":
                continue
            if challenge.error and refused is not None:
                authorizer.challenges.pop(host, None)
                raise self._refused(reply)
            known = host in authorizer.challenges
            authorizer.challenges.setdefault(host, challenge)
            # A host that says 401 to the token it was given says it again; containerd gives up by the count.
            return not known or challenge.error is None
        return False

    def _authorized(self, hop: Request, authorizer: _Authorizer) -> Steps[Request]:
        challenge = authorizer.challenges.get(hop.host)
        if challenge is None:
            return hop
        if challenge.scheme == "basic":
            login = self._login_for(hop.host)
            return hop.with_header("Authorization", login.authorization) if login else hop
        own = f"repository:{self.reference.repository}:pull"
        scopes = sorted({own, *(challenge.scope or "").split()})  # scope.go GetTokenScopes
        key = (hop.host, " ".join(scopes))
        token = authorizer.tokens.get(key)
        if token is None:
            token = authorizer.tokens[key] = yield from self._token(challenge, scopes, self._login_for(hop.host))
        return hop.with_header("Authorization", token.authorization)

    def _login_for(self, host: str) -> Login | None:
        """moby's resolver.go says "Host doesn't match" and goes on without."""
        return self.login if self.login is not None and (self.dialect.any_host or self.login.host == host) else None

    def _token(self, challenge: Challenge, scopes: list[str], login: Login | None) -> Steps[Token]:
        user_agent = ("User-Agent", self._named(self.dialect.token_agent))
        headers = Headers([user_agent, *self.dialect.extra, ("Accept-Encoding", "gzip")])
        if login is None:
            reply = yield from send(token_request(challenge, scopes, headers))
        else:
            reply = yield from send(login_form(challenge, scopes, headers, login, self.dialect.client_id))
            if reply.status in _NO_OAUTH:
                reply = yield from send(login_request(challenge, scopes, headers, login))
        if not 200 <= reply.status < 300:
            kind = "anonymous" if login is None else "oauth"
            why = f"failed to authorize: failed to fetch {kind} token: {_unexpected(reply)}"
            raise PullFailedError((self.dialect.moby and _from_registry(reply)) or why)
        token = token_in(reply.response)
        if token is None:
            why = "authorization server did not include a token in the response"
            raise PullFailedError(f"failed to authorize: failed to fetch anonymous token: {why}")
        return token

    # What the user reads.

    def _refused(self, reply: Reply, reading: str = "") -> PullFailedError:
        if reply.status in (401, 403) and self.dialect.moby:
            # image_pull.go: any ErrInvalidAuthorization becomes this sentence.
            name = f"{self.reference.registry}/{self.reference.repository}".removeprefix("docker.io/")
            return PullFailedError(
                f"pull access denied for {name}, repository does not exist or may require 'docker login'"
            )
        doing = reading or f'failed to resolve reference "{self.reference}"'
        return PullFailedError((self.dialect.moby and _from_registry(reply)) or f"{doing}: {_unexpected(reply)}")


_READING = "failed to copy: httpReadSeeker: failed open"
"""What a fetch that is refused begins with: httpreadseeker.go (run with dockerd 28.5.2, a storage that says 503)."""


def _unexpected(reply: Reply) -> str:
    """containerd's words for a status that it did not want, without the body that came with it."""
    request = reply.request
    return f"unexpected status from {request.method} request to {request.url}: {status_line(reply.status)}"


def _from_registry(reply: Reply) -> str | None:
    """moby daemon/containerd/registry_errors.go: where the body holds a registry's errors, these are shown instead."""
    error = read_error(reply.response)
    return f"error from registry: {error.shown_by_dockerd}" if error.code else None
