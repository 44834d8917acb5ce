"""The registry that is played: manifests and tags are answered here, blobs are where its row says.

Statuses, error codes and bodies are those of distribution 2.8, which Docker Hub and many others descend from, where the
row says nothing else. What Docker Hub adds (rate limit headers, referrers that it does not serve) is as
docs.docker.com/docker-hub/usage/pulls and docker/hub-feedback#1907 say, and as seen on the wire: so many manifest GETs in a
sliding window, counted on an address; HEAD is free. Nothing can be pushed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from pullscope.oci.digest import Digest
from pullscope.oci.media import DOCKER_INDEX, OCI_INDEX
from pullscope.oci.messages import Request, Response
from pullscope.oci.reference import HUB_API
from pullscope.oci.routes import Endpoint, Route, route
from pullscope.oci.urls import parameters, path_of, split
from pullscope.worlds.hub.cdn import Cdn, blob_answer
from pullscope.worlds.hub.held import Held, answer, finished, json_answer, not_found, registry_error, said
from pullscope.worlds.hub.image import Repository, StoredManifest
from pullscope.worlds.hub.token_server import basic
from pullscope.worlds.registries.row import Anonymous, Asks

REGISTRY_HOST = HUB_API

_OCI_INDEX_REFUSED = "OCI index found, but accept header does not support OCI indexes"
_WINDOW = 6 * 3600
PULL_LIMIT = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"


class RateLimit:
    """The count of one address. `limit=None` is an account without a limit: no headers at all."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._spent: deque[float] = deque()

    def spend(self, now: float) -> bool:
        """Count one pull; False where none is left."""
        if self._limit is None:
            return True
        if self._left(now) == 0:
            return False
        self._spent.append(now)
        return True

    def fields(self, now: float) -> list[tuple[str, str]]:
        if self._limit is None:
            return []
        return [
            ("ratelimit-limit", f"{self._limit};w={_WINDOW}"),
            ("ratelimit-remaining", f"{self._left(now)};w={_WINDOW}"),
            ("docker-ratelimit-source", "203.0.113.7"),
        ]

    def refusal(self, now: float) -> Response:
        wait = int(self._spent[0] + _WINDOW - now) + 1 if self._spent else _WINDOW
        return registry_error(429, "TOOMANYREQUESTS", PULL_LIMIT, None, [*self.fields(now), ("Retry-After", str(wait))])

    def _left(self, now: float) -> int:
        while self._spent and self._spent[0] <= now - _WINDOW:
            self._spent.popleft()
        return max(0, (self._limit or 0) - len(self._spent))


