"""A finding: what is wrong, why, and what to do about it. A plain value; rules make it, views print it.

Codes are an interface: they do not change their meaning, and docs/findings.md has a section for each. Hosts and names in
the sentences come from the wire, so views treat them as data.
"""

from __future__ import annotations

from dataclasses import dataclass

from pullscope.oci.verdicts import Severity

__all__ = ["DOCS", "Finding", "Severity"]

DOCS = "docs/findings.md"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was found."""

    code: str
    severity: Severity
    """An error made the pull fail; a warning is risk or waste; what only others will notice is info."""
    message: str
    fix: str
    steps: tuple[int, ...] = ()
    """The numbers of the steps that show it; none where it is about no single pull."""

    @property
    def docs(self) -> str:
        """Where the code is explained, and how it was established."""
        return f"{DOCS}#{self.code}"
