"""The lesson: what it says is what was seen, and what has to be understood is said once."""

from __future__ import annotations

import string

import pytest
from tests.render.samples import CONTROLS, TRACES, recorded
from tests.trace.images import Image, get_manifest
from tests.trace.wire import DOCKER_20, HUB, Wire, only, played

from pullscope.render.explain.ideas import CHAPTERS, IDEAS, Idea
from pullscope.render.explain.lesson import about, lessons
from pullscope.render.explain.table import KINDS, LOOKED_FOR
from pullscope.trace.model import Kind


def test_every_kind_of_step_is_explained() -> None:
    """The table has a row for each kind, so that no step is without words."""
    assert set(KINDS) == set(Kind)


@pytest.mark.parametrize("trace", TRACES)
def test_every_place_is_filled(trace: str) -> None:
    """No sentence keeps a place that the traffic did not fill, and none holds a control code of the wire."""
    for pull in TRACES[trace]().pulls:
        for lesson in lessons(pull):
            said = [lesson.beginner, lesson.expert, lesson.asked]
            said += [idea.text.replace("\n- ", " ") for idea in lesson.ideas]
            assert all(said)
            assert not any(code in text for text in said for code in (*CONTROLS, "\n"))


def test_ideas_are_said_once_and_all_of_them() -> None:
    """A pull through a vanity domain teaches everything that a pull can show, each where it first shows."""
    [pull] = recorded("dockerd-29.7-containerd-vanity-302").pulls
    said = [idea.idea for lesson in lessons(pull) for idea in lesson.ideas]

    assert set(said) == {*Idea} - {Idea.FAILED}
    assert len(said) == len(set(said))


def test_every_idea_has_its_place() -> None:
    """Each is said in a step or in a chapter after the steps."""
    assert [*Idea, *(idea for ideas in CHAPTERS.values() for idea in ideas)] == [*IDEAS]


def test_what_a_domain_was_asked_is_counted() -> None:
    """Of a pull through a vanity domain is said what that domain saw."""
    [pull] = recorded("dockerd-20.10-vanity-302").pulls
    [said] = about(["unseen"], pull)

    assert said.text.startswith(
        "In one pull (docker 20.10.24, classic store) the domain docker.timonback.de answered 9 requests and sent 0 B"
    )


def test_a_beginner_can_leave_out_statements_about_the_image() -> None:
    """Attestations, referrers, and the token and the 401 that came for them; nothing else."""
    [pull] = recorded("dockerd-29.7-containerd-hub").pulls
    aside = [lesson for lesson in lessons(pull) if lesson.aside]

    assert {step.kind for lesson in aside for step in lesson.steps} == {Kind.ATTESTATION, Kind.REFERRERS, Kind.TOKEN}
    assert sum(step.is_token for lesson in aside for step in lesson.steps) == 1


def test_manifest_list_is_explained() -> None:
    """The lesson says what a manifest list is."""
    [pull] = recorded("dockerd-20.10-hub").pulls

    assert any("manifest list" in lesson.beginner for lesson in lessons(pull))


def test_a_blob_that_is_looked_for_is_not_told_as_one_that_came() -> None:
    """HEAD of a blob asks whether a registry has it, whatever blob it is, and there are no bytes to hash."""
    [push] = [pull for pull in TRACES["every-ending"]().pulls if pull.pushing]
    found = lessons(push)
    looked = [one for one in found if one.asked.startswith("HEAD") and "/blobs/" in one.asked]

    assert [one.beginner for one in looked] == [LOOKED_FOR.beginner] + [LOOKED_FOR.again] * (len(looked) - 1)
    assert not any("sha256sum" in word for one in looked for word in one.by_hand)


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (
            'Bearer realm="https://a.example/token",service="reg"',
            'Bearer realm="https://a.example/token", service="reg"',
        ),
        ('basic realm="Registry"', 'Basic realm="Registry"'),
    ],
)
def test_a_challenge_is_shown_as_the_header_has_it(header: str, shown: str) -> None:
    """With what it lacks left out, and Basic as Basic: a beginner compares it with the header on the screen."""
    wire = Wire(agent=DOCKER_20)
    image = Image(repository="library/app", tag="1")
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=header)
    get_manifest(wire, image, image.manifest(), tag=True)
    [said] = [idea for lesson in lessons(only(played(wire))) for idea in lesson.ideas if idea.idea is Idea.CHALLENGE]

    assert f"Here it is `{shown}`:" in said.text


def test_a_failure_says_who_answered_what() -> None:
    """The step at which a pull broke names the host and the answer."""
    [pull] = recorded("skopeo-1.9-vanity-302").pulls
    [wrong] = [idea for idea in lessons(pull)[-1].ideas if idea.name == "What went wrong"]

    assert "registry-1.docker.io answered 401, UNAUTHORIZED: authentication required" in wrong.text


def test_places_are_known_ones() -> None:
    """A sentence of the table has no place that a lesson could not fill."""
    known = {"asked", "by", "sent", "reference", "platform", "scope", "challenge"}
    known |= {"client", "host", "tag", "digest", "vanity", "target", "status", "size", "why", "failure"}
    sentences = [text for row in KINDS.values() for text in (row.beginner, row.again)]
    sentences += [thought.beginner for thought in IDEAS.values()]

    assert {name for text in sentences for _, name, _, _ in string.Formatter().parse(text) if name} <= known
