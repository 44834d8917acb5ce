"""Tables of causes: a row is the facts that must be there, what is said of them, and below it the fix; the first that fits
is told.

    over !taken: {one.host} does not take the token
        get a new one from {one.by}

The facts are attributes of what is looked at, `one` in the texts; `!` before a fact is that it is not there. A row that names
none fits always. Texts that several rows share are filled in when the table is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from pullscope.oci.text_table import heads


@dataclass(frozen=True, slots=True)
class Cause:
    """A row."""

    facts: tuple[str, ...]
    said: str
    fix: str

    def fits(self, one: object) -> bool:
        """Whether all its facts are there."""
        return all(bool(getattr(one, fact.removeprefix("!"))) != fact.startswith("!") for fact in self.facts)


def causes(text: str, **shared: str) -> tuple[Cause, ...]:
    """The rows of a table; a line that ends a row's words without a fix below it is an error of the table."""
    for name, words in shared.items():
        text = text.replace(f"<{name}>", words)
    return tuple(
        Cause(tuple(facts.split()), said.strip(), " ".join(fix))
        for (facts, said), fix in ((head.split(":", 1), lines) for head, lines in heads(text))
    )


def cause_of(one: object, table: tuple[Cause, ...]) -> tuple[str, str]:
    """What is said of it, and the fix."""
    row = next(row for row in table if row.fits(one))
    return row.said.format(one=one), row.fix.format(one=one)
