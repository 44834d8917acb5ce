"""What really happened, and how it is told: a row for each recording of tests/data/field.

`live` are runs of real clients, `wire` exchanges rebuilt from public reports. The rows say what was right when the client's
own words and exit code were looked at: the operations with their outcomes, the errors and warnings, words that must be in the
story and words that must not. Both stories are held to that: the one that is told live, and the report.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pullscope.mitm.flow_file import FlowFile
from pullscope.render.exports.markdown import markdown, mermaid
from pullscope.render.formats import Told, report
from pullscope.render.html.page import page
from pullscope.render.layout import WIDTH
from pullscope.render.lines import Story
from pullscope.render.report import report_lines
from pullscope.trace.events import Event
from pullscope.trace.findings.finding import Severity
from pullscope.trace.model import Pull
from pullscope.trace.recording import Reader, to_line
from pullscope.trace.trace import Trace

FOLDER = Path(__file__).parent / "data" / "field"
RECORDINGS = sorted(path for folder in ("live", "wire") for path in (FOLDER / folder).iterdir())
LARGEST = 400_000
"""Bytes of a recording; a larger one is stored compressed."""

PULL, LOOK, PUSH, LIST, LOGIN, DELETE, OTHER = "pull", "look", "push", "list", "login", "delete", "other"
COMPLETE, FAILED = "complete", "failed"
ZEPHYKUS, WEB, SECOND = (
    "docker.io/timonback/zephykus:latest",
    "docker.io/timonback/web:latest",
    "docker.io/timonback/second:latest",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """How a recording is to be told."""

    operations: list[tuple[str, str, str]]
    """Action, reference (or registry, where no repository is named) and outcome, in order."""
    found: dict[str, str] = field(default_factory=dict)
    """Codes of errors and warnings."""
    client: str = ""
    says: tuple[str, ...] = ()
    """Patterns, each to be found in the report with its white space made one."""
    never: str = r"$^"
    """A pattern that is in neither story."""
    copies: bool = False
    """Whether the first operation and the last name each other."""


NOT_THERE = r"manifest-unknown|blob-unknown|name-unknown|FAILED|answers, without"

ROWS: dict[str, Row] = {
    # -- live -----------------------------------------------------------------------------------------------------------
    "live/basic-auth-second-ping": Row(
        operations=[(LOOK, "basic.example.test/timonback/web:latest", COMPLETE)],
        client="skopeo 1.22.0",
        says=("1 tag ",),
        never="credentials-not-used|error",
    ),
    "live/build-push-cache-from-missing": Row(
        operations=[
            (PULL, "docker.timonback.de/timonback/zephykus:latest", COMPLETE),
            (LOOK, "reg.example.test/built/app:cache", COMPLETE),
            (PUSH, "reg.example.test/built/app:1", COMPLETE),
        ],
        client="BuildKit in dockerd",
        says=(
            "push 3 reg.example.test/built/app",
            "7 blobs sent",
            "1 is sha256:012dd3ebdfca",
            "cache not there|resolve not there",
        ),
        never="is there |answers, without|no tag cache in built/app[.]$",
    ),
    "live/cosign-tree": Row(
        operations=[(LOOK, "reg.example.test/timonback/web:latest", COMPLETE)],
        says=(
            "signature none [(]normal[)]",
            "attestation none [(]normal[)]",
            "SBOM none [(]normal[)]",
            "referrers 1 found",
        ),
        never="FAILED",
    ),
    "live/cosign-verify": Row(
        operations=[(LOOK, "reg.example.test/timonback/web:latest", COMPLETE)],
        says=("11 requests",),
        never="layer 1/1|FAILED",
    ),
    "live/crane-copy-open-registry": Row(
        operations=[
            (PULL, "docker.io/timonback/multi:1.1", COMPLETE),
            (PUSH, "reg.example.test/cr/multi:1.1", COMPLETE),
        ],
        copies=True,
        client="go-containerregistry",
        says=(
            "resolve not there .*manifest put",
            "4 mounted",
            "1.1 is sha256:",
            "copied to reg.example.test/cr/multi:1.1",
        ),
        never="unknown client|answers, without|mount +taken|0 of 3 layers",
    ),
    "live/ctr21-mirror-500": Row(
        operations=[(PULL, "docker.io/timonback/multi:1.2", COMPLETE)],
        found={"mirror-failed": "warning"},
        says=("mirror 500",),
        never="cdn-failed|points to a storage|FAILED",
    ),
    "live/ctr21-mirror-miss": Row(
        operations=[(PULL, ZEPHYKUS, COMPLETE)], says=("mirror 404", "mirror-missed"), never=NOT_THERE
    ),
    "live/ctr21-pull-fresh": Row(
        operations=[(PULL, ZEPHYKUS, COMPLETE)], says=("4 of 4 layers",), never="already here|of 10 layers"
    ),
    "live/ctr21-pull-index-here": Row(
        operations=[(PULL, ZEPHYKUS, COMPLETE)], says=("no layer asked for",), never="already here|nothing new|@sha256"
    ),
    "live/ctr21-stops-after-head": Row(
        operations=[(LOOK, ZEPHYKUS, COMPLETE)],
        says=("resolved to sha256:8e77458de855, nothing downloaded",),
        never="nothing new|still|already here",
    ),
    "live/d20-run-new-tag-same-blobs": Row(
        operations=[(PULL, "docker.io/library/alpine:latest", COMPLETE)],
        says=("0 of 1 layer, 1 already here",),
        never="nothing new",
    ),
    "live/delete-denied": Row(
        operations=[(DELETE, "docker.io/timonback/multi:1.1", FAILED)],
        found={"write-denied": "error"},
        says=("delete 1 docker.io", "nothing deleted", "refused a delete"),
        never="may pull",
    ),
    "live/docker-manifest-create-push": Row(
        operations=[
            (LOOK, "reg.example.test/timonback/web:latest", COMPLETE),
            (LOOK, "reg.example.test/timonback/second:latest", COMPLETE),
            (PUSH, "reg.example.test/x/list:1", COMPLETE),
        ],
        client="docker CLI 28.5.2",
        says=("7 mounted",),
        never="no image named|already here|0 of 3 layers",
    ),
    "live/docker-registry-mirror-miss": Row(
        operations=[(PULL, WEB, COMPLETE)], says=("3 of 3 layers", "mirror-missed"), never=NOT_THERE
    ),
    "live/docker-search": Row(
        operations=[(LIST, "docker.io", COMPLETE)],
        client="docker 28.5.2",
        says=("search for 'zephykus'",),
        never="classic store",
    ),
    "live/docker28-same-image-twice": Row(
        operations=[(PULL, ZEPHYKUS, COMPLETE), (PULL, ZEPHYKUS, COMPLETE)],
        says=("4 of 4 layers",),
        never="FAILED|failed",
    ),
    "live/head-with-body-h2": Row(
        operations=[(LOOK, ZEPHYKUS, FAILED)],
        found={"head-unusable": "error"},
        says=("sends a body with its answer to HEAD",),
    ),
    "live/imagetools-create-copy": Row(
        operations=[(PULL, ZEPHYKUS, COMPLETE), (PUSH, "reg.example.test/copied/zeph:1", COMPLETE)],
        copies=True,
        says=("15 blobs sent",),
        never="slow-hop|took 7[.]3 s to answer|is there [^a]*registry 404",
    ),
    "live/oras-copy-multiarch": Row(
        operations=[(PULL, "ghcr.io/org/multi:v1", COMPLETE), (PUSH, "reg.example.test/copied/multi:v1", COMPLETE)],
        copies=True,
        says=("10 of 10 layers", "15 blobs sent", "v1 is sha256:8e77458de855"),
        never=f"{NOT_THERE}|retried|what no tag names",
    ),
    "live/oras-manifest-delete": Row(
        operations=[(DELETE, "reg.example.test/art/thing:v1", COMPLETE)],
        says=("deleted sha256:3e923ad0e39b",),
        never="only looked at|no layer",
    ),
    "live/oras-push": Row(
        operations=[(PUSH, "reg.example.test/art/thing:v1", COMPLETE)],
        says=("thing:v1 oras 1.3.3 1 resolve not there .*manifest put v1 is", "3 blobs sent"),
        never=f"{NOT_THERE}|3 layers|is there ",
    ),
    "live/oras-rate-limited-retries": Row(
        operations=[(PULL, WEB, FAILED)],
        found={"rate-limited": "error"},
        says=("429: too many requests",),
        never="FAILED",
    ),
    "live/oras-vanity-302": Row(
        operations=[(PULL, "docker.timonback.de/timonback/web:latest", FAILED)],
        found={"token-not-requested": "error"},
        says=("oras answers only challenges of the host that it asked", "proxy [(]200[)]"),
    ),
    "live/podman-false-ca-not-trusted": Row(
        operations=[(PULL, SECOND, COMPLETE)],
        client="podman",
        says=("mirror-missed",),
        never=f"{NOT_THERE}|ca-not-trusted|refused",
    ),
    "live/podman-mirror-miss": Row(
        operations=[(PULL, SECOND, COMPLETE)],
        client="podman",
        says=("mirror-missed",),
        never=f"{NOT_THERE}|ca-not-trusted|refused",
    ),
    "live/push-location-elsewhere": Row(
        operations=[(PUSH, "docker.io/timonback/pushed", FAILED)],
        found={"upload-location-elsewhere": "error"},
        says=("127.0.0.1:5050", "X-Forwarded-Proto", "no tag written"),
        never="may begin",
    ),
    "live/push-not-logged-in": Row(
        operations=[(PUSH, "docker.io/timonback/pushed", FAILED)],
        found={"write-denied": "error"},
        says=("log in: docker login",),
        never="scope-refused|own path",
    ),
    "live/push-server-closed": Row(
        operations=[(PUSH, "reg.example.test/new/db", FAILED)],
        found={"upload-cut-off": "error"},
        says=("no tag written",),
    ),
    "live/push-vanity-302-containerd": Row(
        operations=[(PUSH, "docker.timonback.de/timonback/pushed:v", FAILED)],
        found={"push-over-redirect": "error"},
        says=("4 there already", "resolve not there", "nothing was written|FAILED"),
        never="cdn|resolve +answers| layer ",
    ),
    "live/push20-405-readonly": Row(
        operations=[(PUSH, "readonly.example.test/a/db", FAILED)],
        found={"write-denied": "error"},
        says=("a cache of another registry, or read-only",),
        never="retried|201[.]4 s",
    ),
    "live/push20-location-http": Row(
        operations=[(PUSH, "httploc.example.test/a/db", FAILED)],
        found={"upload-location-elsewhere": "error"},
        says=("asked over https and sends uploads to plain http",),
        never="incomplete",
    ),
    "live/push28-413": Row(
        operations=[(PUSH, "limit.example.test/a/db", FAILED)],
        found={"upload-too-large": "error"},
        says=("413: too large", "client_max_body_size", "stopped by the client"),
    ),
    "live/push28-quota": Row(
        operations=[(PUSH, "quota.example.test/a/db", FAILED)],
        found={"write-denied": "error"},
        says=("upper limit of 10.0 GiB", "make room"),
        never="private|may pull",
    ),
    "live/skopeo-inspect": Row(
        operations=[(LOOK, ZEPHYKUS, COMPLETE)],
        says=("read 2 manifests and 1 config, no layer asked for",),
        never="already here|0 of 4",
    ),
    "live/wrong-password": Row(
        operations=[(LOOK, "docker.io/timonback/private", FAILED)],
        found={"access-denied": "error"},
        says=("incorrect username or password", "FAILED, 401"),
        never=r"login: :|no image named",
    ),
    # -- wire -----------------------------------------------------------------------------------------------------------
    "wire/accept-without-oci-404": Row(
        operations=[(LOOK, "docker.io/library/nginx:stable-alpine3.19-perl", FAILED)],
        found={"accept-too-narrow": "error"},
        says=("add application/vnd.oci.image.manifest.v1[+]json",),
        never="correct the tag|push it",
    ),
    "wire/ecr-public-400-expired": Row(
        operations=[
            (PULL, "public.ecr.aws/docker/library/alpine:3.20", COMPLETE),
            (PULL, "public.ecr.aws/docker/library/alpine:3.21", FAILED),
        ],
        found={"token-rejected": "error"},
        says=("12.1 h after it was issued", "get a new token"),
        never="private|registry-failed",
    ),
    "wire/foreign-layer": Row(
        operations=[(PULL, "docker.io/library/golang:1.9-nanoserver", COMPLETE)],
        says=("2 of 2 layers", "go.microsoft.com", "winlayers.example.blob.core.windows.net"),
        never="not fetched|error|warn ",
    ),
    "wire/gar-unauthenticated": Row(
        operations=[(LOOK, "europe-west4-docker.pkg.dev/proj/repo/api", FAILED)],
        found={"credentials-not-used": "error"},
        says=("gcloud auth configure-docker", "FAILED, 403"),
        never="own path|renamed|vanity",
    ),
    "wire/gitea-realm-localhost": Row(
        operations=[(OTHER, "gitea.example.com", FAILED)],
        found={"token-not-requested": "error"},
        says=("localhost:3000", "X-Forwarded-Proto"),
        never="no realm|BuildKit|log in|complete ",
    ),
    "wire/harbor-basic-after-bearer": Row(
        operations=[(PULL, "harbor.example.org/proj/app:1.0", FAILED)],
        found={"login-lacks-right": "error"},
        says=("may not pull proj/app",),
        never="anonymous|unreadable|no login",
    ),
    "wire/head-no-length-docker20": Row(
        operations=[(PULL, "registry.example.com/redis:6.2.5", FAILED)],
        found={"head-unusable": "error"},
        says=("no Content-Length", "Cloudflare"),
        never="complete |up to date|missing-content-digest",
    ),
    "wire/helm-login-harbor": Row(
        operations=[(LOGIN, "harbor.example.org", FAILED)],
        found={"token-rejected": "error"},
        says=("login 1 harbor.example.org", "login not accepted", "helm 3.17.3"),
        never="private|FAILED|pull 1",
    ),
    "wire/index-size-wrong": Row(
        operations=[(PULL, "docker.io/rancher/cluster-proportional-autoscaler:1.0.0", FAILED)],
        found={"descriptor-size-wrong": "error"},
        says=("996 bytes", "1284"),
        never="corrupt|cut off|ended after",
    ),
    "wire/manifest-html-mirror": Row(
        operations=[(PULL, "docker.io/jenkins/inbound-agent:latest-jdk17", FAILED)],
        found={"mirror-failed": "error"},
        says=("docker.mirror.example.cn", "out of the mirrors of docker.io", "no manifest: text/html"),
        never="push|registry-1|answers, without",
    ),
    "wire/minio-signature-mismatch": Row(
        operations=[(PULL, "registry.example.com/team/app:1.0", FAILED)],
        found={"signed-url-invalid": "error"},
        says=("refuses the signature",),
        never="expired|log in|FAILED",
    ),
    "wire/mirror-404-fallback": Row(
        operations=[(PULL, "docker.io/rancher/mirrored-pause:3.6", COMPLETE)],
        says=("1 of 1 layer", "mirror-missed"),
        never=f"{NOT_THERE}|error|warn ",
    ),
    "wire/push-http-location": Row(
        operations=[(PUSH, "registry.example.com/team/app", FAILED)],
        found={"upload-location-elsewhere": "error"},
        says=("asked over https and sends uploads to plain http",),
        never="log in|private",
    ),
    "wire/range-200-partial": Row(
        operations=[(PULL, "registry.example.com/team/app:1.0", COMPLETE)],
        found={"part-as-whole": "warning"},
        says=("with 200 instead of 206", "1 of 1 layer"),
        never="all of it again|corrupt|truncated|FAILED",
    ),
    "wire/token-301-drops-login": Row(
        operations=[(PULL, "docker.example.net/team/app:1.0", FAILED)],
        found={"authorization-dropped": "error"},
        says=("redirected to https and asked there without it",),
        never="log in|private",
    ),
    "wire/token-301-empty-body": Row(
        operations=[(PULL, "registry.example.org/team/app:1.0", COMPLETE)],
        found={"token-server-insecure": "warning"},
        says=("1 of 1 layer",),
        never="token-server-failed|FAILED|error",
    ),
    "wire/two-challenges": Row(
        operations=[(PULL, "factory.example.com/installer/abc", FAILED)],
        found={"token-server-failed": "error"},
        says=("offer Basic only",),
        never="no realm|image missing",
    ),
}


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name.partition('.')[0]}"


@cache
def events_of(path: Path) -> list[Event]:
    """Every event of a recording that must be whole."""
    if path.suffix == ".jsonl":
        reader = Reader(path.name)
        events = list(reader.read(path.read_text(encoding="utf-8").splitlines()))
        assert reader.problem is None
        return events
    flows = FlowFile(path.name)
    with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
        events = list(flows.events(file))  # type: ignore[arg-type]  # an LZMAFile reads as any binary file does
    assert flows.problem is None
    return events


@cache
def told(path: Path) -> tuple[Trace, list[str]]:
    """The trace of a recording, and the lines that were told while it grew."""
    trace, lines = Trace(), list[str]()
    story = Story(lines.append)
    for event in events_of(path):
        story.show(trace.feed(event))
    story.show(trace.finish())
    return trace, lines


def rows() -> Iterator[Any]:
    for path in RECORDINGS:
        row = ROWS.get(name_of(path), Row(operations=[]))
        yield pytest.param(path, row, id=path.name)


every_row = pytest.mark.parametrize(("path", "row"), [*rows()])
HEADER = r"(\d+\| )?[a-z]+ \d+  "
every_recording = pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)


def as_text(lines: list[str]) -> str:
    """Lines as one text in which every white space is one blank."""
    return " ".join(" ".join(lines).split())


def test_every_recording_has_a_row() -> None:
    """A recording without a verdict proves nothing, and neither does a row without a recording."""
    assert {name_of(path) for path in RECORDINGS} == ROWS.keys()
    assert len(ROWS) == 35 + 17
    assert all(path.stat().st_size <= LARGEST for path in RECORDINGS)


@every_row
def test_it_is_told_as_it_was(path: Path, row: Row) -> None:
    """Operations, outcomes, findings and words are those of the row, live and afterwards."""
    trace, live = told(path)
    assert [
        (str(pull.action), pull.reference or pull.registry, str(pull.outcome)) for pull in trace.pulls
    ] == row.operations
    loud = [one for pull in trace.pulls for one in pull.findings if one.severity is not Severity.INFO]
    assert {one.code: str(one.severity) for one in [*loud, *trace.findings]} == row.found
    report_ = as_text(report_lines(trace.pulls, findings=trace.findings))
    for words in row.says:
        assert re.search(words, report_), words
    for lines in (report_lines(trace.pulls, findings=trace.findings), [] if held_late(row) else live):
        assert [line for line in lines if re.search(row.never, line)] == []
    assert row.client in report_
    if row.copies:
        first, last = trace.pulls[0], trace.pulls[-1]
        assert (first.partner, last.partner) == (last, first)


def held_late(row: Row) -> bool:
    """Whether only a later operation showed that an earlier one was not a failure: its live story could not know."""
    return any("cache" in reference for _, reference, _ in row.operations)


@every_recording
def test_it_fits_eighty_columns(path: Path) -> None:
    """Live, afterwards, and with everything unfolded; only a reference, or the path of a request, may be longer."""
    trace, live = told(path)
    for lines, longer in ((live, HEADER), (report_lines(trace.pulls, verbose=True), rf"{HEADER}| +/\S+$")):
        assert [line for line in lines if len(line) > WIDTH and not re.match(longer, line)] == []


@every_recording
def test_nothing_stands_before_it_happened(path: Path) -> None:
    """In the story a token stands before each step that carries it, and of two steps the one that ended first is first."""
    trace, _ = told(path)
    for pull in trace.pulls:
        issued: dict[int, int] = {step.token.number: step.n for step in pull.steps if step.token and step.token.number}
        for step in pull.steps:
            carried = {hop.request.credential for hop in step.hops if not step.is_token} - {None}
            assert all(issued.get(number or 0, 0) < step.n for number in carried), (pull.id, step.n)


@every_recording
def test_errors_are_told_of_what_failed_only(path: Path) -> None:
    """An operation that is complete has no error, one that failed has one, live as afterwards."""
    trace, _ = told(path)
    for pull in trace.pulls:
        errors = [one for one in pull.findings if one.severity is Severity.ERROR]
        assert bool(errors) == (pull.outcome == FAILED), (pull.id, pull.outcome)


def secrets_of(path: Path) -> set[str]:
    """What a recording holds that must not come out: credentials, tokens, signatures. Made up, all of them."""
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    patterns = (
        rb"(?i)authorization,\d+:(?:bearer|basic) ([A-Za-z0-9._~+/=-]{12,})",
        rb'"(?:access_token|refresh_token|token)" ?: ?"([^"]{12,})"',
        rb"(?i)[?&](?:x-amz-signature|signature|sig|verify|x-goog-signature|_state)=([A-Za-z0-9%._~+/=-]{12,})",
        rb"(?i)x-docker-token,\d+:([A-Za-z0-9._~+/=-]{12,})",
    )
    return {found.decode() for pattern in patterns for found in re.findall(pattern, raw)} - {"REDACTED"}


@every_recording
def test_no_secret_comes_out(path: Path) -> None:
    """Neither in a story, nor in a report of any form, nor in a recording of our own."""
    secrets = secrets_of(path)
    trace, live = told(path)
    pulls: list[Pull] = trace.pulls
    about = Told(source="x", pulls=pulls, unattributed=trace.unattributed)
    outputs = [
        *live,
        report(trace, "json"),
        markdown(about),
        mermaid(about),
        *(to_line(event) for event in events_of(path)),
    ]
    if len(pulls) < 4 and path.suffix != ".xz":
        outputs.append(page(about))
    for text in outputs:
        assert not [secret for secret in secrets if secret in text]


def test_there_are_secrets_to_find() -> None:
    """The test above would pass with a pattern that finds nothing."""
    assert sum(bool(secrets_of(path)) for path in RECORDINGS) >= 30


@every_recording
def test_its_report_is_json(path: Path) -> None:
    """Each action, partner and reason is in the report."""
    trace, _ = told(path)
    for pull in json.loads(report(trace, "json"))["pulls"]:
        assert pull["with"] is None or pull["action"] in (PULL, PUSH)
        assert all(step["because"] for step in pull["steps"])
