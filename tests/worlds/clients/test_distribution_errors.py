"""Tests of docker/distribution's reading of errors."""

from __future__ import annotations

import pytest

from pullscope.oci.messages import Headers, Response
from pullscope.worlds.clients.distribution_errors import read_error

CASES = [
    (
        "repeats its code",
        401,
        b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
        "unauthorized",
    ),
    (
        "says more",
        404,
        b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]}',
        "manifest unknown: manifest unknown",
    ),
    ("own words", 403, b'{"errors":[{"code":"DENIED","message":"go away"}]}', "denied: go away"),
    ("details", 429, b'{"details":"slow down"}', "toomanyrequests: slow down"),
    (
        "a page",
        404,
        b"<!DOCTYPE html>",
        (
            "error parsing HTTP 404 response body: invalid character '<' looking for beginning of value: "
            '"<!DOCTYPE html>"'
        ),
    ),
    (
        "plain text",
        404,
        b"404 page not found\n",
        "error parsing HTTP 404 response body: invalid character 'p' after top-level value: \"404 page not found\\n\"",
    ),
    ("nothing", 404, b"", 'error parsing HTTP 404 response body: unexpected end of JSON input: ""'),
    (
        "no errors",
        404,
        b"{}",
        'error parsing HTTP 404 response body: no error details found in HTTP response body: "{}"',
    ),
    ("401 page", 401, b"<html>", "unauthorized: authentication required"),
    ("server's fault", 503, b"", "received unexpected HTTP status: 503 Service Unavailable"),
    ("two", 400, b'{"errors":[{"code":"DENIED"},{"code":"UNKNOWN"}]}', "errors:\ndenied\nunknown\n"),
]


@pytest.mark.parametrize(("status", "body", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_error_reads_as_docker_prints_it(status: int, body: bytes, text: str) -> None:
    """Status and body make the sentence that dockerd and skopeo show."""
    assert read_error(Response(status=status, body=body)).text == text


def test_insufficient_scope_comes_before_the_body() -> None:
    """The challenge's error comes first: skopeo shows both, dockerd only that."""
    challenge = 'Bearer realm="https://r.example",error="insufficient_scope"'
    response = Response(status=401, headers=Headers([("WWW-Authenticate", challenge)]), body=CASES[0][2])

    first = "denied: requested access to the resource is denied"
    assert read_error(response).text == f"errors:\n{first}\nunauthorized\n"
    assert read_error(response).shown_by_dockerd == first
