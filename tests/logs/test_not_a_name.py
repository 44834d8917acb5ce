"""What is wrong with a name is said of the part that is wrong, and only where a client refused the name."""

from __future__ import annotations

import pytest

from pullscope.logs.not_a_name import wrong_name

INVALID = 'ERROR: invalid tag "{}": invalid reference format'


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ghcr.io//:sha-8cc8e90", "a part of it is empty"),  # cloudposse/github-action-docker-build-push#77
        ("ghcr.io/acme/:1", "a part of it is empty"),
        ("/web:1", "a part of it is empty"),
        ("ghcr.io/acme:web:refs/tags/v1.5.1", "a tag has no / and no :"),  # openpharma/rbmi#531
        ("acme/web:feature/login", "'feature/login'"),
        ("localhost:5000/acme/web:feature/login", "'feature/login'"),
        ("ghcr.io/Acme/Web:V1", "lower case: ghcr.io/acme/web:V1"),
        ("acme/web:", "nothing stands behind the colon"),
        ("acme/web:-1", "'-1' is no tag"),
        ("https://ghcr.io/acme/web:1", "write it without https://"),
        ("acme/web:1\\n", "a space or line end"),
        ("acme/web :1", "a space"),
        ("${REGISTRY}/web:1", "${REGISTRY} was not replaced"),
        ("<registry>/web:1", "<registry> was not replaced"),
        ("YOUR_USERNAME/web:1", "YOUR_USERNAME was not replaced"),  # docker/hub-feedback#1222: guides write so
        ("acme/Yours:1", "names are lower case"),
        ("acme/web@latest", "behind @ stands sha256:"),
        ("", "it is empty"),
        ("localhost:5000/acme/web:1", ""),
        ("acme/web:V1", ""),
    ],
)
def test_the_part_that_is_wrong_is_named(name: str, says: str) -> None:
    """A port is no tag, and a tag may have capitals; of what is right nothing is said."""
    told = wrong_name(INVALID.format(name))

    assert says in told
    assert bool(told) == bool(says)


@pytest.mark.parametrize(
    "text",
    ["invalid reference format", 'failed to pull "ghcr.io/Acme//web": denied', 'manifest for "acme//web" not found'],
)
def test_of_no_name_and_of_no_refusal_nothing_is_said(text: str) -> None:
    assert wrong_name(text) == ""


def test_a_name_that_a_command_has_is_looked_at() -> None:
    """docker names it in older versions not at all, so that only the command shows it."""
    assert "lower case: acme/web:1" in wrong_name("docker build -t Acme/web:1 .\ninvalid reference format")


@pytest.mark.parametrize(
    ("part", "says"),
    [("tag", "a character that is not seen"), ("repository", "a character that is not seen")],
)
def test_a_line_end_in_a_name_is_not_seen_in_the_message(part: str, says: str) -> None:
    """What go-containerregistry refuses looks right where a line end cuts it off; what is wrong to the eye is said so."""
    words = f"could not parse reference: {part} can only contain the characters `abc`: "

    assert says in wrong_name(f"{words}1.0\n")
    assert "is none" in wrong_name(f"{words}feature/login")[:60]
