"""Files that a server's configuration takes in: their text in the place of the statement, and whose each line is.

A file is read where it lies in the folder of the rule file or below it, whatever links lead elsewhere; another one stays a
statement, which its platform names as not read. Places are told in the file that they are in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from pullscope.worlds.vanity.decision import Decision, NotPlayedError
from pullscope.worlds.vanity.rules import Remark, Rule, RuleFile

MOST_DEPTH = 10
MOST_FILES = 200
MOST_LINES = 200_000


@dataclass(slots=True)
class Joined:
    """A text with what it includes, and where each of its lines stands."""

    name: str
    lines: list[str] = field(default_factory=list)
    origins: list[tuple[str, int]] = field(default_factory=list)
    sources: list[Path] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def place(self, where: str) -> str:
        """`file:line` of the joined text, or a sentence that begins so, as it is in the file that the line is from."""
        found = re.match(rf"{re.escape(self.name)}:(\d+)", where)
        if found is None or not 0 < int(found[1]) <= len(self.origins):
            return where
        name, line = self.origins[int(found[1]) - 1]
        return f"{name}:{line}{where[found.end() :]}"


def joined(path: Path, text: str, statement: re.Pattern[str], read: Callable[[Path], str]) -> Joined:
    """`text` of `path` with the files that `statement` (its group 1) names; `read` raises ValueError for what is not text."""
    whole = Joined(path.name)
    _take(whole, path.name, text, statement, path.parent, read, (path.resolve(),))
    return whole


def _take(
    whole: Joined,
    name: str,
    text: str,
    statement: re.Pattern[str],
    folder: Path,
    read: Callable[[Path], str],
    within: tuple[Path, ...],
) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        position = 0
        for found in statement.finditer(line) if len(within) <= MOST_DEPTH and "#" not in line else ():
            files = _files(folder, found[1].strip("\"'"))
            taken = [(one, more) for one in files if one not in within and (more := _text(one, read)) is not None]
            if not taken or len(whole.sources) + len(taken) > MOST_FILES or len(whole.lines) > MOST_LINES:
                continue
            _put(whole, name, number, line[position : found.start()])
            for one, more in taken:
                whole.sources.append(one)
                _take(whole, str(one.relative_to(folder.resolve())), more, statement, folder, read, (*within, one))
            position = found.end()
        _put(whole, name, number, line[position:])


def _put(whole: Joined, name: str, number: int, line: str) -> None:
    whole.lines.append(line)
    whole.origins.append((name, number))


def _text(path: Path, read: Callable[[Path], str]) -> str | None:
    try:
        return read(path)
    except ValueError:
        return None


def _files(folder: Path, name: str) -> list[Path]:
    """The files of this name, or of this pattern in its last part, that lie below `folder`."""
    if "$" in name or "{" in name or not name:
        return []
    home = folder.resolve()
    wanted = home / name
    try:
        if re.search(r"[*?\[]", wanted.name):
            beside = sorted(one for one in wanted.parent.iterdir() if fnmatchcase(one.name, wanted.name))
            found = [one for one in beside if not one.name.startswith(".")]
        else:
            found = [wanted]
        return [real for one in found if (real := one.resolve()).is_relative_to(home) and real.is_file()]
    except (OSError, ValueError, RuntimeError):
        return []


def placed(rules: RuleFile, whole: Joined) -> RuleFile:
    """`rules`, read from the joined text, with every place in its own file."""
    moved = {id(rule): _moved(rule, whole) for rule in rules.rules}

    def told(decision: Decision) -> Decision:
        then = decision.after
        rule = decision.rule
        return replace(
            decision,
            rule=moved.get(id(rule)) or (_moved(rule, whole) if rule is not None else None),
            login=whole.place(decision.login) if decision.login is not None else None,
            after=None if then is None else lambda response: played(lambda: then(response)),
        )

    def played(play: Callable[[], Decision]) -> Decision:
        try:
            return told(play())
        except NotPlayedError as error:
            raise NotPlayedError(whole.place(error.where), error.what) from None

    play = rules.play
    return replace(
        rules,
        rules=tuple(moved.values()),
        remarks=tuple(_remark(one, whole) for one in rules.remarks),
        play=None if play is None else lambda request: played(lambda: play(request)),
    )


def _moved(rule: Rule, whole: Joined) -> Rule:
    name, _, line = whole.place(rule.where).rpartition(":")
    return replace(rule, file=name, line=int(line))


def _remark(one: Remark, whole: Joined) -> Remark:
    return replace(one, where=whole.place(one.where))
