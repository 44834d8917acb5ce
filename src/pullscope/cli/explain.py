"""`pullscope explain`: a pull as a lesson, made of what was really said, and of the demo's pulls for what it lacks."""

from __future__ import annotations

import re
import sys
import textwrap
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pullscope.cli.exits import Complaint, say, speaking, unknown
from pullscope.cli.options import Color
from pullscope.cli.source import choose, is_message, is_there, name_of, read_trace
from pullscope.render.explain.glossary import TERMS, term
from pullscope.render.formats import FORMS, Told
from pullscope.render.layout import screen_width, wants_color

if TYPE_CHECKING:
    from pullscope.render.explain.lesson_text import Demo
    from pullscope.trace.model import Pull
    from pullscope.worlds.clients.client_catalog import Client
    from pullscope.worlds.clients.drive import Ran


UP_AND_CLEAR = "\x1b[1A\x1b[2K"
"""To the line where Enter was pressed, and empty it (ECMA-48: CUU, EL)."""


A_WORD = re.compile(r"\w[\w -]*")
"""What has no dot and no slash, as the name of a recording would."""

AN_IMAGE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::[0-9]+)?(/[a-z0-9][\w.:@/-]{0,300})?", re.ASCII)
"""A registry's host, alone or with an image."""
FILES = (
    ".jsonl",
    ".json",
    ".mitm",
    ".flow",
    ".flows",
    ".har",
    ".log",
    ".txt",
    ".out",
    ".gz",
    ".xz",
    ".bz2",
    ".zst",
    ".zip",
)


class Level(StrEnum):
    """How much the lesson explains."""

    BEGINNER = "beginner"
    EXPERT = "expert"


@speaking
def explain(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|WORD|MESSAGE",
            help="A recording (.jsonl), a flow file (.mitm) or a log, - for stdin; a word: scope, digest or another; or "
            "the error message of a client, in quotes.",
            autocompletion=lambda: [word for word in TERMS if " " not in word],
        ),
    ],
    pull: Annotated[
        int | None,
        typer.Option("--pull", metavar="N", min=1, help="Which pull, if there are several. [default: the first]"),
    ] = None,
    level: Annotated[Level, typer.Option("--level", help="How much detail.")] = Level.BEGINNER,
    color: Color = None,
) -> None:
    """Explain a pull step by step: each request, why it was made, the response, and how to do it by hand. Or explain a word, or
    what a client said when it failed.

    pullscope explain pull.jsonl
    pullscope explain scope
    pullscope explain 'pull access denied for ann/app, ...'
    pullscope explain --pull 2 --level expert flows.mitm | less
    """
    from pullscope.logs.forms import MESSAGE
    from pullscope.logs.general import answered
    from pullscope.logs.without_request import without_a_request

    if not is_there(file):
        if meant := term(file):
            print(textwrap.fill(f"{meant[0]}: {meant[1]}", screen_width()))
            return
        if A_WORD.fullmatch(file) and not is_message(file):
            if (said := answered(file)) is not None and (meant := term(str(said[0]))):
                print(textwrap.fill(f"{said[0]}: {meant[1]}", screen_width()))
                return
            raise Complaint(str(unknown("file or word", file, TERMS)))
        if len(file) < 300 and (image := AN_IMAGE.fullmatch(file)) and not file.endswith(FILES):
            reference = file if image[1] else f"{file}/ORG/IMAGE"
            raise Complaint(
                f"there is no file or word {file}. If it is a registry's, `pullscope check {reference}` asks for the image "
                "as each client does."
            )
    trace, problem = read_trace(file)
    chosen = choose(trace, pull, failed=False)
    if problem:
        say(f"note: {problem}")
    if not chosen and is_message(file):
        raise Complaint(f"this message {without_a_request(file)}.")
    if not chosen:
        raise Complaint(f"there is no pull in {name_of(file)} to explain.")
    lacks = set(MESSAGE.lacks.split()) - {"credentials", "tokens"}  # of which its words may tell
    if all(lacks <= set((hop.request.lacks or "").split()) for one in chosen for hop in one.hops):
        # One answer, without what came before it, is no lesson: its cause and what to do are.
        told = Told.of(trace, name_of(file))
        print(FORMS["text"].write(replace(told, color=wants_color(color), width=screen_width())), end="")
        return
    tell(chosen[0], expert=level is Level.EXPERT, color=wants_color(color), pause=False)
    if len(chosen) > 1:
        say(f"note: this was pull 1 of {len(chosen)}; --pull N explains another.")


def tell(pull: Pull, *, expert: bool, color: bool, pause: bool) -> None:
    """Print the lesson; with `pause`, wait for Enter before each block, until q."""
    from pullscope.render.explain.lesson_text import lesson_blocks
    from pullscope.render.layout import paint

    blocks = list(lesson_blocks(pull, expert=expert, demo=None if expert else demo_pulls(), width=screen_width()))
    for number, block in enumerate(blocks):
        if number:
            print(flush=True)
            if pause and not _goes_on(number, len(blocks) - 1, codes=color):
                return
        for line in block:
            print(paint(line, color=color), flush=True)


def _goes_on(number: int, of: int, *, codes: bool) -> bool:
    """Whether Enter was pressed, and not q or the end of input; with codes the question is gone from the screen afterwards."""
    print(f"[{number}/{of}] Enter: next, q: quit ", end="", flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print(flush=True)
        return False
    if codes:
        print(UP_AND_CLEAR, end="", flush=True)
    return answer.strip().lower() not in ("q", "quit")


NOON = 1795424400.0
"""Any time: tokens and links of the sample are good for some minutes after it."""


def demo_pulls() -> Demo:
    """Each client straight, and through docker.example.com, which answers 302."""
    from pullscope.render.explain.lesson_text import Demo, Tried
    from pullscope.worlds.clients.client_catalog import EVERY_CLIENT

    tried: list[Tried] = []
    for client in EVERY_CLIENT.values():
        if not client.login:
            through = _played(client, vanity=True).outcome
            said = ": ".join(through.message.split(": ")[-2:])  # the code and its sentence, without where
            straight = _pull_of(_played(client, vanity=False))
            tried.append(Tried(client=client.label, straight=straight, through=None if through.pulled else said))
    return Demo(vanity=_pull_of(_played(EVERY_CLIENT["docker-classic"], vanity=True)), tried=tried)


def _played(client: Client, *, vanity: bool) -> Ran:
    from pullscope.worlds.clients.drive import pull
    from pullscope.worlds.hub.scenario import play

    played = play(vanity=vanity, clock=lambda: NOON)
    return pull(client.model(played.reference, None, frozenset()), played.world)


def _pull_of(ran: Ran) -> Pull:
    from pullscope.judge import traced

    return traced(ran).pulls[0]
