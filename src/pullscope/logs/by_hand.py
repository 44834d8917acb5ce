"""What was asked by hand, as the raw requests and answers that `http_dump` reads: `curl -i URL` and its like in PowerShell, wget
and httpie. What libraries log is in `by_libraries`.

What a command prints without a head is an answer whose header fields are not known: of JSON its code says the status, else a
line of curl's `-w %{http_code}`, or words. What other programs said beside it is a message (`forms`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pullscope.logs.by_libraries import Lines, of_a_library
from pullscope.logs.commands import NAMED, Asked, asked, commands, is_another, is_kept
from pullscope.logs.entries import REQUEST
from pullscope.logs.general import answered, failed
from pullscope.logs.told_errors import answer_of
from pullscope.oci.routes import route
from pullscope.oci.urls import split

_HEAD = re.compile(r"\s*(?:< ?|RawContent +: )?HTTP/[\d.]+ (\d{3})(?: (.*))?\Z")
_WGET = re.compile(r"--\d{4}-\d\d-\d\d [\d:]+--  (https?://\S+)")
_FAILED = re.compile(
    r"curl: \((\d+)\) (.+)|(?:.* request sent, awaiting response\.\.\. |wget: server returned error: HTTP/[\d.]+ )(\d{3} .*)|"
    r".*(?:returned an error: \((\d{3})\)|does not indicate success: (\d{3})) ?\(?([A-Za-z ]*)"
)
"""How curl, wget and PowerShell tell that it failed."""
_CODE = re.compile(
    r"(?:# *)?(?:=> *|-> *|→ *)?(?:HTTP(?:/[\d.]+)?|[Ss]tatus(?: ?[Cc]ode)?|[Cc]ode|http_code)?[ :=]*([1-5]\d\d)\Z"
)
"""What curl's `-w %{http_code}` prints, or who pasted it wrote beside."""
_PLAIN = "Client sent an HTTP request to an HTTPS server"
"""What Go's net/http answers to it, with 400."""
_OF_A_REGISTRY = re.compile(r"/v2(?:/|\Z)|[?&](?:service|scope)=")
_BY_CURL = re.compile(r"^\s?[>*] (?:[A-Z]+ \S+ HTTP/|Connected to|Trying )", re.MULTILINE)
_SENT = re.compile(r"\s?> ([A-Z]+) \S+ HTTP/[\d.]+\s*\Z")
_FENCE = re.compile(r"```\w*\Z")
_RESULT = re.compile(r"\++ \w+=\$?'(?:000(?=\{))?(.*)")
"""What bash -x shows of a variable that keeps the output."""
_SCOPE = re.compile(r"\bscope=\"repository:([^:\"]+):")
_NOISE = re.compile(r"\s*(?:% Total|Dload|\d+ .*--:--:--)|\* ")
MOST_PRINTED = 200
"""Lines that a command printed, which are looked at."""


def of_requests(lines: list[str]) -> Lines | None:
    """What makes a dump, or sentences, of lines that begin so; None where they are something else."""
    if (of_library := of_a_library(lines)) is not None:
        return of_library
    text = "\n".join(lines)
    if not NAMED.search(text):
        return None
    every = [one for one in _outputs(lines) if _is_answered(one)]
    if not every or any(map(REQUEST.match, lines)):
        return None
    if _BY_CURL.search(text) and all(map(_is_verbose, every)):
        return None  # which `curl` reads
    return _of_commands


@dataclass(slots=True)
class _Output:
    """What a command printed; lines of others, where no request is known."""

    asked: Asked | None = None
    printed: list[str] = field(default_factory=list)


def _outputs(lines: Iterable[str]) -> Iterator[_Output]:
    one = _Output()
    for raw in commands(lines):
        line = raw.rstrip("\r\n")
        wget = _WGET.match(line)
        begun = Asked("GET", wget[1]) if wget is not None else asked(line)
        begun = begun if begun is not None and _OF_A_REGISTRY.search(begun.url) else None
        if (result := _RESULT.match(line)) is not None and one.asked is not None and not one.printed:
            one.printed.append(result[1])
        elif _FENCE.match(line):
            if _is_answered(one):  # what stands after it is not what was printed
                yield one
                one = _Output()
        elif begun is not None or is_kept(line) or is_another(line):
            yield one
            one = _Output(begun)
            if begun is None:
                one.printed.append(line)
        elif len(one.printed) < MOST_PRINTED and not (one.asked is not None and _NOISE.match(line)):
            one.printed.append(line)
    yield one


def _is_of_another(asked: Asked, printed: list[str]) -> bool:
    """Whether what was pasted below a command is the answer to another one: its challenge names another repository."""
    named = (_SCOPE.search(line) for line in printed)
    scoped = [one[1].removeprefix("library/") for one in named if one is not None]
    repository = (route(asked.url).repository or "").removeprefix("library/")
    return bool(scoped and repository) and repository not in scoped


def _is_verbose(one: _Output) -> bool:
    return any(map(_SENT.match, one.printed))


