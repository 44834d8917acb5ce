"""Takes content codings off bodies, piece by piece: a small body must not unpack to gigabytes in memory or at once.

Each decoder puts out about `PIECE` bytes at a time and only on demand, so that its caller can stop.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Iterator
from typing import Any, Protocol

PIECE = 64 * 1024
"""Bytes that a decoder puts out at once, or little more."""


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


def _first_of(*names: str) -> Any:
    """The first of these modules that is there; mitmproxy has always brought one of those for zstd."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


ZSTD: Any = _first_of("compression.zstd", "backports.zstd")
"""PEP 784: in Python 3.14, and what mitmproxy 12.3 brings for an older one."""
ZSTANDARD: Any = _first_of("zstandard")
"""What mitmproxy up to 12.2 brings."""


class Unzstd:
    """zstd (RFC 8878), which containerd asks for first; frames may follow each other (3.1)."""

    def __init__(self) -> None:
        self._stream = ZSTD.ZstdDecompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data or not self._stream.needs_input:
            if self._stream.eof:
                if not data:
                    return
                self._stream = ZSTD.ZstdDecompressor()
            try:
                yield self._stream.decompress(data, PIECE)
            except ZSTD.ZstdError as error:
                raise ValueError(str(error)) from error
            data = self._stream.unused_data if self._stream.eof else b""


class UnzstdByZstandard:
    """The same with the older library, which cannot be told how much to put out: it is given little at once."""

    def __init__(self) -> None:
        self._stream = self._begin()

    def feed(self, data: bytes) -> Iterator[bytes]:
        # An input this short cannot unpack to more than some megabytes.
        for at in range(0, len(data), 128):
            rest = data[at : at + 128]
            while rest:
                if self._stream.eof:
                    self._stream = self._begin()
                try:
                    yield self._stream.decompress(rest)
                except ZSTANDARD.ZstdError as error:
                    raise ValueError(str(error)) from error
                rest = self._stream.unused_data if self._stream.eof else b""

    @staticmethod
    def _begin() -> Any:
        return ZSTANDARD.ZstdDecompressor(max_window_size=128 * 1024 * 1024).decompressobj(write_size=PIECE)


PLAIN_CODINGS = frozenset({"", "identity"})


def decoder_for(coding: str) -> Decoder | None:
    """The decoder for a Content-Encoding; None for one that is not known here."""
    match coding.strip().lower():
        case "gzip" | "x-gzip":
            return Gunzip()
        case "deflate":
            return Inflate()
        case "zstd" if ZSTD is not None:
            return Unzstd()
        case "zstd" if ZSTANDARD is not None:
            return UnzstdByZstandard()
        case _:
            return None


def decoded(raw: bytes, coding: str, *, most: int) -> bytes | None:
    """A whole document without its content coding; None where that cannot be done or is larger than `most` bytes."""
    if coding.strip().lower() in PLAIN_CODINGS:
        return raw if len(raw) <= most else None
    decoder = decoder_for(coding)
    if decoder is None:
        return None
    out = bytearray()
    try:
        for piece in decoder.feed(raw):
            out += piece
            if len(out) > most:
                return None
    except ValueError:
        return None
    return bytes(out)
