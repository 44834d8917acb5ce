"""Parts of addresses, from any text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullscope.trace.addresses import bare, host_of, parameters, query, scopes_asked


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
    assert host_of(url) == host


def test_scopes() -> None:
    """Several parameters, or several scopes in one, are scopes each for itself."""
    url = "https://auth.docker.io/token?scope=repository%3Aa%3Apull&scope=repository:b:pull+repository:c:push#scope=d"
    assert scopes_asked(url) == ["repository:a:pull", "repository:b:pull", "repository:c:push"]
    assert bare(url) == "https://auth.docker.io/token"
    assert query("https://x/?a=b#c?d") == "a=b"


def test_too_many_parameters() -> None:
    """A query that is meant to be slow is not read."""
    assert parameters("&".join(["a=b"] * 1000)) == {}


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_text(text: str) -> None:
    """Nothing is refused."""
    for part in (host_of, bare, query):
        assert isinstance(part(text), str)
    scopes_asked(text)
    parameters(text)
