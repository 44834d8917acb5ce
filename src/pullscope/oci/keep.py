"""What is kept, as tables: parameters, fields and headers by name, each with what its value must look like. Nothing else is.

A value that does not look like what its name says is something else, and goes. docs/redaction.md is made from these tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_VALUE = 4096

# distribution, reference/reference.go: what repositories and tags are made of. Observed names break the case rule.
_NAME = r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*"
_REPOSITORY = rf"(?!.{{256}})(?:{_NAME}(?::[0-9]{{1,5}})?/)?{_NAME}(?:/{_NAME})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST = r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]{1,128}"
_HOST = r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?"
# distribution, docs/content/spec/auth/scope.md: `repository(plugin):samalba/my-app:pull,push`, several with spaces.
_ONE_SCOPE = r"[a-z0-9-]{1,32}(?:\([a-z0-9]{1,32}\))?:[A-Za-z0-9._/:*-]{1,300}:[A-Za-z0-9*,._-]{0,100}"
# public.ecr.aws asks for `scope="aws"`.
_SCOPE = rf"aws|{_ONE_SCOPE}(?:[ +,]{_ONE_SCOPE}){{0,50}}"
_STAMP = r"[0-9]{1,12}|[0-9]{8}T[0-9]{6}Z|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}(?::[0-9]{2}){1,2}Z"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A value that is kept where it looks like what it is called."""

    looks_like: re.Pattern[str]
    """Of the whole value, decoded."""
    what: str
    """That in words."""
    why: str


def _kept(pattern: str, what: str, why: str) -> Kept:
    return Kept(looks_like=re.compile(pattern), what=what, why=why)


_RIGHTS = "what the token is to allow"
_PAGE = "which page of a list"
_BLOB = "which blob or manifest"
_SIGNED = "when a signed address was made, and when it ends"

PARAMETERS: Mapping[str, Kept] = {
    "scope": _kept(_SCOPE, "scopes: `repository:library/nginx:pull`", _RIGHTS),
    "service": _kept(r"[A-Za-z0-9._:/ -]{1,253}", "the name of a service", "for whom the token is"),
    "mount": _kept(_DIGEST, "a digest", "which blob is taken over"),
    "from": _kept(_REPOSITORY, "a repository", "from where it is taken over"),
    "digest": _kept(_DIGEST, "a digest", _BLOB),
    "digest-algorithm": _kept(r"[a-z0-9+._-]{1,32}", "the name of an algorithm", _BLOB),
    "n": _kept(r"[0-9]{1,9}", "a number", _PAGE),
    "last": _kept(rf"{_REPOSITORY}|{_TAG}|{_DIGEST}", "a repository, tag or digest", _PAGE),
    "artifactType": _kept(
        r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+ -]{1,127}", "a media type", "which referrers"
    ),
    "ns": _kept(_HOST, "a host", "for which registry a mirror is asked"),
    "q": _kept(r"[a-z0-9][a-z0-9 ._/-]{0,63}", "words of a search", "what was searched for"),
    "tag": _kept(_TAG, "a tag", "which tag"),
    "client_id": _kept(r"[A-Za-z0-9._/ -]{1,64}", "a word", "which client asks"),
    "offline_token": _kept(r"true|false|0|1", "`true` or `false`", "whether a refresh token is wanted"),
    "grant_type": _kept(
        r"password|refresh_token|access_token|access_token_refresh_token|authorization_code|client_credentials"
        r"|urn:ietf:params:oauth:grant-type:[a-z0-9-]{1,32}",
        "a grant of RFC 6749",
        "with what the client asks",
    ),
    # AWS SigV4's query, CloudFront and Google (`Expires`), Azure's SAS.
    "X-Amz-Date": _kept(_STAMP, "a time", _SIGNED),
    "X-Amz-Expires": _kept(_STAMP, "seconds", _SIGNED),
    "X-Goog-Date": _kept(_STAMP, "a time", _SIGNED),
    "X-Goog-Expires": _kept(_STAMP, "seconds", _SIGNED),
    "Expires": _kept(_STAMP, "a time", _SIGNED),
    "se": _kept(_STAMP, "a time", _SIGNED),
    "st": _kept(_STAMP, "a time", _SIGNED),
    "sp": _kept(r"[racwdxyltmeopif]{1,15}", "letters of permissions", "what a signed address of Azure allows"),
    "sv": _kept(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date", "which version of Azure's signature"),
}
"""Of queries. go-containerregistry (internal/redact/redact.go) keeps the first seven."""

FIELDS: Mapping[str, Kept] = {
    **{name: PARAMETERS[name] for name in ("grant_type", "service", "client_id", "scope", "offline_token")},
    "access_type": _kept(r"online|offline", "`online` or `offline`", "whether a refresh token is wanted"),
}
"""Of a token request by POST (distribution, docs/content/spec/auth/oauth.md)."""

ANSWER: Mapping[str, Kept] = {
    "expires_in": _kept(r"[0-9]{1,12}", "seconds", "for how long the token is good"),
    "issued_at": _kept(r"[0-9:TZ. +-]{1,40}", "a time", "since when"),
    "token_type": _kept(r"[Bb]earer", "`Bearer`", "how the token is sent"),
    "scope": PARAMETERS["scope"],
}
"""Of a token server's answer (distribution, docs/content/spec/auth/token.md)."""

_MANIFEST = """
schemaVersion mediaType artifactType config layers blobs manifests subject annotations name tag architecture fsLayers
"""
MANIFEST = frozenset(_MANIFEST.split())
"""Of a manifest that is sent (image-spec manifest.md, image-index.md; distribution's schema 1)."""

# What was asked for, what came, how it was cached and carried (RFC 9110, 9111, 9112, 9530).
_HTTP = """
accept accept-charset accept-encoding accept-language accept-ranges age allow cache-control connection
content-digest content-disposition content-encoding content-language content-length content-md5 content-range
content-type date digest etag expect expires host if-match if-modified-since if-none-match if-range
if-unmodified-since keep-alive last-modified pragma proxy-connection range repr-digest retry-after server te trailer
transfer-encoding upgrade user-agent vary via want-digest warning
"""
# Registries: distribution spec, Docker, rate limits, containers/image's signatures.
_REGISTRY = """
docker-content-digest docker-distribution-api-version docker-ratelimit-source docker-upload-uuid
oci-chunk-max-length oci-chunk-min-length oci-filters-applied oci-namespace oci-subject oci-tag ratelimit
ratelimit-limit ratelimit-policy ratelimit-remaining ratelimit-reset x-ratelimit-limit x-ratelimit-remaining
x-ratelimit-reset x-registry-supports-signatures
"""
# Who stands behind a host: the evidence for labels.
_EVIDENCE = """
cf-cache-status cf-ray x-amz-cf-pop x-amz-request-id x-amz-storage-class x-azure-ref x-cache x-cache-hits
x-github-request-id x-goog-storage-class x-jfrog-version x-ms-blob-type x-ms-request-id x-ms-version x-nf-request-id
x-served-by x-docker-registry-proxy-cache-upstream-status x-squid-error x-vercel-cache x-vercel-id
"""
HEADERS: Mapping[str, frozenset[str]] = {
    "what was asked for and what came (HTTP)": frozenset(_HTTP.split()),
    "registries": frozenset(_REGISTRY.split()),
    "evidence of what is behind a host": frozenset(_EVIDENCE.split()),
}
"""By what they are kept for; their values are searched for secrets as text anyway."""
