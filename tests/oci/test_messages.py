"""Messages: header fields that repeat, and values that stay out of sight."""

from __future__ import annotations

from pullscope.oci.messages import Headers, Request


def test_headers_are_found_in_any_case_and_all_of_them() -> None:
    """Names compare without case, the first value is `get`, all are `get_all`, spelling and order stay."""
    headers = Headers([("Accept", "a"), ("X", "1"), ("accept", "b")])

    assert headers.get("ACCEPT") == "a"
    assert headers.get_all("accept") == ("a", "b")
    assert list(headers) == [("Accept", "a"), ("X", "1"), ("accept", "b")]
    assert list(headers.replacing("Accept", "c")) == [("X", "1"), ("Accept", "c")]
    assert list(headers.replacing("accept", None)) == [("X", "1")]
    assert "x" in headers
    assert len(headers) == 3


def test_values_are_in_no_repr() -> None:
    """A repr ends up in tracebacks; header values and bodies do not."""
    request = Request(
        method="POST", url="https://a/", headers=Headers({"Authorization": "Bearer abc"}), body=b"password=abc"
    )

    assert "abc" not in repr(request)


def test_the_host_is_the_authority_without_user_info() -> None:
    """The port stays where it is written, the user does not."""
    assert Request(method="GET", url="https://u:p@Docker.Example.COM:8443/v2/").host == "docker.example.com:8443"
