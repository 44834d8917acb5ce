"""Digests: what is one, and where one is found in a path."""

from __future__ import annotations

import pytest

from pullscope.oci.digest import Digest, as_digest, find_digest

HEX = "8e77458de855f9ed2334d8ea2d53cecb2e47f0ec2f691d9a467b1f19a9d3997e"
SHA256 = f"sha256:{HEX}"
SHA512 = "sha512:" + HEX * 2


@pytest.mark.parametrize("text", [SHA256, SHA512, "sha384:" + "a" * 96, "sha256+b64:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g"])
def test_well_formed_digests_are_strings_with_parts(text: str) -> None:
    """A digest is the string that it was made of, and knows its two parts."""
    digest = Digest(text)

    assert text == digest
    assert text == f"{digest.algorithm}:{digest.encoded}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "sha256:",
        f"sha256:{HEX[:-1]}",
        f"sha256:{HEX}0",
        f"sha256:{HEX.upper()}",
        f"sha512:{HEX}",
        f"SHA256:{HEX}",
        f"sha256:{HEX}\n",
        f"sha256-{HEX}",
        "sha256:" + "g" * 64,
    ],
)
def test_malformed_digests_are_refused(text: str) -> None:
    """What breaks image-spec's grammar or a registered algorithm's length is not a digest."""
    with pytest.raises(ValueError, match="is not a digest"):
        Digest(text)
    assert as_digest(text) is None


def test_of_hashes_with_sha256() -> None:
    """The digest of bytes is their sha256."""
    expected = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert expected == Digest.of(b"")


def test_short_is_twelve_digits() -> None:
    """The short form is the one that docker prints."""
    assert Digest(SHA256).short == "sha256:8e77458de855"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"/v2/library/nginx/blobs/{SHA256}", SHA256),
        (f"https://ghcr.example/ghcr1/blobs/sha256%3A{HEX}?se=2026", SHA256),
        (f"/registry-v2/docker/registry/v2/blobs/sha256/8e/{HEX}/data?X-Amz-Signature=0", SHA256),
        (f"/docker/registry/v2/repositories/a/_layers/sha256/{HEX}/link", SHA256),
        (f"/containers/images/{SHA512}", SHA512),
        (f"/a/{SHA256}/b/sha256:{'0' * 64}", SHA256),
        (f"/a/sha256:{HEX}0", None),
        (f"/a/mysha256:{HEX}", None),
        (f"/download?digest={SHA256}", None),
        ("/v2/", None),
        ("", None),
    ],
)
def test_first_digest_of_a_path_is_found(text: str, expected: str | None) -> None:
    """Registry paths, storage layouts and escaped forms all name their blob; queries are not asked."""
    assert find_digest(text) == expected
