"""What no recording of one pull can show: explained with other pulls, the demo's, which a caller hands over.

The words are those of `ideas`; the tables say what the clients' models asked and how it ended for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pullscope.render.explain.ideas import AFTER, IN_STEPS, OF_A_DOMAIN, Idea
from pullscope.render.explain.lesson import Said, about, lessons
from pullscope.trace.model import Action, Kind, Pull

AS_WELL = {Idea.COMMAND: Idea.DAEMON}
"""An idea that is another's, told from the other side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """A client by what it asked for an image, and how it went for it through a domain that redirects."""

    client: str
    straight: Pull
    through: str | None
    """What it says where it fails there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """The pulls from which is told what a recording does not show."""

    vanity: Pull
    tried: Sequence[Tried]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """Some ideas under a heading; a table may go with one."""

    title: str
    said: list[Said]
    tables: dict[Idea, list[tuple[str, ...]]]
    """Rows, the first with the names of the columns."""


def chapters(pull: Pull, demo: Demo) -> Iterator[Chapter]:
    """What is to be told after the steps of a pull."""
    if pull.action not in (Action.PULL, Action.LOOK):
        return
    told = {idea.idea for lesson in lessons(pull) if not lesson.aside for idea in lesson.ideas}
    told |= {AS_WELL.get(idea, idea) for idea in told}
    of_the_demo = [idea for lesson in lessons(demo.vanity) for idea in lesson.ideas]
    missing = [idea for idea in of_the_demo if idea.idea in IN_STEPS and idea.idea not in told]
    if missing:
        yield Chapter(title="What this pull does not show (examples from the demo)", said=missing, tables={})
    tables = {Idea.OTHERS: list(_asked(demo.tried)), Idea.REFUSED: list(_ended(demo.tried))}
    domain = pull if Idea.VANITY in told else demo.vanity
    yield Chapter(title="Other pulls", said=about(AFTER, demo.vanity), tables=tables)
    yield Chapter(title="A registry domain of your own", said=about(OF_A_DOMAIN, domain), tables=tables)


def _asked(tried: Sequence[Tried]) -> Iterator[tuple[str, ...]]:
    yield "client", "version check", "tag by", "token requests"
    for one in tried:
        steps = one.straight.steps
        tag = next(step.method for step in steps if step.route.reference == one.straight.tag)
        tokens = sum(step.kind is Kind.TOKEN for step in steps)
        yield one.client, "yes" if steps[0].kind is Kind.VERSION_CHECK else "no", tag, str(tokens)


def _ended(tried: Sequence[Tried]) -> Iterator[tuple[str, ...]]:
    yield "client", "through a redirect to Docker Hub"
    for one in tried:
        yield one.client, "pulls" if one.through is None else f"fails: {one.through}"
