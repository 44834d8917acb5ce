"""The regular expressions of rule files: the same answers as Python's `re`, in bounded work."""

from __future__ import annotations

import contextlib
import re
import sys
from random import Random

import pytest

from pullscope.oci.messages import Request
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.reading import parse_rules
from pullscope.worlds.vanity.regexes import RegexError, UndecidedError, bounded, regex, replace_all

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
    [
        "(",
        ")",
        "[a",
        "*a",
        "a(?<=b)",
        r"(a)\1",
        "(?P<a>x)(?P<a>y)",
        "a{5000}",
        "[[:nope:]]",
        "\\",
        "(?R)",
        "((" * 50,
        "(?:(?:a{99}){99}){99}",
        "a(?i)b",
        "(*FAIL)|a",
        "(*SKIP)a",
    ],
)
def test_what_is_not_played_is_one_error(text: str) -> None:
    """A pattern that is none, or has a back-reference, a look-behind or a recursion, is a RegexError and no other."""
    with pytest.raises(RegexError):
        regex(text)


@pytest.mark.parametrize("text", ["a(?=b)", "a(?!c)", "(?>a)b", "a++b", "a?+b", "a*+b", "a{1}+b"])
def test_what_go_does_not_have_is_played_for_others_only(text: str) -> None:
    """go.dev/s/re2syntax: Caddy and Traefik refuse what nginx takes, so a pull through it is not known to work."""
    assert regex(text).search("ab")
    with pytest.raises(RegexError, match="Go has no"):
        regex(text, engine="Go")


@pytest.mark.parametrize("text", ["(?>a)b", "a++b"])
def test_what_javascript_does_not_have_is_refused_for_vercel(text: str) -> None:
    """A look-ahead it has (vercel.com/docs/redirects/configuration-redirects shows one)."""
    assert regex("a(?!c)", engine="JavaScript").search("ab")
    with pytest.raises(RegexError, match="JavaScript has no"):
        regex(text, engine="JavaScript")


@pytest.mark.parametrize("text", [r"a\*\++b", "[*+]+b", "[?][+]?b", "(?:a)+b", "a+?b"])
def test_go_takes_what_only_looks_possessive(text: str) -> None:
    assert regex(text, engine="Go").search("a*+b aab ?+b")


def test_a_missing_library_is_said_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout without the package has no verdict on the request and says why; the rule is not taken for a wrong one."""
    monkeypatch.setitem(sys.modules, "regex", None)
    rules = parse_rules(
        '{"redirects": [{"source": "/v2/not-read-before/:path*", "destination": "https://ghcr.io/v2/:path*"}]}',
        "vercel.json",
        "vercel",
    )
    decision = decide(rules, Request(method="GET", url="https://docker.example.com/v2/not-read-before/img/manifests/1"))
    assert "pip install regex" in (decision.not_played or "")
    assert not rules.remarks


@pytest.mark.parametrize("text", ["^(a+)+$", "(a|a)*b", "^(.*)/(.*)/(.*)/(.*)z$", "(?:a?){27}b", "^((a*)*)*c"])
def test_exploding_pattern_is_matched_or_ended(text: str) -> None:
    """Patterns that take a backtracking engine for ever find nothing, or end with the time that a decision is given."""
    with contextlib.suppress(UndecidedError), bounded():
        assert regex(f"{text}z").search("a" * 2000) is None
        assert regex(f"{text}z").search("a/" * 1000) is None


def test_matching_without_end_is_ended_by_the_bound() -> None:
    """A match that would take longer than the machine lives is a UndecidedError, and what comes after it in the decision too."""
    with bounded(0.01):
        with pytest.raises(UndecidedError):
            regex("^/((a|aa)*)*z").search(f"/{'a' * 2000}")
        with pytest.raises(UndecidedError):
            regex("a").search("a")


@pytest.mark.parametrize(
    ("text", "replacement", "subject", "made"),
    [
        (".*", "x", "abc", "x"),
        ("b*", "-", "abc", "-a-c-"),
        ("^a", "", "aab", "ab"),
        (r"(\w+)/(\w+)", "${2}/$1", "a/b c/d", "b/a d/c"),
        (r"\bb", "x", "ab b", "ab x"),
    ],
)
def test_all_matches_are_replaced_as_in_go(text: str, replacement: str, subject: str, made: str) -> None:
    """go.dev/pkg/regexp, ReplaceAllString: no empty match right behind another; `^` is the beginning of the whole text."""
    assert replace_all(regex(text), replacement, subject) == made


@pytest.mark.parametrize(
    ("text", "found"), [("a$", False), (r"a\z", False), ("a{b", False), ("(?:a){,2}", False), ("(?i)A", True)]
)
def test_signs_mean_what_they_do_in_every_engine(text: str, found: bool) -> None:
    """`$` is the very end, a brace that counts nothing is itself, and flags at the beginning are for all of it."""
    assert (regex(text).search("a\n") is not None) is found


@pytest.mark.parametrize("text", ["(?:" + "(a|b)?" * 300 + "){3999}", "(?:" + "a?" * 500 + "){400}", ".{4000}"])
def test_a_pattern_that_is_slow_to_compile_is_refused(text: str) -> None:
    """Compiling is under no time limit: what a group comes to when it is written out is bounded (3 s without)."""
    with pytest.raises(RegexError, match="too long"):
        regex(text)
    assert regex("/v2/([a-z0-9]+/){1,8}[a-z]{2,255}").search("/v2/team/app")
