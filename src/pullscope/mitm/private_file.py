"""A file that its owner alone can read, written whole or not at all. Imports nothing heavy."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_private(target: Path, text: str) -> None:
    """Write under a temporary name beside the target, then rename. Raises OSError; the old file is then untouched."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
