"""Runs the command in a process of its own, forked from one that has imported it already.

Exit code, streams and what is done at exit are a process's; spared is what a start costs, which is many times what most commands
do. What depends on the start itself (its imports, the locale), or on signals, takes `subprocess`.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import pkgutil
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any


def run(
    *words: str,
    stdin: bytes = b"",
    stdout: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """What `pullscope WORDS` prints and how it ends; `stdout` takes the place of what is kept, closed where it is -1."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        given.write(stdin)
        given.seek(0)
        fds = [given.fileno(), out.fileno() if stdout in (None, -1) else stdout, said.fileno()]
        told = {"words": words, "env": dict(os.environ if env is None else env), "cwd": str(cwd or Path.cwd())}
        code = ask(_server(), {**told, "closed": stdout == -1}, fds)
        out.seek(0)
        said.seek(0)
        return subprocess.CompletedProcess(words, code, out.read().decode(), said.read().decode())


def words() -> list[str]:
    """What stands for `pullscope` in a shell: it hands its streams on."""
    return [sys.executable, "-I", "-S", __file__, _server()]


def script() -> str:
    """The same as a program."""
    return f'#!/bin/sh\nexec {shlex.join(words())} "$@"\n'


def ask(server: str, told: dict[str, Any], fds: Sequence[int | None]) -> int:
    """The exit code of a command with these streams."""
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(server)
        socket.send_fds(link, [json.dumps(told).encode()], [fd for fd in fds if fd is not None])
        link.shutdown(socket.SHUT_WR)
        return int(link.recv(100) or b"1")


@cache
def _server() -> str:
    """Where the process listens that has imported it; it ends with this one."""
    folder = tempfile.TemporaryDirectory()
    path = f"{folder.name}/socket"
    process = subprocess.Popen([sys.executable, __file__, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end() -> None:
        process.communicate()
        folder.cleanup()

    atexit.register(end)
    assert process.stdout is not None
    assert process.stdout.readline() == b"listening\n"
    return path


def _import_all() -> None:
    """All that a command may import, and nothing of it for a child's garbage collection to go through, page by page."""
    import pullscope

    for module in pkgutil.walk_packages(pullscope.__path__, "pullscope."):
        if not module.name.endswith(".__main__"):
            with contextlib.suppress(ImportError):  # what belongs to an extra that is not installed
                __import__(module.name)
    with contextlib.suppress(ImportError):
        __import__("typer._adapters")  # its own, which it imports for the first command, and pydantic with it
    gc.collect()
    gc.freeze()


def serve(path: str) -> int:
    """Forks for each command, until nobody holds its standard input; returns in the child alone, with its exit code."""
    _import_all()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    print("listening", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        if 0 in select.select([0, listener.fileno()], [], [])[0]:
            os._exit(0)
        link, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return _minded(link)
        link.close()


def _minded(link: socket.socket) -> int:
    """Forks once more, and tells how the command ended; returns in the command's process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, fds, _, _ = socket.recv_fds(link, 1_000_000, 3)
    while more := link.recv(1_000_000):
        text += more
    child = os.fork()
    if child == 0:
        link.close()
        return _as(json.loads(text), fds)
    for fd in fds:
        os.close(fd)
    link.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)


def _as(told: dict[str, Any], fds: list[int]) -> int:
    """The command, with the words, streams and environment that it is given."""
    from pullscope.cli.main import main

    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    # As Python makes them; those that it has made are of other files.
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    if told["closed"]:
        os.close(1)
        sys.stdout = None  # as Python starts without one
    os.environ.clear()
    os.environ.update(told["env"])
    os.chdir(told["cwd"])
    sys.argv = ["pullscope", *told["words"]]
    main()
    return 0


if __name__ == "__main__":
    server, *typed = sys.argv[1:]
    if Path(server).exists():
        sys.exit(
            ask(server, {"words": typed, "env": dict(os.environ), "cwd": str(Path.cwd()), "closed": False}, (0, 1, 2))
        )
    sys.exit(serve(server))
