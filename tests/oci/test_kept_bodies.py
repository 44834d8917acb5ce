"""What is kept of a body, by what it is."""

from __future__ import annotations

import pytest

from pullscope.oci.kept_bodies import is_token_answer, reason_of, sent_of, text_of, token_answer_of
from pullscope.oci.routes import Endpoint


def test_error_pages_keep_what_names_them() -> None:
    """A storage's XML echoes the signature that it refused; its code and message say enough."""
    page = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>expired</Message><Key>s3cret</Key></Error>"

    assert text_of(page, 403) == "<XML> AccessDenied expired"
    assert text_of(b"<XML> AccessDenied expired", 403) == "<XML> AccessDenied expired"
    assert text_of(b"<!DOCTYPE html><html><title>Not Found</title>s3cret</html>", 404) == "<HTML> Not Found"
    assert len(text_of(b"x" * 100_000, 500)) == 2000
    assert text_of(b"<html><body>\n <h1>Down</h1>\n why</body></html>", 503) == "<HTML> Down why"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"schemaVersion":2,"manifests":[]}', False),
        (b'{"name":"a","tags":["1"],"manifest":{},"child":[]}', False),
        (b'{"repositories":[]}', False),
        (b'{"name":"a","tags":["1"],"pat":"x"}', True),
        (b'{"tags"', True),
        (b"<html>", True),
    ],
)
def test_what_comes_from_no_registry_is_read_as_a_token_answer(content: bytes, expected: bool) -> None:
    """Unless it is a registry's document, to which there was a redirect."""
    assert is_token_answer(content, Endpoint.NONE, issues=False) is expected
    assert not is_token_answer(content, Endpoint.TAGS, issues=False)
    assert is_token_answer(content, Endpoint.TAGS, issues=True)


def test_a_page_in_a_token_s_place_keeps_its_title() -> None:
    """A portal that wants a login; a bare text may be the token."""
    assert token_answer_of(b"<html><title>Sign in</title>s3cret") == "<HTML> Sign in"
    assert token_answer_of(b"s3cret") == "REDACTED"
    assert token_answer_of(b'{"token": "s3cret"} {"token": "s3cret"}') == '{"token": "REDACTED"}'
    assert token_answer_of(b'{"scope": "aws", "expires_in": 1.5, "token": ""}') == (
        '{"scope": "aws", "expires_in": "REDACTED", "token": ""}'
    )


def test_what_is_sent_is_a_form_or_a_manifest() -> None:
    """Each with what such a one has; a document of nothing is one."""
    assert sent_of(b"service=a&x=y", form=True) == "service=a&x=REDACTED"
    assert sent_of(b"{}", form=False) == "{}"
    assert sent_of(b'{"schemaVersion":2,"layers":[],"x":1}', form=False) == '{"schemaVersion": 2, "layers": []}'
    assert sent_of(b'{"name":"x"}', form=False) == sent_of(b"\xff", form=False) == "REDACTED"


def test_a_reason_stays_a_sentence() -> None:
    """Names of hosts and errors explain; lines of the wire may be anything."""
    said = "Hostname mismatch, certificate is not valid for 'registry.example.com'. (b-1)"
    assert reason_of(said) == said
    assert reason_of("Bad line: b'x\\'y' and b\"z\".") == "Bad line: b'REDACTED' and b'REDACTED'."
