"""How commands are run: one function type, so that tests put a machine of their own behind it; and who called this one, and how.

A command that is missing, hangs or fails is an `Outcome` like any other; nothing here raises.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Invoker:
    """The user behind this command: under `sudo` root does the work, but the confdir and its CA are those of who typed it."""

    uid: int
    gid: int
    home: Path

    @property
    def confdir(self) -> Path:
        """Where this user's mitmproxy keeps its CA."""
        return self.home / ".mitmproxy"

    @property
    def owner(self) -> tuple[int, int]:
        return self.uid, self.gid


def invoker(environment: Mapping[str, str] = os.environ) -> Invoker:
    """The user who called, seen through sudo; else who runs, with the HOME that mitmproxy goes by, too."""
    uid, gid = os.geteuid(), os.getegid()
    named = environment.get("SUDO_UID", "")
    if uid == 0 and named.isdigit() and int(named) != 0:
        try:
            entry = pwd.getpwuid(int(named))
        except KeyError:
            pass
        else:
            return Invoker(uid=entry.pw_uid, gid=entry.pw_gid, home=Path(entry.pw_dir))
    home = environment.get("HOME")
    if not home:
        try:
            home = pwd.getpwuid(uid).pw_dir
        except KeyError:
            home = "/"
    return Invoker(uid=uid, gid=gid, home=Path(home))


def this_command(argv0: str | None = None) -> tuple[str, ...]:
    """The words that start this program again from any directory, with absolute paths."""
    name = argv0 if argv0 is not None else sys.argv[0]
    found = shutil.which(name) if os.sep not in name else name
    path = os.path.abspath(found or name)  # noqa: PTH100  # resolve() would follow the links of a virtual environment
    if path.endswith(".py"):
        return (sys.executable, path)
    return (path,)


def beside_python(name: str) -> str:
    """The absolute path of a program of this environment, else of the one on PATH, else its bare name."""
    here = Path(sys.executable).parent / name
    return str(here) if here.exists() else shutil.which(name) or name
