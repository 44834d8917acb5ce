"""production.cloudflare.docker.com: blobs behind a link that is signed and expires.

It knows bytes by digest and nothing of repositories, tokens or who asks; a link's signature is all it checks. The
path is that of distribution's storage, as on the real host, and the headers are those of Amazon S3 behind Cloudflare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from pullscope.oci.digest import Digest, find_digest
from pullscope.oci.messages import Request, Response
from pullscope.worlds.hub.answers import Clock, answer, finished
from pullscope.worlds.hub.seal import Seal

CDN_HOST = "production.cloudflare.docker.com"
LINK_LIFETIME = 600

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")  # one range (RFC 9110, 14.1.2); no client of a registry asks for several


def signed_link(seal: Seal, digest: Digest, now: float) -> str:
    """Where a blob can be had, for ten minutes."""
    path = f"/registry-v2/docker/registry/v2/blobs/{digest.algorithm}/{digest.encoded[:2]}/{digest.encoded}/data"
    expires = int(now) + LINK_LIFETIME
    return f"https://{CDN_HOST}{path}?expires={expires}&signature={seal.sign(f'{path} {expires}')}"


class Cdn:
    """Answers for the CDN's host."""

    def __init__(self, *, seal: Seal, clock: Clock, blobs: Mapping[Digest, bytes]) -> None:
        self._seal = seal
        self._clock = clock
        self._blobs = blobs

    def __call__(self, request: Request) -> Response:
        return finished(request, self._answer(request), self._clock)

    def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _refused(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        split = urlsplit(request.url)
        query = parse_qs(split.query)
        expires, signature = query.get("expires", [""])[0], query.get("signature", [""])[0]
        if not self._seal.holds(f"{split.path} {expires}", signature):
            return _refused(403, "AccessDenied", "Access Denied")
        if int(expires) < self._clock():
            return _refused(403, "AccessDenied", "Request has expired")
        digest = find_digest(split.path)
        if digest is None or digest not in self._blobs:
            return _refused(404, "NoSuchKey", "The specified key does not exist.")
        return _part(request.headers.get("Range"), digest, self._blobs[digest])


def _part(wanted: str | None, digest: Digest, body: bytes) -> Response:
    fields = [
        ("Content-Type", "application/octet-stream"),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "public, max-age=14400"),
        ("ETag", f'"{digest.encoded[:32]}"'),
        ("x-amz-storage-class", "INTELLIGENT_TIERING"),
        ("cf-cache-status", "HIT"),
        ("cf-ray", f"{digest.encoded[:16]}-FRA"),
        ("Server", "cloudflare"),
    ]
    asked = _RANGE.fullmatch(wanted or "")
    if not asked or asked.group() == "bytes=-":
        return answer(200, fields, body)
    first, last = asked.groups()
    start = int(first) if first else max(0, len(body) - int(last))
    stop = min(int(last) + 1, len(body)) if first and last else len(body)
    if start >= stop:
        return answer(416, [*fields, ("Content-Range", f"bytes */{len(body)}")])
    return answer(206, [*fields, ("Content-Range", f"bytes {start}-{stop - 1}/{len(body)}")], body[start:stop])


def _refused(status: int, code: str, message: str) -> Response:
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return answer(status, [("Content-Type", "application/xml"), ("Server", "cloudflare")], document.encode())
