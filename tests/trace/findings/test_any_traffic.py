"""Whatever goes over the wire, the rules say something that can be printed, or nothing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.trace.findings.looked_at import BLOB, IMAGE, TAG, VANITY, error
from tests.trace.images import OCI_INDEX, digest
from tests.trace.wire import (
    AUTH,
    CDN,
    CONTAINERD,
    DOCKER_20,
    DOCKER_29,
    HUB,
    SKOPEO,
    Wire,
    challenge_for,
    played,
    token_url,
)

from pullscope.render.formats import report
from pullscope.render.layout import WIDTH
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.table import ROWS
from pullscope.trace.model import Ending

URLS = [
    f"{HUB}/v2/",
    f"{HUB}/v2",
    f"{VANITY}/v2/",
    TAG,
    TAG.replace(HUB, VANITY),
    f"{HUB}/v2/nginx/manifests/latest",
    IMAGE.url("manifests", digest(IMAGE.index)),
    IMAGE.url("manifests", digest(IMAGE.manifest())),
    IMAGE.url("blobs", BLOB),
    f"{CDN}/data/{BLOB[7:]}?sig=REDACTED",
    f"{HUB}/v2/library/app/tags/list?n=1",
    f"{HUB}/v2/library/app/blobs/uploads/",
    token_url("library/app"),
    token_url("team/app"),
    AUTH,
    "http://plain.example/v2/",
    "https://h/v2//manifests/",
]
BODIES = [
    None,
    "",
    "{}",
    "[]",
    "null",
    "<HTML> x",
    error("DENIED"),
    error("NAME_UNKNOWN"),
    IMAGE.index,
    IMAGE.manifest(),
]
BODIES += ['{"schemaVersion":1,"fsLayers":[{}]}', '{"token":"REDACTED"}', '{"name":"x/y","tags":null}', "x" * 400]
CHALLENGES = [
    None,
    challenge_for(None),
    challenge_for("library/app"),
    challenge_for("team/app") + ',error="invalid_token"',
]
CHALLENGES += ["Basic", "Bearer", 'Bearer realm=""', challenge_for("library/app") + ',error="insufficient_scope"']
HEADERS = [
    {},
    {"Content-Type": OCI_INDEX, "Docker-Content-Digest": digest(IMAGE.index)},
    {"Content-Type": "text/html", "Content-Length": "99"},
    {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "1;w=x", "Retry-After": "soon"},
    {"Link": "<>; rel=next", "Docker-Content-Digest": "none"},
    {"Content-Length": "9" * 30, "Content-Range": "bytes */4"},
]

EXCHANGES = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "GET", "GET", "HEAD", "PUT", "POST"]),
        "url": st.sampled_from(URLS),
        "status": st.sampled_from([None, 200, 200, 206, 301, 302, 307, 400, 401, 401, 403, 404, 405, 429, 500, 503]),
        "took": st.sampled_from([0.0, 0.01, 3.0]),
        "token": st.sampled_from([None, None, "t", "u"]),
        "basic": st.booleans(),
        "referer": st.sampled_from([None, *URLS[:5]]),
        "headers": st.sampled_from([None, {"Range": "bytes=2-"}]),
        "challenge": st.sampled_from(CHALLENGES),
        "location": st.sampled_from([None, *URLS]),
        "answer": st.sampled_from(HEADERS),
        "body": st.sampled_from(BODIES),
        "issued": st.sampled_from([None, "t", "u"]),
        "fails": st.sampled_from(
            [None, None, None, "Client disconnected.", "[Errno -2] Name or service not known", "tls"]
        ),
        "ends": st.sampled_from([True, True, True, False]),
        "agent": st.sampled_from([DOCKER_20, DOCKER_29, SKOPEO, CONTAINERD, "", "curl/8"]),
    }
)


@settings(max_examples=100, deadline=None)
@given(st.lists(EXCHANGES, max_size=14))
def test_any_traffic_gives_findings_that_can_be_told(exchanges: list[dict[str, Any]]) -> None:
    """No rule raises, codes are known, steps exist, an error is never in a complete pull, and no line is too wide."""
    wire = Wire()
    for exchange in exchanges:
        wire.ask(**exchange)
    trace = played(wire)
    for pull in trace.pulls:
        for finding in pull.findings:
            assert finding.code in ROWS
            assert finding.message.endswith(".")
            assert finding.fix
            assert finding.steps
            assert set(finding.steps) <= {step.n for step in pull.steps}
            assert finding.severity is not Severity.ERROR or pull.outcome is not Ending.COMPLETE
        errors = [finding.code for finding in pull.findings if finding.severity is Severity.ERROR]
        assert len(errors) == len(set(errors))
    json.loads(report(trace, "json"))
    told = [line for line in report(trace, "text").splitlines() if not line.startswith("pull ")]
    long = [line for line in told if len(line) > WIDTH]
    assert all(max(map(len, line.split())) > WIDTH - 45 for line in long), (
        "a word that is longer than its room stays whole"
    )
