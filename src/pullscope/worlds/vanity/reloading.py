"""Rules that follow their file: looked at no more than once a second, read again only when it changed.

A broken edit keeps the rules that were good, and says once what is wrong with it. The clock is handed in.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pullscope.worlds.vanity.reading import read_rules

SECONDS_BETWEEN_LOOKS = 1.0

Signature = tuple[tuple[int, int, int] | None, ...]


class FollowedRules:
    """The rules of one file, as they are now. ValueError where the file is not a rule file to begin with."""

    def __init__(self, path: str | Path, *, clock: Callable[[], float], platform: str | None = None) -> None:
        self._path = Path(path)
        self._platform = platform
        self._clock = clock
        self.rules = read_rules(self._path, platform)
        self._seen = self._signature()
        self._looked = clock()

    @property
    def name(self) -> str:
        return self._path.name

    def has_changed(self) -> bool:
        """One stat for each of its files, at most once a second; True where reading them again is worth it."""
        now = self._clock()
        if 0 <= now - self._looked < SECONDS_BETWEEN_LOOKS:
            return False
        self._looked = now
        signature = self._signature()
        if signature == self._seen:
            return False
        self._seen = signature
        return True

    def reload(self) -> str | None:
        """Reads the file again; keeps the old rules where it cannot, and says why."""
        try:
            self.rules = read_rules(self._path, self._platform)
        except ValueError as error:
            return f"{error}. The rules from before stay in use."
        return None

    def _signature(self) -> Signature:
        return tuple(_stat(path) for path in (str(self._path), *self.rules.sources[1:]))


def _stat(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - once a second in a proxy's event loop: no Path is built for it
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
