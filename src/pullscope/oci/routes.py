"""What a URL asks of a registry: the endpoint, and the names in it.

Paths are read from the right, because tags, digests and upload ids hold no slash while repositories hold any
number, and may themselves be called `manifests` or `blobs/uploads`. They are anchored at the start: CDN paths
contain `/v2/` too, and of those only the digest is taken. Reading never refuses: a name that breaks the grammar is
a name anyway, and what fits no endpoint is NONE. Methods and hosts are not looked at, and no URL is
remembered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, unquote_plus

from pullscope.oci.agents import UNKNOWN, identify
from pullscope.oci.beside import api_of
from pullscope.oci.digest import Digest, as_digest, find_digest
from pullscope.oci.messages import Headers
from pullscope.oci.urls import path_of


class Endpoint(StrEnum):
    """The endpoints of the distribution spec, of Docker's registry API, of chart repositories, and what is older than these or
    beside them."""

    PING = "ping"
    MANIFEST = "manifest"
    BLOB = "blob"
    UPLOAD_START = "upload-start"
    UPLOAD = "upload"
    TAGS = "tags"
    CATALOG = "catalog"
    REFERRERS = "referrers"
    EXTENSION = "extension"
    SIGNATURES = "signatures"
    CHARTS = "charts"
    V1_PING = "v1-ping"
    V1_SEARCH = "v1-search"
    V1 = "v1"
    BESIDE = "beside"
    NONE = "none"


# spec.md "Endpoints" (end-1 to end-14) in the order in which distribution's router tries them
# (registry/api/v2/descriptors.go), then what is not in the spec. The first that fits wins.
# Before each stands a word without which it cannot fit: looking for it costs a tenth of trying the pattern.
_PATHS: tuple[tuple[str, Endpoint, re.Pattern[str]], ...] = tuple(
    (word, endpoint, re.compile(pattern, re.DOTALL))
    for word, endpoint, pattern in (
        # Without its slash too: some hosts redirect `/v2/` to `/v2`, and clients follow.
        ("/v2", Endpoint.PING, r"/v2/?"),
        ("/_catalog", Endpoint.CATALOG, r"/v2/_catalog/?"),
        ("/tags/list", Endpoint.TAGS, r"/v2/(?P<repository>.+)/tags/list/?"),
        ("/manifests/", Endpoint.MANIFEST, r"/v2/(?P<repository>.+)/manifests/(?P<reference>[^/]+)"),
        ("/blobs/uploads", Endpoint.UPLOAD_START, r"/v2/(?P<repository>.+)/blobs/uploads/?"),
        ("/blobs/", Endpoint.BLOB, r"/v2/(?P<repository>.+)/blobs/(?P<digest>[^/]+)"),
        ("/referrers/", Endpoint.REFERRERS, r"/v2/(?P<repository>.+)/referrers/(?P<digest>[^/]+)"),
        ("/blobs/upload", Endpoint.UPLOAD, r"/v2/(?P<repository>.+)/blobs/uploads/(?P<upload_id>[^/]+)"),
        # spec.md, extensions/README.md: `/v2/[<name>/]_<extension>/<component>/<module>`; notary's `_trust` is of
        # that form.
        ("/_", Endpoint.EXTENSION, r"/v2/(?:(?P<repository>.+?)/)?_[^/]+/.+"),
        # ids with slashes, as the Location of an upload may have, which is opaque (end-5, end-6).
        ("/blobs/upload", Endpoint.UPLOAD, r"/v2/(?P<repository>.+?)/blobs/uploads?/(?P<upload_id>.+)"),
        # What no reference can be, but was asked for as one: helm/helm#10152.
        ("/manifests/", Endpoint.MANIFEST, r"/v2/(?P<repository>.+?)/manifests/(?P<reference>.+)"),
        # containers/image docker_client.go, only where the ping said X-Registry-Supports-Signatures.
        ("/signatures/", Endpoint.SIGNATURES, r"/extensions/v2/(?P<repository>.+)/signatures/(?P<digest>[^/]+)"),
        ("/v1/_ping", Endpoint.V1_PING, r"/v1/_ping/?"),
        ("/v1/search", Endpoint.V1_SEARCH, r"/v1/search/?"),
        ("/v1", Endpoint.V1, r"/v1(?:/.*)?"),
    )
)

_MANIFEST_PATH = next(pattern for _, endpoint, pattern in _PATHS if endpoint is Endpoint.MANIFEST)

# spec.md, "Referrers Tag Schema": the subject's digest with a hyphen for the colon.
_FALLBACK_TAG = re.compile(r"([a-z0-9]+)-([0-9a-f]{64,})")
# cosign's tags for what it knows of an image: sha256-<hex>.sig, .att, .sbom
_COSIGN_TAG = re.compile(r"[a-z0-9]+-[0-9a-f]{64,}\.(?:sig|att|sbom)")

# containers/image, docs/containers-registries.d.5.md and signature-protocols.md: signatures beside a registry, on a host of their
# own, counted from 1.
_LOOKASIDE = re.compile(
    r"/(?:.*/)?[^/]+@(?P<algorithm>[a-z0-9]+)=(?P<hex>[0-9a-f]{32,128})/signature-[0-9]+", re.DOTALL
)

# helm.sh/docs, "The Chart Repository Guide": an index, and archives at the addresses that it names (helm/helm#9868, #9820).
_CHARTS = re.compile(r"(?:/(?P<repository>.+?))??/(?:index\.yaml|(?:charts/)?(?P<reference>[^/]+\.tgz))", re.DOTALL)

# Asked of a registry where none has its API: the path of a mirror is taken as it is written (k3s-io/k3s#5502, and hosts.toml with
# override_path: containerd/containerd#6634). Only `ns` and Accept say so, for git servers have /blobs/, others /manifests/.
_WITHOUT_V2 = re.compile(r"/.+/(?:manifests/[^/]+|blobs/[a-z0-9]+:[0-9a-f]{32,128})", re.DOTALL)
# A registry below a path (distribution: http.prefix; Artifactory: /artifactory/api/docker/KEY; Nexus: /repository/NAME).
_OWN = re.compile(
    r"/v2/(?:_catalog/?|.+/(?:tags/list/?|manifests/[^/]+|blobs/uploads/?.*"
    r"|(?:blobs|referrers)/[a-z0-9]+:[0-9a-f]{32,128}))?",
    re.DOTALL,
)
_HOST = re.compile(r"[^/]+(?:\.[^/]+|:[0-9]+)|localhost")
_MANIFEST_TYPE = re.compile(r"application/vnd\.(?:oci\.image|docker\.distribution)\.(?:manifest|index)")
_STARTS = ("/v2", "/v1", "/extensions/v2/")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_ASKED = frozenset({"ns", "digest", "mount", "from"})
_MAX_PARAMETERS = 100


@dataclass(kw_only=True, slots=True)
class Route:
    """What a URL names; None where it does not. Never changed; to make it frozen would double what it costs."""

    endpoint: Endpoint
    repository: str | None = None
    reference: str | None = None
    """Of a manifest: the tag or digest, as it was asked for."""
    digest: Digest | None = None
    """Of a blob, a manifest by digest, referrers, `?digest=` of an upload, or a path that no endpoint explains."""
    upload_id: str | None = None
    ns: str | None = None
    """The registry that a mirror is asked to stand in for (spec, "Registry Proxying")."""
    mount: Digest | None = None
    from_repository: str | None = None

    @property
    def named(self) -> str | None:
        """The tag, digest or upload that a URL names."""
        return self.reference or self.digest or self.upload_id

    @property
    def fallback_for(self) -> Digest | None:
        """The subject whose referrers are asked for by tag, where the endpoint is missing."""
        found = _FALLBACK_TAG.fullmatch(self.reference) if self.reference and self.digest is None else None
        return as_digest(f"{found[1]}:{found[2]}") if found else None

    @property
    def cosign(self) -> bool:
        """Whether the tag is one of cosign's."""
        return self.reference is not None and self.digest is None and _COSIGN_TAG.fullmatch(self.reference) is not None


