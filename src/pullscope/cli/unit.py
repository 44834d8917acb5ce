"""`pullscope on|off --unit UNIT`: another daemon of systemd than docker behind the tracing proxy, by the same machinery.

Parses words and calls what `pullscope docker` calls.
"""

from __future__ import annotations

from typing import Annotated

import typer

from pullscope.cli import docker, options
from pullscope.cli.docker_context import of_unit
from pullscope.cli.exits import speaking
from pullscope.cli.options import AsJson, Confdir, DryRun, NoProxy, NoRestart, Root, Yes
from pullscope.cli.proxy_words import ForTime, NoProxyStorage, Port, ProxyHost
from pullscope.host.requested import Wish

Unit = Annotated[
    str,
    typer.Option(
        "--unit",
        autocompletion=options.complete_unit,
        help="containerd, crio, buildkit, podman, k3s, k3s-agent, rke2-server, rke2-agent or another service.",
    ),
]


@speaking
def on(
    unit: Unit,
    no_proxy: NoProxy = None,
    no_proxy_storage: NoProxyStorage = False,
    for_: ForTime = None,
    proxy_host: ProxyHost = "127.0.0.1",
    proxy_port: Port = 8080,
    root: Root = "/",
    confdir: Confdir = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Point a systemd daemon (containerd, CRI-O, BuildKit, k3s and others) at the tracing proxy; needs a restart."""
    at = of_unit(unit, root, confdir)
    wish = Wish(proxy_host=proxy_host, proxy_port=proxy_port, no_proxy=no_proxy, proxy_storage=not no_proxy_storage)
    docker.point(at, wish, for_, yes=yes, dry_run=dry_run)


@speaking
def off(unit: Unit, root: Root = "/", yes: Yes = False, no_restart: NoRestart = False, dry_run: DryRun = False) -> None:
    """Undo `on --unit`, and restart the daemon."""
    at = of_unit(unit, root, None)
    docker.turn_off(at, yes=yes, no_restart=no_restart, dry_run=dry_run)


@speaking
def status(unit: Unit, root: Root = "/", as_json: AsJson = False) -> None:
    """Show the proxy settings of a systemd daemon: on disk, in systemd and in its process."""
    docker.print_status(of_unit(unit, root, None), "status", as_json=as_json)


@speaking
def doctor(unit: Unit, root: Root = "/", confdir: Confdir = None, as_json: AsJson = False) -> None:
    """A systemd daemon behind the tracing proxy: find out why nothing is seen, or why pulls fail."""
    docker.print_doctor(of_unit(unit, root, confdir), "doctor unit", as_json=as_json)
