"""What a library logs of its requests, as the raw requests and answers that `http_dump` reads, or as sentences.

Apache's HttpClient and Google's for Java (Jib's FAQ, "How can I examine network traffic?"), OkHttp (HttpLoggingInterceptor), .NET
(System.Net.Http.HttpClient), and a browser's Headers tab.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from pullscope.logs.commands import Asked
from pullscope.logs.entries import REQUEST

Lines = Callable[[Iterable[str]], Iterator[str]]

_WIRE = re.compile(r'http-outgoing-(?P<number>\d+) (?:>>|<<) "(?P<text>.*)"\s*\Z')
_HEADERS = re.compile(r"http-outgoing-(?P<number>\d+) (?:>>|<<) (?P<text>[^\"].*)\Z")
_CHUNK = re.compile(r"[0-9a-f]{1,8}\[\\r\]\[\\n\]\Z")
"""The length of a part of a body (RFC 9112, 7.1)."""
_JAVA = re.compile(r"(?:CONFIG: )?-+ (REQUEST|RESPONSE) +-+\Z")
_JAVA_STAMP = re.compile(r".*\bcom\.google\.api\.client\.|CONFIG: (?:Total: |curl -v )")
_OKHTTP = re.compile(r"(.*?)--> ([A-Z]+) (https?://\S+)(?: http/\S+)?(?: \(.*\))?\Z", re.IGNORECASE)
_OKHTTP_SAID = re.compile(r"<-- (\d{3})(?: (.*?))? https?://\S+ \(\d+ ?ms.*\)\Z")
_DOTNET = re.compile(r".*Sending HTTP request ([A-Z]+) (https?://\S+)\Z")
_DOTNET_SAID = re.compile(r".*Received HTTP response(?: headers)? after [\d.,]+ ?ms - (\d{3})\Z")
_BROWSER = re.compile(r"Request (?:URL|Method):|Status Code:")
MOST_WAITING, MOST_LINES = 200, 10_000


def of_a_library(lines: list[str]) -> Lines | None:
    """What makes a dump, or sentences, of a log that begins so; None where it is none of these."""
    text = "\n".join(lines)
    if "http-outgoing-" in text:
        return _of_apache(_WIRE if any(map(_WIRE.search, lines)) else _HEADERS)
    if any(map(_JAVA.match, lines)):
        return _of_google
    if "--> END" in text:
        return _of_okhttp
    if any(map(_DOTNET.match, lines)):
        return _of_dotnet
    if any(line.startswith("Request URL:") for line in lines):
        return _of_a_browser
    return None


def sentence(asked: Asked, status: str) -> str:
    """What is read of a request whose answer has no head."""
    return f'{asked.method} "{asked.url}": unexpected status code {status}'.rstrip()


def _of_apache(form: re.Pattern[str]) -> Lines:
    """Apache's HttpClient for Java, its loggers `wire` and `headers`: each connection's requests with their answers."""

    def through(lines: Iterable[str]) -> Iterator[str]:
        held: dict[str, list[str]] = {}
        for line in lines:
            if (found := form.search(line.rstrip("\r\n"))) is None or _CHUNK.match(found["text"]):
                continue
            text, connection = found["text"].replace("[\\r]", "").removesuffix("[\\n]"), found["number"]
            if REQUEST.match(text):
                yield from held.pop(connection, ())
            if len(held.setdefault(connection, [])) < MOST_LINES:
                held[connection].append(text)
        for each in held.values():
            yield from each

    return through


def _of_google(lines: Iterable[str]) -> Iterator[str]:
    """Google's HTTP client for Java, by java.util.logging: CONFIG of com.google.api.client.http.HttpTransport."""
    asks = False
    for raw in lines:
        line = raw.rstrip("\r\n")
        if begun := _JAVA.match(line):
            asks = begun[1] == "REQUEST"
        elif asks and re.match(r"[A-Z]+ https?://\S+\Z", line):
            asks = False
            yield f"{line} HTTP/1.1"
        elif not _JAVA_STAMP.match(line):
            yield line.removeprefix("CONFIG: ")


def _of_okhttp(lines: Iterable[str]) -> Iterator[str]:
    before = ""
    for raw in lines:
        line = raw.rstrip("\r\n").removeprefix(before)
        if "--> END" in line or "<-- END" in line:
            yield ""
        elif asked := _OKHTTP.match(line):
            before = asked[1] or before
            yield from Asked(asked[2], asked[3]).lines()
        elif said := _OKHTTP_SAID.search(line):
            yield f"HTTP/1.1 {said[1]} {said[2] or ''}".rstrip()
        else:
            yield line


def _of_dotnet(lines: Iterable[str]) -> Iterator[str]:
    waiting = deque[Asked](maxlen=MOST_WAITING)
    for raw in lines:
        line = raw.rstrip("\r\n")
        if asked := _DOTNET.match(line):
            waiting.append(Asked(asked[1], asked[2]))
        elif waiting and (said := _DOTNET_SAID.match(line)) is not None:
            yield sentence(waiting.popleft(), said[1])


def _of_a_browser(lines: Iterable[str]) -> Iterator[str]:
    """What is copied of the Headers tab of a browser's network tools: each value behind its name, or below it."""
    said: dict[str, str] = {}
    name = ""
    for raw in lines:
        line = raw.strip()
        if _BROWSER.match(line):
            name, _, value = line.partition(":")
            said[name] = value.strip()
        elif name and line and not said[name]:
            said[name] = line
        if said.get("Status Code"):
            one = Asked(said.get("Request Method", "GET"), said.get("Request URL", ""))
            yield sentence(one, said["Status Code"].strip("● "))
            said, name = {}, ""