def route(url: str, headers: Headers | None = None) -> Route:
    """What `url`, absolute or only a path, asks of a registry; what is sent with it tells where the path alone does not."""
    origin = _ORIGIN.match(url)
    # browsers ask such an API for a website's pages
    if api_of(url) is not None and not (headers and (headers.get("user-agent") or "").startswith("Mozilla")):
        return Route(endpoint=Endpoint.BESIDE)
    path, _, query = url[origin.end() if origin else 0 :].partition("#")[0].partition("?")
    if "%" in path:
        path = unquote(path)
    asked = _parameters(query) if query else {}
    if not path.startswith(_STARTS) and ("/v2/" in path or "ns" in asked or "/manifests/" in path):
        path = _own_path(path, asked, headers or Headers(), nested="%2f" in url.lower())
    if path.endswith(("/index.yaml", ".tgz")) and "/manifests/" not in path and (chart := _CHARTS.fullmatch(path)):
        return Route(endpoint=Endpoint.CHARTS, repository=chart["repository"], reference=chart["reference"])
    if not path.startswith(_STARTS):
        if "@" in path and (beside := _LOOKASIDE.fullmatch(path)) is not None:
            return Route(endpoint=Endpoint.SIGNATURES, digest=as_digest(f"{beside['algorithm']}:{beside['hex']}"))
        return Route(endpoint=Endpoint.NONE, digest=find_digest(path), ns=asked.get("ns"))
    for word, endpoint, pattern in _PATHS:
        found = pattern.fullmatch(path) if word in path else None
        if found is not None:
            names = found.groupdict()
            reference = names.get("reference")
            digest = as_digest(names.get("digest") or reference)
            if endpoint in (Endpoint.UPLOAD, Endpoint.UPLOAD_START):
                digest = as_digest(asked.get("digest"))
            return Route(
                endpoint=endpoint,
                repository=names.get("repository"),
                reference=reference,
                digest=digest,
                upload_id=names.get("upload_id"),
                ns=asked.get("ns"),
                mount=as_digest(asked.get("mount")),
                from_repository=asked.get("from"),
            )
    return Route(endpoint=Endpoint.NONE, digest=find_digest(path), ns=asked.get("ns"))


