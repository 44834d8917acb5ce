"""Which bodies are streamed, which are kept and which are read; and what is known of one that went by.

Read are documents: manifests, token answers, error bodies. Kept to be looked at, but never read, is a small config.
Everything else is counted and hashed while it streams, by a tap in the proxy's event loop, for each chunk: nothing there blocks
or grows. A kept document is at most `MOST_KEPT` bytes as it came and as it unpacks; a decoder's output is hashed and dropped.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from mitmproxy import http

from pullscope.mitm.decoders import PLAIN_CODINGS, Decoder, decoded, decoder_for
from pullscope.mitm.safety import OnError, seen_by, stream_past
from pullscope.trace.border import UPLOADS, Body
from pullscope.trace.model import Hop, Kind

MOST_KEPT = 4 * 1024 * 1024
"""Bytes of a document at the most: what registries accept as a manifest (distribution-spec 1.1, "Pushing Manifests")."""

MOST_UNPACKED = 64 * 1024 * 1024
MOST_GROWTH = 100
"""A body that unpacks to more than both (bytes, and times its size) is a bomb; its hash is not worth the time."""

MOST_AT_ONCE = 4 * 1024 * 1024
"""Bytes that are unpacked for one chunk, for which every client waits. A chunk has 64 kB at the most, and of layers it
unpacks to some 200 kB; of one that unpacks to more than this nothing is claimed."""


class Tap:
    """What a body streams past (`safety.stream_past`)."""

    __slots__ = ("__weakref__", "_coding", "_decoder", "_hash", "_kept", "_unpacked", "bytes", "lost", "miscoded")

    def __init__(self, *, coding: str = "", keep: bool = False) -> None:
        self.bytes = 0
        self.lost = False
        """Whether something went wrong here: then nothing is known of the body."""
        self.miscoded: str | None = None
        """The coding that the body was said to have, once it is known not to have it."""
        self._coding = coding
        self._hash: hashlib._Hash | None = hashlib.sha256()
        self._decoder: Decoder | None = None
        if coding and coding.strip().lower() not in PLAIN_CODINGS:
            self._decoder = decoder_for(coding)
            if self._decoder is None:
                self._hash = None
        self._unpacked = 0
        self._kept: bytearray | None = bytearray() if keep else None

    def see(self, data: bytes) -> None:
        """Take note of the next bytes."""
        self.bytes += len(data)
        if self._hash is not None:
            if self._decoder is None:
                self._hash.update(data)
            else:
                self._unpack(self._hash, self._decoder, data)
        if self._kept is not None:
            self._kept += data
            if len(self._kept) > MOST_KEPT:
                self._kept = None

    def _unpack(self, digest: hashlib._Hash, decoder: Decoder, data: bytes) -> None:
        before = self._unpacked
        try:
            for piece in decoder.feed(data):
                self._unpacked += len(piece)
                grown = self._unpacked > MOST_UNPACKED and self._unpacked > MOST_GROWTH * self.bytes
                if grown or self._unpacked - before > MOST_AT_ONCE:
                    self._hash = None
                    return
                digest.update(piece)
        except ValueError:
            self._hash = None
            self.miscoded = self._coding

    @property
    def sha256(self) -> str | None:
        """Hex, of the decoded bytes so far; None if the coding is not known or the body broke it."""
        return self._hash.hexdigest() if self._hash is not None else None

    @property
    def raw(self) -> bytes | None:
        """The body as it went by, if it was to be kept and is not too large."""
        return bytes(self._kept) if self._kept is not None else None

    @property
    def content(self) -> bytes | None:
        """The decoded document, if it was to be kept and is not too large."""
        return decoded(bytes(self._kept), self._coding, most=MOST_KEPT) if self._kept is not None else None


WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods of requests that bring a blob or a document."""

MOST_PARTS, PARTS_OF_A_LIST = 20_000, 5
"""Parts of a document that is read, and for how many an object or a list counts, for these cost the most: 870 manifests
of an index, or 20,000 tags. Every client waits while a document is read, and 4 MiB of `{"a":1},` took 2 seconds."""

MOST_CONFIG = 64 * 1024
"""Bytes of a config that is kept on its flow to be looked at; those of images have a few thousand."""


def streams_up(flow: http.HTTPFlow, hop: Hop) -> bool:
    """Whether the request's body is a blob, or larger than any document."""
    if flow.request.method not in WITH_BODY:
        return False
    length = announced_length(flow.request)
    if hop.route.endpoint in UPLOADS:
        return length != 0
    return length is not None and length > MOST_KEPT


