"""What was asked by hand, or by a library that logs what it asks, as the raw requests and answers that `http_dump` reads.

`curl -i URL` and its like in PowerShell, wget and httpie; a browser's Headers tab; the logs of Apache's HttpClient and Google's
for Java (Jib's FAQ, "How can I examine network traffic?"), OkHttp (HttpLoggingInterceptor) and .NET (System.Net.Http.HttpClient).
What shows no heads, as `curl URL` does not, becomes the sentence `GET "URL": what it printed`, which `client_errors` reads.
"""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pullscope.logs.entries import REQUEST
from pullscope.oci.urls import split

Lines = Callable[[Iterable[str]], Iterator[str]]

_COMMAND = re.compile(
    r"(?:[^\s$#>❯➜%]*[$#>❯➜%] *|PS [^>]*> *|\[[^\]]*\][$#] *|\++ )?(?:sudo +)?(?:time +)?"
    r"(curl|wget|https?|xh|Invoke-WebRequest|Invoke-RestMethod|iwr|irm)(?:\.exe)? +(?=.*(?:https?://|/v2/))(.+)\Z"
)
_OPTIONS = re.compile(
    r"-[xoAewEH]|--(?:proxy|output|resolve|cacert|cert|key|user-agent|referer|write-out|connect-to|header)|-Proxy|-Headers"
)
"""Options whose values may be addresses."""
_HEAD = re.compile(r"\s*HTTP/[\d.]+ (\d{3})(?: (.*))?\Z")
_WGET = re.compile(r"--\d{4}-\d\d-\d\d [\d:]+--  (https?://\S+)")
_FAILED = re.compile(
    r"curl: \(\d+\) (.+)|.* request sent, awaiting response\.\.\. (\d{3} .*)|"
    r".*(?:returned an error: \((\d{3})\)|does not indicate success: (\d{3})) ?\(?([A-Za-z ]*)"
)
"""How curl, wget and PowerShell tell that it failed."""
_BY_CURL = re.compile(r"^\s?[>*] (?:[A-Z]+ \S+ HTTP/|Connected to|Trying )", re.MULTILINE)
_WIRE = re.compile(r'http-outgoing-\d+ (?:>>|<<) "(.*)"\s*\Z')
_HEADERS = re.compile(r"http-outgoing-\d+ (?:>>|<<) ([^\"].*)\Z")
_JAVA = re.compile(r"(?:CONFIG: )?-+ (REQUEST|RESPONSE) +-+\Z")
_JAVA_STAMP = re.compile(r".*\bcom\.google\.api\.client\.|CONFIG: (?:Total: |curl -v )")
_OKHTTP = re.compile(r"(.*?)--> ([A-Z]+) (https?://\S+)(?: http/\S+)?(?: \(.*\))?\Z", re.IGNORECASE)
_OKHTTP_SAID = re.compile(r"<-- (\d{3})(?: (.*?))? https?://\S+ \(\d+ ?ms.*\)\Z")
_DOTNET = re.compile(r".*Sending HTTP request ([A-Z]+) (https?://\S+)\Z")
_DOTNET_SAID = re.compile(r".*Received HTTP response(?: headers)? after [\d.,]+ ?ms - (\d{3})\Z")
_BROWSER = re.compile(r"Request (?:URL|Method):|Status Code:")
MOST_PRINTED = 200
"""Lines that a command printed, which are looked at."""


def of_requests(lines: list[str]) -> Lines | None:
    """What makes a dump, or sentences, of lines that begin so; None where they are something else."""
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
    if _BY_CURL.search(text) or any(map(REQUEST.match, lines)) or not any(map(_asked, lines)):
        return None
    return _of_commands if any(map(_HEAD.match, lines)) else _as_sentences


@dataclass(slots=True)
class _Asked:
    """A request that a line names."""

    method: str
    url: str
    sent: list[str] = field(default_factory=list)
    """Header fields."""

    def lines(self) -> Iterator[str]:
        yield f"{self.method} {self.url} HTTP/1.1"
        yield f"Host: {split(self.url).netloc}"
        yield from self.sent
        yield ""


