"""Which part of a long table of rows is played: all of it, or each n-th row where PULLSCOPE_TESTS_EVERY says n.

What one Python has proved of each row in full, the next need not prove again for each (.ci/run); rows of every kind are played.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")
EVERY = int(os.environ.get("PULLSCOPE_TESTS_EVERY", "1"))


def share(rows: Iterable[T]) -> list[T]:
    """The rows that are played."""
    return [*rows][::EVERY]
