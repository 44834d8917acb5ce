"""What docker/distribution's client makes of an error answer: the words that dockerd and containers/image show.

Source: distribution v2.8.3 registry/client/errors.go (HandleErrorResponse, parseHTTPErrorResponse) and
registry/api/errcode/errors.go, which moby 20.10 to 28 and containers/image up to 5.36 carry. No requests, no
decisions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from pullscope.oci.challenge import read_challenges
from pullscope.oci.documents import RegistryError, read_errors
from pullscope.oci.messages import Response
from pullscope.oci.statuses import status_line

# errcode/register.go, api/v2/errors.go: an entry that only repeats its code's own sentence is shown as the code.
_OWN_SENTENCE = {
    "UNKNOWN": "unknown error",
    "UNSUPPORTED": "The operation is unsupported.",
    "UNAUTHORIZED": "authentication required",
    "DENIED": "requested access to the resource is denied",
    "UNAVAILABLE": "service unavailable",
    "TOOMANYREQUESTS": "too many requests",
    "NAME_UNKNOWN": "repository name not known to registry",
    "MANIFEST_UNKNOWN": "manifest unknown",
    "BLOB_UNKNOWN": "blob unknown to registry",
}
# The `error` of a Bearer challenge (RFC 6750, 3.1) comes before what the body says.
_CHALLENGE_ERRORS = {"invalid_token": "UNAUTHORIZED", "insufficient_scope": "DENIED"}
_DETAILS_CODES = {401: "UNAUTHORIZED", 429: "TOOMANYREQUESTS"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DistributionError:
    """`code` is empty where the answer was not a registry's; `whole` says that message or detail add to the code."""

    code: str
    text: str
    """All of it, as containers/image shows it."""
    whole: bool = False
    first: str = ""
    """The first of several, which is all that dockerd shows (TranslatePullError)."""

    others: tuple[str, ...] = ()
    """The codes of those that follow the first."""

    @property
    def shown_by_dockerd(self) -> str:
        return self.first or self.text


def read_error(response: Response) -> DistributionError:
    """The error that a caller of HandleErrorResponse gets."""
    if not 400 <= response.status < 500:
        return DistributionError(code="", text=f"received unexpected HTTP status: {status_line(response.status)}")
    for challenge in read_challenges(response.headers.get_all("WWW-Authenticate")):
        code = _CHALLENGE_ERRORS.get(challenge.error or "") if challenge.scheme == "bearer" else None
        if code:
            own = DistributionError(code=code, text=_sentence(code, _OWN_SENTENCE[code]), whole=True)
            return _merged([own, _from_body(response)])  # mergeErrors
    error = _from_body(response)
    if not error.code and response.status == 401:
        return DistributionError(code="UNAUTHORIZED", text="unauthorized: authentication required", whole=True)
    return error


def _from_body(response: Response) -> DistributionError:
    try:
        document = json.loads(response.body)
    except ValueError:
        return _unreadable(response, _go_json_error(response.body))
    details = document.get("details") if isinstance(document, dict) else None
    if isinstance(details, str) and details:
        code = _DETAILS_CODES.get(response.status, "UNKNOWN")
        return DistributionError(code=code, text=_sentence(code, details), whole=True)
    listed = isinstance(document, dict) and isinstance(document.get("errors"), list)
    errors = read_errors(response.body) if listed else ()
    if not errors:
        return _unreadable(response, "no error details found in HTTP response body")
    return _merged([_one(error) for error in errors])


def _merged(errors: list[DistributionError]) -> DistributionError:
    """errcode.Errors: one is shown as it is, several under a heading."""
    head = errors[0]
    if len(errors) == 1:
        return head
    lines = "".join(f"{error.text}\n" for error in errors)
    return DistributionError(
        code=head.code,
        text=f"errors:\n{lines}",
        whole=head.whole,
        first=head.text,
        others=tuple(error.code for error in errors[1:]),
    )


def _one(error: RegistryError) -> DistributionError:
    # errors.go UnmarshalJSON
    if not error.detail and error.message in ("", _OWN_SENTENCE.get(error.code)):
        return DistributionError(code=error.code, text=_words(error.code))
    return DistributionError(code=error.code, text=_sentence(error.code, error.message), whole=True)


def _sentence(code: str, message: str) -> str:
    return f"{_words(code)}: {message}"


def _words(code: str) -> str:
    return code.replace("_", " ").lower()


def _unreadable(response: Response, why: str) -> DistributionError:
    quoted = json.dumps(response.body.decode(errors="replace"), ensure_ascii=False)
    return DistributionError(code="", text=f"error parsing HTTP {response.status} response body: {why}: {quoted}")


def _go_json_error(body: bytes) -> str:
    """encoding/json's words for the two things that are not JSON in practice: nothing, and a page or plain text."""
    text = body.decode(errors="replace").lstrip(" \t\r\n")
    if not text:
        return "unexpected end of JSON input"
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return f"invalid character '{text[0]}' looking for beginning of value"
    rest = text[end:].lstrip(" \t\r\n")
    return f"invalid character '{rest[:1]}' after top-level value"