def _is_answered(one: _Output) -> bool:
    if one.asked is None or _is_of_another(one.asked, one.printed):
        return False
    return any(map(_HEAD.match, one.printed)) or _said(one.printed) != (None, "")


def _of_commands(lines: Iterable[str]) -> Iterator[str]:
    """The request of each command, and below it what was printed; a redirect that is followed is a request of its own."""
    for one in filter(_is_answered, _outputs(lines)):
        if one.asked is not None and _is_verbose(one):
            yield from _verbose(one.asked, one.printed)
        elif one.asked is not None and any(map(_HEAD.match, one.printed)):
            yield from _with_heads(one.asked, one.printed)
        elif one.asked is not None:
            yield from one.asked.lines()
            yield from _without_head(one.printed)


def _with_heads(asked: Asked, printed: list[str]) -> Iterator[str]:
    location, skipping, heading = "", False, False
    yield from asked.lines()
    for line in printed:
        if head := _HEAD.match(line):
            skipping, heading = head[1][0] == "1" or "onnection established" in line, True
            if skipping:
                continue
            if location:
                asked = Asked(asked.method, location if "://" in location else _beside(asked.url, location))
                yield from asked.lines()
            location = ""
            yield f"HTTP/1.1 {head[1]} {head[2] or ''}".rstrip()
        elif skipping:
            skipping = bool(line.strip())
        else:
            bare = re.sub(r"\A< ?", "", line) if heading else line
            heading = heading and bool(bare.strip())
            if bare.strip().lower().startswith("location:"):
                location = bare.partition(":")[2].strip().removesuffix(" [following]")
            yield bare.strip() if line.startswith("  ") and re.match(r"\s*[\w-]+: ", bare) else bare


def _verbose(asked: Asked, printed: list[str]) -> Iterator[str]:
    """What `curl -v` printed, beside commands that it does not read (`curl`): each request with its host."""
    scheme, begun, tunnel = asked.url.partition("://")[0], "", False
    for line in printed:
        text = re.sub(r"\A\s?[<>] ?", "", line)
        if sent := _SENT.match(line):
            begun, tunnel = text, sent[1] == "CONNECT"
        elif begun and text.lower().startswith("host:"):
            if not tunnel:
                yield re.sub(r" (?=/)", f" {scheme}://{text[5:].strip()}", begun, count=1)
                yield text
            begun = ""
        elif not tunnel and not re.match(r"[*{}] ", line):
            yield text
        elif line.strip() == "<":
            tunnel = False


def _beside(url: str, location: str) -> str:
    at = split(url)
    return f"{at.scheme}://{at.netloc}{location}"


def _without_head(printed: list[str]) -> Iterator[str]:
    status, said = _said(printed)
    if status is not None:
        yield f"HTTP/1.1 {status}"
    yield ""
    yield said


def beside_commands(lines: list[str]) -> list[str]:
    """What other programs said beside commands of curl and its like; nothing where there is none of these."""
    every = list(_outputs(lines)) if NAMED.search("\n".join(lines)) else []
    if any(one.asked is not None for one in every):
        return [line for one in every if one.asked is None for line in one.printed]
    first = next((place for place, line in enumerate(lines) if _BY_CURL.match(line)), 0)
    return [line for line in lines[:first] if not line.startswith("* ")]


def _said(printed: list[str]) -> tuple[int | None, str]:
    """The status of what was printed without a head, and its words; or curl's own on why there was no answer."""
    text = "\n".join(printed).strip()
    for line in printed:
        if code := _CODE.match(line.strip()):
            return int(code[1]), ""
        if (why := _FAILED.match(line.strip())) is not None:
            if why[1]:
                refused = re.search(r"returned error: (\d{3})", why[2])
                return (int(refused[1]), "") if refused else (None, f"curl: ({why[1]}) {why[2]}")
            said = why[3] or f"{why[4] or why[5]} {why[6]}"
            return int(said[:3]), ""
    document, end = _document(text)
    if document is not None:
        said = " ".join(text[:end].split())
        answer = answer_of(said)
        good = not isinstance(document, dict) or not document.keys() & {
            "errors",
            "error",
            "message",
            "detail",
            "status",
        }
        return (answer[0] if answer is not None and not good else 200 if good else None), said
    paragraph, _, more = re.split(r"(\n\s*\n)", f"{text}\n\n", maxsplit=1)
    if more.strip() and "\n" not in paragraph and paragraph.rstrip()[-1:] in (":", "\uff1a"):
        return _said(more.splitlines())  # who pasted it says that it follows
    said = " ".join(paragraph.split())
    answer = (400, None) if _PLAIN in said else answer_of(said) or answered(said)
    if answer is None and (reason := failed(said)) is not None:
        return None, f"curl: (0) {reason}"
    return (answer[0] if answer is not None else None), said if answer is not None else ""


def _document(text: str) -> tuple[object, int]:
    """The JSON that a text begins with, and where it ends."""
    try:
        return json.JSONDecoder().raw_decode(text) if text[:1] in ("{", "[") else (None, 0)
    except (ValueError, RecursionError):
        return None, 0