class Registry:
    """Answers for the registry's host."""

    def __init__(self, held: Held, *, cdn: Cdn | None, rate_limit: RateLimit, auth: bool) -> None:
        """Without `cdn` blobs are answered here; `auth=False` makes it one that needs no token."""
        self._held, self._row, self._clock = held, held.row, held.clock
        self._cdn = cdn
        self._rate_limit = rate_limit
        self._asks = held.row.asks.value if auth and held.row.asks is not None else None
        self._open = held.row.anonymous.value is Anonymous.OPEN and not held.private
        self._endpoints: dict[Endpoint, Callable[[Request, Route, Repository], Response]] = {
            Endpoint.MANIFEST: self._manifest,
            Endpoint.BLOB: self._blob,
            Endpoint.TAGS: self._tags,
        }

    def __call__(self, request: Request) -> Response:
        response = self._answer(request)
        versioned = response.headers.replacing("Docker-Distribution-Api-Version", "registry/2.0")
        return finished(request, replace(response, headers=versioned), self._clock)

    def _answer(self, request: Request) -> Response:
        asked = route(request.url)
        # `/v2` is asked where a redirect lost the slash; it is treated as the ping, challenge and all.
        if asked.endpoint is not Endpoint.PING and not path_of(request.url).startswith("/v2/"):
            return not_found()
        refusal = self._refusal(request, asked, self._asks) if self._asks is not None else None
        if refusal:
            return refusal
        if asked.endpoint is Endpoint.PING:
            return json_answer(200, {})
        if request.method not in ("GET", "HEAD"):
            return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
        endpoint = self._endpoints.get(asked.endpoint)
        if endpoint is None:
            return not_found()
        repository = self._held.repositories.get(asked.repository or "")
        if repository is None:
            detail = {"name": asked.repository}
            return registry_error(404, "NAME_UNKNOWN", "repository name not known to registry", detail)
        return endpoint(request, asked, repository)

    def _refusal(self, request: Request, asked: Route, asks: Asks) -> Response | None:
        """The 401 that says how to come back; None where what is at hand is good for this."""
        ping = asked.endpoint is Endpoint.PING
        error = self._error(request, asked, asks, ping=ping)
        named = asks.ping if ping or asked.repository is None else asks.other
        if error is None or not named:
            return None
        actions = "pull" if request.method in ("GET", "HEAD") else "pull,push"
        scope = f"repository:{asked.repository}:{actions}"
        lines = asks.refused if error and asks.refused is not None and not ping else named
        fields = [("WWW-Authenticate", line.replace("{scope}", scope).replace("{url}", request.url)) for line in lines]
        if error and asks.names_error:
            fields = [(name, f'{line},error="{error}"') for name, line in fields]
        if asks.says is None:
            return answer(401, fields)
        if asked.repository is None or not asks.names_error or asks.says.code is None:
            return said(asks.says, repository=asked.repository or "", fields=fields)
        detail = [
            {"Type": "repository", "Class": "", "Name": asked.repository, "Action": action}
            for action in actions.split(",")
        ]
        return registry_error(asks.says.status, asks.says.code, asks.says.message, detail, fields)

    def _error(self, request: Request, asked: Route, asks: Asks, *, ping: bool) -> str | None:
        """What is wrong with the credentials: empty where there are none, None where they are good."""
        scheme, _, text = (request.headers.get("Authorization") or "").partition(" ")
        if scheme.lower() == "bearer" and self._row.tokens is not None:
            granted = self._held.seal.granted(text, self._clock())
            if granted is None:
                return "invalid_token"
            enough = ping or asked.repository is None or self._open
            named = (one for one in granted if (one.type, one.name) == ("repository", asked.repository))
            return None if enough or any("pull" in one.actions for one in named) else "insufficient_scope"
        if scheme.lower() == "basic" and asks.basic:
            return None if self._held.knows(*basic(f"{scheme} {text}")) else "invalid_token"
        if self._open and not ping and not (asks.head_always and request.method == "HEAD"):
            return None
        return ""

    def _manifest(self, request: Request, asked: Route, repository: Repository) -> Response:
        elsewhere = self._row.manifests
        if elsewhere is not None:
            path = path_of(request.url).removeprefix("/v2")
            location = f"https://{elsewhere.value.host}{elsewhere.value.prefix}{path}"
            return answer(elsewhere.value.status, [("Location", location)])
        if asked.digest is not None:
            digest, detail = asked.digest, {"Name": repository.name, "Revision": asked.digest}
        else:
            tag = asked.reference or ""
            digest, detail = repository.tags.get(tag, Digest.of(b"")), {"Tag": tag}
        stored = repository.manifests.get(digest)
        if stored is None:
            return registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown", detail)
        if not _acceptable(request, stored):
            return registry_error(404, "MANIFEST_UNKNOWN", _OCI_INDEX_REFUSED)
        now = self._clock()
        if request.method == "GET" and not self._rate_limit.spend(now):
            return self._rate_limit.refusal(now)
        fields = [
            ("Content-Type", stored.media_type),
            ("Docker-Content-Digest", digest),
            ("ETag", f'"{digest}"'),
            *self._rate_limit.fields(now),
        ]
        return answer(200, fields, stored.body)

    def _blob(self, request: Request, asked: Route, repository: Repository) -> Response:
        if asked.digest is None or asked.digest not in repository.blobs:
            return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry", asked.digest)
        if self._cdn is None or (request.method == "HEAD" and not self._cdn.form.head):
            own = [("Docker-Content-Digest", str(asked.digest))]
            return blob_answer(request, asked.digest, repository.blobs[asked.digest], own)
        location = self._cdn.link(asked.digest, self._clock())
        return answer(self._cdn.form.status, [("Location", location)])

    def _tags(self, request: Request, _asked: Route, repository: Repository) -> Response:
        query = parameters(split(request.url).query)
        last = query.get("last", [""])[0]
        tags = [tag for tag in sorted(repository.tags) if tag > last]
        asked_number = query.get("n", [""])[0]
        number = int(asked_number) if asked_number.isdecimal() else len(tags)
        page = tags[:number]
        fields: list[tuple[str, str]] = []
        if page and len(page) < len(tags):
            following = f"/v2/{repository.name}/tags/list?last={quote(page[-1])}&n={number}"
            fields.append(("Link", f'<{following}>; rel="next"'))
        return json_answer(200, {"name": repository.name, "tags": page}, fields)


def _acceptable(request: Request, stored: StoredManifest) -> bool:
    # distribution 2.8 registry/handlers/manifests.go GetManifest: an index is sent only if Accept names it.
    if stored.media_type not in (OCI_INDEX, DOCKER_INDEX):
        return True
    lines = ",".join(request.headers.get_all("Accept"))
    return bool({stored.media_type, "*/*"} & {part.partition(";")[0].strip() for part in lines.split(",")})
