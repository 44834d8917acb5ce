"""Gzip files whose bytes are the same on every machine: what the image maker needs so that digests never move.

zlib promises to decompress alike everywhere, not to compress alike: zlib-ng, which some builds of Python carry, makes
other bytes, and so another digest. This file knows nothing of images. It shortens runs of zeros, of which a tar file is
full, and leaves everything else as it is; the numbers are those of RFC 1951 and RFC 1952.
"""

from __future__ import annotations

import re
import zlib

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time, unknown system (RFC 1952, 2.3)
_ZEROS = re.compile(rb"\0{8,}")
_LITERALS_WORTH_STORING = 64
_LARGEST_STORED_BLOCK = 0xFFFF  # RFC 1951, 3.2.4
_LONGEST_MATCH = 258


def gzip_file(data: bytes) -> bytes:
    """`data` as a gzip file with one member."""
    bits = _Bits()
    position = 0
    for run in _ZEROS.finditer(data):
        _plain(bits, data[position : run.start()])
        _zeros(bits, run.end() - run.start())
        position = run.end()
    _plain(bits, data[position:])
    bits.number(0b011, 3)  # the last block, fixed codes, and nothing in it
    _symbol(bits, 256)
    trailer = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return _HEADER + bits.bytes() + trailer


class _Bits:
    """Bits packed from the low end of each byte (RFC 1951, 3.1.1)."""

    def __init__(self) -> None:
        self._done = bytearray()
        self._pending = 0
        self._count = 0

    def number(self, value: int, width: int) -> None:
        self._pending |= value << self._count
        self._count += width
        while self._count >= 8:
            self._done.append(self._pending & 0xFF)
            self._pending >>= 8
            self._count -= 8

    def code(self, value: int, width: int) -> None:
        """A Huffman code: packed from its high end."""
        self.number(int(f"{value:0{width}b}"[::-1], 2), width)

    def stored(self, data: bytes) -> None:
        self.number(0, -self._count % 8)
        self._done += len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data

    def bytes(self) -> bytes:
        self.number(0, -self._count % 8)
        return bytes(self._done)


def _symbol(bits: _Bits, symbol: int) -> None:
    """A literal, the end of a block or a length, in the fixed code (RFC 1951, 3.2.6)."""
    if symbol < 144:
        bits.code(0b00110000 + symbol, 8)
    elif symbol < 256:
        bits.code(0b110010000 + symbol - 144, 9)
    elif symbol < 280:
        bits.code(symbol - 256, 7)
    else:
        bits.code(0b11000000 + symbol - 280, 8)


def _plain(bits: _Bits, data: bytes) -> None:
    if len(data) < _LITERALS_WORTH_STORING:
        if data:
            bits.number(0b010, 3)
            for byte in data:
                _symbol(bits, byte)
            _symbol(bits, 256)
        return
    for start in range(0, len(data), _LARGEST_STORED_BLOCK):
        bits.number(0b000, 3)
        bits.stored(data[start : start + _LARGEST_STORED_BLOCK])


def _zeros(bits: _Bits, count: int) -> None:
    """One literal zero, then matches at distance 1; lengths by the table of RFC 1951, 3.2.5."""
    bits.number(0b010, 3)
    _symbol(bits, 0)
    count -= 1
    while count:
        length = min(count, _LONGEST_MATCH)
        if length < 3:
            _symbol(bits, 0)
            count -= 1
            continue
        extra_width = max(0, (length - 3).bit_length() - 3)
        if length == _LONGEST_MATCH:
            _symbol(bits, 285)
        else:
            _symbol(bits, 257 + 4 * extra_width + (length - 3 >> extra_width))
            bits.number((length - 3) & ((1 << extra_width) - 1), extra_width)
        bits.code(0, 5)  # distance 1
        count -= length
    _symbol(bits, 256)
