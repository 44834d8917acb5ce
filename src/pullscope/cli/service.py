"""`pullscope service …`: the tracing proxy as a systemd service."""

from __future__ import annotations

import importlib.util
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from pullscope.cli.exits import speaking
from pullscope.cli.proxy_words import Port
from pullscope.cli.surroundings import addon_path, surroundings
from pullscope.host import HostError, command, proxy_service
from pullscope.host.invoker import beside_python
from pullscope.host.proxy_service import ServicePaths
from pullscope.host.tree import Tree

app = typer.Typer(no_args_is_help=True, help="The tracing proxy as a systemd service.")

Root = Annotated[str, typer.Option("--root", help="Work on this tree instead of /.", metavar="DIR")]


@app.command("install")
@speaking
def install(
    proxy_port: Port = 8080,
    root: Root = "/",
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Print the unit file.")] = False,
) -> None:
    """Install and start pullscope.service, on 127.0.0.1, with a user of its own."""
    at = surroundings(root, False, None)
    rotation = Path(__file__).parents[1] / "mitm" / "rotation.py"
    paths = ServicePaths(
        mitmdump=beside_python("mitmdump"),
        addon=str(addon_path()),
        rotation=str(rotation),
        port=proxy_port,
        libraries=_libraries(),
    )
    if dry_run:
        typer.echo(proxy_service.unit_text(paths), nl=False)
        return
    _need(at.tree)
    at.need_rights()
    proxy_service.install(at.tree, _runner(at.tree), paths, lambda line: typer.echo(f"  {line}"))
    typer.echo(f"runs  the proxy listens on 127.0.0.1:{proxy_port}; story: journalctl -fu {proxy_service.UNIT}")
    where = f" --port {proxy_port}" if proxy_port != 8080 else ""
    root = "".join(f" {shlex.quote(word)}" for word in at.tree.words)
    typer.echo(f"next  {at.again} on --confdir {proxy_service.CONFDIR}{where}{root}")
    typer.echo(f"undo  {at.again.rpartition(' docker')[0] or at.again} service remove{root}")


@app.command("remove")
@speaking
def remove(
    root: Root = "/",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Also while docker needs it: every pull fails then.")
    ] = False,
) -> None:
    """Stop pullscope.service and take its files away; recordings stay."""
    at = surroundings(root, False, None)
    at.need_rights()
    port = proxy_service.installed_port(at.tree)
    why = proxy_service.needed_by_docker(at.tree, _runner(at.tree), port) if port is not None else None
    if why and not yes:
        raise HostError(f"{why}, so every pull would fail without the service. First: {at.off}. Nothing changed")
    if not proxy_service.remove(at.tree, _runner(at.tree), lambda line: typer.echo(f"  {line}")):
        typer.echo("off   The service was not installed.")
        return
    typer.echo("off   The service is gone.")
    if why:
        typer.echo(f"next  {at.off}   ({why}: every pull fails until then)")
    typer.echo("left  /var/lib/private/pullscope-proxy (its recordings and its CA)")


def _need(tree: Tree) -> None:
    if tree.live and not tree.exists("/run/systemd/system"):
        raise HostError("this machine has no systemd; start the proxy by hand. Nothing changed")


def _libraries() -> tuple[str, ...]:
    """A file of Python's own and one of mitmproxy, which may lie elsewhere than the program."""
    found = importlib.util.find_spec("mitmproxy")
    return (os.__file__, *((found.origin,) if found and found.origin else ()))


def _runner(tree: Tree) -> command.Run:
    return command.run if tree.live else command.nowhere
