"""Lets a test import what lies beside it: `from tests.e2e import parts`; and no test is about time, or about
the terminal that it is started from.

The folders of tests are not packages (pytest imports them with importlib), so those modules are found from the root.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parents[1]))

# Widths are those of a pipe, whatever terminal the tests are started from.
os.environ["COLUMNS"] = "80"

# A busy machine is not a failure: speed lives in bench/, as ratios.
settings.register_profile("pullscope", deadline=None)
settings.load_profile("pullscope")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing with real parts is skipped: a part that is missing there is a failure, with the same reason."""
    report = yield
    in_ci = os.environ.get("CI") == "true"
    if in_ci and report.skipped and item.get_closest_marker("real") is not None and call.excinfo is not None:
        report.outcome = "failed"
        report.longrepr = f"not to be skipped in CI: {call.excinfo.value}"
    return report
