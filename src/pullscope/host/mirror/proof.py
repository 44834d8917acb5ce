"""One request to the mirror for each registry: it pulls nothing, and shows that mirror and registry answer."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from urllib.parse import quote

from pullscope.host import HostError
from pullscope.host.listener import listens
from pullscope.oci.urls import split
from pullscope.oci.verdicts import Problem, Severity

_OURS = b"pullscope"
_WITHIN = 15.0
"""Seconds: the mirror gives a registry five to be connected to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What the request showed: a line for the user, or a problem."""

    words: str = ""
    problem: Problem | None = None


def refuse_stranger(address: str) -> None:
    """HostError where something listens there that is not our mirror: it would answer for the registries."""
    host, port = _parts(address)
    if not listens(host, port):
        return
    status, body = _get(address, "/")
    if _OURS not in body:
        what = "which does not answer in http" if status is None else f"which answers {status} and is not pullscope"
        raise HostError(
            f"something listens on {address}, {what}: it would answer for your registries. Nothing changed."
        )


def prove(address: str, registry: str, start: str) -> Proof:
    """Ask for the version check of one registry through the mirror. `start` is what starts the mirror."""
    host, port = _parts(address)
    if not listens(host, port):
        return Proof(
            problem=Problem(
                code="mirror-not-listening",
                severity=Severity.WARNING,
                message=f"nothing listens on {address} yet: clients go on to the registry itself",
                fix=start,
            )
        )
    status, body = _get(address, f"/v2/?ns={quote(registry)}")
    if status in {200, 401}:
        meaning = "no login needed" if status == 200 else "authentication required, as expected"
        return Proof(words=f"{registry} answers through the mirror ({status}: {meaning})")
    if status == 404 and _OURS in body:
        code, message = "mirror-without-registry", f"the mirror on {address} was not started for {registry}"
    elif status is not None:
        code, message = "mirror-no-answer", f"{registry} gave no good answer through the mirror ({status})"
    else:
        code, message = "mirror-no-answer", f"the mirror on {address} does not answer"
    fix = start if code == "mirror-without-registry" else None
    return Proof(problem=Problem(code=code, severity=Severity.WARNING, message=message, fix=fix))


def _parts(address: str) -> tuple[str, int]:
    parts = split(f"//{address}")
    return parts.host, parts.port or 80


def _get(address: str, path: str) -> tuple[int | None, bytes]:
    """Status and beginning of the body; None where no http came back."""
    connection = http.client.HTTPConnection(*_parts(address), timeout=_WITHIN)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(65536)
    except (OSError, http.client.HTTPException):
        return None, b""
    finally:
        connection.close()
