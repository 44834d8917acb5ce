"""Exchanges rebuilt from public reports and recordings of real clients (tests/data/field): what is found in each, by code.

The codes with their severities are what was right when it was looked into; infos may be there beside them. `never` are words
that would lead astray.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from tests.trace.findings.docs_page import DATA, recorded

from pullscope.trace.findings.finding import Severity

FIELD = DATA / "field"

FOUND: dict[str, dict[str, str]] = {
    "wire/accept-without-oci-404": {"accept-too-narrow": "error"},
    "wire/ecr-public-400-expired": {"token-rejected": "error"},
    "wire/foreign-layer": {},
    "wire/gar-unauthenticated": {"credentials-not-used": "error"},
    "wire/gitea-realm-localhost": {"token-not-requested": "error"},
    "wire/harbor-basic-after-bearer": {"login-lacks-right": "error"},
    "wire/head-no-length-docker20": {"head-unusable": "error"},
    "wire/helm-login-harbor": {"token-rejected": "error"},
    "wire/index-size-wrong": {"descriptor-size-wrong": "error"},
    "wire/manifest-html-mirror": {"mirror-failed": "error"},
    "wire/minio-signature-mismatch": {"signed-url-invalid": "error"},
    "wire/mirror-404-fallback": {},
    "wire/push-http-location": {"upload-location-elsewhere": "error"},
    "wire/range-200-partial": {"part-as-whole": "warning"},
    "wire/token-301-drops-login": {"authorization-dropped": "error"},
    "wire/token-301-empty-body": {"token-server-insecure": "warning"},
    "wire/two-challenges": {"token-server-failed": "error"},
    "live/build-push-cache-from-missing": {},
    "live/oras-copy-multiarch": {},
    "live/podman-mirror-miss": {},
    "live/ctr21-mirror-500": {"mirror-failed": "warning"},
    "live/ctr21-stops-after-head": {},
    "live/delete-denied": {"write-denied": "error"},
    "live/head-with-body-h2": {"head-unusable": "error"},
    "live/oras-rate-limited-retries": {"rate-limited": "error"},
    "live/oras-vanity-302": {"token-not-requested": "error"},
    "live/push-location-elsewhere": {"upload-location-elsewhere": "error"},
    "live/push-not-logged-in": {"write-denied": "error"},
    "live/push-server-closed": {"upload-cut-off": "error"},
    "live/push20-405-readonly": {"write-denied": "error"},
    "live/push20-location-http": {"upload-location-elsewhere": "error"},
    "live/push28-413": {"upload-too-large": "error"},
    "live/push28-quota": {"write-denied": "error"},
    "live/skopeo-inspect": {},
    "live/wrong-password": {"access-denied": "error"},
}
NEVER: dict[str, str] = {
    "wire/accept-without-oci-404": r"push|check the tag|missing",
    "wire/ecr-public-400-expired": r"private|missing|tag ",
    "wire/gar-unauthenticated": r"own path|renamed|vanity",
    "wire/gitea-realm-localhost": r"log in|no realm|BuildKit",
    "wire/harbor-basic-after-bearer": r"no login|anonymous|unreadable",
    "wire/head-no-length-docker20": r"platform|Content-Digest",
    "wire/helm-login-harbor": r"405|private",
    "wire/index-size-wrong": r"cut off|corrupt|rewritten|ended after",
    "wire/manifest-html-mirror": r"push|registry-1|headers file",
    "wire/minio-signature-mismatch": r"expired|log in|denied",
    "wire/push-http-location": r"log in|private",
    "wire/range-200-partial": r"all of it again|corrupt|truncated",
    "wire/token-301-drops-login": r"log in|private|missing",
    "wire/two-challenges": r"login wrong|no realm",
    "live/delete-denied": r"may pull|private",
    "live/push-not-logged-in": r"own path|private",
    "live/push28-quota": r"private|does not exist|may pull",
    "live/wrong-password": r": :|(?<!/)private",
}


def test_what_is_judged_is_there() -> None:
    """A row without its recording proves nothing; tests/test_field.py has a row for every recording."""
    there = {str(path.relative_to(FIELD).with_suffix("")) for path in FIELD.rglob("*.mitm")}
    assert FOUND.keys() <= there
    assert NEVER.keys() <= FOUND.keys()


def test_a_spare_connection_that_is_dropped_is_no_distrust() -> None:
    """podman spoke with the mirror, then gave up a second connection in the middle of its handshake: nothing is wrong."""
    findings = recorded("field/live/podman-false-ca-not-trusted.jsonl")
    assert [one.code for one in findings if one.severity is not Severity.INFO] == []


@pytest.mark.parametrize("name", FOUND)
def test_what_is_found_in_the_field(name: str) -> None:
    """Errors and warnings, each once for an operation, and no word of what it is not."""
    findings = recorded(str(Path("field") / f"{name}.mitm"))
    loud = [one for one in findings if one.severity is not Severity.INFO]
    codes = {one.code: str(one.severity) for one in loud}
    told = " ".join(f"{one.message} {one.fix}" for one in loud)
    assert codes == FOUND[name]
    assert max(Counter(one.code for one in loud).values(), default=0) <= (6 if "retries" in name else 1)
    if name in NEVER:
        assert not re.search(NEVER[name], told), told
