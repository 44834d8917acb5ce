"""Where the story of one command goes while that command has the terminal: to stderr, as it happens or when it is over.

docker and oras draw their progress by moving the cursor up, and what was printed meanwhile is overwritten. So on a terminal
the story is kept until the client has ended. It is told as it happens where it cannot be overwritten: in a file or a pipe,
or beside a shell, which may never end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

SHELLS = frozenset({"ash", "bash", "dash", "fish", "ksh", "sh", "zsh"})
STDERR = 2


def is_held(command: Sequence[str]) -> bool:
    """Whether the story of this command waits for its end; an empty command runs in another terminal."""
    if not command or not os.isatty(STDERR):
        return False
    interactive = PurePath(command[0]).name in SHELLS and all(word in ("-i", "-l", "--login") for word in command[1:])
    return not interactive


def colors(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a proxy whose story comes to our stderr in the end, with the colours and columns of that terminal."""
    if not os.isatty(STDERR):
        return dict(environment)
    columns = os.get_terminal_size(STDERR).columns  # 0 where the terminal does not know
    seen = {**({"COLUMNS": str(columns)} if columns else {}), **environment}
    plain = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return seen if plain else {**seen, "FORCE_COLOR": "1"}


@contextlib.contextmanager
def story(command: Sequence[str]) -> Iterator[int]:
    """The descriptor that a proxy tells its story to; it must have ended when the block does."""
    if not is_held(command):
        yield STDERR
        return
    with tempfile.TemporaryFile() as kept:
        try:
            yield kept.fileno()
        finally:
            # The proxy wrote through the same open file, whose place is at the end of it.
            if kept.seek(0, os.SEEK_END):
                kept.seek(0)
                with contextlib.suppress(OSError), open(STDERR, "wb", closefd=False) as screen:
                    screen.write(b"\n")  # a client may have ended in the middle of a line
                    shutil.copyfileobj(kept, screen)
