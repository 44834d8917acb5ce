"""Which site a host is, where the sites' names hold variables without a value."""

from __future__ import annotations

import pytest

from pullscope.worlds.vanity.rules import NotPlayedError
from pullscope.worlds.vanity.targets import likeliest, told


@pytest.mark.parametrize(
    ("name", "characters"),
    [
        ("docker.${DOMAIN}", 7),
        ("docker.{$DOMAIN}", 7),
        ("docker.$DOMAIN", 7),
        ("${NAME}.example.${TLD}", 9),
        ("{$HOST}", 0),
        ("hub.${DOMAIN}", None),
        ("docker.example.com", None),
        ("[d]ocker.${DOMAIN}", None),
    ],
)
def test_how_much_a_name_tells_of_the_host(name: str, characters: int | None) -> None:
    assert told(name, "docker.example.com") == characters


def test_the_name_that_tells_most_is_the_hosts() -> None:
    named = [("f:1", "${HOST}", "any"), ("f:2", "docker.${DOMAIN}", "docker"), ("f:3", "hub.${DOMAIN}", "hub")]
    assert likeliest("docker.example.com", named) == ["docker"]
    assert likeliest("www.example.com", named) == ["any"]
    assert likeliest("www.example.com", named[1:]) == []


def test_two_names_that_tell_as_much_give_no_verdict() -> None:
    named = [("f:1", "${A}", 1), ("f:2", "${A}", 2), ("f:3", "${B}", 3)]
    assert likeliest("a.example.com", named[:2]) == [1, 2]
    with pytest.raises(
        NotPlayedError, match=r"\$\{A\} and \$\{B\} have no value here, and either may be a.example.com"
    ):
        likeliest("a.example.com", named)


def test_a_name_of_many_variables_takes_no_time() -> None:
    assert told("{a}." * 5000 + "x", "a." * 120) is None
