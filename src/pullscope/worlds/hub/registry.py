"""registry-1.docker.io: manifests and tags are answered here, blobs are somewhere else, and every answer wants a token.

Statuses, error codes and bodies are those of distribution 2.8, which Docker Hub descends from; what Docker Hub adds
(rate limit headers, referrers that it does not serve) is as docs.docker.com/docker-hub/usage/pulls says and as seen
on the wire. Nothing can be pushed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, quote, urlsplit

from pullscope.oci.digest import Digest
from pullscope.oci.media import DOCKER_INDEX, OCI_INDEX
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.routes import Endpoint, Route, route
from pullscope.worlds.hub.answers import Clock, answer, finished, json_answer, registry_error, text_answer
from pullscope.worlds.hub.cdn import signed_link
from pullscope.worlds.hub.image import Repository, StoredManifest
from pullscope.worlds.hub.rate_limit import RateLimit
from pullscope.worlds.hub.seal import Seal
from pullscope.worlds.hub.token_server import REALM, SERVICE

REGISTRY_HOST = "registry-1.docker.io"

_OCI_INDEX_REFUSED = "OCI index found, but accept header does not support OCI indexes"


class Registry:
    """Answers for the registry's host. `auth=False` makes it a registry that asks nobody for a token."""

    def __init__(
        self,
        *,
        seal: Seal,
        clock: Clock,
        repositories: Mapping[str, Repository],
        rate_limit: RateLimit,
        auth: bool = True,
    ) -> None:
        self._seal = seal
        self._clock = clock
        self._repositories = repositories
        self._rate_limit = rate_limit
        self._auth = auth
        self._endpoints: dict[Endpoint, Callable[[Request, Route, Repository], Response]] = {
            Endpoint.MANIFEST: self._manifest,
            Endpoint.BLOB: self._blob,
            Endpoint.TAGS: self._tags,
        }

    def __call__(self, request: Request) -> Response:
        response = self._answer(request)
        versioned = response.headers.replacing("Docker-Distribution-Api-Version", "registry/2.0")
        return finished(request, Response(status=response.status, headers=versioned, body=response.body), self._clock)

    def _answer(self, request: Request) -> Response:
        asked = route(request.url)
        # `/v2` is asked where a redirect lost the slash; it is treated as the ping, challenge and all.
        if asked.endpoint is not Endpoint.PING and not urlsplit(request.url).path.startswith("/v2/"):
            return text_answer(404, "404 page not found\n")
        refusal = self._refusal(request, asked) if self._auth else None
        if refusal:
            return refusal
        if asked.endpoint is Endpoint.PING:
            return json_answer(200, {})
        if request.method not in ("GET", "HEAD"):
            return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
        endpoint = self._endpoints.get(asked.endpoint)
        if endpoint is None:
            return text_answer(404, "404 page not found\n")
        repository = self._repositories.get(asked.repository or "")
        if repository is None:
            detail = {"name": asked.repository}
            return registry_error(404, "NAME_UNKNOWN", "repository name not known to registry", detail)
        return endpoint(request, asked, repository)

    def _refusal(self, request: Request, asked: Route) -> Response | None:
        """The 401 that says where tokens are and what for; None where the token at hand is good for this."""
        scheme, _, token = (request.headers.get("Authorization") or "").partition(" ")
        error = ""
        if scheme.lower() == "bearer":
            granted = self._seal.granted(token, self._clock())
            if granted is None:
                error = "invalid_token"
            elif asked.repository is None or any(
                scope.type == "repository" and scope.name == asked.repository and "pull" in scope.actions
                for scope in granted
            ):
                return None
            else:
                error = "insufficient_scope"
        challenge = f'Bearer realm="{REALM}",service="{SERVICE}"'
        detail = None
        if asked.repository is not None:
            actions = "pull" if request.method in ("GET", "HEAD") else "pull,push"
            challenge += f',scope="repository:{asked.repository}:{actions}"'
            detail = [
                {"Type": "repository", "Class": "", "Name": asked.repository, "Action": action}
                for action in actions.split(",")
            ]
        if error:
            challenge += f',error="{error}"'
        return registry_error(401, "UNAUTHORIZED", "authentication required", detail, [("WWW-Authenticate", challenge)])

    def _manifest(self, request: Request, asked: Route, repository: Repository) -> Response:
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

    def _blob(self, _request: Request, asked: Route, repository: Repository) -> Response:
        if asked.digest is None or asked.digest not in repository.blobs:
            return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry", asked.digest)
        return answer(307, [("Location", signed_link(self._seal, asked.digest, self._clock()))])

    def _tags(self, request: Request, _asked: Route, repository: Repository) -> Response:
        query = parse_qs(urlsplit(request.url).query)
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
    # distribution 2.8 registry/handlers/manifests.go GetManifest: an index is not given to who did not ask for one.
    if stored.media_type not in (OCI_INDEX, DOCKER_INDEX):
        return True
    accepted = _accepted(request.headers)
    return stored.media_type in accepted or "*/*" in accepted


def _accepted(headers: Headers) -> set[str]:
    lines = ",".join(headers.get_all("Accept"))
    return {part.partition(";")[0].strip() for part in lines.split(",")}
