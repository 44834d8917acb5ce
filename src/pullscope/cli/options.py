"""Options that mean the same in more than one command: their names, words and defaults, what a shell offers after them, and the
network that those on how to reach a host make. Nothing of another room is imported before it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pullscope.cli.exits import Complaint
from pullscope.oci.verdicts import ExitCode

if TYPE_CHECKING:
    from pullscope.worlds.network import Network


def _offered(room: str, table: str, said: Callable[[str, Any], Any] = lambda key, _: key) -> Callable[[str], list[Any]]:
    """What a shell offers: what begins so in that table, which is not read before; `said` gives a row its words."""

    def complete(incomplete: str) -> list[Any]:
        rows: Mapping[str, Any] = getattr(import_module(f"pullscope.{room}"), table)
        return [said(key, row) for key, row in rows.items() if key.startswith(incomplete)]

    return complete


def _named(key: str, row: Any) -> tuple[str, str]:
    return key, row.name


complete_client = _offered("worlds.clients.client_catalog", "CLIENTS")
complete_fault = _offered("worlds.hub.faults.table", "FAULTS", lambda key, fault: (key, fault.title))
complete_registry = _offered("worlds.registries.table", "REGISTRIES", _named)
complete_runtime = _offered("host.mirror.runtimes", "RUNTIMES", _named)
complete_unit = _offered("host.layout", "UNITS", lambda key, _: f"{key}.service")


def _http_address(value: str) -> str:
    """The value, if it is `http://HOST:PORT`."""
    if not re.fullmatch(r"http://(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}/?", value):
        raise typer.BadParameter(f"'{value}' is not an address such as http://127.0.0.1:8080")
    return value


PROXY = typer.Option(metavar="URL", parser=_http_address, help="The address of a running tracing proxy.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Color = Annotated[
    bool | None, typer.Option("--color/--no-color", help="Use colour or not. [default: on a terminal only]")
]
Confdir = Annotated[
    Path | None, typer.Option("--confdir", help="mitmproxy's directory with its CA. [default: ~/.mitmproxy]")
]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Print every change as a diff, and every command.")]
EveryHop = Annotated[bool, typer.Option("--verbose", "-v", help="Show every hop of each step, and every finding.")]
InsecureRegistry = Annotated[
    list[str] | None, typer.Option("--insecure-registry", help="Add to insecure-registries in daemon.json; repeatable.")
]
NoProxy = Annotated[
    str | None,
    typer.Option(
        "--no-proxy", metavar="HOST,HOST", help="Hosts to reach without the proxy. [default: those of the daemon]"
    ),
]
NoRestart = Annotated[bool, typer.Option("--no-restart", help="Leave the restart to later.")]
Root = Annotated[str, typer.Option("--root", help="Use the files below DIR instead of /.", metavar="DIR")]
Rootless = Annotated[bool, typer.Option("--rootless", help="The daemon of this user (systemctl --user).")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a restart that stops containers.")]


CA = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="Also trust these CAs (PEM).")]
Resolve = Annotated[
    list[str] | None, typer.Option("--resolve", metavar="HOST:ADDR[:PORT]", help="Use ADDR for HOST; repeatable.")
]
Insecure = Annotated[bool, typer.Option("--insecure", help="Accept any certificate.")]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="How long to wait for each response.")
]


def network(*, ca: Path | None, resolve: list[str] | None, insecure: bool, timeout: float) -> Network:
    """The network as these options and the environment's proxies have it; a complaint where they are wrong."""
    from pullscope.worlds.network import Network, Reach, proxies_from_environment

    proxies, no_proxy = proxies_from_environment()
    addresses = dict(_address(text) for text in resolve or [])
    try:
        return Network(
            Reach(ca=ca, insecure=insecure, resolve=addresses, proxies=proxies, no_proxy=no_proxy, patience=timeout)
        )
    except OSError as error:
        raise Complaint(f"cannot read {ca}: {error.strerror or 'it holds no certificate'}.", ExitCode.USAGE) from None


def _address(text: str) -> tuple[str, tuple[str, int | None]]:
    """`HOST:ADDR`, `HOST:ADDR:PORT`, `HOST:[::1]:PORT`."""
    host, _, rest = text.partition(":")
    if rest.startswith("["):
        address, _, port = rest[1:].partition("]")
        port = port.removeprefix(":")
    else:
        address, _, port = rest.partition(":")
    if not host or not address or (port and not port.isdecimal()):
        raise Complaint(f"--resolve {text}: write HOST:ADDR or HOST:ADDR:PORT.", ExitCode.USAGE)
    return host.lower(), (address, int(port) if port else None)
