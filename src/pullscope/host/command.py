"""How commands are run: one function type, so that tests put a machine of their own behind it.

A command that is missing, hangs or fails is an `Outcome` like any other; nothing here raises.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NOT_FOUND = 127
TIMED_OUT = 124


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a command ended. `code` 127: there is no such command; 124: it did not end in time."""

    code: int
    out: str = ""
    err: str = ""

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def last_words(self) -> str:
        """The last line that it said, for a sentence."""
        lines = [line.strip() for line in f"{self.out}\n{self.err}".splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.code}"


Run = Callable[[Sequence[str]], Outcome]


def run(argv: Sequence[str], timeout: float = 120) -> Outcome:
    """Run `argv` on this machine and wait for it."""
    try:
        done = subprocess.run(  # noqa: S603  # a list, never a shell; the words are ours
            list(argv),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (FileNotFoundError, PermissionError):
        return Outcome(code=NOT_FOUND, err=f"{argv[0]}: not found")
    except subprocess.TimeoutExpired:
        return Outcome(code=TIMED_OUT, err=f"{argv[0]} did not end within {timeout:g} s")
    except OSError as error:
        return Outcome(code=1, err=f"{argv[0]}: {error.strerror}")
    return Outcome(code=done.returncode, out=done.stdout, err=done.stderr)


def nowhere(argv: Sequence[str]) -> Outcome:
    """What stands for every command where `--root` names a tree: there is no running system to ask."""
    return Outcome(code=NOT_FOUND, err=f"{argv[0]}: not run on a tree")


def spelled(argv: Sequence[str]) -> str:
    """`argv` as a line for a shell."""
    return shlex.join(argv)
