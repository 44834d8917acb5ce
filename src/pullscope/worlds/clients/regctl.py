"""`regctl image copy` to a local folder, and whatever else is built on regclient.

Read, not run: regclient internal/reghttp/http.go (checkRedirect, next), internal/auth/auth.go and scheme/reg/{manifest,
blob}.go as of 2026. What is not in those files (how often it waits after a 429) is kept out of the verdicts.

What makes it itself: no ping and no HEAD. A 401 is answered by the host that gave it, however it was reached, and
CheckRedirect gives each hop what that hop's host has asked for before. The reference's own scope is added only for its
own host, so behind a redirect the token is asked for exactly what the challenge names. The login is that of the
reference's host, whichever host asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pullscope.oci.challenge import Challenge, read_challenges
from pullscope.oci.digest import Digest
from pullscope.oci.documents import Descriptor, Index, Manifest, read_manifest
from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, SCHEMA1, SCHEMA1_SIGNED
from pullscope.oci.messages import Headers, Request
from pullscope.oci.statuses import status_line
from pullscope.worlds.clients.bearer import Token, login_request, token_in, token_request
from pullscope.worlds.clients.go_http import Reply, send
from pullscope.worlds.clients.image_pull import ImagePull, config_of
from pullscope.worlds.clients.steps import Outcome, PullFailedError, Steps, together

# scheme/reg/manifest.go ManifestGet: one line each
_ACCEPT = (OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST, SCHEMA1_SIGNED, SCHEMA1)
_CLIENT_ID = "regclient/regctl"
_PARALLEL = 3  # config/host.go defaultConcurrent
_MOST_ATTEMPTS = 4  # one more than the retry limit, "to allow for auth requests"
_TRIED_AGAIN = frozenset({408, 429, 500, 502, 504})


@dataclass
class _Handler:
    """auth.go bearerHandler: one for each host that has said 401."""

    challenge: Challenge
    scopes: list[str] = field(default_factory=list)
    token: Token | None = None

    def add(self, scope: str | None) -> bool:
        if not scope or scope in self.scopes:
            return False
        self.scopes.append(scope)
        self.token = None
        return True


@dataclass(kw_only=True)
class Regctl(ImagePull):
    """One copy of one reference."""

    _handlers: dict[str, _Handler] = field(default_factory=dict, init=False)

    def pull(self) -> Steps[Outcome]:
        return self._ended(self._image())

    def _image(self) -> Steps[None]:
        document, self._resolved = yield from self._manifest(self.reference.digest)
        if isinstance(document, Index):
            none = f"failed to get platform {self.platform} of {self.reference}: platform not found"
            document, _ = yield from self._manifest(self._entry(document, none).digest)
        manifest, config = config_of(document, f"unsupported media type of {self.reference}")
        yield from together(*map(self._blob, self._missing((config, *manifest.layers))), limit=_PARALLEL)

    def _manifest(self, digest: Digest | None) -> Steps[tuple[Index | Manifest, Digest]]:
        """By digest, or by the reference's tag."""
        what = f"failed to get manifest {self.reference}"
        reply = yield from self._get(
            f"manifests/{digest or self._wanted}", [("Accept", line) for line in _ACCEPT], what
        )
        got = Digest.of(reply.body)
        if digest is not None and got != digest:
            raise PullFailedError(f"manifest digest mismatch, expected {digest}, computed {got}")
        document = read_manifest(reply.body, reply.header("Content-Type"))
        if document is None:
            raise PullFailedError(f'{what}: unsupported media type: "{reply.header("Content-Type")}"')
        return document, got

    def _blob(self, descriptor: Descriptor) -> Steps[None]:
        what = f"failed to get blob, digest {descriptor.digest}, ref {self.reference}"
        reply = yield from self._get(f"blobs/{descriptor.digest}", [], what)
        if len(reply.body) < (descriptor.size or 0):
            raise PullFailedError(f"{what}: unexpected EOF")
        if Digest.of(reply.body) != descriptor.digest:
            raise PullFailedError(f"{what}: digest mismatch")

    def _get(self, path: str, more: list[tuple[str, str]], what: str) -> Steps[Reply]:
        """http.go next."""
        host = self.reference.api_host
        request = Request(method="GET", url=self._url(path), headers=Headers([("User-Agent", _CLIENT_ID), *more]))
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            if host in self._handlers:
                self._handlers[host].add(f"repository:{self.reference.repository}:pull")
            reply = yield from send(request, self._authorized)
            if reply.status == 200:
                return reply
            again = self._learn(reply) if reply.status == 401 else reply.status in _TRIED_AGAIN
            if not again or attempt == _MOST_ATTEMPTS:
                break
        raise PullFailedError(f"{what}: request failed: {_words(reply.status)}")

    def _learn(self, reply: Reply) -> bool:
        """auth.go HandleResponse: whether there is something new to answer with."""
        for challenge in read_challenges(reply.response.headers.get_all("WWW-Authenticate")):
            known = self._handlers.get(reply.request.host)
            if challenge.scheme == "basic" and self.login is not None and known is None:
                self._handlers[reply.request.host] = _Handler(challenge)
                return True
            if challenge.scheme == "bearer" and challenge.realm:
                if known is None:
                    known = self._handlers[reply.request.host] = _Handler(challenge)
                    known.add(challenge.scope)
                    return True
                return known.add(challenge.scope)
        return False

    def _authorized(self, hop: Request) -> Steps[Request]:
        handler = self._handlers.get(hop.host)
        if handler is None:
            return hop
        if handler.challenge.scheme == "basic" and self.login is not None:
            return hop.with_header("Authorization", self.login.authorization)
        if handler.token is None:
            handler.token = yield from self._token(handler)
        return hop.with_header("Authorization", handler.token.authorization)

    def _token(self, handler: _Handler) -> Steps[Token]:
        headers = Headers([("User-Agent", _CLIENT_ID)])
        challenge, scopes = handler.challenge, handler.scopes
        if self.login is not None:
            asked = login_request(challenge, scopes, headers, self.login)
        else:
            asked = token_request(challenge, scopes, headers, client_id=_CLIENT_ID)
        reply = yield from send(asked)
        token = token_in(reply.response) if reply.status == 200 else None
        if token is None:
            raise PullFailedError("unauthorized")
        return token


def _words(status: int) -> str:
    """http.go HTTPError."""
    said = {401: "unauthorized", 403: "unauthorized", 404: "not found", 429: "rate limit exceeded"}.get(status)
    return f"{said or 'unexpected http status code: ' + status_line(status)} [http {status}]"
