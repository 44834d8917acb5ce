"""The report: the whole trace as text, or as the JSON of docs/report-format.md (schema_version 1).

The JSON is an interface: its keys keep their meaning, what is not known is null, more keys may be added. Every number is
computed here from the trace and nowhere else, so that text and JSON cannot disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pullscope.render.formats import Told
from pullscope.render.layout import WIDTH, paint
from pullscope.render.lines import finding_lines, story_of
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.said import words
from pullscope.trace.hop import Reached
from pullscope.trace.hosts import Roles, rate_limit_of, tally
from pullscope.trace.model import Hop, Kind, Pull, Step
from pullscope.trace.unseen_hosts import through_mirror

SCHEMA_VERSION = 1


def report_text(told: Told) -> str:
    lines = report_lines(told.pulls, findings=told.findings, color=told.color, verbose=told.verbose, width=told.width)
    return "".join(f"{line}\n" for line in lines)


def report_lines(
    pulls: Sequence[Pull],
    *,
    findings: Iterable[Finding] = (),
    color: bool = False,
    verbose: bool = False,
    width: int = WIDTH,
) -> list[str]:
    """What was found of no single pull, then every pull's story, with a blank line between."""
    lines = [paint(line, color=color) for finding in findings for line in finding_lines(finding, width)]
    for pull in pulls:
        if lines:
            lines.append("")
        lines.extend(paint(line, color=color) for line in story_of(pull, verbose=verbose, width=width))
    return lines


def report_json(told: Told) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "source": told.source,
        "pulls": [pull_json(pull) for pull in told.pulls],
        "unattributed": [hop_json(hop, Roles([hop])) for hop in told.unattributed],
        "refusals": [
            _fields(refusal, "client", "host", "reason", "first", "last", "count") for refusal in told.refusals
        ],
        "findings": [finding_json(finding) for finding in told.findings],
    }


def report_jsonl(told: Told) -> str:
    head = {"schema_version": SCHEMA_VERSION, "source": told.source}
    return "".join(json.dumps({**head, **pull_json(pull)}, separators=(",", ":")) + "\n" for pull in told.pulls)


def _relayed_json(pull: Pull, host: str, length: int | None) -> dict[str, Any]:
    shared = pull.unread.shared.get(host)
    told = {"bytes": shared.bytes, "between": sorted(shared.between)} if shared else None
    return {"host": host, "bytes": length, **({"shared": told} if told else {})}


def pull_json(pull: Pull) -> dict[str, Any]:
    hops = pull.hops
    roles = Roles(hops)
    layers = pull.layers
    relayed = [_relayed_json(pull, host, length) for host, length in pull.unread.bytes.items()]
    limit = rate_limit_of(pull)
    return {
        "id": pull.id,
        "action": str(pull.action),
        "with": pull.partner.id if pull.partner is not None else None,
        "reference": pull.reference,
        "registry": pull.registry,
        "repository": pull.repository,
        "tag": pull.tag,
        "digest": pull.digest,
        "platform": pull.platform,
        "client": _fields(pull.client, "family", "version", "store"),
        "outcome": str(pull.outcome),
        **({"through": "mirror"} if through_mirror(pull) else {}),
        "started": pull.started if pull.dated else None,
        "seconds": _round(pull.seconds),
        "bytes": pull.bytes,
        "bytes_sent": pull.bytes_sent,
        "steps": [step_json(step, roles) for step in pull.steps],
        "layers": {
            **_fields(layers, "total", "fetched", "already_present", "verified"),
            **({"sent_on": layers.sent_on} if layers.sent_on else {}),
            **({"relayed": relayed} if relayed else {}),
        },
        "hosts": [
            {
                "host": host.host,
                "label": {"text": host.label[0], "evidence": host.label[1]} if host.label else None,
                "roles": list(host.roles),
                "requests": host.requests,
                "bytes": host.bytes,
            }
            for host in tally(hops)
        ],
        "rate_limit": _fields(limit, "limit", "remaining_before", "remaining_after", "window_seconds", "source")
        if limit
        else None,
        "findings": [finding_json(finding) for finding in pull.findings],
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "message": finding.message,
        "fix": finding.fix,
        "steps": list(finding.steps),
        "docs": finding.docs,
    }


def step_json(step: Step, roles: Roles) -> dict[str, Any]:
    token = step.token
    number = step.expectation.number if step.expectation and step.kind is Kind.LAYER else None
    return {
        "n": step.n,
        "kind": str(step.kind),
        "digest": step.digest,
        "media_type": step.media_type,
        "size": step.size,
        "platform": step.platform,
        "verified": step.verified,
        "outcome": str(step.outcome),
        "under": step.under.n if step.under is not None else None,
        "because": step.because,
        "layer": {"number": number, "of": step.expectation.of} if step.expectation and number is not None else None,
        "token": _fields(token, "number", "anonymous", "scope", "expires_in") if token else None,
        "hops": [hop_json(hop, roles) for hop in step.hops],
    }


def hop_json(hop: Hop, roles: Roles) -> dict[str, Any]:
    response = hop.response
    return {
        "method": hop.request.method,
        "url": hop.request.url,
        "host": hop.host,
        "role": roles.of_hop(hop),
        "status": hop.status,
        "location": response.location if response else None,
        "authorization": hop.request.authorization,
        "token": hop.request.credential,
        "bytes": hop.bytes,
        "started": hop.request.time if hop.dated else None,
        "seconds": _round(hop.seconds),
        "first_byte_seconds": _round(hop.first_byte_seconds),
        **({"connection": _connection(hop.reached)} if hop.reached is not None else {}),
        "errors": [_fields(error, "code", "message") for error in hop.errors],
        "said": words(hop) or None if (hop.status or 0) >= 400 else None,
        "failure": hop.failed.reason if hop.failed else None,
        "answered_by": response.answered_by if response else None,
    }


def _connection(reached: Reached) -> dict[str, Any]:
    return {
        "already_open": reached.open_already,
        "tcp_seconds": _round(reached.tcp),
        "tls_seconds": _round(reached.tls),
    }


def _fields(value: object, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
