"""Every look that a test of this folder makes is held against the rules that were not asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.trace.findings.asked import every_rule_asked


@pytest.fixture(autouse=True)
def no_finding_is_lost() -> Iterator[None]:
    """Whatever a test plays, a rule whose fact is wanting finds nothing in it."""
    with every_rule_asked():
        yield
