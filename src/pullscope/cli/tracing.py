"""`pullscope docker trace`: on, the live story, and everything taken back at the end, however it ends."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from pullscope.cli.docker_context import Surroundings, addon_path, authority, surroundings
from pullscope.cli.exits import speaking
from pullscope.cli.live_page import Web, live_page
from pullscope.cli.options import Confdir, InsecureRegistry, Rootless, Yes
from pullscope.cli.proxy_words import Addons, Blobs, BlobsHow, Out, Port, Settings, Vanity, Verbose, proxy_words
from pullscope.host import HostError, plan, trust
from pullscope.host.invoker import beside_python
from pullscope.host.proxy_child import forget_terminal, proxy_child, reader_is_gone, silence
from pullscope.host.requested import Wish
from pullscope.oci.verdicts import ExitCode


@speaking
def trace(
    host: Annotated[
        list[str] | None, typer.Option(help="Also trust the CA for this host by certs.d; repeatable.")
    ] = None,
    insecure_registry: InsecureRegistry = None,
    vanity: Vanity = None,
    blobs: Blobs = BlobsHow.VERIFY,
    proxy_port: Port = 8080,
    rootless: Rootless = False,
    confdir: Confdir = None,
    yes: Yes = False,
    verbose: Verbose = False,
    out: Out = None,
    addon: Addons = None,
    setting: Settings = None,
    web: Web = False,
) -> None:
    """Trace docker until Ctrl-C, then undo everything."""
    from pullscope.cli import docker

    at = surroundings("/", rootless, confdir)
    at.need_rights()
    wish = Wish(
        proxy_port=proxy_port,
        hosts=tuple(host or ()),
        insecure=tuple(insecure_registry or ()),
        authority=authority(at),
        confdir=str(at.confdir),
        off_command=(*at.off_words, "--yes"),
    )
    found = at.look()
    if found.record is not None:
        raise HostError(f"pullscope is already on, and this would undo that too. First: {at.off}")
    planned = plan.plan(found, wish)
    pems = next((item.after.content for item in planned.writes if item.path.endswith("/proxy-trust.pem")), b"")
    more = tuple(word for passed in planned.passed_by for word in ("--set", f"pullscope_ignore={passed}"))
    more = (
        *more,
        *proxy_words(at, out=out, addons=addon, settings=setting, vanity=vanity, blobs=blobs, verbose=verbose),
    )
    upstream = plan.upstream_url(found, wish)
    forget_terminal()
    with (
        live_page(web, more) as words,
        proxy_child(
            beside_python("mitmdump"),
            addon_path(),
            at.confdir,
            story=sys.stdout.fileno(),
            port=proxy_port,
            trust=pems or trust.bundle(trust.system_bundle(at.tree)),
            upstream=upstream,
            more=words,
        ) as proxy,
    ):
        try:
            docker.turn_on(at, wish, yes=yes, proxy_runs=True)
            typer.echo("Pull something in another terminal. Ctrl-C ends this and undoes everything.")
            proxy.process.wait()
            typer.echo("error: the proxy ended by itself", err=True)
            code = ExitCode.FAILED
        except KeyboardInterrupt:
            code = ExitCode.DONE
        finally:
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                # A second Ctrl-C must not leave half of it behind.
                signal.signal(number, signal.SIG_IGN)
            _take_back(at)
    raise typer.Exit(code)


def _take_back(at: Surroundings) -> None:
    """`off`, even if its output can no longer be read."""
    from pullscope.cli import docker

    if reader_is_gone():
        silence()
    try:
        docker.turn_off(at, yes=True)
    except OSError:
        # The reader went away in between; off is the same however often it is done.
        silence()
        docker.turn_off(at, yes=True)
