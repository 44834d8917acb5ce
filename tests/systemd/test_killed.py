"""SIGKILL after the steps of `on` and of `off`, on a machine with a real systemd and docker.

Here every step of the fullest `on`, and a third of the steps of the rest; all steps of all of them, on a tree, are in
tests/host/test_switch.py.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.systemd.conftest import LISTING

if TYPE_CHECKING:
    from tests.systemd.conftest import Container

pytestmark = pytest.mark.real

KILLED = str(Path(__file__).parent / "killed.py")


@pytest.mark.parametrize(
    ("what", "mode", "first", "stride", "least"),
    [("on", "proxy", 0, 1, 25), ("off", "proxy", 1, 3, 8), ("on", "hosts", 1, 3, 5), ("off", "hosts", 2, 3, 4)],
    ids=["on-proxy", "off-proxy", "on-hosts", "off-hosts"],
)
def test_off_restores_every_byte_after_a_kill(
    machine: Container, what: str, mode: str, first: int, stride: int, least: int
) -> None:
    """Killed there, `off` brings /etc, the unit's environment and the running daemon back."""
    done = machine.run(sys.executable, KILLED, what, mode, str(first), str(stride), LISTING)
    kills = [json.loads(line) for line in done.stdout.splitlines()]
    assert {name: different for name, different in kills if different} == {}
    assert kills[-1][0] == "the end"
    assert len(kills) > least
