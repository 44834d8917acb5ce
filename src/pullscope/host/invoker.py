"""Who called: under `sudo` root does the work, but the confdir and its CA are those of the user who typed it."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Invoker:
    """The user behind this command."""

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
