"""Puts the checkout on the path, so that the tests of this room share one fake machine, `tests.host.fake_machine`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)


@pytest.fixture(autouse=True)
def _no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills here are of the process, so waiting for the disk (thousands of fsyncs) would show nothing."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
