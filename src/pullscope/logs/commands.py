"""The request that a line of a shell makes: curl, wget, httpie and PowerShell, behind any prompt, and whatever runs them there.

A line that is continued is one (a backslash, cmd's ^, PowerShell's backtick, a quote that is open); a variable that was set in
the same text has its value. What only talks of curl is none: behind the address it has words that are no option's.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pullscope.oci.urls import split

_STAMP = re.compile(
    r"(?=[\[#\d])(?:\[?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\]? |#\d+ \d+\.\d+ )?(?:##\[(?:group|command)\])?(?:\[36;1m)?"
)
"""Of GitHub Actions, Jenkins and BuildKit; and of a step's own command."""
_PROMPT = (
    r"(?:PS [^>]*>|[A-Za-z]:\\[^>]*>|\(?\[?[\w.@:~+-]{0,80}[@\]:~)][^<>\"'|{}]{0,60}?[$#>%❯➜✗»λ]|"
    r"(?:[\w./~-]{1,30} ?)?[$#%❯➜✗»λ>]|"
    r"➜ [^$#>\"'{}]{0,60}?|\++)[ \t]*"
)
_RUNS = (
    r"(?:(?:sudo|time|env|ssh|chroot|nsenter|ip netns|watch|RUN|Run|docker|podman|nerdctl|kubectl|oc|crictl|minikube)\b"
    r"[^|;{}\"]*? )?(?:[A-Za-z_]\w*=\S* )*"
)
_PROGRAM = r"(?:[\w./-]*/)?(curl|wget|https?|xh|(?i:Invoke-WebRequest|Invoke-RestMethod|iwr|irm))(?:\.exe)? +"
_COMMAND = re.compile(
    rf"(?:{_PROMPT})?{_RUNS}{_PROGRAM}(?=['\"-]|https?://|\$|[A-Z]{{3,6}} |[\w.-]+(?::\d+)?/v2/)(.+)\Z", re.DOTALL
)
_VARIABLE = re.compile(r"\$(?:env:)?\{?(\w+)\}?|%([A-Za-z_]\w*)%", re.IGNORECASE)
_BEGINS = re.compile(rf"(?:{_PROMPT})?{_RUNS}(?:[A-Za-z_]\w*=[\"']?[$`]\(? ?)?{_PROGRAM}")
_KEPT = re.compile(rf"(?:{_PROMPT})?(?:export +|set +|\$)?([A-Za-z_]\w*) ?= ?(.*)\Z")
"""A variable that is set: what a command prints into it is not seen."""
_OTHER = re.compile(
    rf"(?=\S*[@$\\\]❯➜]|# ?\w){_PROMPT}[A-Za-z./~][\w./~-]*(?: |\Z)|"
    r"\++ [\w'./\[]|> (?:sudo )?(?:docker|podman|nerdctl|skopeo|buildah|crane|oras|helm|kubectl|ctr|crictl)\b"
)
"""Another program's command behind a prompt: what was printed before it is over."""
_INNER = re.compile(r"\$\([^()]*(?:\([^()]*\)[^()]*)*\)|`[^`]*`")
_FLAGS = "[sSkiILvfgjnNORqGlpJ0-6#a]*"
_VALUE = re.compile(
    rf"-{_FLAGS}[xoAewEHubdDTFcKmzyYCrQXP]|--(?!head\Z|verbose|silent|insecure|location|fail|include|show|compressed|spider|"
    r"no-|http\d|tlsv|globoff|get\Z|ipv|server-response|quiet|content-on-error|check-status|all|follow|body|headers)[\w-]+|"
    r"(?i:-(?:Proxy|Headers|Method|Authentication|Credential|OutFile|ContentType|Body|TimeoutSec))"
)
"""Options that have a value behind them, which may be an address."""
_CUT = re.compile(r"[|;>]|2>|&>|&&|\|\||#")
MOST_JOINED = 20
LONGEST = 8_000
"""Characters of a command."""
NAMED = re.compile(
    r"\b(?:curl|wget|https?|xh|(?i:invoke-webrequest|invoke-restmethod|iwr|irm))(?:\.exe)? +\S|^--\d{4}-", re.MULTILINE
)
"""What a text has that shows a command."""


@dataclass(slots=True)
class Asked:
    """A request that a command makes."""

    method: str
    url: str
    sent: list[str] = field(default_factory=list)
    """Header fields."""

    def lines(self) -> Iterator[str]:
        yield f"{self.method} {self.url} HTTP/1.1"
        yield f"Host: {split(self.url).netloc}"
        yield from self.sent
        yield ""


