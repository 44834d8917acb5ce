"""`crane pull` and `crane ls`, and with them ko, kaniko and cosign: what they share is google/go-containerregistry.

Two dialects, divided by PR #2360 (0.21.8, 2026-07-29). Compared with crane 0.20.2 and 0.21.9 in a lab, by how each row of
the vanity table ended; not run in CI. Sources: pkg/v1/remote/transport/{ping,bearer}.go, pkg/v1/remote/{fetcher,list}.go.

What makes it itself: the ping must be answered 200 or 401, and decides for good whether tokens are used. The token is
asked for at once and given to the reference's own host only. What follows a 401 happens below Go's redirects: up to
0.21.7 another token of the *first* realm, which is then not sent to the redirected host; from 0.21.8 an anonymous token
of that host's realm, one for each request.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from pullscope.oci.challenge import Challenge, read_challenges
from pullscope.oci.digest import Digest
from pullscope.oci.documents import Descriptor, Index, Manifest, read_errors, read_manifest
from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, SCHEMA1, SCHEMA1_SIGNED
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.reference import DOCKER_HUB, HUB_INDEX
from pullscope.oci.statuses import status_line
from pullscope.oci.urls import joined, split
from pullscope.worlds.clients.bearer import Login, Token, token_in, token_request
from pullscope.worlds.clients.go_http import GoError, Reply, send
from pullscope.worlds.clients.image_pull import ImagePull, config_of
from pullscope.worlds.clients.steps import Outcome, PullFailedError, Steps, ask, together

# pkg/v1/remote/descriptor.go: acceptableImageMediaTypes, then acceptableIndexMediaTypes and schema 1
_ACCEPT = f"{DOCKER_MANIFEST},{OCI_MANIFEST},{DOCKER_INDEX},{OCI_INDEX},{SCHEMA1},{SCHEMA1_SIGNED}"
_PARALLEL = 4  # remote/options.go defaultJobs
_ALLOWED_AFTER_PING = (200, 401)
_TAGS_IN_A_PAGE = 1000  # remote/options.go defaultPageSize
_MOST_PAGES = 100  # crane has no limit; this one stands here, so that every run ends


@dataclass(kw_only=True)
class Crane(ImagePull):
    """`per_host_token` is what PR #2360 brought."""

    version: str = "0.21.9"
    per_host_token: bool = True
    _challenge: Challenge | None = field(default=None, init=False)
    _scopes: list[str] = field(default_factory=list, init=False)
    _token: Token | None = field(default=None, init=False)

    def pull(self) -> Steps[Outcome]:
        return self._ended(self._image())

    def list_tags(self) -> Steps[Outcome]:
        """list.go: page after page, wherever `Link` points."""
        return self._ended(self._tags())

    # The conversation, from the first request to the last.

    def _ping(self) -> Steps[None]:
        """ping.go: with Go's own redirects; a realm of a host behind a redirect counts as the reference's."""
        reply = yield from send(self._request(f"https://{self._host}/v2/"))
        if reply.status not in _ALLOWED_AFTER_PING:
            raise _failed(reply)
        if reply.status == 200:
            return
        challenges = read_challenges(reply.response.headers.get_all("WWW-Authenticate"))
        known = next((item for item in challenges if item.scheme in ("basic", "bearer")), None)
        if known is None:
            raise PullFailedError("unrecognized challenge: ")
        self._challenge = known
        if known.scheme == "bearer":
            if not known.realm:
                raise PullFailedError("malformed www-authenticate, missing realm: map[]")
            self._scopes = [f"repository:{self.reference.repository}:pull"]
            self._token = yield from self._fetch_token(known, self._scopes, self.login)

    def _image(self) -> Steps[None]:
        yield from self._ping()
        document, self._resolved = yield from self._manifest(self.reference.digest)
        if isinstance(document, Index):
            entry = self._entry(document, f"no child with platform {self.platform} in index {self.reference}")
            document, _ = yield from self._manifest(entry.digest)
        manifest, config = config_of(document, f"unsupported MediaType in {self.reference}")
        yield from together(*map(self._blob, self._missing((config, *manifest.layers))), limit=_PARALLEL)

    def _tags(self) -> Steps[None]:
        yield from self._ping()
        url = self._url(f"tags/list?n={_TAGS_IN_A_PAGE}")
        for _page in range(_MOST_PAGES):
            reply = yield from self._get(url)
            link = reply.header("Link")
            if not link.startswith("<"):
                return
            url = joined(reply.request.url, link[1:].partition(">")[0])

    def _manifest(self, digest: Digest | None) -> Steps[tuple[Index | Manifest, Digest]]:
        """By digest, or by the reference's tag."""
        reply = yield from self._get(self._url(f"manifests/{digest or self._wanted}"), ("Accept", _ACCEPT))
        got = Digest.of(reply.body)
        if digest is not None and got != digest:
            raise PullFailedError(
                f'manifest digest: "{got}" does not match requested digest: "{digest}" for "{self.reference}"'
            )
        document = read_manifest(reply.body, reply.header("Content-Type"))
        if document is None:
            raise PullFailedError(f"unsupported MediaType: {reply.header('Content-Type')}")
        return document, got

    def _blob(self, descriptor: Descriptor) -> Steps[None]:
        reply = yield from self._get(self._url(f"blobs/{descriptor.digest}"))
        got = Digest.of(reply.body)
        if len(reply.body) < (descriptor.size or 0):
            raise PullFailedError("unexpected EOF")  # no resume
        if got != descriptor.digest:
            raise PullFailedError(f"error verifying sha256 checksum; got {got}, want {descriptor.digest}")

    # Requests, and who gets the token.

    def _url(self, path: str) -> str:
        return f"https://{self._host}/v2/{self.reference.repository}/{path}"

    def _get(self, url: str, *more: tuple[str, str]) -> Steps[Reply]:
        request = self._request(url, *more)
        # fetcher.go's CheckRedirect has no limit of its own; Go's ten stand here, so that every run ends.
        reply = yield from send(request, round_trip=self._round_trip)
        if reply.status != 200:
            raise _failed(reply)
        return reply

    def _request(self, url: str, *more: tuple[str, str]) -> Request:
        agent = f"crane/{self.version} go-containerregistry/{self.version}"
        return Request(
            method="GET", url=url, headers=Headers([("User-Agent", agent), *more, ("Accept-Encoding", "gzip")])
        )

    def _guard(self, hop: Request) -> None:
        """fetcher.go checkRedirectSSRF."""
        host = split(hop.url).host
        if self.per_host_token and host != split(f"//{self._host}").host and _is_private(host):
            why = f'SSRF protection: redirect from "{self._host}" to private/link-local host "{host}" denied'
            raise PullFailedError(why)

    def _round_trip(self, hop: Request) -> Steps[tuple[Request, Response]]:
        """bearer.go RoundTrip: below redirects, so it is asked about every hop."""
        self._guard(hop)
        ours = hop.host == self._host
        sent = self._authorized(hop) if ours else hop
        response = yield from ask(sent)
        if self._token is None or self._challenge is None or response.status != 401:
            return sent, response
        challenges = read_challenges(response.headers.get_all("WWW-Authenticate"))
        if not challenges:
            return sent, response
        if not ours and self.per_host_token:
            sent = yield from self._for_another_host(hop, challenges)
        else:
            new = [item.scope for item in challenges if item.scope and item.scope not in self._scopes]
            self._scopes = [*new, *self._scopes]
            self._token = yield from self._fetch_token(self._challenge, self._scopes, self.login)
            sent = self._authorized(hop) if ours else hop
        return sent, (yield from ask(sent))

    def _authorized(self, hop: Request) -> Request:
        if self._token is not None:
            authorization = self._token.authorization
        elif self.login is not None:
            # transport.go: whatever is not Bearer gets basic.go, and so does a ping that was answered 200.
            authorization = self.login.authorization
        else:
            return hop
        return hop.with_header("Authorization", authorization)

    def _for_another_host(self, hop: Request, challenges: tuple[Challenge, ...]) -> Steps[Request]:
        """bearer.go handleCrossHostChallenge: anonymous, for this request only; without a token it is sent bare."""
        for challenge in challenges:
            if challenge.scheme != "bearer" or not challenge.realm:
                continue
            try:
                token = yield from self._fetch_token(challenge, [challenge.scope or ""], None)
            except (PullFailedError, GoError):
                continue
            return hop.with_header("Authorization", token.authorization)
        return hop

    def _fetch_token(self, challenge: Challenge, scopes: list[str], login: Login | None) -> Steps[Token]:
        if self.per_host_token and _is_private(split(challenge.realm or "").host):
            raise PullFailedError("invalid realm in www-authenticate: private or link-local address")
        asked = token_request(challenge, scopes, self._request("").headers)
        if login is not None:
            # bearer.go refreshBasic: no `account`
            asked = asked.with_header("Authorization", login.authorization)
        reply = yield from send(asked)
        if reply.status != 200:
            raise _failed(reply)
        token = token_in(reply.response)
        if token is None:
            raise PullFailedError("no token in bearer response")
        return token

    @property
    def _host(self) -> str:
        return HUB_INDEX if self.reference.registry == DOCKER_HUB else self.reference.api_host


def _failed(reply: Reply) -> PullFailedError:
    """transport/error.go: the registry's own errors, else the status."""
    request = reply.request
    errors = read_errors(reply.body)
    why = "; ".join(f"{error.code}: {error.message}" for error in errors)
    what = why or f"unexpected status code {status_line(reply.status)}"
    return PullFailedError(f"{request.method} {request.url.partition('?')[0]}: {what}")


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified
