"""`skopeo --debug`, `podman` and `buildah --log-level=debug`: a line for each request, and rarely one for its answer.

containers/image docker/docker_client.go, docker_image_src.go, docker_image_dest.go, copy; skopeo 1.9 and 1.22, podman 4.3
(seen). A status is taken from the log where it is there; where the client goes on only after one status, and went on, it is
that one: 200 after a token, a manifest's type, a blob that was read; 202 and 201 in an upload. Redirects are followed unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pullscope.logs.entries import Entry, entries
from pullscope.logs.exchange import Exchange, Waiting
from pullscope.logs.sentences import with_errors
from pullscope.logs.told_errors import LONGEST_SENTENCE, URL_ERROR, answer_of, failure_of
from pullscope.oci.media import MANIFESTS, media_class
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import parameters

MARK = re.compile(
    r'(?:level=debug msg="|"msg": ?"|DEBU(?:\[[^\]\s]+\])? |\[containers/image\] )(?:GET|HEAD|Ping) https?://'
)
_TROUBLE = re.compile(r"\A.{0,2}rror| failed: | error=\"")
_WITHIN = re.compile(r"[^\[]*\[containers/image\] ")
"""Before what the library says in the log of Diun (crazy-max/diun#399)."""
_ASKED = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE) (https?://\S+)$")
_PINGED = re.compile(r"Ping (https?://\S+) status (\d{3})$")
_NO_PING = re.compile(r"Ping (https?://\S+) err (.+?)(?: \(&.*\))?$", re.DOTALL)
_TYPE = re.compile(r'Content-Type from manifest GET is "([^"]*)"$')
_LIMITED = re.compile(r"Too many requests to (https?://\S+): sleeping for")
_THERE = {"... not present": 404, "... already exists": 200}
_MANIFEST_READ = ("IsRunningImageAllowed for image docker:", "Source is a manifest list", "Downloading ")
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
    reader = _Reader()
    for entry in with_errors(entries(lines)):
        reader.entry(entry, _WITHIN.sub("", entry.message[:LONGEST_SENTENCE], count=1))
    yield from reader.found


class _Reader:
    """What was asked, what waits for its answer, and the last that was refused."""

    def __init__(self) -> None:
        self.found: list[Exchange] = []
        self.waiting = Waiting()
        self.refused: Exchange | None = None

    def entry(self, entry: Entry, said: str) -> None:
        waiting = self.waiting
        if asked := _ASKED.match(said):
            self._went_on(asked[1], asked[2], entry)
            self._ask(asked[1], asked[2], entry)
        elif pinged := _PINGED.match(said):
            self._answer(waiting.at(pinged[1]) or self._ask("GET", pinged[1], entry), int(pinged[2]), entry)
        elif no_ping := _NO_PING.match(said):
            _fail(waiting.at(no_ping[1]), failure_of(no_ping[2]), entry)
        elif kind := _TYPE.match(said):
            self._manifest(kind[1], entry)
        elif limited := _LIMITED.match(said):
            self._answer(waiting.at(limited[1]), 429, entry)
        elif said.startswith("Detected insufficient_scope error"):
            self._answer(waiting.find(lambda one: _endpoint(one) is not Endpoint.NONE), 401, entry)
        elif said.startswith(_READ):
            self._answer(waiting.find(_is("GET", Endpoint.BLOB), oldest=True), 200, entry)
        elif said.startswith(_MANIFEST_READ):
            self._answer(waiting.find(_is("GET", Endpoint.MANIFEST)), 200, entry)
        elif said == "Storing signatures":  # printed once the manifest is written
            self._answer(waiting.find(_is("PUT", Endpoint.MANIFEST)), 201, entry)
        elif there := _THERE.get(said):
            self._answer(waiting.find(lambda one: one.method == "HEAD"), there, entry)
        elif entry.fields.get("level") in ("fatal", "error", "warning") or _TROUBLE.search(said):
            self._failed(said, entry)

    def _ask(self, method: str, url: str, entry: Entry) -> Exchange:
        one = self.waiting.add(Exchange(method=method, url=url, asked_line=entry.line, asked=entry.time))
        self.found.append(one)
        return one

    def _manifest(self, media_type: str, entry: Entry) -> None:
        one = self.waiting.find(lambda one: _endpoint(one) is Endpoint.MANIFEST)
        if one is not None:
            one.fields = [("Content-Type", media_type)]
            if media_class(media_type) in MANIFESTS:
                self._answer(one, 200, entry)

    def _answer(self, one: Exchange | None, status: int, entry: Entry, body: bytes | None = None) -> None:
        if one is not None:
            one.answer(status, body, entry.line, entry.time)
            self.refused = one if status == 401 else self.refused

    def _went_on(self, method: str, url: str, entry: Entry) -> None:
        """What this request says of those before it: a challenge was sent, a token came, an upload was opened or taken."""
        endpoint = route(url).endpoint
        if endpoint is Endpoint.NONE:
            self._name_challenge(url)
            return
        for one in self.waiting:
            if _endpoint(one) is Endpoint.NONE and "service=" in one.url:
                self._answer(one, 200, entry)
        if endpoint is Endpoint.UPLOAD and method == "PATCH":
            self._answer(self.waiting.find(lambda one: one.method == "POST", oldest=True), 202, entry)
        elif endpoint is Endpoint.UPLOAD and method == "PUT":
            path = url.partition("?")[0]
            sent = self.waiting.find(lambda one: one.method == "PATCH" and one.url.partition("?")[0] == path)
            self._answer(sent, 202, entry)
        elif endpoint is Endpoint.MANIFEST and method == "PUT":
            # copy waits for every blob before it writes the manifest
            for one in filter(_is("PUT", Endpoint.UPLOAD), self.waiting):
                self._answer(one, 201, entry)

    def _name_challenge(self, url: str) -> None:
        """Give the last 401 the challenge that a token request answers: its realm, service and last scope are from there.

        docker_client.go: setupRequestAuth after the ping; needsRetryWithUpdatedScope where the error is insufficient_scope.
        """
        realm, _, words = url.partition("?")
        asked = parameters(words)
        one = self.refused
        if one is None or one.fields or "service" not in asked:
            return
        challenge = f'Bearer realm="{realm}",service="{asked["service"][0]}"'
        if _endpoint(one) is not Endpoint.PING and asked.get("scope"):
            challenge += f',scope="{asked["scope"][-1]}",error="insufficient_scope"'
        one.fields = [("WWW-Authenticate", challenge)]

    def _failed(self, said: str, entry: Entry) -> None:
        """Give what a sentence on a failure says to the request that it is about."""
        told = URL_ERROR.search(said)
        if told:
            _fail(self.waiting.at(told[2]), failure_of(said), entry)
            return
        about = next((kinds for words, kinds in _ABOUT if words in said), None)
        digest = _BLOB.search(said) if about == (Endpoint.BLOB,) else None

        def fits(one: Exchange) -> bool:
            return digest[0] in one.url if digest else about is None or _endpoint(one) in about

        answer = answer_of(said)
        if answer is not None:
            self._answer(self.waiting.find(fits), answer[0], entry, answer[1])
        else:
            _fail(self.waiting.find(fits), failure_of(said), entry)


def _endpoint(one: Exchange) -> Endpoint:
    return route(one.url).endpoint


def _is(method: str, endpoint: Endpoint) -> Callable[[Exchange], bool]:
    return lambda one: one.method == method and _endpoint(one) is endpoint


def _fail(one: Exchange | None, reason: str | None, entry: Entry) -> None:
    if one is not None and reason is not None:
        one.fail(reason, entry.line, entry.time)
