"""`pullscope check`: a live address, walked as every client would. Parses words, calls one function, says what it found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pullscope.cli.exits import Complaint, speaking
from pullscope.cli.reaching import CA, Insecure, Resolve, Timeout, network
from pullscope.oci.reference import DOCKER_HUB
from pullscope.oci.verdicts import ExitCode

if TYPE_CHECKING:
    from pullscope.oci.reference import Reference
    from pullscope.oci.verdicts import Problem
    from pullscope.worlds.check import Checked, RateLimit
    from pullscope.worlds.clients.roster import Client


@speaking
def check(
    reference: Annotated[str, typer.Argument(metavar="REF", help="An image, such as docker.example.com/org/img.")],
    clients: Annotated[
        str, typer.Option("--clients", metavar="ID,ID", help="Only these clients; only they set the exit code.")
    ] = "",
    ca: CA = None,
    resolve: Resolve = None,
    insecure: Insecure = False,
    deep: Annotated[bool, typer.Option("--deep", help="Download every layer and check its digest.")] = False,
    use_docker_login: Annotated[
        bool, typer.Option("--use-docker-login", help="Also try with the logins in docker's config.json.")
    ] = False,
    timeout: Timeout = 10.0,
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="In memory, by these rules: `vanity try FILE`.")
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="The domain of the rules, if REF is without.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a live registry address as docker, podman, crane and the others would.

    \b
    pullscope check docker.example.com/org/img
    pullscope check docker.example.com/org/img --clients podman,skopeo
    pullscope check docker.example.com/org/img --json
    pullscope check docker.example.com/org/img --rules netlify.toml
    """
    if rules is not None:
        from pullscope.cli.vanity import try_command

        if ca or resolve or insecure or deep or use_docker_login:
            raise Complaint(
                "--rules tries clients in memory; with it go --host, --clients and --json only.", ExitCode.USAGE
            )
        try_command(rules, host=host, ref=reference, clients=clients, as_json=as_json)
        return
    if host:
        raise Complaint("--host is the domain of a rule file: name that with --rules.", ExitCode.USAGE)
    from pullscope.oci import verdicts
    from pullscope.worlds import check as engine
    from pullscope.worlds.readiness import readiness

    wanted = _reference(reference)
    logins = _logins() if use_docker_login else {}
    chosen = _clients(clients, with_logins=use_docker_login)
    out = network(ca=ca, resolve=resolve, insecure=insecure, timeout=timeout)
    problems = list(readiness(wanted.api_host, out, named=wanted.registry == wanted.api_host))
    found = engine.check(wanted, chosen, out, logins=logins, deep=deep)
    problems += found.problems
    if as_json:
        typer.echo(json.dumps(_document(found, problems), indent=2))
    else:
        for line in _lines(found, problems):
            typer.echo(line)
    if found.failed or verdicts.exit_code(problems):
        raise typer.Exit(ExitCode.PROBLEMS)


def _reference(text: str) -> Reference:
    from pullscope.oci.reference import Reference

    try:
        return Reference.parse(text)
    except ValueError as error:
        raise Complaint(str(error), ExitCode.USAGE) from None


def _clients(text: str, *, with_logins: bool) -> list[Client]:
    from pullscope.worlds.clients.roster import ROSTER

    if not text:
        return [client for client in ROSTER.values() if with_logins or not client.login]
    chosen = []
    for name in text.split(","):
        if name.strip() not in ROSTER:
            known = ", ".join(name for name, client in ROSTER.items() if not client.login)
            raise Complaint(f"there is no client {name.strip()!r}; there are {known}.", ExitCode.USAGE)
        chosen.append(ROSTER[name.strip()])
    return chosen


def _logins() -> Mapping[str, Any]:
    from pullscope.worlds.docker_config import read_logins

    try:
        return read_logins()
    except (OSError, ValueError) as error:
        raise Complaint(f"cannot read docker's config: {error}.") from None


def _document(found: Checked, problems: list[Problem]) -> dict[str, Any]:
    from pullscope.oci import verdicts

    limit = found.rate_limit
    document = verdicts.as_json(
        "check",
        problems,
        [one.verdict for one in found.walked],
        reference=str(found.reference),
        digest=found.digest,
        hosts=[{"host": host, "requests": count} for host, count in found.hosts.items()],
        rate_limit=limit
        and {"limit": limit.limit, "remaining": limit.remaining, "source": limit.source, "host": limit.host},
        layers_read=found.layers_read,
    )
    for one, client in zip(document["clients"], found.walked, strict=True):
        one.update(evidence=str(client.client.evidence), compared=client.client.compared)
    if found.failed:
        document["verdict"] = "problems"
    return document


def _limit(limit: RateLimit, reference: Reference) -> str:
    """`98 of 100 left, per 6 h, counted on 203.0.113.7`, and who shares the count."""
    most, _, window = limit.limit.partition(";w=")
    left = f"{limit.remaining.partition(';')[0]} of {most} left" if limit.remaining else f"{most} in all"
    per = f", per {int(window) / 3600:g} h" if window.isdecimal() and len(window) < 9 else ""
    whose = f", counted on {limit.source}" if limit.source else ""
    # A redirect leaves the count with the client's own address; a proxy asks from its own.
    shared = limit.host == reference.api_host and reference.registry != DOCKER_HUB
    tail = f"; if {limit.host} is a proxy, all who pull through it share that" if shared else ""
    return f"{left}{per}{whose}, says {limit.host}{tail}"


def _lines(found: Checked, problems: list[Problem]) -> list[str]:
    from pullscope.render.matrix import Row, matrix, problem_lines, wrapped

    lines = [f"{found.reference}: asked over the network, as each client would."]
    lines += problem_lines(problems)
    lines += matrix(
        Row(
            label=one.client.label,
            evidence=str(one.client.evidence),
            verdict=one.verdict,
            inset=bool(one.client.login),
        )
        for one in found.walked
    )
    if found.digest:
        lines += wrapped("digest", found.digest)
    if found.hosts:
        lines += wrapped("hosts", " ".join(found.hosts))
    if found.rate_limit is not None:
        lines += wrapped("limit", _limit(found.rate_limit, found.reference))
    return lines
