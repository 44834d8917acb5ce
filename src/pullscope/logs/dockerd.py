"""dockerd -D with its classic store: no requests, but the steps of a pull, of which each stands for one request here.

moby distribution/pull_v2.go, pull.go; dockerd 20.10 (seen), as text, JSON or from the journal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, urlsplit

from pullscope.logs.entries import Entry, entries
from pullscope.logs.exchange import Exchange
from pullscope.logs.told_errors import LONGEST_SENTENCE, NONE_SHOWN, answer_of, failure_of
from pullscope.oci.reference import HUB_API

MARK = re.compile(r"Trying to (?:pull|push) \S+ (?:from|to) https?://\S+ v2")
_CALLED = re.compile(r"(?:(?:Calling )?POST )?(\S*/images/create\?\S+)$")
_TRIES = re.compile(r"Trying to pull (\S+) from (https?://\S+) v2$")
_PUSHES = re.compile(r"Trying to push (\S+) to (https?://\S+) v2$")
_MATCH = re.compile(r"found match for \S+ with media type (\S+), digest (sha256:[0-9a-f]{64})$")
_BLOB = re.compile(r'pulling blob "(sha256:[0-9a-f]{64})"$')
_CAME = re.compile(r"Downloaded ([0-9a-f]{12}) to tempfile ")
_FAILED = re.compile(
    r"(?:Attempting next endpoint for|Not continuing with) (?:pull|push) after error: (.+)|Error trying v2 registry: (.+)|"
    r"Download failed(?:, retrying)?[^:]*: (.+)",
    re.DOTALL,
)


class _Pull:
    """The pull that the lines are about: its address, what is under way."""

    def __init__(self) -> None:
        self.found: list[Exchange] = []
        self.tag = "latest"
        self.address = ""
        self.pushed = ""
        """Where a push begins, until it is told that it failed."""

    def ask(self, kind: str, reference: str, entry: Entry) -> None:
        url = f"{self.address}/{kind}/{reference}"
        self.found.append(Exchange(method="GET", url=url, asked_line=entry.line, asked=entry.time))

    def answer(self, part: str, status: int, entry: Entry) -> Exchange | None:
        one = next((one for one in self.found if part in one.url and not one.over), None)
        if one is not None:
            one.answer(status, None, entry.line, entry.time)
        return one


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    """The exchanges that the log's steps stand for."""
    pull = _Pull()
    for entry in entries(lines):
        said = entry.message[:LONGEST_SENTENCE]
        called = _CALLED.match(entry.fields.get("request-url", said))
        if called:
            asked = parse_qs(urlsplit(called[1]).query)
            image = asked.get("fromImage", [""])[0].rpartition("/")[2]  # of old it had the tag in it (moby/moby#22822)
            pull.tag = asked.get("tag", [image.partition(":")[2] or "latest"])[0]
        elif tries := _TRIES.match(said):
            pull.address = f"{tries[2].rstrip('/')}/v2/{_repository(tries[1], tries[2])}"
            pull.ask("manifests", pull.tag, entry)
        elif pushes := _PUSHES.match(said):
            # of a push only its failure is told: as messages are, it is the request that begins an upload
            pull.pushed = f"{pushes[2].rstrip('/')}/v2/{_repository(pushes[1], pushes[2])}/blobs/uploads/"
        elif said == "Fetching manifest from remote" and entry.fields.get("error") == "<nil>":
            one = pull.answer("/manifests/", 200, entry)
            if one is not None and one.url.endswith(f"/{pull.tag}"):
                one.fields = [("Docker-Content-Digest", entry.fields.get("digest", ""))]
        elif said.startswith("Pulling ref from V2 registry"):
            pull.answer("/manifests/", 200, entry)
        elif said == "Adding content digest to lease":
            pull.answer(f"/manifests/{entry.fields.get('digest')}", 200, entry)
        elif match := _MATCH.match(said):
            pull.answer("/manifests/", 200, entry)
            pull.ask("manifests", match[2], entry)
        elif blob := _BLOB.match(said):
            pull.answer("/manifests/", 200, entry)
            pull.ask("blobs", blob[1], entry)
        elif came := _CAME.match(said):
            pull.answer(f"/blobs/sha256:{came[1]}", 200, entry)
        elif failed := _FAILED.match(said):
            _fail(pull, failed[1] or failed[2] or failed[3], entry)
    yield from pull.found


def _repository(name: str, address: str) -> str:
    """The path of a repository of which the daemon gives the familiar name (distribution/reference)."""
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return rest
    return name if slash or HUB_API not in address else f"library/{name}"


def _fail(pull: _Pull, text: str, entry: Entry) -> None:
    answer = (404, None) if text == "unknown blob" else answer_of(text)  # distribution's ErrBlobUnknown
    reason = failure_of(text)
    if pull.pushed and (answer is not None or reason is not None):
        pull.found.append(Exchange(method="POST", url=pull.pushed, asked_line=entry.line, asked=entry.time))
        pull.pushed = ""
    one = next((one for one in reversed(pull.found) if not one.over), None)
    if one is not None and answer is not None:
        one.answer(*answer, entry.line, entry.time)
        if NONE_SHOWN.search(text):  # localstack/localstack#4643: the daemon's own words
            one.fields = [("WWW-Authenticate", "Basic")]
            one.tells = frozenset({"credentials", "tokens"})
    elif one is not None and reason is not None:
        one.fail(reason, entry.line, entry.time)
