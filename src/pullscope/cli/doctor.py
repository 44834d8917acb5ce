"""`pullscope doctor CLIENT [REF]`: which endpoint a client of this machine will ask for an image, in which order, and why not.

Reads the client's configuration files; nothing is pulled without `--trace`. `pullscope docker doctor` is about our own proxy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from pullscope.cli import unit
from pullscope.cli.docker_context import print_problems
from pullscope.cli.exits import Complaint, end_with, lines_of, reader_may_leave, speaking
from pullscope.cli.options import AsJson
from pullscope.host import command
from pullscope.host.command import invoker
from pullscope.host.routes import containerd, docker, podman
from pullscope.host.routes.route import Node, Route
from pullscope.host.tree import Tree
from pullscope.host.watched import pulls
from pullscope.host.watched.comparison import Comparison, Row
from pullscope.host.watched.conversations import Pulled
from pullscope.oci import verdicts
from pullscope.oci.amounts import count
from pullscope.oci.plain import plain
from pullscope.oci.reference import Reference
from pullscope.oci.verdicts import ExitCode, Problem

app = typer.Typer(
    no_args_is_help=True,
    help="Show which endpoints a client will ask for an image, read from its configuration.\n\n"
    "pullscope doctor containerd nginx\nsudo pullscope doctor docker --trace nginx",
)

Ref = Annotated[str | None, typer.Argument(metavar="REF", help="The image, as you would pull it.")]
Traced = Annotated[
    bool, typer.Option("--trace", help="Also pull REF once and compare the requests; this changes no settings.")
]
Root = Annotated[str, typer.Option("--root", help="Read this tree instead of /.", metavar="DIR")]


@app.command("containerd", epilog="pullscope doctor containerd docker.io/library/alpine")
@speaking
def of_containerd(ref: Ref = None, trace: Traced = False, root: Root = "/", as_json: AsJson = False) -> None:
    """containerd (CRI: the kubelet, crictl): config.toml, certs.d and its hosts.toml files."""
    _of("containerd", ref, root, trace, as_json)


@app.command("podman", epilog="pullscope doctor podman alpine")
@speaking
def of_podman(ref: Ref = None, trace: Traced = False, root: Root = "/", as_json: AsJson = False) -> None:
    """podman, buildah, skopeo, CRI-O: registries.conf and its drop-ins, short names, auth.json, certs.d."""
    _of("podman", ref, root, trace, as_json)


@app.command("docker", epilog="pullscope doctor docker alpine")
@speaking
def of_docker(ref: Ref = None, trace: Traced = False, root: Root = "/", as_json: AsJson = False) -> None:
    """dockerd: registry-mirrors and insecure-registries of daemon.json, certs.d. (`docker doctor`: the tracing proxy.)"""
    _of("docker", ref, root, trace, as_json)


app.command("unit", epilog="pullscope doctor unit --unit containerd")(unit.doctor)


def node_of(root: str) -> Node:
    """This machine, or the tree that stands for it."""
    tree = Tree(root)
    who = invoker()
    run = command.run if tree.live else command.nowhere
    sudo = "sudo " if tree.live and not (os.geteuid() == 0 and who.uid == 0) else ""
    return Node(tree=tree, run=run, sudo=sudo, home=str(who.home), environment=os.environ if tree.live else {})


def _parsed(route: Callable[[Node, Reference], Route]) -> Callable[[Node, str], Route]:
    return lambda node, ref: route(node, Reference.parse(ref))


_CLIENTS: dict[
    str, tuple[Callable[[Node], tuple[Problem, ...]], Callable[[Node, str], Route], Callable[[Node, str], Pulled]]
] = {
    "containerd": (containerd.examine, _parsed(containerd.route), pulls.containerd),
    "podman": (podman.examine, podman.route, pulls.podman),
    "docker": (docker.examine, _parsed(docker.route), pulls.docker),
}


def _of(client: str, ref: str | None, root: str, trace: bool, as_json: bool) -> None:
    """Print the predicted endpoints; with `trace`, those that were asked too."""
    examine, route, pull = _CLIENTS[client]
    node = node_of(root)
    found = route(node, ref) if ref is not None else None
    problems = found.problems if found else examine(node)
    told: dict[str, Any] = found.as_json() if found else {"client": client}
    lines = [*_lines(found)] if found else []
    if trace:
        if found is None or ref is None:
            raise Complaint("--trace needs the image to pull.", ExitCode.USAGE)
        if not node.tree.live:
            raise Complaint(
                "--trace uses this machine's own client and cannot be combined with --root.", ExitCode.USAGE
            )
        pulled = pull(node, ref)
        compared = Comparison(node, found, pulled)
        problems = (*problems, *compared.problems)
        told["trace"] = {
            "by": pulled.by,
            "endpoints": [asdict(row) for row in compared.rows],
            "error": pulled.error or None,
        }
        lines += _compared(pulled, compared.rows)
    code = verdicts.exit_code(problems)
    if as_json:
        end_with(verdicts.as_json(f"doctor {client}", problems, **told), code)
    with reader_may_leave():
        for line in lines:
            typer.echo(plain(line, None))
        print_problems(problems)
        bad = len([item for item in problems if item.severity is not verdicts.Severity.INFO])
        typer.echo(count(bad, "problem") if bad else f"healthy: {client}'s configuration")
    raise typer.Exit(code)


def _compared(pulled: Pulled, rows: Iterable[Row]) -> Iterator[str]:
    yield f"{pulled.by} pulled it once{', and failed' if pulled.error else ''}:"
    for row in rows:
        yield from lines_of(f"  {row.number or '-'}  {row.state:<20} ", row.cause)
        if row.number is None:
            yield f"     {row.url}"
    if pulled.left:
        yield from lines_of("note    ", pulled.left)


def _lines(route: Route) -> Iterator[str]:
    yield from lines_of("", f"{route.client} asks these endpoints for {route.reference}:")
    for number, endpoint in enumerate(route.endpoints, start=1):
        namespace = f"  ?ns={endpoint.namespace}" if endpoint.namespace else ""
        yield f"  {number}  {endpoint.url}{namespace}"
        yield from lines_of("     ", f"{endpoint.asks}; {endpoint.trust}; from {endpoint.source}")
        if endpoint.login:
            yield from lines_of("     ", f"login: {endpoint.login}")
    if route.refused:
        yield from lines_of("  nothing: ", route.refused)
    for note in route.notes:
        yield from lines_of("note    ", note)
