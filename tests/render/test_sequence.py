"""Nothing stands before what it answers."""

from __future__ import annotations

from tests.trace.images import Image, docker_classic, docker_containerd
from tests.trace.wire import DOCKER_20, Wire, only, played

from pullscope.render.sequence import pieces
from pullscope.trace.model import Pull

APP = Image()


def statuses(pull: Pull) -> list[tuple[int, list[int | None]]]:
    return [(step.n, [hop.status for hop in hops]) for step, hops in pieces(pull)]


def test_a_step_that_asked_for_a_token_is_in_two_pieces() -> None:
    """The 401, the token, and the same step again."""
    wire = Wire()
    docker_containerd(wire, APP)
    assert statuses(only(played(wire)))[:3] == [(2, [401]), (1, [200]), (2, [200])]


def test_a_token_after_a_version_check_parts_nothing() -> None:
    """That is over with its 401."""
    wire = Wire(agent=DOCKER_20)
    docker_classic(wire, APP)
    pull = only(played(wire))
    assert [number for number, _ in statuses(pull)] == [step.n for step in pull.steps]


def test_every_hop_is_in_one_piece() -> None:
    """None is left out, none is told twice."""
    wire = Wire()
    docker_containerd(wire, APP)
    pull = only(played(wire))
    told = [id(hop) for _, hops in pieces(pull) for hop in hops]
    assert sorted(told) == sorted(id(hop) for hop in pull.hops)
