"""The clients of `check` and `vanity try`: which ones are named, and their table as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

from pullscope.cli.exits import unknown
from pullscope.oci.verdicts import ClientOutcome, ClientVerdict, ExitCode

if TYPE_CHECKING:
    from pullscope.render.layout import Line
    from pullscope.worlds.clients.client_catalog import Client

Told: TypeAlias = "tuple[Client, ClientVerdict]"
"""A client and what it made of the pull."""


def chosen_clients(text: str, unless_named: Iterable[str]) -> list[Client]:
    """The clients of `--clients ID,ID`, each once; those `unless_named` where it is empty."""
    from pullscope.worlds.clients.client_catalog import EVERY_CLIENT

    names = dict.fromkeys(name.strip() for name in text.split(",")) if text else dict.fromkeys(unless_named)
    for name in names:
        if name not in EVERY_CLIENT:
            known = [name for name, client in EVERY_CLIENT.items() if not client.login]
            logins = "each also with +vanity-login or +upstream-login"
            raise unknown("client", name, known, f"There are {', '.join(known)}, {logins}.")
    return [EVERY_CLIENT[name] for name in names]


def ended(told: Iterable[Told], *, named: bool, strict: bool) -> ExitCode:
    """3 where a client that was named fails, or every client that could be tried; a table with both is an answer.

    `strict` wants a verdict on each, too.
    """
    outcomes = [verdict.verdict for _, verdict in told]
    if strict and ClientOutcome.UNKNOWN in outcomes:
        return ExitCode.PROBLEMS
    fails = ClientOutcome.FAILS in outcomes
    return ExitCode.PROBLEMS if fails and (named or ClientOutcome.WORKS not in outcomes) else ExitCode.DONE


def client_lines(
    told: Iterable[Told],
    before: Mapping[str, ClientOutcome] | None = None,
    *,
    note: str = "",
    fixes: bool = True,
) -> list[Line]:
    """The table, and below it what to do. `before` is what each client's id could do before a move."""
    from pullscope.render.layout import screen_width
    from pullscope.render.matrix import Row, matrix
    from pullscope.worlds.clients.client_catalog import EVERY_CLIENT

    rows = [
        Row(
            label=client.label,
            evidence=str(client.evidence),
            verdict=verdict,
            of=EVERY_CLIENT[client.id.partition("+")[0]].label if client.login else None,
            before=before[client.id] if before else None,
        )
        for client, verdict in told
    ]
    return matrix(rows, screen_width(), note=note, fixes=fixes)


def clients_json(told: Iterable[Told]) -> list[Mapping[str, Any]]:
    """Each verdict with what it rests on."""
    return [
        {**asdict(verdict), "evidence": str(client.evidence), "compared": client.compared} for client, verdict in told
    ]
