"""The shapes of answers that the hub's three hosts share: JSON, registry errors, and what HEAD leaves away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from email.utils import formatdate

from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.registries.row import Form, Said

Clock = Callable[[], float]
"""Seconds since the epoch; handed in, so that a test owns the time."""

_Fields = Iterable[tuple[str, str]]


def answer(status: int, fields: _Fields, body: bytes = b"") -> Response:
    """An answer with its Content-Length."""
    return Response(status=status, headers=Headers([*fields, ("Content-Length", str(len(body)))]), body=body)


def json_answer(status: int, document: object, fields: _Fields = ()) -> Response:
    """A JSON document; the trailing newline is what Go's encoder, and so every Go registry, writes."""
    body = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    return answer(status, [("Content-Type", "application/json; charset=utf-8"), *fields], body)


def not_found() -> Response:
    """What Go's http.NotFound writes."""
    fields = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
    return answer(404, fields, b"404 page not found\n")


def registry_error(status: int, code: str, message: str, detail: object = None, fields: _Fields = ()) -> Response:
    """One error in the form of the distribution spec, "Error Codes"."""
    error: dict[str, object] = {"code": code, "message": message}
    if detail is not None:
        error["detail"] = detail
    return json_answer(status, {"errors": [error]}, fields)


def storage_error(status: int, code: str, message: str, *fields: tuple[str, str]) -> Response:
    """The form of Amazon S3's REST errors, which Cloudflare R2 and others share."""
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return answer(status, [("Content-Type", Form.XML), *fields], document.encode())


def finished(request: Request, response: Response, clock: Clock) -> Response:
    """`response` as it goes out: dated, and without body for HEAD."""
    headers = response.headers.replacing("Date", formatdate(clock(), usegmt=True))
    return headless(request, replace(response, headers=headers))


def headless(request: Request, response: Response) -> Response:
    """The answer; to HEAD without its body, whose Content-Length stays (RFC 9110, 9.3.2)."""
    return replace(response, body=b"") if request.method == "HEAD" else response


def said(words: Said, *, repository: str = "", fields: _Fields = ()) -> Response:
    """An error in the words of a row."""
    message = words.message.replace("{repository}", repository)
    if words.form is Form.XML:
        return storage_error(words.status, words.code or "", message, *fields)
    if words.form is not Form.JSON:
        return answer(words.status, [("Content-Type", words.form), *fields], message.encode())
    return registry_error(words.status, words.code or "UNKNOWN", message, None, fields)
