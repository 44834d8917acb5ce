"""A walk of a modelled client gives the events that a proxy between client and registry would have recorded."""

from __future__ import annotations

from pullscope.mitm.walked import walk
from pullscope.oci.messages import Request, Response
from pullscope.oci.reference import Reference
from pullscope.trace.events import Failed, Requested
from pullscope.trace.model import Kind
from pullscope.trace.trace import Trace
from pullscope.worlds.clients.roster import ROSTER
from pullscope.worlds.clients.steps import NoAnswerError
from pullscope.worlds.hub.sample import sample_hub

IMAGE = Reference.parse("docker.io/timonback/zephykus")
MODEL = ROSTER["docker-containerd"].model


def test_a_walk_is_one_complete_pull_without_layers() -> None:
    """The client is told that it has every layer, so manifests and the config are all that is asked for."""
    hub = sample_hub()
    outcome, events = walk(lambda present: MODEL(IMAGE, None, present), lambda request: hub[request.host](request))
    trace = Trace()
    for event in events:
        trace.feed(event)
    trace.finish()
    [pull] = trace.pulls
    assert (outcome.pulled, pull.outcome) == (True, "complete")
    assert {step.kind for step in pull.steps} >= {Kind.MANIFEST_LIST, Kind.MANIFEST, Kind.CONFIG}
    assert not any(step.kind is Kind.LAYER for step in pull.steps)
    assert len(events) == 3 * len(pull.hops)


def test_tokens_of_a_walk_are_redacted() -> None:
    """A walk passes the border as a recording does: the token that was sent is in no event."""
    hub = sample_hub()
    sent: list[str] = []

    def wire(request: Request) -> Response:
        sent.extend(value.removeprefix("Bearer ") for value in request.headers.get_all("Authorization"))
        return hub[request.host](request)

    _, events = walk(lambda present: MODEL(IMAGE, None, present), wire)
    assert sent
    assert not any(token in repr(events) for token in sent)


def test_a_host_without_an_answer_is_a_failed_exchange() -> None:
    """What went wrong on the wire is the reason of the event, and the client fails with it."""

    def wire(_request: Request) -> Response:
        raise NoAnswerError("connection refused")

    outcome, events = walk(lambda present: MODEL(IMAGE, None, present), wire)
    assert not outcome.pulled
    assert any(isinstance(event, Failed) and event.reason == "connection refused" for event in events)
    assert sum(isinstance(event, Requested) for event in events) == sum(isinstance(event, Failed) for event in events)
