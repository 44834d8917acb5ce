"""`pullscope check`: a live address, walked as every client would. Parses words, calls one function, says what it found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pullscope.cli.client_table import chosen_clients, client_lines, clients_json
from pullscope.cli.exits import Complaint, end_with, speaking
from pullscope.cli.options import CA, AsJson, Insecure, Resolve, Timeout, network
from pullscope.oci.amounts import period
from pullscope.oci.known_registries import known_registry
from pullscope.oci.reference import DOCKER_HUB, Reference
from pullscope.oci.verdicts import ExitCode

if TYPE_CHECKING:
    from pullscope.oci.verdicts import Problem
    from pullscope.render.layout import Line
    from pullscope.worlds.check import Checked, RateLimit


@speaking
def check(
    reference: Annotated[str, typer.Argument(metavar="REF", help="An image, such as docker.example.com/org/img.")],
    clients: Annotated[
        str, typer.Option("--clients", metavar="ID,ID", help="Try only these clients; only they set the exit code.")
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
        Path | None,
        typer.Option("--rules", metavar="FILE", help="Use these rules, in memory: same as `vanity try FILE`."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="The domain of the rules, if REF does not name it.")
    ] = "",
    platform: Annotated[
        str, typer.Option("--platform", metavar="NAME", help="The platform of the rules, as in `vanity try`.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check a live registry address: ask it as docker, podman, crane and other clients do.

    pullscope check docker.example.com/org/img
    pullscope check docker.example.com/org/img --clients podman,skopeo
    pullscope check docker.example.com/org/img --json
    pullscope check docker.example.com/org/img --rules netlify.toml
    """
    if rules is not None:
        from pullscope.cli.vanity_try import try_command

        if ca or resolve or insecure or deep or use_docker_login:
            raise Complaint(
                "--rules tries clients in memory; with it go --host, --platform, --clients and --json only.",
                ExitCode.USAGE,
            )
        try_command(rules, host=host, ref=reference, platform=platform or None, clients=clients, as_json=as_json)
        return
    if host or platform:
        option = "--host is the domain" if host else "--platform is that"
        raise Complaint(f"{option} of a rule file: name the file with --rules.", ExitCode.USAGE)
    from pullscope.judge import problems_of
    from pullscope.oci import verdicts
    from pullscope.worlds import check as engine
    from pullscope.worlds.clients.client_catalog import EVERY_CLIENT
    from pullscope.worlds.readiness import readiness

    wanted = Reference.parse(reference)
    if "/" not in reference and "." in reference.partition(":")[0]:
        raise ValueError(f"{reference} names no image: write {reference}/org/img")
    logins = _logins() if use_docker_login else {}
    chosen = chosen_clients(
        clients, [name for name, client in EVERY_CLIENT.items() if use_docker_login or not client.login]
    )
    out = network(ca=ca, resolve=resolve, insecure=insecure, timeout=timeout)
    not_ready = readiness(wanted.api_host, out, named=known_registry(wanted.api_host) is None)
    found = engine.check(wanted, chosen, out, logins=logins, deep=deep)
    looked = () if found.looked is None else (found.looked,)
    ran = [one.ran for one in found.walked if not isinstance(one.ran, str)]
    problems = [*not_ready, *problems_of([*ran, *looked]), *found.problems]
    code = ExitCode.PROBLEMS if found.failed else verdicts.exit_code(problems)
    end_with(_document(found, problems, code) if as_json else _lines(found, problems, fixes=not not_ready), code)


def _logins() -> Mapping[str, Any]:
    from pullscope.worlds.docker_config import read_logins

    try:
        return read_logins()
    except (OSError, ValueError) as error:
        raise Complaint(f"cannot read docker's config: {error}.") from None


def _document(found: Checked, problems: list[Problem], code: ExitCode) -> dict[str, Any]:
    from pullscope.judge import judged
    from pullscope.oci import verdicts

    limit = found.rate_limit
    return verdicts.as_json(
        "check",
        problems,
        clients_json(judged(found.walked)),
        ended=code,
        reference=str(found.reference),
        digest=found.digest,
        hosts=[{"host": host, "requests": count} for host, count in found.hosts.items()],
        rate_limit=limit
        and {"limit": limit.limit, "remaining": limit.remaining, "source": limit.source, "host": limit.host},
        layers_read=found.layers_read,
    )


def _limit(limit: RateLimit, reference: Reference) -> str:
    """`98 of 100 left, per 6 h, counted on 203.0.113.7`, and who shares the count."""
    most, _, window = limit.limit.partition(";w=")
    left = f"{limit.remaining.partition(';')[0]} of {most} left" if limit.remaining else f"{most} in all"
    per = f", per {period(int(window))}" if window.isdecimal() and len(window) < 9 else ""
    whose = f", counted on {limit.source}" if limit.source else ""
    # A redirect leaves the count with the client's own address; a proxy asks from its own.
    shared = limit.host == reference.api_host and reference.registry != DOCKER_HUB
    tail = f"; if {limit.host} is a proxy, all its users share that" if shared else ""
    return f"{left}{per}{whose}, says {limit.host}{tail}"


def _lines(found: Checked, problems: list[Problem], *, fixes: bool) -> Iterator[str | Line]:
    from pullscope.judge import judged
    from pullscope.render.layout import screen_width
    from pullscope.render.matrix import problem_lines, wrapped

    width = screen_width()
    yield from wrapped("", f"{found.reference}: asked over the network, as each client would.", width, margin=0)
    yield from problem_lines(problems, width)
    yield from client_lines(judged(found.walked), fixes=fixes)
    if found.digest:
        yield from wrapped("digest", found.digest, width)
    if found.hosts:
        yield from wrapped("hosts", " ".join(found.hosts), width)
    if found.rate_limit is not None:
        yield from wrapped("limit", _limit(found.rate_limit, found.reference), width)
