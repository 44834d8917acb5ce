"""Content digests: the names by which manifests and blobs are asked for and checked.

A `Digest` is a string that is known to be well formed; making one refuses what is not. Finding one inside a path,
on the other hand, is observing and never refuses.
"""

from __future__ import annotations

import hashlib
import re
from typing import Self

# https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
#   digest    ::= algorithm ":" encoded        algorithm ::= component (separator component)*
#   component ::= [a-z0-9]+                    separator ::= [+._-]              encoded ::= [a-zA-Z0-9=_-]+
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")

# The registered algorithms, of which the encoded part is lower-case hex of a known length (the same section; sha384
# as in https://github.com/opencontainers/go-digest/blob/v1.0.0/algorithm.go).
HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEX = re.compile(r"[0-9a-f]+")
_USUAL = re.compile(r"sha256:[0-9a-f]{64}")

# Where a digest stands in paths: `blobs/sha256:<hex>`, also escaped, and the storage layouts that CDNs expose:
# `sha256/<hex>` and `blobs/sha256/ab/abcd…/data` (distribution, registry/storage/paths.go).
_IN_PATH = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(
        rf"(?P<{name}>{name})(?::|%3[Aa]|/(?:[0-9a-f]{{2}}/)?)(?P<{name}_hex>[0-9a-f]{{{length}}})"
        for name, length in HEX_LENGTHS.items()
    )
    + r")(?![0-9a-zA-Z])"
)


class Digest(str):
    """`algorithm:encoded`, checked; it is the string that it stands for."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """The digest that `text` spells; ValueError where it spells none."""
        if _USUAL.fullmatch(text):
            return super().__new__(cls, text)
        if not _DIGEST.fullmatch(text):
            raise ValueError(f"{text[:100]!r} is not a digest: it should read sha256: and 64 hex digits.")
        algorithm, _, encoded = text.partition(":")
        length = HEX_LENGTHS.get(algorithm)
        if length is not None and not (len(encoded) == length and _HEX.fullmatch(encoded)):
            raise ValueError(f"{text[:100]!r} is not a digest: {algorithm} needs {length} lower-case hex digits.")
        return super().__new__(cls, text)

    @classmethod
    def of(cls, data: bytes) -> Self:
        return cls(f"sha256:{hashlib.sha256(data).hexdigest()}")

    @property
    def algorithm(self) -> str:
        """What stands before the colon: `sha256`."""
        return self.partition(":")[0]

    @property
    def encoded(self) -> str:
        """What stands after the colon, mostly hex."""
        return self.partition(":")[2]

    @property
    def is_registered(self) -> bool:
        """Whether clients can check it: docker takes no other (go-digest v1.0.0, Digest.Validate)."""
        return self.algorithm in HEX_LENGTHS

    @property
    def short(self) -> str:
        """The algorithm and the first 12 characters, as people quote it."""
        return f"{self.algorithm}:{self.encoded[:12]}"


def as_digest(text: object) -> Digest | None:
    """`text` as a digest, or None; for observers."""
    try:
        return Digest(text) if isinstance(text, str) and ":" in text else None
    except ValueError:
        return None


def find_digest(text: str) -> Digest | None:
    """The first digest within a path or URL, in any spelling that registries and CDNs use; a query is not looked at."""
    path = text.partition("?")[0]
    begins = path.find("sha")  # as the name of every algorithm does
    found = _IN_PATH.search(path, begins) if begins >= 0 else None
    if found is None:
        return None
    algorithm = next(name for name in HEX_LENGTHS if found[name])
    return Digest(f"{algorithm}:{found[algorithm + '_hex']}")
