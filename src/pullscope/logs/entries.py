"""The lines of a log without what others put around them: journal, container runtime, CI; text or JSON.

An entry is a message, its fields (logrus and slog, as text or JSON) and its time, where it has one with a zone. HTTP
messages are text as Go's httputil dumps them: a first line, header fields, an empty line, a body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pullscope.oci.bounds import read_object

LONGEST_LINE = 1024 * 1024
"""Characters of a line that are looked at."""

# journalctl's short form (`Nov 25 22:53:08 host dockerd[712]: `) and its short-iso; syslog's alike (RFC 3164).
_JOURNAL = re.compile(
    r"(?:[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d(?:\.\d+)?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:?\d\d) \S+ [^\s:\[]+(?:\[\d+\])?: |[a-z][a-z-]*\[\d+\]: "
)
# GitHub Actions, kubectl logs --timestamps, docker logs -t: a time in UTC before each line. Jenkins: a time of day.
_STAMP = re.compile(r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|\d\d:\d\d:\d\d(?:\.\d+)?) ")
# klog of a kubelet and crictl: level and day, time, process, file: then text as logrus has it on a terminal.
_KLOG = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.-]+:\d+\] ")
# What is before it is a collector's (hashicorp/nomad#2154).
_LOGRUS = re.compile(r'(?<!\S)(?:time=(?:"[^"]*"|\S+) )?level=[A-Za-z]+ ')
# logrus' TextFormatter and slog's TextHandler: key=value, the value quoted as Go does it where it has to be.
_FIELD = re.compile(r'(?<!\S)([^\s="]++)=("(?:[^"\\]|\\.)*"|\S*)')
# Old containerd writes Go's maps without quotes.
_FIELD_OR_MAP = re.compile(r'(?<!\S)([^\s="]++)=("(?:[^"\\]|\\.)*"|map\[.*?\](?= [\w.]+=|\s*$)|\S*)')
MOST_MAPS = 8
"""Maps in a line up to which they are looked for: each may be as long as the rest of the line."""
# logrus on a terminal: `DEBU[0001] message, padded             key=value`, seconds since the start in the brackets.
# Without a clock the brackets are gone, too (podman-container-tools/buildah#2395).
_TERMINAL = re.compile(r"(?:(?:TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[(\d+|\d{4}-[^\]\s]+)\] ?|DEBU )")
_TAIL = re.compile(r'"((?: [a-z][\w.]*=(?:"[^"]*"|[^\s"]+)){2,})\s*\Z')
"""The fields behind a message whose beginning was not copied (argoproj-labs/argocd-image-updater#655)."""
_NAME = re.compile(r"[A-Za-z][\w.@-]*\Z")
_LEVELS = {"TRAC": "trace", "DEBU": "debug", "INFO": "info", "WARN": "warning", "ERRO": "error", "FATA": "fatal"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
FURTHEST = 200
"""Characters before a line of logrus, of whoever collected it."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line."""

    line: int
    message: str
    fields: dict[str, str] = field(default_factory=dict)
    time: float | None = None


def entries(lines: Iterable[str]) -> Iterator[Entry]:
    """The entries of the lines, counted from 1; jq prints an object of JSON over several."""
    held: list[tuple[int, str]] = []
    size = 0
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\r\n")[:LONGEST_LINE]
        size = size + len(line) if held else 0
        if held and line[:2] in ("  ", "}") and size < LONGEST_LINE:
            held.append((number, line))
            if line != "}":
                continue
            whole = _of_json("".join(each.strip() for _, each in held), number)
            yield from [whole] if whole is not None else (entry_of(each, place) for place, each in held)
            held = []
            continue
        yield from (entry_of(each, place) for place, each in held)
        held = [(number, line)] if line == "{" else []
        if not held:
            yield entry_of(line, number)
    yield from (entry_of(each, place) for place, each in held)


def entry_of(line: str, number: int) -> Entry:
    """The entry of a line, whatever is around it."""
    line = without_colours(line)
    if line.startswith("{"):
        found = _of_json(line, number)
        if found is not None:
            return found
    for around in (_STAMP, _JOURNAL):
        match = around.match(line)
        if match:
            line = line[match.end() :]
    indented, line = line, line.lstrip() if line[:4] == "    " else line
    if line.startswith("{"):
        found = _of_json(line, number)
        if found is not None:
            return found
    logrus = _LOGRUS.search(line, 0, FURTHEST)
    if logrus is not None or line.startswith("time="):
        line = line[logrus.start() if logrus is not None else 0 :]
        fields = {key: unquoted(value) for key, value in _fields_in(line).findall(line)}
        if _LOGRUS.match(
            fields.get("msg", "")
        ):  # a program's log in that of the one that runs it (k0sproject/k0s#5478)
            return entry_of(fields["msg"], number)
        return Entry(number, fields.get("msg", ""), fields, time=moment_of(fields.get("time")))
    terminal = _TERMINAL.match(line)
    if terminal:
        return _of_terminal(line[terminal.end() :], _LEVELS.get(line[:4], "fatal"), number, moment_of(terminal[1]))
    if (tail := _TAIL.search(line)) is not None and re.sub(r'\\\\+"', "", line[: tail.start()]).count('"') % 2 == 0:
        fields = {key: unquoted(value) for key, value in _FIELD.findall(tail[1])}
        return Entry(number, line[: tail.start()], fields)
    klog = _KLOG.match(line)
    return _of_terminal(line[klog.end() :], "", number, None) if klog is not None else Entry(number, indented)


def without_colours(text: str) -> str:
    """The text as a terminal shows it, in one colour."""
    return _COLOURS.sub("", text) if "\x1b" in text else text


def _of_terminal(text: str, level: str, number: int, time: float | None) -> Entry:
    """The message, and the fields that are all that stands after it."""
    end = len(text)
    fields = {"level": level}
    for match in reversed(list(_fields_in(text).finditer(text))):
        if match.start() == 0 or not _NAME.match(match[1]) or text[match.end() : end].strip():
            break
        end = match.start()
        fields[match[1]] = unquoted(match[2])
    return Entry(number, text[:end].rstrip(), fields, time=time)


def _fields_in(text: str) -> re.Pattern[str]:
    return _FIELD_OR_MAP if 0 < text.count("=map[") <= MOST_MAPS else _FIELD


def _of_json(line: str, number: int) -> Entry | None:
    record = read_object(line)
    for inner in ("MESSAGE", "log"):  # journalctl -o json; docker's json-file
        if isinstance(record.get(inner), str):
            return entry_of(record[inner].rstrip("\n"), number)
    said = record.get("msg", record.get("message") if "level" in record else None)
    if not isinstance(said, str):
        return None
    fields = {key: value if isinstance(value, str) else json.dumps(value) for key, value in record.items()}
    return Entry(number, said, fields, time=moment_of(record.get("time")))


def unquoted(value: str) -> str:
    """A value without the quotes and escapes of Go (strconv.Quote)."""
    if len(value) < 2 or not value.startswith('"'):
        return value
    return _ESCAPE.sub(_escaped, value[1:-1]) if "\\" in value else value[1:-1]


def _escaped(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2) or match.group(3)
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else "\ufffd"
    return _SHORT.get(match.group(4), match.group(4))


def moment_of(text: object) -> float | None:
    """Seconds since the epoch of a time that names its zone; None of any other."""
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text)
        return read.timestamp() if read.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


REQUEST = re.compile(r"([A-Z]{3,8}) (/\S*|https?://\S+) HTTP/[0-9.]+$")
STATUS = re.compile(r"HTTP/[0-9.]+ (\d{3})(?: .*)?$")
_KEY = re.compile(r"(?:^|(?<=\] ))([A-Za-z0-9-]+):\[")
LONGEST_BODY = 4 * 1024 * 1024


def fields_and_body(lines: list[str]) -> tuple[list[tuple[str, str]], str | None]:
    """The header fields of the lines after the first, and the text after the empty line; None where there is no such line."""
    fields: list[tuple[str, str]] = []
    for place, line in enumerate(lines):
        if not line.strip():
            return fields, "".join(f"{each}\n" for each in lines[place + 1 :])
        name, colon, value = line.partition(":")
        if not colon or " " in name:
            return fields, None
        fields.append((name, value.strip()))
    return fields, None


def body_of(text: str | None, length: str | None, status: int) -> bytes | None:
    """The body of the text where it is all there: as long as Content-Length says. Of an error, what there is of it."""
    raw = (text or "").encode("utf-8", "surrogateescape")[:LONGEST_BODY]
    wanted = int(length) if length is not None and length.isdecimal() and len(length) < 9 else None
    if wanted is not None and len(raw) >= wanted:
        return raw[:wanted] or None
    return raw.strip() or None if status >= 400 else None


def fields_of_map(text: str) -> list[tuple[str, str]]:
    """Header fields of Go's `map[Name:[value value]]`, where several values of a name are one, or of JSON."""
    if text.startswith("{"):
        return [
            (name, str(value))
            for name, values in read_object(text).items()
            for value in (values if isinstance(values, list) else [values])
        ]
    inner = text.removeprefix("map[").removesuffix("]")
    marks = list(_KEY.finditer(inner))
    ends = [*(mark.start() for mark in marks[1:]), len(inner)][: len(marks)]
    return [
        (mark[1], inner[mark.end() : end].rstrip().removesuffix("]")) for mark, end in zip(marks, ends, strict=True)
    ]
