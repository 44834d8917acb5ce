"""`curl -v`: the heads of requests and answers behind `>` and `<`, TLS and connections behind `*`, bodies between them.

curl 7.88 and 8 (seen); with or without --trace-time, in one file with stdout or without. Requests to a proxy (CONNECT) are
left out. A body is taken where it is all there, by Content-Length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import STATUS, body_of, entries
from pullscope.logs.exchange import Exchange, header

MARK = re.compile(r"^(?:\d\d:\d\d:\d\d\.\d+ )?> [A-Z]+ \S+ HTTP/[0-9.]+\s*$", re.MULTILINE)
_CLOCK = re.compile(r"\d\d:\d\d:\d\d\.\d+ (?=[<>*{}=])")
_ASKED = re.compile(r"([A-Z]+) (\S+) HTTP/([0-9.]+)$")
_COMMAND = re.compile(r"(?:.*[$#>%] *)?curl\b.*?(https?)://")
_CONNECTED = re.compile(r"\* +(?:Connected to|Re-?using existing \S+ ?connection|Re-using existing connection)")
_TLS = re.compile(r"\* +(?:SSL connection using|TLSv1|using HTTP/2|ALPN[:,] server)|\* .*:scheme: https")
_PROXY = re.compile(r"\* .*(?:CONNECT tunnel|Establish HTTP proxy tunnel)")
_NOISE = re.compile(r"\s*(?:% Total|Dload|\d+ .*--:--:--)|[{}] \[\d+ bytes data\]")
_ERROR = re.compile(r"curl: \((\d+)\) (.+)")


class _Reader:
    def __init__(self) -> None:
        self.found: list[Exchange] = []
        self.scheme = self.named = "http"
        """As the connection shows it, and as the command has it."""
        self.connection = 0
        self.heading: list[tuple[str, str]] | None = None
        """The header fields that are being read."""
        self.asked: tuple[str, str, int] | None = None
        self.tunnel = False
        self.body: list[str] = []
        self.shown = ""

    def line(self, text: str, number: int) -> None:
        mark, rest = text[:2].rstrip(), text[2:].rstrip()
        if mark == ">":
            self._request(rest, number)
        elif mark == "<":
            self.shown = rest
            self._answer(rest, number)
        elif mark == "*":
            self._about(text)
        elif (command := _COMMAND.match(text)) is not None:
            self.end_body()
            self.scheme = self.named = command[1]
        elif (error := _ERROR.match(text)) is not None:
            self._failed(error[2], number)
        elif text.strip() == self.shown:
            return  # -i beside -v
        elif text.strip() and not _NOISE.match(text) and self.found and self.found[-1].status is not None:
            self._more_body(text)

    def _request(self, rest: str, number: int) -> None:
        if asked := _ASKED.match(rest):
            self.end_body()
            self.asked, self.heading = (asked[1], asked[2], number), []
            self.scheme = "https" if asked[3][0] in "23" else self.scheme
        elif self.asked is not None and self.heading is not None and rest:
            self._field(rest)
        elif self.asked is not None and self.heading is not None:
            method, path, line = self.asked
            sent, self.heading, self.asked = self.heading, None, None
            self.tunnel = method == "CONNECT"
            if not self.tunnel:
                url = path if "://" in path else f"{self.scheme}://{header(sent, 'host') or 'unknown'}{path}"
                self.found.append(
                    Exchange(method=method, url=url, asked_line=line, sent=sent, connection=str(self.connection))
                )

    def _answer(self, rest: str, number: int) -> None:
        status = STATUS.match(rest) or STATUS.match(f"{rest} ")
        if status is not None:
            self.heading = [] if not self.tunnel else None
            if self.found and not self.tunnel and status[1][0] != "1":
                self.found[-1].status, self.found[-1].ended_line = int(status[1]), number
        elif self.heading is not None and rest:
            self._field(rest)
        elif self.heading is not None and self.found:
            self.found[-1].fields, self.heading = self.heading, None
        elif not rest:
            self.tunnel = False

    def _field(self, rest: str) -> None:
        name, colon, value = rest.partition(":")
        if colon and self.heading is not None:
            self.heading.append((name.strip(), value.strip()))

    def _about(self, text: str) -> None:
        if _PROXY.match(text):
            return
        if _CONNECTED.match(text):
            self.connection += "Connected" in text
            port = re.search(r" port (\d+)", text)
            self.scheme = {"443": "https", "80": "http"}.get(port[1] if port else "", self.named)
        elif _TLS.match(text):
            self.scheme = "https"

    def _failed(self, reason: str, number: int) -> None:
        if self.found and self.found[-1].status is None:
            self.found[-1].failure, self.found[-1].ended_line = reason, number

    def _more_body(self, text: str) -> None:
        if sum(map(len, self.body)) < 4 * 1024 * 1024:
            self.body.append(text)

    def end_body(self) -> None:
        if self.body and self.found:
            one = self.found[-1]
            text = "".join(f"{line}\n" for line in self.body)
            one.body = body_of(text, header(one.fields, "content-length"), one.status or 0)
        self.body = []


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    reader = _Reader()
    for entry in entries(lines):
        for text in entry.message.split("\r"):
            reader.line(_CLOCK.sub("", text, count=1), entry.line)
    reader.end_body()
    yield from reader.found
