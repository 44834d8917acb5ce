"""How a client model speaks: it yields what it wants done and is sent the result. No I/O, no clock, no threads.

A model is a generator. It yields a `Request` and is sent its `Response`; a request that got no answer raises
`NoAnswerError` in it. It yields `Together(tasks, limit)`, whose tasks are generators of the same kind, and is sent
their results in the order of `tasks`, whatever the order in which they ended; the first exception in a task ends the
others and is raised in it.

A driver (`drive`) decides how that happens: in memory in turns, or with threads over the network. Whichever it is, it
never runs two steps of one client at the same instant, so that models share what they know without locks.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from pullscope.oci.digest import Digest
from pullscope.oci.messages import Request, Response
from pullscope.oci.scrub import redact_text

T = TypeVar("T")

Steps = Generator["Request | Together", Any, T]
"""A model, or a part of one, that ends with a T."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """Tasks that run side by side, at most `limit` of them at once, started in their order."""

    tasks: tuple[Steps[object], ...]
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a pull ended, for the client's user."""

    pulled: bool
    digest: Digest | None
    """What the reference resolved to."""
    message: str
    """The sentence that the real client shows, secrets and all."""

    @property
    def told(self) -> str:
        """The sentence as it may be shown: the client's own quotes signed URLs."""
        return redact_text(self.message)


class NoAnswerError(Exception):
    """A request had no answer, or only part of one: the host does not exist, refused, or went away."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PullFailedError(Exception):
    """The client gave up; the sentence is the real client's."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def ask(request: Request) -> Steps[Response]:
    response: Response = yield request
    return response


def together(*tasks: Steps[T], limit: int) -> Steps[tuple[T, ...]]:
    """The results of `tasks`, run side by side."""
    results: tuple[T, ...] = yield Together(tasks=tasks, limit=limit)
    return results
