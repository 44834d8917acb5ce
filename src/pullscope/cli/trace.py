"""`pullscope trace`: the tracing proxy in one command; `pullscope addon-path`: the file that mitmproxy's -s is given."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import typer

from pullscope.cli.exits import Complaint, speaking, tell
from pullscope.cli.live_page import Web, live_page
from pullscope.cli.options import Confdir
from pullscope.cli.proxy_words import (
    Addons,
    AsMirror,
    Blobs,
    BlobsHow,
    MirrorOf,
    Out,
    Settings,
    Vanity,
    Verbose,
    mirror_on,
    mirrored,
    proxy_words,
)
from pullscope.oci.mirrored import PORT, Home
from pullscope.oci.verdicts import ExitCode


class View(StrEnum):
    """How pulls are shown."""

    LINES = "lines"
    LIVE = "live"
    NONE = "none"


@speaking
def trace(
    mitmdump_options: Annotated[
        list[str] | None, typer.Argument(metavar="-- MITMDUMP OPTIONS", help="Options that are passed to mitmdump.")
    ] = None,
    listen_host: Annotated[
        str,
        typer.Option("--listen-host", metavar="ADDRESS", envvar="PULLSCOPE_LISTEN_HOST", help="Address to listen on."),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            "-p",
            min=0,
            max=65535,
            envvar="PULLSCOPE_PORT",
            help="Port to listen on; 0: a free one. [default: 8080; with --mirror 8600]",
        ),
    ] = None,
    mirror: AsMirror = False,
    host: MirrorOf = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="HOST", help="Decrypt this host only; repeatable.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="HOST", help="Relay this host undecrypted; repeatable.")
    ] = None,
    blobs: Blobs = BlobsHow.VERIFY,
    view: Annotated[View, typer.Option("--view", help="How pulls are shown.")] = View.LINES,
    vanity: Vanity = None,
    verbose: Verbose = False,
    out: Out = None,
    addon: Addons = None,
    setting: Settings = None,
    confdir: Confdir = None,
    web: Web = False,
) -> None:
    """Start a tracing proxy and show every pull that goes through it, until Ctrl-C.

    pullscope trace
    pullscope trace -o pull.jsonl --only docker.io
    pullscope trace --web
    pullscope trace --vanity docker.example.com=netlify.toml
    pullscope trace --mirror --host docker.io --host ghcr.io
    pullscope trace -- --mode upstream:http://proxy.example.com:3128
    """
    from pullscope.cli.docker_context import authority, confdir_words, for_clients
    from pullscope.cli.proxy_words import check_hosts
    from pullscope.mitm import addon_path

    passed_on = mitmdump_options or []
    if passed_on and not passed_on[0].startswith("-"):
        raise Complaint(_takes_no_command(passed_on), ExitCode.USAGE)
    homes = mirrored(mirror, host)
    if mirror and (only or ignore):
        raise Complaint("--only and --ignore are for a proxy; for a mirror use --host.", ExitCode.USAGE)
    if mirror and blobs is not BlobsHow.VERIFY:
        raise Complaint("--blobs relay is for a proxy; a mirror's clients ask the storage themselves.", ExitCode.USAGE)
    if port is None:
        port = PORT if mirror else 8080
    at = for_clients(confdir)
    words = ["-s", str(addon_path("registry_trace")), "--listen-host", listen_host, "--listen-port", str(port)]
    words += ["--set", f"pullscope_view={view}"]
    for name, hosts in (("only", only), ("ignore", ignore)):
        check_hosts(f"--{name}", hosts)
        words += [word for one in hosts or [] for word in ("--set", f"pullscope_{name}={one}")]
    words += proxy_words(at, out=out, addons=addon, settings=setting, vanity=vanity, blobs=blobs, verbose=verbose)
    if mirror:
        words += _mirror(homes, f"http://{listen_host}:{port or 'PORT'}", port)
    if not any("confdir=" in word for word in (*passed_on, *(setting or ()))):
        own = confdir_words(at)
        if own:
            authority(at)  # as its owner; mitmdump would make it as root
        words += own

    from pullscope.mitm.run import run_mitmdump

    _end_at_hang_up()
    with live_page(web, [*words, *passed_on]) as started_with:
        code = run_mitmdump([*started_with])
    if code != 0:
        raise Complaint(
            "mitmdump did not start; its message is above. If the port is in use, choose another: --port N."
        )


def _end_at_hang_up() -> None:
    """A terminal that is closed is an end like Ctrl-C; what is printed after it goes nowhere."""
    from pullscope.host.proxy_child import reader_is_gone, silence

    def end(_number: int, _frame: object) -> None:
        if reader_is_gone():
            silence()
        signal.raise_signal(signal.SIGTERM)  # for which mitmproxy ends in order

    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # else nohup has it ignored
        signal.signal(signal.SIGHUP, end)


def _mirror(homes: dict[str, Home], url: str, port: int) -> list[str]:
    """The options that make mitmdump a mirror of these; prints what to do next."""
    from pullscope.mitm.mirror import mode_for

    for line in _next_steps(url, [*homes], port):
        tell(line, err=True)
    given = [word for home in homes.values() for word in ("--set", f"pullscope_mirror={home.word}")]
    return ["--mode", mode_for(homes), *given]


def _takes_no_command(words: list[str]) -> str:
    """mitmdump would take them as a filter of flows, and nothing would be told."""
    import shlex

    from pullscope.host.child_environment import for_a_daemon

    theirs = for_a_daemon(words)
    instead = ("docker", "sandbox", "--", *theirs) if theirs else ("run", "--", *words)
    return f"trace starts a proxy, not a command. For this command alone: pullscope {shlex.join(instead)}"


def _next_steps(url: str, names: list[str], port: int) -> Iterator[str]:
    """How the clients on this machine are configured for the mirror."""
    from pullscope.host.mirror import runtimes
    from pullscope.host.routes.route import Node
    from pullscope.host.tree import Tree

    here = [runtime.id for runtime in runtimes.here(Node(tree=Tree()))]
    yield (
        f"mirror  {url} is a mirror of {', '.join(names)}, for clients on this machine; no CA is needed "
        "and no restart; when it ends, pulls go on without it (docs/mirror.md)"
    )
    yield f"next    {' '.join(('sudo pullscope', *mirror_on(names, port or 'PORT')))}"
    yield (
        f"        (names it in the configuration of {', '.join(here)}; undo: sudo pullscope mirror off)"
        if here
        else ("        (no client was found here; by hand: docs/mirror.md)")
    )


@speaking
def print_addon_path(
    name: Annotated[str, typer.Argument(help="registry_trace, sample_registry or vanity_registry.")] = "registry_trace",
) -> None:
    """Print the path of an addon file, for mitmproxy's -s.

    mitmweb -s "$(pullscope addon-path)"
    """
    from pullscope.mitm import addon_path

    typer.echo(addon_path(name))
