"""`pullscope diff`: two pulls beside each other. Parses words, calls one function, says what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pullscope.cli import options
from pullscope.cli.exits import Complaint, end_with, speaking, unknown
from pullscope.cli.options import CA, AsJson, Insecure, Resolve, Timeout, network
from pullscope.oci.amounts import count

if TYPE_CHECKING:
    from pullscope.oci.reference import Reference
    from pullscope.worlds.network import Network

_MOST_BYTES = 64 * 1024 * 1024
_FILES = (".mitm", ".jsonl", ".json", ".flow", ".flows")
"""Names that end so are files, also missing ones."""
Document = dict[str, Any]


@speaking
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A .mitm, .jsonl or saved report (--json), or REGISTRY/IMAGE.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The pull to compare it with.")],
    pull_a: Annotated[
        int | None, typer.Option("--pull-a", metavar="N", min=1, help="Which pull of A, if it has several.")
    ] = None,
    pull_b: Annotated[
        int | None, typer.Option("--pull-b", metavar="N", min=1, help="Which pull of B, if it has several.")
    ] = None,
    client: Annotated[
        str,
        typer.Option(
            "--client",
            metavar="ID",
            help="The client that pulls REGISTRY/IMAGE.",
            autocompletion=options.complete_client,
        ),
    ] = "docker-containerd",
    ca: CA = None,
    resolve: Resolve = None,
    insecure: Insecure = False,
    timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:
    """Compare two pulls: digests, hops, hosts, bytes and time.

    pullscope diff direct.jsonl vanity.jsonl
    pullscope diff before.json after.json --json
    pullscope diff docker.io/org/img docker.example.com/org/img
    """
    from pullscope.oci import verdicts
    from pullscope.render.diff import Difference, difference_json, difference_lines, side_of
    from pullscope.render.layout import screen_width
    from pullscope.render.matrix import problem_lines

    # Each side has a network of its own: how long one may take does not depend on the other.
    sides = [
        _pulled(named, client, network(ca=ca, resolve=resolve, insecure=insecure, timeout=timeout))
        if (named := _reference(text)) is not None
        else _pulls(text)
        for text in (a, b)
    ]
    try:
        found = Difference(a=side_of(_pull(a, sides[0], pull_a)), b=side_of(_pull(b, sides[1], pull_b)))
    except ValueError as error:
        raise Complaint(f"cannot compare {a} and {b}: {error}.") from None
    problems = found.problems()
    code = verdicts.exit_code(problems)
    if as_json:
        end_with(verdicts.as_json("diff", problems, ended=code, **difference_json(found)), code)
    width = screen_width()
    end_with([*difference_lines(found, width), *problem_lines(problems, width)], code)


def _reference(text: str) -> Reference | None:
    """The image, if the text names one with its registry; None for a file, also one that is missing."""
    from pullscope.oci.reference import Reference

    host, slash, _ = text.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        return None
    try:
        return None if text.endswith(_FILES) or Path(text).exists() else Reference.parse(text)
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return None


def _pulled(reference: Reference, client: str, wire: Network) -> list[Document]:
    """The pulls seen while this client walks an image over the network; layers are not downloaded."""
    from pullscope.judge import traced
    from pullscope.render.formats import Told
    from pullscope.render.report import report_json
    from pullscope.worlds.check import walk
    from pullscope.worlds.clients.client_catalog import CLIENTS, EVERY_CLIENT

    if client not in CLIENTS:
        raise unknown("client", client, CLIENTS)
    ran = walk(EVERY_CLIENT[client], reference, wire)
    trace = traced(ran)
    pulls: list[Document] = report_json(Told.of(trace, str(reference)))["pulls"]
    if not pulls:
        raise Complaint(f"{EVERY_CLIENT[client].label} cannot pull {reference}: {ran.outcome.told}")
    return pulls


def _pull(file: str, pulls: list[Document], number: int | None) -> Document:
    """The pull of that number, or the first."""
    if not pulls:
        raise Complaint(f"there is no pull in {file}.")
    if number is None:
        return pulls[0]
    chosen = [pull for pull in pulls if pull.get("id") == number]
    if not chosen:
        raise Complaint(f"there is no pull {number} in {file}, which has {count(len(pulls), 'pull')}.")
    return chosen[0]


def _pulls(file: str) -> list[Document]:
    saved = _saved_report(file)
    if saved is not None:
        return saved
    from pullscope.cli.source import read_trace
    from pullscope.render.formats import Told
    from pullscope.render.report import report_json

    trace, _ = read_trace(file)
    pulls: list[Document] = report_json(Told.of(trace, file))["pulls"]
    return pulls


def _saved_report(file: str) -> list[Document] | None:
    """The pulls of a saved report; None if the file is something else."""
    try:
        with Path(file).open("rb") as opened:
            text = opened.read(_MOST_BYTES)
    except IsADirectoryError:
        raise Complaint(f"{file} is a directory; name a file in it.") from None
    except OSError as error:
        raise Complaint(f"cannot read {file}: {error.strerror}.") from None
    try:
        document = json.loads(text)
    except ValueError:
        return None
    pulls = document.get("pulls") if isinstance(document, dict) else None
    return [pull for pull in pulls if isinstance(pull, dict)] if isinstance(pulls, list) else None
