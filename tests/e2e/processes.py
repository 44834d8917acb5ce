"""Programs that a test starts and that are gone afterwards: the process, its group, its mounts.

Nothing here knows what the programs are. Waiting is always for a line that the program prints, never for time to pass.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

DEADLINE = 60.0
"""Seconds after which a program that did not say its line is taken to hang. None of them needs more than three."""


class Running:
    """A program in a process group of its own, with everything it prints; `with` ends it."""

    def __init__(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> None:
        self.command = [str(word) for word in command]
        self._heard = threading.Condition()
        self._lines: list[str] = []
        self._closed = False
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=None if env is None else dict(env),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self._heard:
                    self._lines.append(line.rstrip("\n"))
                    self._heard.notify_all()
        with self._heard:
            self._closed = True
            self._heard.notify_all()

    @property
    def output(self) -> str:
        """What was printed so far; after the end, all of it."""
        with self._heard:
            return "\n".join(self._lines)

    def wait_for(self, pattern: str, *, seconds: float = DEADLINE, after: int = 0) -> re.Match[str]:
        """The first line that holds `pattern`, now or later; RuntimeError when the program ends or hangs before it.

        `after`: how many such lines are old.
        """
        wanted = re.compile(pattern)
        deadline = time.monotonic() + seconds
        seen = 0
        with self._heard:
            while True:
                for line in self._lines[seen:]:
                    if found := wanted.search(line):
                        if after == 0:
                            return found
                        after -= 1
                seen = len(self._lines)
                left = deadline - time.monotonic()
                if self._closed or left <= 0:
                    why = "ended" if self._closed else f"ran for {seconds:.0f} s"
                    raise RuntimeError(f"{self.command[0]} {why} without {pattern!r}:\n" + "\n".join(self._lines[-40:]))
                self._heard.wait(left)

    def stop(self, *, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ends the program and whatever it left in its group; what it printed is complete afterwards."""
        if self.process.poll() is None:
            self._signal(with_signal)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self.process.wait(20)
        self._signal(signal.SIGKILL)
        self._reader.join(20)
        return self.process.returncode

    def _signal(self, which: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # then the whole group is gone already
            os.killpg(self.process.pid, which)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def remove_tree(directory: Path) -> None:
    """Removes a folder in which a daemon may have left mounts: unmounts those first, the innermost first."""
    root = os.path.realpath(directory) + "/"
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    unmount = ctypes.CDLL(None, use_errno=True).umount2
    for mount in sorted((each for each in mounts if each.startswith(root)), key=len, reverse=True):
        unmount(mount.encode(), 2)  # MNT_DETACH: busy or not, it goes
    shutil.rmtree(directory)