def is_small_config(hop: Hop) -> bool:
    """Whether a blob is the config of an image, by a manifest seen before, and small enough to be kept."""
    pull, digest = hop.step.pull, hop.step.route.digest
    expected = pull.expected.get(digest) if pull is not None and digest is not None else None
    if expected is None or expected.kind is not Kind.CONFIG:
        return False
    return expected.descriptor.size is not None and expected.descriptor.size <= MOST_CONFIG


def announced_length(message: http.Message) -> int | None:
    """The Content-Length, if there is one, and only one, that is a number."""
    found = _fields(message, b"content-length")
    text = found[0].strip() if len(found) == 1 else b""
    return int(text) if text.isdigit() and len(text) < 20 else None


def coding_of(message: http.Message) -> str:
    """The Content-Encoding, as it is written."""
    return ", ".join(value.decode("utf-8", "replace") for value in _fields(message, b"content-encoding"))


def _fields(message: http.Message, name: bytes) -> list[bytes]:
    """The values of a header. Asked for each message, and mitmproxy's own way takes a tenth of what a hook may."""
    return [value for key, value in message.headers.fields if len(key) == len(name) and key.lower() == name]


def tap_if_needed(response: http.Response, on_error: OnError, *, reads: bool, keep: bool = False) -> Tap | None:
    """Let the body stream past a tap, unless it is a document of a size that mitmproxy may hold.

    `reads`: it is a document. `keep`: it is not, but small and worth a look. `on_error` gets its errors.
    """
    length = announced_length(response)
    if not response.stream and reads and length is not None and length <= MOST_KEPT:
        return None
    tap = Tap(coding=coding_of(response), keep=reads or keep)
    response.stream = stream_past(tap, after=response.stream, on_error=on_error)
    return tap


def tap_of(message: http.Message) -> Tap | None:
    """What its body streams past, if that is a tap of ours."""
    tap = seen_by(message.stream)
    return tap if isinstance(tap, Tap) else None


def let_pass(response: http.Response) -> None:
    """Stream large traffic that is not a registry's: it must not fill the memory."""
    length = announced_length(response)
    if length is not None and length > MOST_KEPT and not response.stream:
        response.stream = True


class WentBy(NamedTuple):
    """A body that has ended, to be looked at later."""

    tap: Tap | None = None
    """What saw it, if it streamed."""
    raw: bytes | None = None
    """All of it, if it did not."""
    coding: str = ""

    def body(self, *, keep: bool) -> Body:
        """What there is to know of it; `keep` its content, if that was to be kept."""
        if self.raw is None:
            return body_of_tap(self.tap) if self.tap is not None else Body()
        tap = Tap(coding=self.coding, keep=keep)
        tap.see(self.raw)
        return body_of_tap(tap)

    @property
    def held(self) -> int:
        """Bytes that are in memory for as long as this is."""
        return len(self.raw or b"")


def what_came(response: http.Response) -> WentBy:
    """The body of an answer, in the hook that ends it."""
    tap, raw = tap_of(response), response.raw_content
    if tap is not None and (tap.bytes or not raw):
        if tap.raw is not None and not raw and not tap.lost:
            # The client has it already (mitmproxy sends nothing of a streamed flow after this). Windows and flow files
            # get it as it went by, so that it fits its headers.
            response.data.content = tap.raw
        return WentBy(tap)
    if response.stream and not raw:
        return WentBy()  # another addon set its stream function after ours
    return WentBy(None, raw, coding_of(response))


def what_was_sent(request: http.Request) -> WentBy | None:
    """The body of a request, in the hook that ends it; None if it has none."""
    tap, raw = tap_of(request), request.raw_content
    if tap is not None and tap.bytes:
        return WentBy(tap)
    return WentBy(None, raw, coding_of(request)) if raw else None


def body_of_message(message: http.Message, *, keep: bool) -> Body:
    """What there is to know of a body that mitmproxy holds whole."""
    return WentBy(None, message.raw_content, coding_of(message)).body(keep=keep)


def body_of_tap(tap: Tap) -> Body:
    """What a tap saw go by; nothing where it could not see all."""
    if tap.lost:
        return Body()
    content = tap.content
    if content is not None and parts_of(content) > MOST_PARTS:
        content = None
    return Body(length=tap.bytes, sha256=tap.sha256, content=content, miscoded=tap.miscoded)


def parts_of(document: bytes) -> int:
    """How much there is to read in a document, by its punctuation; those in strings count too."""
    return document.count(b",") + PARTS_OF_A_LIST * (document.count(b"{") + document.count(b"["))
