"""Names of statuses: Go's, on any Python."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from pullscope.oci.statuses import PHRASES, phrase, status_line


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (404, "404 Not Found"),
        (413, "413 Request Entity Too Large"),
        (414, "414 Request URI Too Long"),
        (416, "416 Requested Range Not Satisfiable"),
        (422, "422 Unprocessable Entity"),
        (520, "520"),
    ],
)
def test_a_status_has_gos_name(status: int, line: str) -> None:
    """net/http status.go: Python calls four of them otherwise, and not the same in every release."""
    assert status_line(status) == line


def test_every_name_is_known() -> None:
    """Servers say the old names and those of RFC 9110."""
    assert {status.phrase for status in HTTPStatus} - {phrase(418), "I'm a Teapot"} <= PHRASES
    assert {"Content Too Large", "Payload Too Large", "Request-URI Too Long", "Unprocessable Content"} <= PHRASES
