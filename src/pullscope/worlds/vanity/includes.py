"""Files that a server's configuration takes in: their statements in the place of the one that names them.

A file is read where it lies in the folder of the rule file or below it, whatever links lead elsewhere; another one stays a
statement, which its platform names as not read. Each statement knows the file that it is in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from pullscope.worlds.vanity.blocks import Directive

MOST_DEPTH = 10
MOST_FILES = 200
MOST_STATEMENTS = 200_000


@dataclass(slots=True)
class Includes:
    """The files of one folder, as the statements of one configuration take them in; `sources` are those that were."""

    folder: Path
    names: frozenset[str]
    """Of the statements that take in a file."""
    statements: Callable[[Path, str], list[Directive] | None]
    """Those of a file, which is called so in places; None for what is not text."""
    sources: list[Path] = field(default_factory=list)
    left: int = MOST_STATEMENTS

    def resolved(self, block: list[Directive], within: tuple[Path, ...]) -> list[Directive]:
        """The statements with those of the files that they name; `within` are the files that they stand in."""
        found: list[Directive] = []
        for one in block:
            self.left -= 1
            if one.block is not None:
                one.block = self.resolved(one.block, within)
            named = one.args[0] if one.name in self.names and len(one.args) == 1 and one.block is None else ""
            taken = list(self._taken(named, within)) if named and len(within) <= MOST_DEPTH and self.left > 0 else []
            found += taken or [one]
        return found

    def _taken(self, named: str, within: tuple[Path, ...]) -> Iterator[Directive]:
        for path in self._files(named):
            if path not in within and len(self.sources) < MOST_FILES:
                read = self.statements(path, str(path.relative_to(self.folder.resolve())))
                if read is not None:
                    self.sources.append(path)
                    yield from self.resolved(read, (*within, path))

    def _files(self, name: str) -> list[Path]:
        """The files of this name, or of this pattern in its last part, that lie below the folder."""
        if "$" in name or "{" in name:
            return []
        home = self.folder.resolve()
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
