"""A pull held against what was said of it: each state, each cause, and no problem where all is well."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.host.fake_machine import plant

from pullscope.host.routes.route import Endpoint, Node, Route
from pullscope.host.tree import Tree
from pullscope.host.watched.comparison import Comparison
from pullscope.host.watched.conversations import Asked, Pulled

ONE, TWO, OWN = (
    "http://127.0.0.1:8600/v2/org/app",
    "https://mirror.example/v2/org/app",
    "https://registry.example/v2/org/app",
)
CONFIG = "/etc/containerd/config.toml"


def compare(
    root: Path, *asked: tuple[str, str] | Asked, error: str = "", asks: tuple[str, ...] = (), started: float = 0.0
) -> Comparison:
    """Two mirrors and the registry, of which this was asked; what came is good where it is 200."""
    names = asks or ("tag and content",) * 3
    endpoints = tuple(Endpoint(url=url, asks=what) for url, what in zip((ONE, TWO, OWN), names, strict=True))
    route = Route(client="containerd", reference="registry.example/org/app:1", endpoints=endpoints, files=(CONFIG,))
    seen = [
        item if isinstance(item, Asked) else Asked(url=item[0], came=item[1], good=item[1] == "200") for item in asked
    ]
    pulled = Pulled(by="containerd", asked=tuple(seen), error=error, started=started)
    node = Node(tree=Tree(plant(root, {CONFIG: ""})), sudo="")
    return Comparison(node, route, pulled, lambda name: {"192.0.2.7"} if name != "gone.example" else set())


def states(compared: Comparison) -> list[tuple[int | None, str, str]]:
    return [(row.number, row.state, row.cause) for row in compared.rows]


def test_a_mirror_that_has_it_is_enough(tmp_path: Path) -> None:
    """The others were not needed, and that is not a problem."""
    compared = compare(tmp_path, (ONE, "200"))
    assert states(compared) == [
        (1, "as listed", "200"),
        (2, "not asked", "not needed: 1 answered"),
        (3, "not asked", "not needed: 1 answered"),
    ]
    assert compared.problems == ()


def test_each_that_failed_says_how(tmp_path: Path) -> None:
    """In order to the last one: healthy, though two of three failed; a refused address is that of its name."""
    compared = compare(
        tmp_path,
        (ONE, "404"),
        Asked(url="//192.0.2.7:443", came="connection refused", surely=False),
        ("https://registry.example", "200"),
    )
    assert [row.cause for row in compared.rows] == ["404", "connection refused", "200"]
    assert compared.problems == ()


def test_a_connection_that_was_too_short_to_be_looked_up_counts_for_its_endpoint(tmp_path: Path) -> None:
    """A handshake that failed at once was asked of the mirror that was said; alone, it is no other endpoint."""
    short = Asked(url="http://127.0.0.1:8600", came="no answer was seen", surely=False)
    compared = compare(tmp_path, short, (OWN, "200"))
    assert compared.rows[0].state == "as listed"
    assert compared.rows[0].cause.startswith("no answer was seen (the connection was too short")
    later = Asked(url="https://registry.example", came="answered, in TLS", good=True, surely=False)
    assert compare(tmp_path, (ONE, "200"), later).rows[2].cause == "not needed: 1 answered"
    stranger = Asked(url="https://elsewhere.example", came="answered, in TLS", good=True, surely=False)
    assert [problem.code for problem in compare(tmp_path, stranger).problems] == ["nothing-asked"]


def test_what_was_passed_over_is_a_problem_with_its_cause(tmp_path: Path) -> None:
    """The registry was asked and no mirror: a file that changed since is the cause, with the cure; else it is not known."""
    compared = compare(tmp_path, (OWN, "200"))
    assert states(compared)[0] == (1, "not asked", "the cause is not known")
    assert [problem.code for problem in compared.problems] == ["endpoint-not-asked"]
    plant(tmp_path, {CONFIG: ""})
    os.utime(tmp_path / CONFIG[1:], (2000, 2000))
    compared = compare_again(tmp_path, 1000.0)
    assert compared.problems[0].fix == "systemctl restart containerd"
    assert f"{CONFIG} changed after containerd was started" in compared.problems[0].message
    assert compare_again(tmp_path, 1999.5).problems[0].fix is None


def compare_again(root: Path, started: float) -> Comparison:
    endpoints = (Endpoint(url=ONE), Endpoint(url=OWN))
    route = Route(client="containerd", reference="x", endpoints=endpoints, files=(CONFIG,))
    pulled = Pulled(by="containerd", asked=(Asked(url=OWN, came="200", good=True),), started=started)
    return Comparison(Node(tree=Tree(root), sudo=""), route, pulled, lambda _: {"192.0.2.7"})


def test_what_was_not_said_is_a_problem_before_anything_that_was(tmp_path: Path) -> None:
    """An old mirror that is still asked; after an endpoint a host in TLS may be a token server."""
    compared = compare(
        tmp_path, ("http://old.example/v2/org/app", "404"), (OWN, "200"), ("https://auth.example", "200")
    )
    assert [(row.url, row.state) for row in compared.rows if row.number is None] == [
        ("http://old.example/v2/org/app", "asked but not listed"),
        ("https://auth.example", "also asked"),
    ]
    assert [problem.code for problem in compared.problems] == ["endpoint-not-asked", "endpoint-not-said"]
    compared = compare(tmp_path, ("https://old.example", "200"))
    assert [problem.code for problem in compared.problems] == ["endpoint-not-asked", "endpoint-not-said"]


def test_a_mirror_for_content_is_not_in_the_order_of_tags(tmp_path: Path) -> None:
    """Two has digests only: asked after the registry, or not at all, is as it should be."""
    asks = ("tag and content", "content", "tag and content")
    assert compare(tmp_path, (ONE, "404"), (OWN, "200"), (TWO, "404"), asks=asks).problems == ()
    assert compare(tmp_path, (ONE, "404"), (OWN, "200"), asks=asks).problems == ()


def test_another_order_is_a_problem(tmp_path: Path) -> None:
    compared = compare(tmp_path, (OWN, "404"), (ONE, "404"))
    assert "endpoint-order" in [problem.code for problem in compared.problems]


def test_another_path_of_the_same_host_is_another_endpoint(tmp_path: Path) -> None:
    """A mirror that is asked below a path it was not said to have."""
    compared = compare(tmp_path, ("http://127.0.0.1:8600/v2/proxy/v2/org/app", "404"))
    assert [problem.code for problem in compared.problems][-1] == "endpoint-not-said"


def test_a_pull_that_ended_early_and_one_that_asked_nothing(tmp_path: Path) -> None:
    """The first is told in the client's words, the second is not a fault."""
    compared = compare(tmp_path, (ONE, "404"), error="it is full")
    assert states(compared)[1] == (2, "not asked", "the pull ended before it")
    assert "in containerd's words: it is full" in compared.problems[0].message
    assert [(problem.code, str(problem.severity)) for problem in compare(tmp_path).problems] == [
        ("nothing-asked", "info")
    ]


