"""Of a source with a gap nothing is found that the same traffic does not show without it: not seeing is not evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tests.share import share
from tests.trace.findings.reports import REPORTS

from pullscope.mitm.flow_file import FlowFile
from pullscope.oci.messages import Headers
from pullscope.oci.routes import Endpoint, route
from pullscope.trace.events import Event, Finished, Requested, Responded, Uploaded
from pullscope.trace.findings.finding import Severity
from pullscope.trace.recording import Reader
from pullscope.trace.trace import Trace

DATA = Path(__file__).parents[1] / "data"
RECORDINGS = [str(path.relative_to(DATA)) for path in sorted(DATA.rglob("*.*")) if path.suffix in (".jsonl", ".mitm")]
GAPS = ("headers", "tokens", "credentials", "bodies")
VAGUE = {
    *("request-failed", "access-denied", "registry-failed", "manifest-unknown", "name-unknown", "blob-unknown"),
    *("cdn-failed", "mirror-failed", "token-server-failed", "upload-refused", "upload-lost", "upload-cut-off"),
    *("login-expired", "token-rejected", "size-mismatch", "upstream-unreachable"),
}
"""What is said where the cause is not to be seen: the refusal or the bytes themselves, which are."""
BY_REQUEST = {
    "credentials": {"ping-other-host"},
    "bodies": {"challenge-unreadable", "credentials-not-used", "write-denied", "wrong-content-type"},
    "headers": {"credentials-not-used", "write-denied"},
    "tokens": {"write-denied"},
}
"""What the requests show, which such a source has."""

UNDECIDED = {
    ("gateway-of-another-kind", "bodies"): {"ping-not-redirected"},
    ("kong-no-route", "bodies"): {"ping-not-redirected"},
    ("helm-plus", "bodies"): {"tag-invalid"},
    ("redirect-to-a-website", "headers"): {"ping-not-redirected"},
    ("docker-io-is-no-registry", "headers"): {"ping-not-redirected"},
    ("skopeo-429-at-the-ping", "headers"): {"rate-limited"},
    ("trivy-first-mirror-lacks-db", "headers"): {"rate-limited"},
    ("chart-of-a-public-registry", "bodies"): {"login-not-needed"},
    ("login-expired-public", "bodies"): {"login-not-needed"},
    ("old-login-of-a-chart-all-may-read", "credentials"): {"scope-refused"},
}
"""Two names were asked for at once, and no manifest says of which these blobs are; no Location says who led to a host; no
User-Agent says that it is the same client that asks again; no words are a gateway's, or say that a login is
old; no login is seen that the token server of a registry where all may read refuses."""


def _without(events: list[Event], gap: str) -> list[Event]:
    """The events as a source with this gap has them."""
    gone: set[int] = set()
    made: list[Event] = []
    for event in events:
        if isinstance(event, Requested):
            if gap == "tokens" and route(event.url).endpoint is Endpoint.NONE and "service=" in event.url:
                gone.add(event.exchange)
            lacks = replace(event, lacks=gap)
            if gap == "headers":
                lacks = replace(lacks, headers=Headers(), referer_id=None)
            if gap == "credentials":
                lacks = replace(lacks, authorization="none", credential=None)
            made.append(lacks)
        elif isinstance(event, Responded) and gap == "headers":
            made.append(replace(event, headers=Headers(), location=None, location_id=None))
        elif isinstance(event, Finished) and gap == "bodies":
            made.append(replace(event, document=None, sha256=None, bytes=None, issued=None, granted=None))
        elif isinstance(event, Uploaded) and gap == "bodies":
            continue
        else:
            made.append(event)
    return [event for event in made if getattr(event, "exchange", None) not in gone]


def _errors(events: Iterable[Event]) -> set[str]:
    trace = Trace()
    for event in events:
        trace.feed(event)
    trace.finish()
    return {found.code for pull in trace.pulls for found in pull.findings if found.severity is Severity.ERROR}


def _whole(name: str) -> list[Event]:
    """A recording or a report."""
    if name in REPORTS:
        return sorted(REPORTS[name].play().events, key=lambda event: event.time)
    with (DATA / name).open("rb") as source:
        return list(Reader(name).read(source) if name.endswith(".jsonl") else FlowFile(name).events(source))


def test_not_seeing_is_no_evidence() -> None:
    """Without header fields, token requests, credentials or bodies, no cause is named that the whole traffic does not show."""
    wrong: dict[tuple[str, str], set[str]] = {}
    for name in share([*RECORDINGS, *REPORTS]):
        events = _whole(name)
        seen = _errors(events) | VAGUE
        for gap in GAPS:
            allowed = seen | BY_REQUEST.get(gap, set()) | UNDECIDED.get((name, gap), set())
            if more := _errors(_without(events, gap)) - allowed:
                wrong[name, gap] = more
    assert wrong == {}
