"""Tests of the views by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pullscope.render.lines import Story
from pullscope.render.live import LiveView
from pullscope.render.views import make_view
from pullscope.trace.trace import Trace


def test_names() -> None:
    """The options of `pullscope_view`, and nothing else."""
    assert isinstance(make_view("lines", print, color=False, verbose=False), Story)
    assert isinstance(make_view("live", print, color=False, verbose=False), LiveView)
    assert make_view("none", print, color=False, verbose=False) is None
    with pytest.raises(ValueError, match="There is no view 'x'; there are lines, live and none"):
        make_view("x", print, color=False, verbose=False)


def test_lines_need_no_clock() -> None:
    """Time passing writes nothing."""
    view = make_view("lines", pytest.fail, color=False, verbose=False)
    assert view is not None
    view.tick(Trace(), 1.0, lambda _exchange: 0)
    view.close()


def test_lines_do_not_import_rich() -> None:
    """A proxy that prints lines starts without it."""
    code = (
        "import sys; from pullscope.render.views import make_view; make_view('lines', print, color=False, verbose=False);"
        "assert not [name for name in sys.modules if name.partition('.')[0] == 'rich']"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
