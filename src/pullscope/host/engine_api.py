"""The docker daemon's own API over its unix socket, as far as one pull needs it, without a docker command.

POST /images/create answers 200 at once and then a stream of JSON objects; a failure is the last of them
(moby api/types/jsonstream). What the daemon says may hold what a registry said, so it is shown without control codes.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from pullscope.host import HostError
from pullscope.oci.bounds import read_object
from pullscope.oci.plain import plain
from pullscope.oci.reference import Reference


class _Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))


def pull_request(words: Sequence[str]) -> str | None:
    """The API's path for `pull [--platform P] IMAGE`; None where `words` ask for something else."""
    if words[:1] != ["pull"]:
        return None
    images: list[str] = []
    platform = ""
    rest = iter(words[1:])
    for word in rest:
        name, equals, value = word.partition("=")
        if name == "--platform":
            platform = value if equals else next(rest, "")
        elif word not in {"-q", "--quiet"}:
            images.append(word)
    if len(images) != 1 or images[0].startswith("-"):
        return None
    wanted = Reference.parse(images[0])
    query = {"fromImage": f"{wanted.registry}/{wanted.repository}", "tag": str(wanted.digest or wanted.tag)}
    if platform:
        query["platform"] = platform
    return f"/images/create?{urlencode(query, quote_via=quote)}"


@contextmanager
def _answer(endpoint: Path, method: str, path: str) -> Iterator[http.client.HTTPResponse]:
    connection = _Unix(endpoint)
    try:
        connection.request(method, path)
        yield connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise HostError(f"docker on {endpoint} does not answer: {error}") from error
    finally:
        connection.close()


def ask(endpoint: Path, method: str, path: str) -> int:
    """The status of one question; HostError where the daemon does not answer."""
    with _answer(endpoint, method, path) as answer:
        return answer.status


def pull(endpoint: Path, path: str) -> Iterator[str]:
    """Ask for a pull; what the daemon says of it, a line each. HostError with its own sentence where it fails."""
    with _answer(endpoint, "POST", path) as answer:
        if answer.status != http.client.OK:
            raise HostError(_sentence(read_object(answer.read(65536)).get("message")))
        while line := answer.readline(65536):
            said = read_object(line)
            if "error" in said:
                raise HostError(_sentence(said["error"]))
            if said.get("status") and not said.get("progressDetail"):
                name = f"{said['id']}: " if said.get("id") else ""
                yield plain(f"{name}{said['status']}", None)


def _sentence(said: object) -> str:
    return plain(str(said), None) if said else "docker failed without a message"
