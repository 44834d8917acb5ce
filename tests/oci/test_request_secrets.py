"""Credentials at hand: what a request carries, and how each is found again."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from pullscope.oci.messages import Headers
from pullscope.oci.request_secrets import (
    BEGINNING,
    LEAST,
    NONE,
    _beginnings,
    _spellings,
    both,
    secrets_of,
    secrets_sent,
)

HOST = "https://registry.example.com"


def login(user: str, word: str) -> Headers:
    return Headers({"Authorization": "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()})


@given(st.text(min_size=18, max_size=60) | st.text(alphabet="aZ09+/=-_.~%& ", min_size=18, max_size=60))
def test_a_long_secret_is_known_by_what_its_spellings_begin_with(word: str) -> None:
    """The short way finds whatever the long way replaces."""
    begin = {spelling[:BEGINNING] for spelling in _beginnings(word)}
    whole = {spelling[:BEGINNING] for spelling in _spellings(word) if len(spelling) >= LEAST}
    assert whole <= begin | {word.lower()[:BEGINNING], word.upper()[:BEGINNING]}


@given(st.text(min_size=8, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_what_is_at_hand_is_taken_out(word: str, before: str, after: str) -> None:
    """Whatever it is made of, and whatever stands around it."""
    secrets = secrets_of(f"{HOST}/v2/", Headers({"Authorization": f"Bearer {word}"}))
    for sought in secrets.words:
        assert sought not in secrets.out_of(f"{before} {sought} {after}") or sought in "REDACTED"


def test_a_request_without_credentials_has_nothing_at_hand() -> None:
    """And what has nothing changes nothing."""
    assert secrets_of(f"{HOST}/v2/app/manifests/latest?ns=docker.io", Headers({"User-Agent": "docker/29"})) == NONE
    assert NONE.out_of("any text") == "any text"
    assert both(NONE, NONE) == NONE


def test_halves_of_a_login() -> None:
    """The name is removed from messages, the password everywhere."""
    secrets = secrets_of(f"{HOST}/v2/", login("jennifer", "hunter2hunter2"))
    assert secrets.out_of("jennifer may not, with hunter2hunter2") == "REDACTED may not, with REDACTED"
    assert secrets.out_of("jennifer/1.0 hunter2hunter2", prose=False) == "jennifer/1.0 REDACTED"


def test_a_name_that_the_address_says_is_no_secret() -> None:
    """The repository of a user is called like the user."""
    assert secrets_of(f"{HOST}/v2/joey/app/tags/list", login("joey", "x")).out_of("joey/app is not there") == (
        "joey/app is not there"
    )
    assert secrets_of(f"{HOST}/token?account=joey&scope=repository:joey/app:pull", Headers()).names == frozenset()
    assert secrets_of(f"{HOST}/token?account=joey", Headers()).names == {"joey"}


def test_short_words_are_found_as_words_only() -> None:
    """A password of five letters is not looked for within others, one of three nowhere."""
    secrets = secrets_of(f"{HOST}/v2/", login("u", "latte"))
    assert secrets.out_of("latte, platter", prose=True) == "REDACTED, platter"
    assert secrets_of(f"{HOST}/v2/", login("u", "abc")).out_of("abc") == "abc"


def test_a_secret_that_was_cut_off_goes_as_far_as_it_stands() -> None:
    """Servers show the first characters of what they refuse."""
    secrets = secrets_of(f"{HOST}/v2/", Headers({"Authorization": "Bearer 0123456789abcdefghijklmnop"}))
    assert secrets.out_of("invalid: 0123456789abcdefg...") == "invalid: REDACTED..."


def test_what_a_body_carries() -> None:
    """The fields of a form that are not kept, the texts in JSON, or all of it; not where a registry is."""
    assert secrets_sent(f"{HOST}/token", "service=registry&password=hunter2hunter2", form=True).words == {
        "hunter2hunter2"
    }
    sent = '{"password": "hunter2hunter2", "serveraddress": "https://index.docker.io/v1/"}'
    assert secrets_sent(f"{HOST}/token", sent, form=False).words == {"hunter2hunter2"}
    assert secrets_sent(f"{HOST}/token", "hunter2hunter2\n", form=False).words == {"hunter2hunter2"}


def test_a_word_of_a_scrubbed_file_is_no_credential() -> None:
    """It stands in the place of one."""
    assert secrets_of(f"{HOST}/v2/", Headers({"Authorization": "Bearer REDACTED-12"})) == NONE


def test_a_text_that_is_nothing_but_echoes_goes() -> None:
    """It would hold up the proxy, and says nothing."""
    secrets = secrets_of(f"{HOST}/v2/", Headers({"Authorization": "Bearer 0123456789abcdefghijklmnop"}))
    assert secrets.out_of("0123456789abcdef " * 100_000) == "REDACTED"
