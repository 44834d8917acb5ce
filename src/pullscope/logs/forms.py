"""The forms of logs that are read: how each is known, its reader, and what it lacks. One row a form.

docs/logs.md is made from the table. How to add a form: a file with `MARK` and `read`, a row here, two logs in tests/data/logs.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import BinaryIO, Protocol

from pullscope.logs import (
    containerd,
    containers_image,
    crane,
    curl,
    distribution,
    dockerd,
    error_message,
    har,
    http_dump,
    oras,
    regctl,
    request_lines,
    without_request,
)
from pullscope.logs.around import unwrapping
from pullscope.logs.by_hand import beside_commands
from pullscope.logs.entries import without_colours
from pullscope.logs.exchange import Exchange, events_of
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.text_table import rows
from pullscope.trace.events import Event

HEAD = 256 * 1024
"""Bytes in which a log shows its form: daemons say much before their first pull."""


class Log(Protocol):
    """A file that reads a form."""

    MARK: re.Pattern[str]
    """What only this form holds."""

    def read(self, lines: Iterable[str], /) -> Iterator[Exchange]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What is known of a form."""

    name: str
    made_by: str
    """How such a log is made."""
    log: Log
    lacks: str
    """Words of `trace.source_gaps`, separated by a space."""
    says: str
    """What it lacks, as one sentence."""
    empty: Callable[[str], str] = lambda _text: "shows no request"
    """What is said of one that holds no exchange."""


_LOGS: Mapping[str, Log] = {
    "HAR": har,
    "crane -v": crane,
    "regctl -v trace": regctl,
    "HTTP dump": http_dump,
    "containerd debug": containerd,
    "registry log": distribution,
    "dockerd debug": dockerd,
    "oras --debug": oras,
    "skopeo --debug": containers_image,
    "request lines": request_lines,
    "curl -v": curl,
    "error message": error_message,
}
_TABLE = """
HAR
    by a browser's network tab, mitmproxy (`save.har`, `--set hardump=FILE`), HTTP Toolkit
    lacks proxy
    says a HAR may leave out large bodies; those are not verified.
crane -v
    by `crane -v COMMAND 2> FILE`; ko, kaniko and cosign with the same logger
    lacks proxy times credentials
    says a crane log has no usable times, no credentials, and no bodies of blobs and token answers.
regctl -v trace
    by `regctl -v trace COMMAND 2> FILE`, with or without `--logopt json`; regsync, regbot; `-v debug` before 0.8
    lacks proxy durations credentials bodies
    says a regctl log has no bodies, no credentials, and no durations.
HTTP dump
    by `ctr images pull --http-dump IMAGE 2> FILE` (1.x, or 2.x with `--local`); requests and answers as Go's httputil dumps
        them, or as Postman, Burp and the like show them raw; commands of curl, wget, httpie and PowerShell with what they
        printed; the logs of Apache's HttpClient, Google's for Java (jib) and OkHttp
    lacks proxy durations
    says an HTTP dump does not say which answer belongs to which of several concurrent requests, and has no durations; an
        answer that was pasted without its head has the status that is usual for its words.
containerd debug
    by containerd with `[debug] level = "debug"`, `ctr --debug`, dockerd -D with the containerd store
    lacks proxy durations redirects tokens credentials bodies
    says a containerd log has no token requests, no redirects, no credentials, no bodies, and no durations.
registry log
    by distribution (registry:2, docker-registry, Harbor), GitLab's registry, Zot, Spegel: `docker logs registry`
    lacks proxy redirects tokens credentials bodies headers
    says a registry's log has its own requests only: no token requests, storage, credentials, bodies, and few headers.
dockerd debug
    by dockerd -D (`"debug": true` in daemon.json) with the classic store
    lacks proxy durations redirects tokens credentials bodies headers
    says this docker log has steps, each of which stands for one request; it has no tokens, redirects, headers or bodies.
oras --debug
    by `oras --debug COMMAND > FILE 2>&1`; `helm --debug COMMAND` from 3.18
    lacks proxy times credentials
    says a log of oras or helm has no usable times, no credentials, and only bodies that are text.
skopeo --debug
    by `skopeo --debug`, `podman --log-level=debug`, `buildah --log-level=debug`
    lacks proxy durations redirects credentials bodies headers
    says a log of skopeo, podman or buildah has few statuses, no redirects, headers or bodies, and no durations.
request lines
    by Dependabot's proxy, in the log of its job; urllib3 at debug level (requests, docker-py, oras-py)
    lacks proxy times credentials bodies headers
    says a log of request lines has no usable times, no credentials, no headers and no bodies.
curl -v
    by `curl -v URL > FILE 2>&1`
    lacks proxy times tokens
    says a curl log has no times; a body is in it only where curl wrote it to the same file.
error message
    by the last words of docker, podman, crane, helm or buildx, of `kubectl describe pod`, of a daemon at info level; a
        browser's Headers tab, .NET's HttpClient
    lacks proxy times redirects tokens credentials bodies headers
    says an error message is one answer, without what came before it; a status that it does not name is the usual one for its
        words. `pullscope run -- COMMAND` records everything.
"""
"""The name of each; below it the fields of `Form`."""


def _form(name: str, said: Mapping[str, str]) -> Form:
    form = Form(name=name, made_by=said["by"], log=_LOGS[name], lacks=said["lacks"], says=said["says"])
    return form if form.log is not error_message else replace(form, empty=without_request.without_a_request)


