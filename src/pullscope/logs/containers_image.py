"""`skopeo --debug`, `podman` and `buildah --log-level=debug`: a line for each request, and rarely one for its answer.

containers/image docker/docker_client.go, docker_image_src.go, docker_image_dest.go, copy; skopeo 1.9 and 1.22, podman 4.3
(seen). A status is taken from the log where it is there; where the client goes on only after one status, and went on, it is
that one: 200 after a token, a manifest's type, a blob that was read; 202 and 201 in an upload. Redirects are followed unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pullscope.logs.entries import Entry, entries
from pullscope.logs.exchange import Exchange
from pullscope.logs.told_errors import URL_ERROR, failure_of, status_of
from pullscope.oci.media import MANIFESTS, media_class
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import parameters

MARK = re.compile(r'(?:level=debug msg="|"msg":"|DEBU\[\d+\] )(?:GET|HEAD|Ping) https?://')
_ASKED = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE) (https?://\S+)$")
_PINGED = re.compile(r"Ping (https?://\S+) status (\d{3})$")
_NO_PING = re.compile(r"Ping (https?://\S+) err (.+?)(?: \(&.*\))?$", re.DOTALL)
_TYPE = re.compile(r'Content-Type from manifest GET is "([^"]*)"$')
_LIMITED = re.compile(r"Too many requests to (https?://\S+): sleeping for")
_READ = ("Detected compression format", "No compression detected")
_BLOB = re.compile(r"sha256:[0-9a-f]{64}")
_ABOUT = (
    ("manifest", (Endpoint.MANIFEST,)),
    ("pinging container registry", (Endpoint.PING, Endpoint.V1_PING)),
    ("bearer token", (Endpoint.NONE,)),
    ("auth token", (Endpoint.NONE,)),
    ("blob", (Endpoint.BLOB,)),
    ("upload", (Endpoint.UPLOAD_START, Endpoint.UPLOAD)),
    ("tags", (Endpoint.TAGS,)),
)
"""What a sentence on a failure is about, by its words: the first that is found."""


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    """The exchanges of the log."""
    found: list[Exchange] = []
    for entry in entries(lines):
        said = entry.message
        asked = _ASKED.match(said)
        if asked:
            _name_challenge(found, asked[2])
            _went_on(found, asked[1], asked[2], entry)
            found.append(Exchange(method=asked[1], url=asked[2], asked_line=entry.line, asked=entry.time))
        elif pinged := _PINGED.match(said):
            _answer(_asked(found, pinged[1]), int(pinged[2]), entry)
        elif no_ping := _NO_PING.match(said):
            _fail(_asked(found, no_ping[1]), failure_of(no_ping[2]), entry)
        elif kind := _TYPE.match(said):
            one = _open(found, lambda one: _endpoint(one) is Endpoint.MANIFEST)
            if one is not None:
                one.fields = [("Content-Type", kind[1])]
                if media_class(kind[1]) in MANIFESTS:
                    _answer(one, 200, entry)
        elif limited := _LIMITED.match(said):
            _answer(_asked(found, limited[1]), 429, entry)
        elif said.startswith("Detected insufficient_scope error"):
            _answer(_open(found, lambda one: _endpoint(one) is not Endpoint.NONE), 401, entry)
        elif said.startswith(_READ):
            _answer(next((one for one in found if not one.over and _is_read(one)), None), 200, entry)
        elif said in ("... not present", "... already exists"):
            is_there = 200 if said.endswith("exists") else 404
            _answer(_open(found, lambda one: one.method == "HEAD"), is_there, entry)
        elif entry.fields.get("level") in ("fatal", "error", "warning") or " failed: " in said or "rror" in said[:6]:
            _failed(found, said, entry)
    yield from found


def _endpoint(one: Exchange) -> Endpoint:
    return route(one.url).endpoint


def _is_read(one: Exchange) -> bool:
    return _endpoint(one) is Endpoint.BLOB and one.method == "GET"


def _open(found: list[Exchange], fits: Callable[[Exchange], bool]) -> Exchange | None:
    return next((one for one in reversed(found) if not one.over and fits(one)), None)


def _asked(found: list[Exchange], url: str) -> Exchange | None:
    return _open(found, lambda one: one.url == url)


def _answer(one: Exchange | None, status: int, entry: Entry, body: bytes | None = None) -> None:
    if one is not None:
        one.status, one.body, one.ended_line, one.ended = status, body, entry.line, entry.time


def _fail(one: Exchange | None, reason: str | None, entry: Entry) -> None:
    if one is not None and reason is not None:
        one.failure, one.ended_line, one.ended = reason, entry.line, entry.time


def _went_on(found: list[Exchange], method: str, url: str, entry: Entry) -> None:
    """What this request says of those before it: a token came, an upload was opened or taken."""
    for one in found[-64:]:
        if one.over:
            continue
        endpoint = _endpoint(one)
        if endpoint is Endpoint.NONE and "service=" in one.url and route(url).endpoint is not Endpoint.NONE:
            _answer(one, 200, entry)
        elif (one.method == "POST" and method == "PATCH") or (one.method == "PATCH" and method == "PUT"):
            same = one.method == "POST" or one.url.partition("?")[0] == url.partition("?")[0]
            if same and endpoint in (Endpoint.UPLOAD_START, Endpoint.UPLOAD):
                _answer(one, 202, entry)
        elif one.method == "PUT" and endpoint is Endpoint.UPLOAD:
            _answer(one, 201, entry)


def _name_challenge(found: list[Exchange], url: str) -> None:
    """Give the last 401 the challenge that a token request answers: its realm, service and last scope are from there.

    docker_client.go: setupRequestAuth after the ping; needsRetryWithUpdatedScope where the error is insufficient_scope.
    """
    realm, _, words = url.partition("?")
    asked = parameters(words)
    one = next((one for one in reversed(found) if one.status == 401), None)
    if one is None or one.fields or route(url).endpoint is not Endpoint.NONE or "service" not in asked:
        return
    challenge = f'Bearer realm="{realm}",service="{asked["service"][0]}"'
    if _endpoint(one) is not Endpoint.PING and asked.get("scope"):
        challenge += f',scope="{asked["scope"][-1]}",error="insufficient_scope"'
    one.fields = [("WWW-Authenticate", challenge)]


def _failed(found: list[Exchange], said: str, entry: Entry) -> None:
    """Give what a sentence on a failure says to the request that it is about."""
    told = URL_ERROR.search(said)
    if told:
        _fail(_asked(found, told[2]), failure_of(said), entry)
        return
    answer = status_of(said)
    about = next((kinds for words, kinds in _ABOUT if words in said), None)
    digests = _BLOB.findall(said)
    one = _open(found, lambda one: about is None or _endpoint(one) in about)
    if about == (Endpoint.BLOB,) and digests:
        one = _open(found, lambda one: digests[0] in one.url)
    if answer is not None:
        _answer(one, answer[0], entry, answer[1])
    else:
        _fail(one, failure_of(said), entry)
