"""URLs as the wire spells them: every string has parts, and ordinary URLs have those that RFC 3986 gives them."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pullscope.oci import urls

ODD = [
    "https://[x/",
    "https://[1]/v2/",
    "https://h:99999999999999999999/",
    "https://h:\u0663/",
    "https://h:-1/",
    "https://\x00/\x00?\x00#\x00",
    "https://" + "/" * 1_000_000,
    "/" * 1_000_000,
    "?" * 100_000,
    "a:" * 100_000,
    "../" * 100_000,
    "https://h/" + "%" * 100_000,
    "https://]\ud800[@:@:/",
    "https://h\u2100\uff0e/",
    "//",
    ":",
    "",
]
_PIECES = st.sampled_from(
    [
        *[
            "https",
            "http",
            ":",
            "/",
            "//",
            "?",
            "#",
            "[",
            "]",
            "@",
            ".",
            "..",
            "%00",
            "%zz",
            ";",
            "&",
            "=",
            "h",
            "1",
            "::1",
        ],
        "\x00",
        "\t",
        "\n",
        "\\",
        "\u2100",
        "\ud800",
    ]
)
_ANY = st.lists(_PIECES, max_size=20).map("".join) | st.text(max_size=40) | st.sampled_from(ODD)


@given(_ANY, _ANY)
@example("https://[x/", "https://[y]:z/")
@settings(max_examples=1_000, deadline=None)
def test_nothing_is_refused(base: str, reference: str) -> None:
    """Whatever a header holds, it has parts, joins, and is compared."""
    parts = urls.split(base)
    assert isinstance(parts.host, str)
    assert parts.port is None or 0 <= parts.port <= 65_535
    assert len(urls.joined(base, reference)) <= len(base) + len(reference) + 3
    assert urls.canonical(urls.canonical(base)) == urls.canonical(base) or "@" in base
    for part in (urls.host_of, urls.bare, urls.query):
        assert len(part(base)) <= len(base) + 2
    assert len(urls.pairs(base)) <= urls.MOST_PARAMETERS
    assert isinstance(urls.parameters(base), dict)


_NAME = st.text(alphabet="abz019-_.~", min_size=1, max_size=8).filter(lambda name: name.strip("."))
_PATH = st.lists(_NAME, max_size=5).map(lambda names: "/" + "/".join(names))
_URL = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["h", "a.example", "a.example:5000", "[::1]:80", "u:p@h"]),
    _PATH,
    st.sampled_from(["", "?n=1&last=a%2Fb", "?a=b?c"]),
    st.sampled_from(["", "#f"]),
)
_REFERENCE = (
    _URL | _PATH | st.sampled_from(["../x", "x/y", "./x", "../../..", "?n=2", "//b.example/x", "x?y=/..", "/a/../b/"])
)


@given(_URL, _REFERENCE)
def test_ordinary_urls_have_the_parts_that_python_gives_them(url: str, reference: str) -> None:
    """Scheme, host, port, path and query; and what a reference means there (RFC 3986, 5.2)."""
    ours, theirs = urls.split(url), urlsplit(url)

    assert ours[:5] == (theirs.scheme, theirs.netloc, theirs.path, theirs.query, theirs.fragment)
    assert (ours.host, ours.port) == (theirs.hostname, theirs.port)
    assert urls.joined(url, reference) == urljoin(url, reference)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n=1&last=a%2Fb&x=&=y&z", {"n": ["1"], "last": ["a/b"], "": ["y"]}),
        ("scope=a+b&scope=c", {"scope": ["a b", "c"]}),
        ("%ff=%00", {"\ufffd": ["\x00"]}),
    ],
)
def test_parameters(text: str, expected: dict[str, list[str]]) -> None:
    """Those with a value, decoded."""
    assert urls.parameters(text) == expected


def test_a_port_of_words_is_none() -> None:
    """It is part of what the URL says all the same."""
    parts = urls.split("https://h:many/")
    assert (parts.host, parts.port, parts.netloc) == ("h", None, "h:many")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://Docker.IO:443/V2/?A=b#c", "https://docker.io/V2/?A=b"),
        ("http://user:word@host:80", "http://host/"),
        ("https://host?x=1", "https://host/?x=1"),
        ("https://[::1]:443/", "https://[::1]/"),
        ("/v2/", "/v2/"),
    ],
)
def test_canonical(url: str, expected: str) -> None:
    """Two spellings of one URL are one (RFC 3986, 6.2)."""
    assert urls.canonical(url) == expected


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Registry.example.com/v2/", "registry.example.com"),
        ("http://registry.example.com:5000?x=/y", "registry.example.com:5000"),
        ("https://user:secret@registry.example.com/v2/", "registry.example.com"),
        ("https://[2001:db8::1]:5000/v2/", "[2001:db8::1]:5000"),
        ("https://[bad", "[bad"),
        ("/v2/", ""),
        ("", ""),
    ],
)
def test_host(url: str, host: str) -> None:
    """The authority, in lower case and without user info."""
    assert urls.host_of(url) == host


def test_of_many_parameters_the_first_are_read() -> None:
    """A query that is meant to be slow takes no longer than another."""
    assert urls.parameters("&".join(["a=b"] * 1000)) == {"a": ["b"] * urls.MOST_PARAMETERS}


@given(_URL)
def test_a_url_is_its_parts(url: str) -> None:
    """Put together again they are what they were taken from."""
    assert str(urls.split(url)) == url


def test_a_host_and_a_port() -> None:
    """Other words in their place are none."""
    assert all(map(urls.is_host, ["h", "a.example:5000", "[::1]:80", "h:"]))
    assert not any(map(urls.is_host, ["", "[x", "[1", "a,b", "a/b", "u@h", "h:many"]))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Reg.Example.COM/Service/Token?a=B", "https://reg.example.com/Service/Token"),
        ("https://reg.example.com/Service/Token", "https://reg.example.com/Service/Token"),
        ("https://REG.example.com", "https://reg.example.com/"),
        ("Registry Realm", "Registry Realm"),
    ],
)
def test_a_place_is_the_same_in_capitals(url: str, expected: str) -> None:
    """Hosts have no case (RFC 3986, 3.2.2), paths have one."""
    assert urls.bare(url) == expected
