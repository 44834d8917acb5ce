"""`pullscope service …`: the tracing proxy as a systemd service."""

from __future__ import annotations

import importlib.util
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from pullscope.cli.docker_context import surroundings, tell_change
from pullscope.cli.exits import Complaint, speaking, tell
from pullscope.cli.options import Root
from pullscope.cli.proxy_words import AsMirror, MirrorOf, mirror_on, mirrored
from pullscope.host import HostError, command, proxy_service
from pullscope.host.command import beside_python
from pullscope.host.listener import listens
from pullscope.host.proxy_service import ServicePaths, Work
from pullscope.host.tree import Tree
from pullscope.mitm import addon_path
from pullscope.oci.mirrored import PORT

app = typer.Typer(
    no_args_is_help=True, help="The tracing proxy as a systemd service.\n\nsudo pullscope service install"
)


@app.command("install", epilog="sudo pullscope service install")
@speaking
def install(
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            "-p",
            min=1,
            max=65535,
            envvar="PULLSCOPE_PORT",
            help="The port on which it listens. [default: 8080; with --mirror 8600]",
        ),
    ] = None,
    mirror: AsMirror = False,
    host: MirrorOf = None,
    otlp: Annotated[
        str, typer.Option("--otlp", metavar="URL", help="Send finished pulls to this OpenTelemetry collector.")
    ] = "",
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="Record to this file in /var/lib/pullscope-proxy.")
    ] = "trace.jsonl",
    root: Root = "/",
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Print the unit file.")] = False,
) -> None:
    """Install and start pullscope.service on 127.0.0.1, under a user of its own."""
    homes = mirrored(mirror, host)
    proxy_port = port or (PORT if mirror else 8080)
    at = surroundings(root, False, None)
    rotation = Path(__file__).parents[1] / "mitm" / "rotation.py"
    paths = ServicePaths(
        mitmdump=beside_python("mitmdump"),
        addon=str(addon_path()),
        rotation=str(rotation),
        port=proxy_port,
        work=Work(mirror=tuple(home.word for home in homes.values()), otlp=otlp, out=proxy_service.recording(out)),
        libraries=_libraries(),
    )
    if dry_run:
        typer.echo(proxy_service.unit_text(paths), nl=False)
        return
    if at.tree.live and not at.tree.exists("/run/systemd/system"):
        raise HostError("this machine has no systemd; start the proxy with `pullscope trace`. Nothing changed.")
    at.need_rights()
    proxy_service.install(at.tree, _runner(at.tree), paths, tell_change)
    what = "mirror" if mirror else "proxy"
    tell(f"runs  the {what} listens on 127.0.0.1:{proxy_port}; story: journalctl -fu {proxy_service.UNIT}")
    ours = at.again.rpartition(" docker")[0] or at.again
    root = "".join(f" {shlex.quote(word)}" for word in at.tree.words)
    if mirror:
        tell(f"next  {ours} {shlex.join(mirror_on(homes, proxy_port))}{root}")
    else:
        where = f" --port {proxy_port}" if proxy_port != 8080 else ""
        tell(f"next  {at.again} on --confdir {proxy_service.CONFDIR}{where}{root}")
    tell(f"undo  {ours} service remove{root}")


@app.command("status", epilog="pullscope service status")
@speaking
def status(root: Root = "/") -> None:
    """Show whether the service runs and listens; exit 1 if it should and does not."""
    at = surroundings(root, False, None)
    found = proxy_service.installed(at.tree)
    if found is None:
        tell("off   The service is not installed.")
        return
    port, work = found
    what = f"a mirror of {', '.join(work.mirror)}" if work.mirror else "a proxy"
    tell(f"on    {proxy_service.UNIT}: {what} on 127.0.0.1:{port}")
    tell(f"out   {work.out}" + (f", and {work.otlp}" if work.otlp else ""))
    why = None if work.mirror else proxy_service.needed_by_docker(at.tree, _runner(at.tree), port)
    if why:
        tell(f"used  {why}")
    if at.tree.live and not listens("127.0.0.1", port):
        raise Complaint(f"nothing listens on 127.0.0.1:{port}. journalctl -u {proxy_service.UNIT} shows why.")


@app.command("remove", epilog="sudo pullscope service remove")
@speaking
def remove(
    root: Root = "/",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Even while docker needs it; then every pull fails.")
    ] = False,
) -> None:
    """Stop pullscope.service and remove its files; recordings stay."""
    at = surroundings(root, False, None)
    at.need_rights()
    port = proxy_service.installed_port(at.tree)
    why = proxy_service.needed_by_docker(at.tree, _runner(at.tree), port) if port is not None else None
    if why and not yes:
        raise HostError(f"{why}, so every pull would fail without the service. First: {at.off}. Nothing changed.")
    if not proxy_service.remove(at.tree, _runner(at.tree), tell_change):
        tell("off   The service was not installed.")
        return
    tell("off   The service was removed.")
    if why:
        tell(f"next  {at.off}   ({why}: every pull fails until then)")
    tell("kept  /var/lib/private/pullscope-proxy (its recordings and its CA)")


def _libraries() -> tuple[str, ...]:
    """A file of Python's own and one of mitmproxy, which may lie elsewhere than the program."""
    found = importlib.util.find_spec("mitmproxy")
    return (os.__file__, *((found.origin,) if found and found.origin else ()))


def _runner(tree: Tree) -> command.Run:
    return command.run if tree.live else command.nowhere
