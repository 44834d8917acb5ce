"""References: Docker's own table, and what people get wrong."""

from __future__ import annotations

import re

import pytest
from docker_image.reference import Reference as DockersOwn  # type: ignore[import-untyped]  # it has no types
from hypothesis import given
from hypothesis import strategies as st

from pullscope.oci.digest import Digest
from pullscope.oci.reference import Reference, is_repository, is_tag, registry_name

F = "sha256:" + "f" * 64
IMAGE_ID = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        # https://github.com/distribution/reference/blob/main/normalize_test.go and reference_test.go
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("fooo/bar", "docker.io/fooo/bar:latest"),
        ("docker.io/foo", "docker.io/library/foo:latest"),
        ("index.docker.io/library/ubuntu-12.04-base", "docker.io/library/ubuntu-12.04-base:latest"),
        ("library/foo/bar", "docker.io/library/foo/bar:latest"),
        ("localhost/foo", "localhost/foo:latest"),
        ("test.com:5000", "docker.io/library/test.com:5000"),
        ("test:5000/repo:tag", "test:5000/repo:tag"),
        ("127.0.0.1:8000/privatebase", "127.0.0.1:8000/privatebase:latest"),
        ("192.168.1.1", "docker.io/library/192.168.1.1:latest"),
        ("[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag"),
        ("Foo/bar", "Foo/bar:latest"),
        ("lowercase:Uppercase", "docker.io/library/lowercase:Uppercase"),
        ("dock__er/docker---rules", "docker.io/dock__er/docker---rules:latest"),
        (f"docker.io/{IMAGE_ID}", f"docker.io/library/{IMAGE_ID}:latest"),
        (f"redis@{F}", f"docker.io/library/redis@{F}"),
        (f"busybox:latest@{F}", f"docker.io/library/busybox:latest@{F}"),
        ("xn--7o8h.com/myimage:xn--7o8h.com", "xn--7o8h.com/myimage:xn--7o8h.com"),
        ("test_com/foo", "docker.io/test_com/foo:latest"),
    ],
)
def test_short_names_mean_what_docker_says(typed: str, meant: str) -> None:
    """A familiar name is completed as Docker completes it, and the complete name means itself."""
    assert meant == str(Reference.parse(typed))
    assert meant == str(Reference.parse(meant))


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        # normalize_test.go, invalid names; reference_test.go, errors
        ("", "missing"),
        ("https://github.com/docker/docker", "not a URL"),
        ("docker/Docker", "lower case"),
        ("-docker", "between slashes"),
        ("-docker.io/docker/docker", "not a registry"),
        ("docker///docker", "between slashes"),
        ("[fc00::1]", "between slashes"),
        ("fc00::1:5000/debian", "not a registry"),
        ("[fe80::1%eth0]:5000/debian", "not a registry"),
        (IMAGE_ID, "image id"),
        (":justtag", "between slashes"),
        (f"@{F}", "between slashes"),
        ("repo@sha256:" + "f" * 34, "not a digest"),
        ("Uppercase:tag", "lower case"),
        ("a/" * 128 + "a:tag", "longer than 255"),
        ("aa/asdf$$^/aa", "between slashes"),
        ("dock..er/docker", "not a registry"),
        ("docker/", "between slashes"),
        ("nginx:", "not a tag"),
        ("nginx:-foo", "not a tag"),
        ("nginx:" + "a" * 129, "not a tag"),
        ("nginx@md5:" + "f" * 32, "can check"),
        ("nginx@", "not a digest"),
        ("nginx\n", "between slashes"),
    ],
)
def test_invalid_references_are_refused_with_the_reason(typed: str, reason: str) -> None:
    """The message is one sentence that says what is wrong."""
    with pytest.raises(ValueError, match=reason) as caught:
        Reference.parse(typed)

    assert str(caught.value).endswith(".")


def test_a_password_in_a_url_is_not_repeated() -> None:
    """A refused URL is not quoted, because it may hold a password."""
    with pytest.raises(ValueError, match="not a URL") as caught:
        Reference.parse("https://joe:hunter2@registry.example.com/app")

    assert "hunter2" not in str(caught.value)


def test_hub_answers_at_another_host() -> None:
    """docker.io is a name, registry-1.docker.io answers for it; other registries are their host."""
    assert Reference.parse("nginx").api_host == "registry-1.docker.io"
    assert Reference.parse("ghcr.io/a/b").api_host == "ghcr.io"
    assert [registry_name(host) for host in ("registry-1.docker.io", "index.docker.io", "ghcr.io:5000")] == [
        "docker.io",
        "docker.io",
        "ghcr.io:5000",
    ]


def test_the_constructor_refuses_too() -> None:
    """A reference that cannot be written cannot be made."""
    with pytest.raises(ValueError, match="not a registry"):
        Reference(registry="no host", repository="a")
    with pytest.raises(ValueError, match="not a repository"):
        Reference(registry="docker.io", repository="A", digest=Digest(F))


def test_tags_and_repositories_are_told() -> None:
    """The grammar of spec.md, at its edges."""
    assert is_tag("_a.B-9")
    assert is_tag("a" * 128)
    assert not is_tag("")
    assert not is_tag(".a")
    assert not is_tag("a/b")
    assert is_repository("a/b__c/d-e--f.g")
    assert not is_repository("a/b___c")
    assert not is_repository("a/")
    assert not is_repository("host:5000/a")


_PARTS = [
    *(
        "nginx",
        "team",
        "app",
        "docker.io",
        "index.docker.io",
        "localhost",
        "reg.example.com",
        "reg.example.com:5000",
        "A",
        "",
    ),
    *("a__b", "a..b", "a-b", "-a", "a_", "1.2.3.4", "library", "x:5", "é"),
]
_TAGS = ["", ":1.0", ":latest", ":A_b-c.d", ":-x", ":", f":{'t' * 129}", ":1:2"]
_DIGESTS = ["", f"@sha256:{'f' * 64}", f"@sha256:{'f' * 63}", f"@md5:{'f' * 32}", f"@sha512:{'e' * 128}"]


@given(st.lists(st.sampled_from(_PARTS), min_size=1, max_size=4), st.sampled_from(_TAGS), st.sampled_from(_DIGESTS))
def test_a_name_is_read_as_dockers_grammar_in_another_library_reads_it(parts: list[str], tag: str, digest: str) -> None:
    """docker-image-py is distribution/reference in Python: what one of the two refuses the other does, and both mean the same."""
    typed = "/".join(parts) + tag + digest
    try:
        theirs = DockersOwn.parse_normalized_named(typed).string()
    except Exception:  # its own, and those of a digest's
        with pytest.raises(ValueError, match=r"."):
            Reference.parse(typed)
        return
    tagged = "@" in theirs or re.search(r":[^/]+$", theirs) is not None
    assert str(Reference.parse(typed)) == (theirs if tagged else f"{theirs}:latest")
