"""Does `on` or `off`, killed with SIGKILL at one step after the other, and takes it back each time; runs in the container.

`killed.py on|off MODE FIRST STRIDE LISTING`: every STRIDE-th step from FIRST on. LISTING is the shell command that says all
that must be as before. Prints one JSON line for each kill: the step's name and what was different after `off`.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from pullscope.host import command, layout, machine, plan, switch
from pullscope.host.requested import Wish
from pullscope.host.tree import Tree

MODES: dict[str, Wish] = {
    "proxy": Wish(authority="CERTIFICATE\n", insecure=("docker.example.com",), until="2030-01-01 00:00:00 UTC"),
    "hosts": Wish(authority="CERTIFICATE\n", mode="hosts", hosts=("docker.example.com",)),
}
REACHED = Path("/run/killed-at")


def found(tree: Tree | None = None) -> machine.Machine:
    return machine.look(tree or Tree("/"), command.run, layout.SYSTEM)


def turn(what: str, mode: str, step: int | None = None) -> None:
    """`on`, or the files of `off`; this process is gone at `step`."""
    count = itertools.count()

    def fault(name: str) -> None:
        if next(count) == step:
            REACHED.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)

    at = found(Tree("/", fault=fault))
    if what == "on":
        switch.on(at, plan.plan(at, MODES[mode]), lambda _: None)
    else:
        switch.off(at, lambda _: None)


def killed(what: str, mode: str, step: int) -> bool:
    """Whether there was such a step to be killed at."""
    child = os.fork()
    if child == 0:
        turn(what, mode, step)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def state(listing: str) -> list[str]:
    """All of /etc and the unit, and what the running daemon has of us."""
    at = found()
    files = subprocess.run(["sh", "-c", listing], capture_output=True, text=True, check=False).stdout.splitlines()
    insecure = sorted(at.daemon.insecure) if at.daemon else ["docker does not answer"]
    return [*files, f"in the running daemon: {at.daemon_has_ours} {insecure}"]


def main(what: str, mode: str, first: int, stride: int, listing: str) -> None:
    before = state(listing)
    for step in itertools.count(first, stride):
        if what == "off":
            turn("on", mode)
        again = killed(what, mode, step)
        turn("off", mode)
        if found().daemon_has_ours:
            switch.restart(found(), lambda _: None)
        after = state(listing)
        different = sorted(set(before) ^ set(after))
        print(json.dumps([REACHED.read_text() if again else "the end", different]), flush=True)
        if not again:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