def _asked(line: str) -> _Asked | None:
    """The request of a command, or of wget's own first line."""
    if wget := _WGET.match(line):
        return _Asked("GET", wget[1])
    found = _COMMAND.match(line.strip())
    if found is None:
        return None
    program, rest = found[1], found[2]
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    words = words[
        : next((place for place, word in enumerate(words) if word in ("|", ">", "2>", "&&", ";")), len(words))
    ]
    one = _Asked("GET", "")
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if _OPTIONS.fullmatch(before):
            continue  # this is its value
        if word in ("-X", "--request", "-Method"):
            one.method = after.upper()
        elif re.fullmatch(r"-\w*I\w*|--head", word):
            one.method = "HEAD"
        elif re.match(r"-d\b|--data", word) and one.method == "GET":
            one.method = "POST"
        elif word in ("-H", "--header"):
            one.sent.append(after)
        elif word in ("-u", "--user"):
            one.sent.append("Authorization: Basic")
        elif program in ("http", "https", "xh") and re.fullmatch("[A-Z]{3,6}", word):
            one.method = word
        elif re.match(r"https?://|[\w.-]+(?::\d+)?/v2/", word) and not one.url:
            one.url = word if "://" in word else f"{'https' if program == 'https' else 'http'}://{word}"
    return one if one.url else None


def _of_commands(lines: Iterable[str]) -> Iterator[str]:
    """The request of each command, and below it what was printed; a redirect that is followed is a request of its own."""
    asked: _Asked | None = None
    location, skipping = "", False
    for raw in lines:
        line = raw.rstrip("\r\n")
        if (one := _asked(line)) is not None:
            asked, location = one, ""
            yield from one.lines()
        elif asked is None:
            continue
        elif head := _HEAD.match(line):
            skipping = head[1][0] == "1" or "onnection established" in line
            if skipping:
                continue
            if location:
                asked = _Asked(asked.method, location if "://" in location else _beside(asked.url, location))
                yield from asked.lines()
            location = ""
            yield f"HTTP/1.1 {head[1]} {head[2] or ''}".rstrip()
        elif skipping:
            skipping = bool(line.strip())
        else:
            field_line = line.strip()
            if field_line.lower().startswith("location:"):
                location = field_line.partition(":")[2].strip().removesuffix(" [following]")
            yield field_line if line.startswith("  ") and re.match(r"[\w-]+: ", field_line) else line


def _beside(url: str, location: str) -> str:
    at = split(url)
    return f"{at.scheme}://{at.netloc}{location}"


def _as_sentences(lines: Iterable[str]) -> Iterator[str]:
    """`GET "URL": what was printed`, a line for each command."""
    asked, printed, failed = None, list[str](), False
    for raw in lines:
        line = raw.strip()
        if (one := _asked(line)) is not None:
            yield from _sentence(asked, printed)
            asked, printed, failed = one, [], False
        elif (why := _FAILED.match(line)) is not None and asked is not None:
            printed, failed = [_status(why[2], "") if why[2] else why[1] or _status(why[3] or why[4], why[5])], True
        elif line and not failed and len(printed) < MOST_PRINTED and not line.startswith("% "):
            printed.append(line)
    yield from _sentence(asked, printed)


def _sentence(asked: _Asked | None, printed: list[str]) -> Iterator[str]:
    if asked is None:
        yield from printed
    elif printed:
        yield f'{asked.method} "{asked.url}": {" ".join(printed)}'


def _status(code: str, words: str) -> str:
    return f"unexpected status code {code} {words}".strip()


def _of_apache(form: re.Pattern[str]) -> Lines:
    """Apache's HttpClient for Java, its loggers `wire` and `headers`."""

    def through(lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            if found := form.search(line.rstrip("\r\n")):
                yield found[1].replace("[\\r]", "").removesuffix("[\\n]")

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
            yield from _Asked(asked[2], asked[3]).lines()
        elif said := _OKHTTP_SAID.search(line):
            yield f"HTTP/1.1 {said[1]} {said[2] or ''}".rstrip()
        else:
            yield line


def _of_dotnet(lines: Iterable[str]) -> Iterator[str]:
    waiting = deque[_Asked](maxlen=MOST_PRINTED)
    for raw in lines:
        line = raw.rstrip("\r\n")
        if asked := _DOTNET.match(line):
            waiting.append(_Asked(asked[1], asked[2]))
        elif waiting and (said := _DOTNET_SAID.match(line)) is not None:
            yield from _sentence(waiting.popleft(), [_status(said[1], "")])


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
            one = _Asked(said.get("Request Method", "GET"), said.get("Request URL", ""))
            yield from _sentence(one, [_status(said["Status Code"].strip("● "), "")])
            said, name = {}, ""