FORMS = tuple(_form(name, said) for name, _, said in rows(_TABLE))
MESSAGE = FORMS[-1]


def form_of(head: str) -> Form | None:
    """The form of a log that begins so: the first of the table whose mark is in it; None if it is none of them."""
    found = next((form for form in FORMS if form.log.MARK.search(head)), None)
    return None if found is MESSAGE and FLOWS.search(head) else found


def beside(form: Form, head: str) -> str:
    """What is said of a log that holds others, too; of one program that says a thing in two forms the first is enough."""
    same = {"HTTP dump", "containerd debug", "error message", form.name}
    others = [one.name for one in FORMS if one.name not in same and one.log.MARK.search(head)]
    return (
        f"it also holds other logs ({', '.join(others)}), which are not read: put each in its own file."
        if others
        else ""
    )


_CLIENT_ERROR = re.compile(
    r"Error response from daemon|\b(?:Error|ERROR|FATAL|error|fatal): |\bFATA\[|level=(?:error|fatal)|"
    r"[Ff]ailed to (?:pull|push|solve)"
)
ACCESS_LOG = re.compile(
    r'"[A-Z]+ (?:https?://[^\s/"]+)?/v2/\S* HTTP/[\d.]+" \d{3} |"(?:RequestPath|uri|request_uri|path)": ?"/v2/'
    r"|\b[Cc]ompleted [A-Z]+ /v2/\S* (?:for \S+ )?\d{3} [A-Z]"
)
"""A line of a web server (Apache's combined format, nginx's default; the JSON of Traefik, Caddy, Envoy; Gitea's router);
distribution's log has them too, and says more."""
CONNECTS = re.compile(r"\bCONNECT [\w.-]+:443\b|HTTP proxy --> \S+ Host:")
"""Squid, tinyproxy, Docker Desktop's httpproxy.log (rancher#937, bottlerocket#1204, docker/for-win#10247)."""
FLOWS = re.compile(r"^\s+<< (?:HTTP/[\d.]+ )?\d{3} [A-Z].* \d[\d.]*[bkmg]?$", re.MULTILINE)
"""What mitmproxy prints of an answer (mitmproxy/addons/dumper.py)."""


def untold(head: str) -> str:
    """What is said of a log that is none of these forms."""
    if ACCESS_LOG.search(head):
        return (
            "is a web server's access log, which has no headers or words of answers: take the registry's own log "
            "(docker logs CONTAINER), or record the client with pullscope run"
        )
    if CONNECTS.search(head):
        return (
            "is the log of a proxy, which has connections (CONNECT) and nothing of what was asked through them: record the "
            "client with pullscope run"
        )
    if FLOWS.search(head):
        return "is what mitmproxy printed, without header fields: have it write its flows (mitmdump -w FILE), and give that file"
    return (
        "is not a recording of pullscope (.jsonl), a flow file of mitmproxy (.mitm) or a log that "
        f"pullscope reads ({names()})"
    )


def names() -> str:
    """The forms, as a sentence lists them."""
    listed = [form.name for form in FORMS]
    return f"{', '.join(listed[:-1])} or {listed[-1]}"


def decoded(head: bytes) -> str:
    """How a log begins, in the encoding that it says (PowerShell writes UTF-16), without colours and what it was pasted into."""
    text = without_colours(_text(head))
    return "\n".join(line.rstrip("\r\n") for line in unwrapping(text)(io.StringIO(text)))


def _text(raw: bytes) -> str:
    return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")


def events(form: Form, head: bytes, rest: BinaryIO) -> list[Event]:
    """The events of a log, of which `head` was read already. Raises ValueError where it cannot be read."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        lines: Iterable[str] = io.StringIO(_text(head + rest.read()))
    else:
        begun, newline, half = head.rpartition(b"\n")
        first = begun + newline
        text = io.TextIOWrapper(io.BytesIO(first), encoding="utf-8-sig", errors="replace", newline="\n")
        whole = half + rest.readline()
        more = (line.decode("utf-8", "replace") for line in chain([whole], rest))
        lines = chain(text, more)
    begins = without_colours(_text(head))
    found = list(form.log.read(unwrapping(begins)(map(without_colours, lines))))
    return events_of([*found, *_told_beside(form, begins, alone=all(map(_may_be_the_end, found)))], lacks=form.lacks)


def _may_be_the_end(one: Exchange) -> bool:
    """Whether a version check was not answered well: 401 is what it is there for, or the end of it."""
    return route(one.url).endpoint is Endpoint.PING and one.status in (401, None)


def _told_beside(form: Form, text: str, *, alone: bool) -> Iterator[Exchange]:
    """What a client said beside requests that were made by hand: a pull that failed, and how the registry answers curl; and in
    a log that shows no request, or version checks alone, of which a refused one may be the end."""
    by_hand = form.name in ("HTTP dump", "curl -v")
    if form is MESSAGE or not (by_hand or alone):
        return
    said = list(unwrapping(text, commands=False)(text.splitlines()))
    said = beside_commands(said) if by_hand else said
    for one in error_message.read(said) if _CLIENT_ERROR.search("\n".join(said)) else ():
        one.lacks, one.asked_line, one.ended_line = MESSAGE.lacks, one.asked_line + HEAD, one.ended_line + HEAD
        yield one
