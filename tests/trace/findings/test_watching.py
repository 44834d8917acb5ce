"""When findings are told: at the step that makes them certain, once more at the end, and never too early."""

from __future__ import annotations

import pytest
from tests.trace.findings.looked_at import IMAGE, TAG, error, resolved, with_token
from tests.trace.images import OCI_INDEX, Image, digest, docker_containerd, get_manifest
from tests.trace.wire import DOCKER_20, DOCKER_29, Wire, changes_of, played

from pullscope.render.lines import Story
from pullscope.trace.events import Event, TlsRefused
from pullscope.trace.findings.watching import MOST_LOOKS
from pullscope.trace.model import Ending
from pullscope.trace.trace import Trace


def live(wire: Wire) -> list[str]:
    """The story as it is told while it happens."""
    lines: list[str] = []
    Story(lines.append).show(changes_of(wire))
    return lines


def with_a_missing_layer(more: int) -> Wire:
    """A blob that is not there, and other blobs after it."""
    wire = with_token(DOCKER_20)
    resolved(wire)
    get_manifest(wire, IMAGE, IMAGE.index, token="t")
    get_manifest(wire, IMAGE, IMAGE.manifest(), token="t")
    wire.ask("GET", IMAGE.url("blobs", digest("base")), 404, token="t", body=error("BLOB_UNKNOWN"))
    for content in IMAGE.blobs()[:more]:
        if content != "base":
            wire.ask("GET", IMAGE.url("blobs", digest(content)), token="t", content=content)
    return wire


def with_a_wrong_layer() -> Wire:
    """A blob of other bytes, and other blobs after it."""
    wire = with_token(DOCKER_20)
    resolved(wire)
    get_manifest(wire, IMAGE, IMAGE.index, token="t")
    get_manifest(wire, IMAGE, IMAGE.manifest(), token="t")
    wire.ask("GET", IMAGE.url("blobs", digest("base")), token="t", content="evil")
    for content in IMAGE.blobs():
        if content != "base":
            wire.ask("GET", IMAGE.url("blobs", digest(content)), token="t", content=content)
    return wire


def test_a_finding_is_told_after_its_step_and_again_at_the_end() -> None:
    """In full where it became certain; at the end by name, for other steps have come in between."""
    lines = live(with_a_wrong_layer())
    first = next(place for place, line in enumerate(lines) if line.startswith(" error  "))
    last = next(place for place, line in enumerate(lines) if line.endswith("see above"))

    assert lines[first] == " error  digest-mismatch (step 6)"
    assert any(line.startswith("  7 ") for line in lines[first:last])
    assert lines[last] == " error  digest-mismatch (step 6): see above"


def test_what_another_host_may_have_is_told_at_the_end_only() -> None:
    """A blob that is not there is no error while its client may still ask a registry behind the mirror for it."""
    lines = live(with_a_missing_layer(3))
    [said] = [place for place, line in enumerate(lines) if "blob-unknown" in line]
    assert lines[said] == " error  blob-unknown (step 6)"
    assert not any(line.startswith("  7 ") for line in lines[said:])
    assert "FAILED" not in "\n".join(lines)


def test_a_finding_that_was_just_told_is_not_repeated() -> None:
    """The failing step was the last: once is enough."""
    assert sum("blob-unknown" in line for line in live(with_a_missing_layer(0))) == 1


def test_a_failure_that_clients_try_again_is_not_told_early() -> None:
    """503 may be over in a second; what is told is what it was in the end."""
    wire = with_token(DOCKER_20)
    wire.ask("GET", TAG, 503, token="t")
    wire.wait(1.5)
    answer = {"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}
    wire.ask("GET", TAG, token="t", answer=answer, body=IMAGE.index)
    assert not [change for change in changes_of(wire) if change.what == "finding"]


def test_a_pull_that_goes_on_is_looked_at_anew() -> None:
    """A pull that failed and was taken up again has the findings of its second end only."""
    wire = with_a_missing_layer(3)
    wire.wait(20.0)
    wire.ask("GET", IMAGE.url("blobs", digest("base")), token="t", content="base")
    (pull,) = played(wire).pulls

    assert pull.outcome is Ending.COMPLETE
    assert [str(finding.severity) for finding in pull.findings if finding.code == "blob-unknown"] == []


def test_the_rules_look_at_a_few_failures_only() -> None:
    """A thousand failing requests are not a thousand looks."""
    wire = with_token(DOCKER_20)
    resolved(wire)
    get_manifest(wire, IMAGE, IMAGE.index, token="t")
    for place in range(50):
        wire.ask("GET", IMAGE.url("blobs", digest(str(place))), 404, token="t", body=error("BLOB_UNKNOWN"))
    (pull,) = played(wire).pulls

    assert len(pull.told) <= MOST_LOOKS
    assert len(next(one for one in pull.findings if one.code == "blob-unknown").steps) == 50


def test_an_error_is_never_in_a_complete_pull() -> None:
    """What made a pull fail and "complete" do not go together."""
    wire = Wire(agent=DOCKER_29)
    docker_containerd(wire, IMAGE)
    (pull,) = played(wire).pulls
    assert (pull.outcome, pull.findings) == (Ending.COMPLETE, [])


SPARE = "The client disconnected during the handshake. If this happens consistently for h, this may indicate distrust."
ALERT = "The client does not trust the proxy's certificate for registry-1.docker.io (tlsv1 alert unknown ca)"


@pytest.mark.parametrize(("reason", "told"), [(SPARE, []), (ALERT, ["ca-not-trusted"])], ids=["spare", "alert"])
@pytest.mark.parametrize("first", [True, False], ids=["refused first", "spoke first"])
def test_a_connection_that_works_shows_that_another_was_spare(reason: str, told: list[str], first: bool) -> None:
    """A handshake that ends without a word is not distrust where the client spoke with that host; an alert is."""
    wire = Wire()
    get_manifest(wire, Image(), Image().index, tag=True)
    refused = TlsRefused(time=999.0 if first else 1001.0, client="10.0.0.1", host="registry-1.docker.io", reason=reason)
    trace = Trace()
    events: list[Event] = [*wire.events, refused]
    for event in sorted(events, key=lambda event: event.time):
        trace.feed(event)
    trace.finish()
    assert [finding.code for finding in trace.findings] == told