def commands(lines: Iterable[str]) -> Iterator[str]:
    """The lines, without stamps, each command on one, with the values of variables that were set before."""
    held, kept, joined = "", dict[str, str](), 0
    for raw in lines:
        line = _STAMP.sub("", raw.rstrip("\r\n"), count=1).removesuffix("[0m")
        held, joined = (f"{held} {line.strip()}", joined + 1) if joined else (line, 0)
        begun = _begins(held)
        if begun and joined < MOST_JOINED and re.search(r"(?<!\\)[\\^`]\s*\Z", held):
            held, joined = re.sub(r"[\\^`]\s*\Z", "", held).rstrip(), max(joined, 1)
            continue
        if begun and joined < MOST_JOINED and _is_open(held):
            joined = max(joined, 1)
            continue
        if len(held) < LONGEST and (one := _KEPT.match(held.strip())) is not None and not _INNER.search(one[2]):
            kept[one[1]] = one[2].strip(" \"';")
        yield _filled(held, kept) if begun else held
        held, joined = "", 0
    if joined:
        yield _filled(held, kept)


def _begins(line: str) -> bool:
    return len(line) < LONGEST and _BEGINS.match(line.strip()) is not None


def _is_open(line: str) -> bool:
    """Whether a quote is not closed in it."""
    try:
        shlex.split(_INNER.sub("-", line))
    except ValueError as error:
        return "quotation" in str(error)
    return False


def _filled(line: str, kept: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda one: kept.get(one[1] or one[2], one[0]), line)


def asked(line: str) -> Asked | None:
    """The request of a command; None where the line is none, or what it prints is kept in a variable."""
    found = _COMMAND.match(line.strip().strip("`").strip()) if len(line) < LONGEST else None
    if found is None:
        return None
    program, rest = found[1], _INNER.sub("-", found[2])
    try:
        lexer = shlex.shlex(rest, posix=True, punctuation_chars="|;")
        lexer.whitespace_split, lexer.commenters = True, ""
        words = list(lexer)
    except ValueError:
        words = rest.split()
    words = words[: next((place for place, word in enumerate(words) if _CUT.match(word)), len(words))]
    one, method = Asked("GET", ""), ""
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        name, _, value = word.partition("=")
        if word in ("-X", "--request", "--method") or word.lower() == "-method":
            method = after.upper()
        elif glued := re.match(r"-X([A-Z]+)\Z", word):
            method = glued[1]
        elif name == "--method":
            method = value.upper()
        elif re.fullmatch(rf"-{_FLAGS}I{_FLAGS}|--head|--spider", word):
            one.method = "HEAD"
        elif re.match(r"-d|--data|--json", word) and one.method == "GET":
            one.method = "POST"
        elif word in ("-T", "--upload-file"):
            one.method = "PUT"
        elif word in ("-G", "--get"):
            method = "GET"
        elif word in ("-H", "--header") or name == "--header":
            one.sent.append(value or after)
        elif (
            word in ("-u", "--user")
            or word.lower() == "-credential"
            or name in ("--user", "--http-user")
            or re.match(r"-u\S", word)
        ):
            one.sent.append("Authorization: Basic")
        elif _VALUE.fullmatch(before):
            continue  # this is its value
        elif program in ("http", "https", "xh") and re.fullmatch("[A-Z]{3,6}", word):
            method = word
        elif re.match(r"https?://|[^\s/]+/v2/", word) and not one.url:
            word = _VARIABLE.sub(lambda name: (name[1] or name[2]).strip("_").lower(), word)
            word = re.sub(r"\A((?:https?://)?[^/:]+):[a-z_]+(?=/)", r"\1", word)  # a port that is a variable
            one.url = word if "://" in word else f"{'https' if program == 'https' else 'http'}://{word}"
        elif one.url and re.fullmatch(r"[A-Za-z]+[,.]?", word) and not before.startswith("-"):
            return None  # a sentence
    one.method = method or one.method
    return one if one.url else None


def is_another(line: str) -> bool:
    """Whether a line is another program's command: what was printed before it is over."""
    return len(line) < LONGEST and _OTHER.match(line) is not None


def is_kept(line: str) -> bool:
    """Whether a command's output goes into a variable."""
    if len(line) >= LONGEST:
        return False
    return (one := _KEPT.match(line.strip())) is not None and re.search(
        r"[$`(] ?\(?(?:curl|wget|http)\b", one[2]
    ) is not None
