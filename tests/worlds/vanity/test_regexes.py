"""The regular expressions of rule files: the same answers as Python's `re`, in bounded work."""

from __future__ import annotations

import re
from random import Random

import pytest

from pullscope.worlds.vanity.regexes import RegexError, TooSlowError, bounded, regex

ATOMS = ["a", "b", "/", ".", "[ab]", "[^/]", r"\d", "^", "$", r"\b", r"\w", "[a-b1]", "x?"]
ENDINGS = ["*", "+", "?", "{0,2}", "*?", "+?", "{2}", "{1,}"]


def pattern(random: Random, depth: int = 0) -> str:
    """A pattern of what PCRE, RE2, JavaScript and Python have in common."""
    choice = random.random()
    if depth > 3 or choice < 0.45:
        return random.choice(ATOMS)
    inner = pattern(random, depth + 1)
    if choice < 0.6:
        return inner + pattern(random, depth + 1)
    if choice < 0.7:
        return f"({inner})"
    if choice < 0.8:
        return f"(?:{inner}|{pattern(random, depth + 1)})"
    if choice < 0.88:
        return f"(?{random.choice('=!')}{inner})"
    return f"(?:{inner}){random.choice(ENDINGS)}"


def test_matches_where_pythons_re_does() -> None:
    """Over 4,000 random patterns and texts: a match is found where `re` finds one, and begins at the same place."""
    random = Random(13)  # noqa: S311 - a fixed seed, so that a failure can be repeated
    compared = 0
    while compared < 4000:
        text = pattern(random) + pattern(random)
        try:
            expected = re.compile(text)
        except re.error:
            continue
        subject = "".join(random.choice("ab/1") for _ in range(random.randint(0, 8)))
        found, wanted = regex(text).search(subject), expected.search(subject)

        assert (found.start if found else None) == (wanted.start() if wanted else None), (text, subject)
        compared += 1


@pytest.mark.parametrize(
    ("text", "subject", "values"),
    [
        ("^/v2/(.+)", "/v2/org/app", {"0": "/v2/org/app", "1": "org/app"}),
        (r"^/(?:v2/)?docker(/.*)$", "/docker/a", {"0": "/docker/a", "1": "/a"}),
        (r"^/v2/(?<org>[^/]+)/(?P<rest>.*)$", "/v2/a/b/c", {"1": "a", "2": "b/c", "org": "a", "rest": "b/c"}),
        (r"(a)|(b)", "b", {"1": "", "2": "b"}),
        (r"(?i)^/V2/(\w+)", "/v2/Ab", {"1": "Ab"}),
        (r"\.(?:html|htm)$", "/a.htm", {"0": ".htm"}),
        (r"^(docker\/1\.(3|4|5(?!\.[0-9]-dev))|Go ).*$", "Go 1.1 package http", {"1": "Go ", "2": ""}),
        (r"[[:alpha:]]+\x2f", "ab/", {"0": "ab/"}),
        ("a++b", "aab", {"0": "aab"}),
    ],
)
def test_groups_are_those_of_the_leftmost_match(text: str, subject: str, values: dict[str, str]) -> None:
    """Groups by number and by name, as the servers' own engines give them; "" for one that took no part."""
    found = regex(text).search(subject)

    assert found is not None
    assert {key: found.values[key] for key in values} == values


@pytest.mark.parametrize(
    "text",
    ["(", ")", "[a", "*a", "a(?<=b)", r"(a)\1", "(?P<a>x)(?P<a>y)", "a{5000}", "[[:nope:]]", "\\", "(?R)", "((" * 50],
)
def test_what_is_not_played_is_one_error(text: str) -> None:
    """A pattern that is none, or has a back-reference, a look-behind or a recursion, is a RegexError and no other."""
    with pytest.raises(RegexError):
        regex(text)


@pytest.mark.parametrize("text", ["^(a+)+$", "(a|a)*b", "^(.*)/(.*)/(.*)/(.*)z$", "(?:a?){27}b", "^((a*)*)*c"])
def test_exploding_pattern_stays_within_its_steps(text: str) -> None:
    """Patterns that take a backtracking engine for ever need fewer steps than one decision is given."""
    with bounded():
        regex(text).search("a" * 2000)
        regex(text).search("a/" * 1000)


def test_decisions_end_when_their_steps_are_spent() -> None:
    """A large pattern on a long text is ended by the bound, not by patience."""
    large = regex("(?:a?b?c?d?e?f?g?h?){60}Z")

    with bounded(10_000), pytest.raises(TooSlowError):
        large.search("abcdefgh" * 400)
