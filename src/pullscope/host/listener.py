"""Whose a port is: who listens on the proxy's, with which words it was started, and who speaks from one. Reading only."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path


def listens(host: str, port: int, timeout: float = 1.0) -> bool:
    """Whether a server accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return True
    except OSError:
        return False


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free right now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def command_of(port: int) -> list[str] | None:
    """The command line of the process that listens on `port`; None where that cannot be told."""
    inodes = {f"socket:[{inode}]" for inode, listening in _sockets("self", port) if listening}
    if not inodes:
        return None
    for process in Path("/proc").iterdir():
        if not re.fullmatch(r"\d+", process.name) or inodes.isdisjoint(_open(process.name)):
            continue
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        return [word.decode("utf-8", "replace") for word in line.split(b"\0") if word]
    return None


def owns(pid: int, port: int) -> bool | None:
    """Whether a connection from this local port is the process's; None where it has no owner any more."""
    handles = _open(str(pid))  # first: what is closed between the two has no inode then
    inodes = {f"socket:[{inode}]" for inode, listening in _sockets(str(pid), port) if inode != "0" and not listening}
    return not inodes.isdisjoint(handles) if inodes else None


def _sockets(process: str, port: int) -> Iterator[tuple[str, bool]]:
    """The inode of each TCP socket with this local port in a process's network, and whether it listens (proc(5), net/tcp)."""
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/{process}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for words in map(str.split, rows):
            if int(words[1].rpartition(":")[2], 16) == port:
                yield words[9], words[3] == "0A"


def _open(process: str) -> set[str]:
    """What a process has open; nothing where that may not be read."""
    found = set()
    with contextlib.suppress(OSError):
        for handle in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(str(handle.readlink()))
    return found
