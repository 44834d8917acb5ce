"""A pull over the daemon's own API: what is asked, what is said, and how it fails."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pullscope.host import HostError, engine_api


@contextmanager
def daemon(folder: Path, answer: bytes) -> Iterator[tuple[Path, list[bytes]]]:
    """A socket that answers one request with these bytes."""
    place = folder / "s"
    asked: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place))
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield place, asked
        finally:
            thread.join()


def stream(*lines: str) -> bytes:
    body = "\r\n".join(lines) + "\r\n"
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["pull", "nginx"], "/images/create?fromImage=docker.io%2Flibrary%2Fnginx&tag=latest"),
        (["pull", "-q", "x.lan:5000/a/b:1"], "/images/create?fromImage=x.lan%3A5000%2Fa%2Fb&tag=1"),
        (
            ["pull", "--platform", "linux/arm64", "a/b"],
            "/images/create?fromImage=docker.io%2Fa%2Fb&tag=latest&platform=linux%2Farm64",
        ),
        (
            ["pull", f"nginx@sha256:{'0' * 64}"],
            f"/images/create?fromImage=docker.io%2Flibrary%2Fnginx&tag=sha256%3A{'0' * 64}",
        ),
        (["run", "nginx"], None),
        (["pull", "--all-tags", "nginx"], None),
        (["pull"], None),
    ],
)
def test_only_a_pull_is_asked(words: list[str], path: str | None) -> None:
    """`pull` becomes the path that the docker command asks; everything else needs that command."""
    assert engine_api.pull_request(words) == path


def test_what_the_daemon_says_is_told_without_progress_bars(tmp_path: Path) -> None:
    """Each new state is a line; bars are not, and control codes of a registry do not reach a terminal."""
    answer = stream(
        '{"status":"Pulling from a/b","id":"latest"}',
        '{"status":"Downloading","progressDetail":{"current":1},"progress":"[>]","id":"aa"}',
        '{"status":"Status: \\u001b[31mred"}',
    )
    with daemon(tmp_path, answer) as (place, asked):
        said = list(engine_api.pull(place, "/images/create?fromImage=a&tag=b"))
    assert said == ["latest: Pulling from a/b", "Status: \\x1b[31mred"]
    assert asked[0].startswith(b"POST /images/create?fromImage=a&tag=b HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        stream('{"status":"Pulling"}', '{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}'),
        b'HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{"message":"manifest unknown"}',
    ],
    ids=["in the stream", "at once"],
)
def test_a_failure_is_the_daemons_own_sentence(tmp_path: Path, answer: bytes) -> None:
    """Whether it fails before or within the stream."""
    with daemon(tmp_path, answer) as (place, _), pytest.raises(HostError, match=r"^manifest unknown$"):
        list(engine_api.pull(place, "/images/create"))
