"""What watches a body go by: it counts and hashes every chunk; it keeps documents, never layers.

Runs in the proxy's event loop for each chunk, so nothing here blocks or grows: a kept document is at most `MOST_KEPT`
bytes as it came and as it unpacks, and a decoder's output is hashed piece by piece and dropped.
"""

from __future__ import annotations

import hashlib

from pullscope.mitm.decoders import PLAIN_CODINGS, Decoder, decoded, decoder_for

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