def below(url: str) -> str:
    """The path before /v2/, where a registry is below one."""
    at, found, _ = path_of(url).partition("/v2/")
    return at if found else ""


def _own_path(path: str, asked: dict[str, str], headers: Headers, *, nested: bool) -> str:
    """A path as it would be at the root of its host, where it is a registry's below another path.

    Other interfaces are mostly at /api/v2/, and /v2/ alone may be anything: there the User-Agent decides. A slash that is
    `nested` in one part of a path belongs to another interface's names (GitHub's pages of packages).
    """
    at, found, rest = path.partition("/v2/")
    own = f"{found}{rest}"
    if found and path.startswith("/") and not nested and _OWN.fullmatch(own):
        family = identify(headers.get("user-agent")).family
        known = family not in (UNKNOWN, "curl")
        if known or (not at.endswith("/api") and (family != UNKNOWN or own != found)):
            return own
    if "ns" in asked or ("/manifests/" in path and _MANIFEST_TYPE.search(headers.get("accept") or "")):
        # A mirror below a path: containerd puts /v2 behind what hosts.toml names, and says which registry is meant (1.6: seen).
        path = path[max(0, path.find("/v2/")) :]
        if not path.startswith(_STARTS) and _HOST.fullmatch(asked.get("ns", "localhost")):
            return f"/v2{path}" if _WITHOUT_V2.fullmatch(path) else path
    return path


def is_manifest(path: str) -> bool:
    """Whether `route` finds a manifest there; for a path that is not percent-encoded, and at a tenth of the cost."""
    if _MANIFEST_PATH.fullmatch(path.partition("?")[0]) is not None:
        return True
    return "/manifests/" in path and route(path).endpoint is Endpoint.MANIFEST


def _parameters(query: str) -> dict[str, str]:
    """The first value of each parameter that a route can hold."""
    asked: dict[str, str] = {}
    for part in query.split("&", _MAX_PARAMETERS)[:_MAX_PARAMETERS]:
        name, _, value = part.partition("=")
        if name in _ASKED and value:
            asked.setdefault(name, unquote_plus(value))
    return asked
