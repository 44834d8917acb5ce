"""`pullscope doctor CLIENT [REF]`: which endpoint a client of this machine will ask for an image, in which order, and why not.

Reads the client's configuration files only; nothing is pulled. `pullscope docker doctor` is about our own proxy.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from pullscope.cli import unit
from pullscope.cli.docker_context import print_problems, printable
from pullscope.cli.exits import speaking
from pullscope.cli.output import reader_may_leave
from pullscope.host import command
from pullscope.host.invoker import invoker
from pullscope.host.routes import containerd, docker, podman
from pullscope.host.routes.route import Node, Route
from pullscope.host.tree import Tree
from pullscope.oci import verdicts
from pullscope.oci.reference import Reference
from pullscope.oci.verdicts import Problem

app = typer.Typer(
    no_args_is_help=True,
    help="Say which endpoint a client will ask for an image, from its configuration, without a pull.",
)

Ref = Annotated[str | None, typer.Argument(metavar="[REF]", help="The image, as it would be pulled.")]
Root = Annotated[str, typer.Option("--root", help="Read this tree instead of /.", metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("containerd")
@speaking
def of_containerd(ref: Ref = None, root: Root = "/", as_json: AsJson = False) -> None:
    """containerd (CRI: the kubelet, crictl): config.toml, certs.d and its hosts.toml files."""
    node = node_of(root)
    if ref is None:
        _print("containerd", None, containerd.examine(node), as_json=as_json)
    _answer(lambda reference: containerd.route(node, reference), ref, as_json=as_json)


@app.command("podman")
@speaking
def of_podman(ref: Ref = None, root: Root = "/", as_json: AsJson = False) -> None:
    """podman, buildah, skopeo, CRI-O: registries.conf and its drop-ins, short names, auth.json, certs.d."""
    node = node_of(root)
    if ref is None:
        _print("podman", None, podman.examine(node), as_json=as_json)
    found = podman.route(node, ref or "")
    _print(found.client, found, found.problems, as_json=as_json)


@app.command("docker")
@speaking
def of_docker(ref: Ref = None, root: Root = "/", as_json: AsJson = False) -> None:
    """dockerd: registry-mirrors and insecure-registries of daemon.json, certs.d. (`pullscope docker doctor`: our own proxy.)"""
    node = node_of(root)
    if ref is None:
        _print("docker", None, docker.examine(node), as_json=as_json)
    _answer(lambda reference: docker.route(node, reference), ref, as_json=as_json)


app.command("unit")(unit.doctor)


def node_of(root: str) -> Node:
    """The machine, or the tree that stands for it, for who calls."""
    tree = Tree(root)
    who = invoker()
    run = command.run if tree.live else command.nowhere
    sudo = "sudo " if tree.live and not (os.geteuid() == 0 and who.uid == 0) else ""
    return Node(tree=tree, run=run, sudo=sudo, home=str(who.home), environment=os.environ if tree.live else {})


def _answer(route: Callable[[Reference], Route], ref: str | None, *, as_json: bool) -> None:
    found = route(Reference.parse(ref or ""))
    _print(found.client, found, found.problems, as_json=as_json)


def _print(client: str, route: Route | None, problems: tuple[Problem, ...], *, as_json: bool) -> None:
    with reader_may_leave():
        if as_json:
            more: dict[str, Any] = route.as_json() if route else {"client": client}
            typer.echo(json.dumps(verdicts.as_json(f"doctor {client}", problems, **more), indent=2))
        else:
            for line in _lines(route) if route else ():
                typer.echo(printable(line))
            print_problems(problems)
            count = len([item for item in problems if item.severity is not verdicts.Severity.INFO])
            typer.echo(f"{count} problem{'s' if count > 1 else ''}" if count else f"healthy: {client}'s configuration")
    raise typer.Exit(verdicts.exit_code(problems))


def _lines(route: Route) -> Iterator[str]:
    yield f"{route.client} asks for {route.reference}:"
    for number, endpoint in enumerate(route.endpoints, start=1):
        namespace = f"  ?ns={endpoint.namespace}" if endpoint.namespace else ""
        yield f"  {number}  {endpoint.url}{namespace}"
        yield f"     {endpoint.asks}; {endpoint.trust}; from {endpoint.source}"
        if endpoint.login:
            yield f"     login: {endpoint.login}"
    if route.refused:
        yield f"  nothing: {route.refused}"
    for note in route.notes:
        yield f"note    {note}"
