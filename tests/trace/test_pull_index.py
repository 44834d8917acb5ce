"""The index: pulls are found by their place, in the order in which they came."""

from __future__ import annotations

from pullscope.oci.agents import Client
from pullscope.trace.model import Pull
from pullscope.trace.pull_index import PullIndex

WHO = ("10.0.0.1", "docker/29")
HUB = "docker.io"


def a_pull(repository: str | None, *, who: tuple[str, str] = WHO, registry: str = HUB) -> Pull:
    """An open pull with nothing in it."""
    client = Client(family="docker")
    return Pull(client_key=who, client=client, registry=registry, repository=repository, started=0.0, last=0.0)


def index_of(*pulls: Pull) -> PullIndex:
    """An index with these pulls, put there one after the other."""
    index = PullIndex()
    for pull in pulls:
        index.put(pull)
    return index


def test_a_place_is_client_registry_and_repository() -> None:
    """None of the three may differ."""
    app = a_pull("app")
    index = index_of(
        app, a_pull("other"), a_pull(None), a_pull("app", registry="ghcr.io"), a_pull("app", who=("10.0.0.2", WHO[1]))
    )
    assert [*index.at((WHO[0], HUB, "app"))] == [app]


def test_a_pull_that_is_named_keeps_its_turn() -> None:
    """It came before those that had a name from the beginning, and is found before them, but not as a nameless one."""
    nameless, named = a_pull(None), a_pull("app")
    index = index_of(nameless, named)
    index.name(nameless, "app")
    assert nameless.repository == "app"
    assert [*index.at((WHO[0], HUB, "app"))] == [nameless, named]
    assert [*index.at((WHO[0], HUB, None))] == []
    assert [*index] == [nameless, named]


def test_what_is_put_again_moves_to_the_end() -> None:
    """And stands there once."""
    first, second = a_pull("app"), a_pull("app")
    index = index_of(first, second, first)
    assert [*index] == [*index.at((WHO[0], HUB, "app"))] == [second, first]
    assert [*reversed(index)] == [first, second]


def test_nothing_is_left_of_what_was_taken() -> None:
    """A proxy that runs for months sees places without end."""
    pull, stays = a_pull("app"), a_pull("other")
    index = index_of(pull, stays)
    assert index.take(pull)
    assert not index.take(pull)
    assert pull not in index
    assert (len(index), len(index._at)) == (1, 1)