def test_what_was_missed_is_said_instead_of_what_was_not_asked(tmp_path: Path) -> None:
    """The kernel dropped packets: whether the mirror was among them is not known."""
    endpoints = (Endpoint(url=ONE), Endpoint(url=OWN))
    route = Route(client="containerd", reference="x", endpoints=endpoints)
    pulled = Pulled(by="containerd", asked=(Asked(url=OWN, came="200", good=True),), missed=7)
    [problem] = Comparison(Node(tree=Tree(tmp_path)), route, pulled, lambda _: {"192.0.2.7"}).problems
    assert (problem.code, str(problem.severity)) == ("packets-missed", "warning")


def test_a_version_check_is_no_answer_to_what_was_asked(tmp_path: Path) -> None:
    """docker asks for /v2/ first: that the mirror answers it says nothing of the image."""
    check = Asked(url="http://127.0.0.1:8600", came="200 to the version check")
    assert compare(tmp_path, check, (ONE, "404"), (TWO, "200")).rows[0].cause == "404"
    assert compare(tmp_path, (ONE, "404"), check, (TWO, "200")).rows[0].cause == "404"


@pytest.mark.parametrize("url", ["http://[x", "//h:99999", "https://registry.example:x/v2/org/app"])
def test_an_address_that_is_none_is_not_said(tmp_path: Path, url: str) -> None:
    compared = compare(tmp_path, (url, "200"))
    assert compared.rows[-1].state == "asked but not listed"
