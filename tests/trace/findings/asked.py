"""Asks every rule at each look, so that a rule that is left out because its fact is missing cannot have had something to say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pullscope.trace.findings import table
from pullscope.trace.findings.case import Case
from pullscope.trace.findings.facts import facts_of
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.table import LOOKS, ROWS


@contextmanager
def every_rule_asked() -> Iterator[list[set[str]]]:
    """The codes that each look found; one that was found without its fact is an error at once."""
    looks: list[set[str]] = []

    def findings_of(case: Case) -> list[Finding]:
        facts = facts_of(case)
        found: set[str] = set()
        for code, look in LOOKS.items():
            if look(case) is not None:
                row = ROWS[code]
                assert row.needs is None or row.needs in facts, {code: row.needs}
                found.add(code)
        looks.append(found)
        return table.findings_of(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pullscope.trace.findings.watching.findings_of", findings_of)
        yield looks
