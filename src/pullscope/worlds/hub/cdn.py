"""Where blobs are: behind links that are signed and expire, in the form of the registry that is played.

It knows bytes by digest and nothing of repositories, tokens or who asks; a link's signature is all it checks. A link is
checked by making it anew: what was changed in it is refused, whatever the form.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

from pullscope.oci.digest import Digest
from pullscope.oci.messages import Request, Response
from pullscope.oci.urls import parameters, path_of, split
from pullscope.worlds.hub.held import Held, answer, finished, storage_error
from pullscope.worlds.registries.row import Blobs

CDN_HOST = "production.cloudflare.docker.com"

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")  # one range (RFC 9110, 14.1.2); no client of a registry asks for several
_ISO = "%Y-%m-%dT%H:%M:%SZ"
_AMAZON = "%Y%m%dT%H%M%SZ"


_USUAL_LIFE = 600
"""Seconds that a link with a time in it is good for by default."""


class Cdn:
    """Answers for the storage of one registry, whose links it makes and recognises."""

    def __init__(self, held: Held, form: Blobs) -> None:
        self._clock = held.clock
        self.form = form
        self._blobs = {digest: blob for item in held.repositories.values() for digest, blob in item.blobs.items()}
        timed = any(name in form.query for name in ("{expires}", "{iso}", "{date}"))
        self._life = form.life or (_USUAL_LIFE if timed else 0)
        self._host = form.host or held.row.host
        self._seal = held.seal
        self._at = {form.path.format(**_names(digest), signature=""): digest for digest in self._blobs}
        self._signed_path = "{signature}" in form.path
        self._length = len(held.seal.sign("")) if self._signed_path else 0

    def link(self, digest: Digest, now: float) -> str:
        """Where a blob can be had, and for as long as the form says."""
        names = _names(digest)
        life = self._life
        until = int(now) + life
        times = {
            "expires": str(until),
            "iso": quote(datetime.fromtimestamp(until, UTC).strftime(_ISO), safe=""),
            "date": datetime.fromtimestamp(int(now), UTC).strftime(_AMAZON),
            "life": str(life),
        }
        place = self.form.path.format(**names, signature="")
        signature = self._seal.sign(f"{place} {until if life else ''}")
        path = self.form.path.format(**names, signature=signature)
        query = self.form.query.format(**names, **times, signature=signature)
        return f"https://{self._host}{path}{'?' if query else ''}{query}"

    def _digest(self, url: str) -> Digest | None:
        """What a link leads to, whether or not it is good."""
        path = path_of(url)
        return self._at.get(path[: -self._length] if self._signed_path else path)

    def _refusal(self, url: str, now: float) -> Response | None:
        """Why a link is refused; None where it is good."""
        digest = self._digest(url)
        if not self.form.signer:
            return None if digest else storage_error(404, "NoSuchKey", "The specified key does not exist.")
        until = _until(split(url).query) if self._life else 0.0
        if digest is None or until is None or self.link(digest, until - self._life) != url:
            return storage_error(403, "AccessDenied", "Access Denied")
        if self._life and until < now:
            return storage_error(403, "AccessDenied", "Request has expired")
        return None

    def __call__(self, request: Request) -> Response:
        return finished(request, self._answer(request), self._clock)

    def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return storage_error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        refusal = self._refusal(request.url, self._clock())
        digest = self._digest(request.url)
        if refusal is not None or digest is None:
            return refusal or storage_error(404, "NoSuchKey", "The specified key does not exist.")
        server = [(name, text.format(**_names(digest))) for name, text in self.form.server]
        return blob_answer(request, digest, self._blobs[digest], server)


def blob_answer(request: Request, digest: Digest, body: bytes, more: list[tuple[str, str]]) -> Response:
    """A blob, or the part of it that was asked for."""
    fields = [
        ("Content-Type", "application/octet-stream"),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "public, max-age=14400"),
        ("ETag", f'"{digest.encoded[:32]}"'),
        *more,
    ]
    asked = _RANGE.fullmatch(request.headers.get("Range") or "")
    if not asked or asked.group() == "bytes=-":
        return answer(200, fields, body)
    first, last = asked.groups()
    start = int(first) if first else max(0, len(body) - int(last))
    stop = min(int(last) + 1, len(body)) if first and last else len(body)
    if start >= stop:
        return answer(416, [*fields, ("Content-Range", f"bytes */{len(body)}")])
    return answer(206, [*fields, ("Content-Range", f"bytes {start}-{stop - 1}/{len(body)}")], body[start:stop])


def _names(digest: Digest) -> dict[str, str]:
    encoded = digest.encoded
    parts = (encoded[:8], encoded[8:12], encoded[12:16], encoded[16:20], encoded[20:32])
    return {
        "algorithm": digest.algorithm,
        "hex": encoded,
        "hex16": encoded[:16],
        "ab": encoded[:2],
        "opaque": "-".join(parts),
    }


def _until(query: str) -> float | None:
    """When a link ends, by its own parameters; None where they cannot be read."""
    values = {name.lower(): texts[0] for name, texts in parameters(query).items()}
    try:
        if "expires" in values:
            return float(int(values["expires"]))
        if "se" in values:
            return datetime.strptime(values["se"], _ISO).replace(tzinfo=UTC).timestamp()
        made = datetime.strptime(values["x-amz-date"], _AMAZON).replace(tzinfo=UTC).timestamp()
        return made + int(values["x-amz-expires"])
    except (KeyError, ValueError, OverflowError):
        return None
