"""What watches a body go by: it counts, hashes and hands on every chunk as it is; it keeps documents, never layers.

Runs in the proxy's event loop for each chunk, so nothing here blocks or grows: a kept document is at most `MOST_KEPT`
bytes as it came and as it unpacks, and a decoder's output is hashed piece by piece and dropped.
"""

from __future__ import annotations

import hashlib
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import zstandard
from mitmproxy import http

MOST_KEPT = 4 * 1024 * 1024
"""Bytes of a document at the most: what registries accept as a manifest (distribution-spec 1.1, "Pushing Manifests")."""

MOST_UNPACKED = 64 * 1024 * 1024
MOST_GROWTH = 100
"""A body that unpacks to more than both (bytes, and times its size) is a bomb; its hash is not worth the time."""

PIECE = 64 * 1024
"""Bytes that a decoder may put out at once: a small body must not unpack to gigabytes in memory."""


class Decoder(Protocol):
    """Takes a content coding off, chunk by chunk."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded pieces of this chunk; ValueError when the body is not what its header says."""


class Gunzip:
    """gzip (RFC 1952); a file may have several members (2.2), and Go reads them all."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof:
                self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield _inflate(self._stream, data)
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail


class Inflate:
    """deflate: zlib's format (RFC 9110, 8.4.1.2), or by old custom the bare one; the first two bytes tell (RFC 1950, 2.2)."""

    def __init__(self) -> None:
        self._head = b""
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            self._head = data = self._head + data
            if len(data) < 2:
                return
            is_zlib = data[0] % 16 == 8 and int.from_bytes(data[:2]) % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        stream: zlib._Decompress = self._stream
        while data:
            if stream.eof:
                raise ValueError("bytes after the end")
            yield _inflate(stream, data)
            data = stream.unused_data or stream.unconsumed_tail


def _inflate(stream: zlib._Decompress, data: bytes) -> bytes:
    try:
        return stream.decompress(data, PIECE)
    except zlib.error as error:
        raise ValueError(str(error)) from error


class Unzstd:
    """zstd (RFC 8878), which containerd asks for first."""

    def __init__(self) -> None:
        self._stream = self._begin()

    def feed(self, data: bytes) -> Iterator[bytes]:
        # An input this short cannot unpack to more than some megabytes at once.
        for at in range(0, len(data), 512):
            rest = data[at : at + 512]
            while rest:
                if self._stream.eof:
                    self._stream = self._begin()
                try:
                    yield self._stream.decompress(rest)
                except zstandard.ZstdError as error:
                    raise ValueError(str(error)) from error
                rest = self._stream.unused_data if self._stream.eof else b""

    @staticmethod
    def _begin() -> zstandard.ZstdDecompressionObj:
        return zstandard.ZstdDecompressor(max_window_size=128 * 1024 * 1024).decompressobj(write_size=PIECE)


PLAIN_CODINGS = frozenset({"", "identity"})


def decoder_for(coding: str) -> Decoder | None:
    """The decoder for a Content-Encoding; None for one that is not known here."""
    match coding.strip().lower():
        case "gzip" | "x-gzip":
            return Gunzip()
        case "deflate":
            return Inflate()
        case "zstd":
            return Unzstd()
        case _:
            return None


def decoded(raw: bytes, coding: str) -> bytes | None:
    """A whole document without its content coding; None where that cannot be done or is larger than `MOST_KEPT`."""
    if coding.strip().lower() in PLAIN_CODINGS:
        return raw if len(raw) <= MOST_KEPT else None
    decoder = decoder_for(coding)
    if decoder is None:
        return None
    out = bytearray()
    try:
        for piece in decoder.feed(raw):
            out += piece
            if len(out) > MOST_KEPT:
                return None
    except ValueError:
        return None
    return bytes(out)


class Tap:
    """A stream function for mitmproxy (`message.stream`): sees each chunk, changes none."""

    __slots__ = ("__weakref__", "_after", "_coding", "_decoder", "_hash", "_kept", "_unpacked", "bytes")

    def __init__(
        self,
        *,
        coding: str = "",
        keep: bool = False,
        after: Callable[[bytes], Iterable[bytes] | bytes] | bool = False,
    ) -> None:
        """`after` is what another addon has set to stream with: it keeps its say, and this sees what it makes."""
        self.bytes = 0
        self._after = after if callable(after) else None
        self._coding = coding
        self._hash: hashlib._Hash | None = hashlib.sha256()
        self._decoder: Decoder | None = None
        if coding and coding.strip().lower() not in PLAIN_CODINGS:
            self._decoder = decoder_for(coding)
            if self._decoder is None:
                self._hash = None
        self._unpacked = 0
        self._kept: bytearray | None = bytearray() if keep else None

    def __call__(self, data: bytes) -> bytes | list[bytes]:
        if self._after is not None:
            made = self._after(data)
            chunks = [made] if isinstance(made, bytes) else [*made]
            for chunk in chunks:
                self.see(chunk)
            return chunks
        self.see(data)
        return data

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
        try:
            for piece in decoder.feed(data):
                digest.update(piece)
                self._unpacked += len(piece)
                if self._unpacked > MOST_UNPACKED and self._unpacked > MOST_GROWTH * self.bytes:
                    self._hash = None
                    return
        except ValueError:
            self._hash = None

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
        return decoded(bytes(self._kept), self._coding) if self._kept is not None else None


class SendTap(Tap):
    """The tap of a request's body. It is false once the request has an answer.

    mitmproxy (11 and 12) crashes where a request that streams has been answered by an addon, and looks whether it streams
    after every addon had its say: so the answer may come from one that is called after us.
    """

    __slots__ = ("_flow",)

    def __init__(self, flow: http.HTTPFlow) -> None:
        before = flow.request.stream
        super().__init__(after=before)
        self._flow = weakref.ref(flow)

    def __bool__(self) -> bool:
        flow = self._flow()
        return flow is not None and flow.response is None
