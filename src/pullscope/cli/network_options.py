"""What commands that go out to registries share: the options on how to reach a host, and the network that they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pullscope.cli.exits import Complaint
from pullscope.oci.verdicts import ExitCode

if TYPE_CHECKING:
    from pullscope.worlds.network import Network

CA = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="Also trust these CAs (PEM).")]
Resolve = Annotated[
    list[str] | None,
    typer.Option("--resolve", metavar="HOST:ADDR[:PORT]", help="Use ADDR for HOST; repeatable."),
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
