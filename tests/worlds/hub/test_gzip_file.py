"""Tests of the gzip writer."""

from __future__ import annotations

import gzip
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from pullscope.worlds.hub.gzip_file import gzip_file

runs = st.lists(st.tuples(st.integers(0, 255), st.integers(1, 700)), max_size=6)


@given(runs, st.binary(max_size=300))
def test_unpacks_to_what_was_packed(found: list[tuple[int, int]], plain: bytes) -> None:
    """Whatever the runs and whatever stands between them, gunzip gives it back."""
    data = plain.join(bytes([byte]) * count for byte, count in found)

    assert gzip.decompress(gzip_file(data)) == data


def test_large_noise_is_stored_and_unpacks() -> None:
    """Data over one stored block is cut into several."""
    data = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(5000))

    assert gzip.decompress(gzip_file(data)) == data
    assert len(gzip_file(data)) < len(data) + 100


def test_the_bytes_never_change() -> None:
    """The file is pinned: other bytes would move every digest of the sample image."""
    packed = gzip_file(b"ustar\0" + b"\0" * 500 + b"0000644\0")

    assert packed.hex() == "1f8b08000000000000ff2a2d2e492c028861148c3c00908181818199890903600042c0c73c02020000"
