"""A file that its owner alone can read, written whole or not at all. Imports nothing heavy.

What is there already is not replaced unasked; a link is followed; and what is not a regular file (a pipe, a device, a shell's
`>(command)`) is written to as it is, for a rename would put a file in its place.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_DESCRIPTOR = re.compile(r"/dev/(stdout|stderr)|(?:/dev|/proc/self)/fd/(\d+)", re.ASCII)
_STANDARD = {"stdout": 1, "stderr": 2}


def write_private(target: Path, text: str, *, force: bool = False) -> None:
    """Write `text` to `target`. Raises OSError; a regular file is then as it was before."""
    with private_file(target, force=force) as file:
        file.write(text.encode())


@contextmanager
def private_file(target: Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """A file to write to, which has the name `target` once the block has ended well.

    Raises OSError: FileExistsError for a regular file that is there, unless `force` is given.
    """
    handle = _as_it_is(target)
    if handle is not None:
        with os.fdopen(handle, "wb") as file:
            yield file
        return
    if not force and target.exists():
        raise FileExistsError(errno.EEXIST, "it exists and is not overwritten", str(target))
    target = Path(os.path.realpath(target))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _as_it_is(target: Path) -> int | None:
    """A descriptor of what cannot be made anew: one of our own that is named, or what is not a regular file."""
    own = _DESCRIPTOR.fullmatch(str(target))
    if own is not None:
        return os.dup(_STANDARD[own[1]] if own[1] else int(own[2]))
    try:
        regular = stat.S_ISREG(target.stat().st_mode)
    except FileNotFoundError:
        return None
    return None if regular else os.open(target, os.O_WRONLY)
