"""What is kept of a body, by what it is."""

from __future__ import annotations

from pullscope.oci.kept_bodies import text_of


def test_error_pages_keep_what_names_them() -> None:
    """A storage's XML echoes the signature that it refused; its code and message say enough."""
    page = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>expired</Message><Key>s3cret</Key></Error>"

    assert text_of(page, 403) == "<XML> AccessDenied expired"
    assert text_of(b"<XML> AccessDenied expired", 403) == "<XML> AccessDenied expired"
    assert text_of(b"<!DOCTYPE html><html><title>Not Found</title>s3cret</html>", 404) == "<HTML> Not Found"
    assert len(text_of(b"x" * 100_000, 500)) == 2000
