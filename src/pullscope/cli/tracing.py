"""`pullscope docker trace`: on, the live story, and everything taken back at the end, however it ends; and `docker sandbox`: a
real docker daemon behind the tracing proxy, and nothing left of it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from typing import Annotated

import typer

from pullscope.cli.docker_context import Surroundings, authority, surroundings
from pullscope.cli.exits import Complaint, complain, say, speaking
from pullscope.cli.live_page import Web, live_page
from pullscope.cli.options import PROXY, Confdir, InsecureRegistry, Rootless, Yes
from pullscope.cli.proxy_words import Addons, Blobs, BlobsHow, Out, Port, Settings, Vanity, Verbose, proxy_words
from pullscope.cli.run import colors, story
from pullscope.host import HostError, child_environment, engine_api, plan, trust
from pullscope.host import sandbox as host_sandbox
from pullscope.host.command import beside_python, this_command
from pullscope.host.proxy_child import forget_terminal, proxy_child, reader_is_gone, silence
from pullscope.host.requested import Wish
from pullscope.mitm import addon_path
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
    """Trace docker until Ctrl-C, then undo everything. The daemon restarts at the start and at the end."""
    from pullscope.cli import docker

    at = surroundings("/", rootless, confdir)
    more = proxy_words(at, out=out, addons=addon, settings=setting, vanity=vanity, blobs=blobs, verbose=verbose)
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
    more = (*(word for passed in planned.passed_by for word in ("--set", f"pullscope_ignore={passed}")), *more)
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
            complain("the proxy ended by itself")
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


@speaking
def sandbox(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND", help="A docker command for it, after --: pull IMAGE. Without one: until Ctrl-C."
        ),
    ] = None,
    proxy: Annotated[str | None, PROXY] = None,
    storage_driver: Annotated[
        str | None, typer.Option(help="dockerd's --storage-driver. [default: dockerd chooses]")
    ] = None,
    confdir: Confdir = None,
    vanity: Vanity = None,
    blobs: Blobs = BlobsHow.VERIFY,
    verbose: Verbose = False,
    out: Out = None,
    addon: Addons = None,
    setting: Settings = None,
    web: Web = False,
) -> None:
    """Start a separate docker daemon behind the proxy; it is removed afterwards, and your docker is not touched.

    The story is on stderr; on a terminal it follows when docker has ended, so that its progress does not overwrite it.

    pullscope docker sandbox -- pull alpine
    pullscope docker sandbox --vanity docker.example.com=netlify.toml -- pull docker.example.com/org/img
    """
    if proxy is not None and (out or vanity or addon or setting or verbose or web):
        raise Complaint("--proxy names a running proxy; give the other options to that one.", ExitCode.USAGE)
    at = surroundings("/", False, confdir)
    more = proxy_words(at, out=out, addons=addon, settings=setting, vanity=vanity, blobs=blobs, verbose=verbose)
    if os.geteuid() != 0:
        raise HostError(f"a docker daemon needs root. Run: sudo {shlex.join((*this_command(), *sys.argv[1:]))}")
    for folder in host_sandbox.clear_killed_sandboxes():
        say(f"cleared {folder}, left by a sandbox that was killed")
    certificate = authority(at)
    forget_terminal()
    if proxy is not None:
        code = _use(at, proxy, certificate, words or [], storage_driver)
    else:
        with (
            live_page(web, more) as words_for_proxy,
            story(words or []) as descriptor,
            proxy_child(
                beside_python("mitmdump"),
                addon_path(),
                at.confdir,
                story=descriptor,
                environment=colors(os.environ),
                trust=_trusted(at),
                upstream=child_environment.upstream_of(os.environ),
                more=words_for_proxy,
            ) as child,
        ):
            code = _use(at, child.url, child.authority, words or [], storage_driver)
    say("Sandbox removed: daemon, images, proxy. Your own docker was not touched.")
    raise typer.Exit(code)


def _ask_the_daemon(box: host_sandbox.Sandbox, words: list[str]) -> int:
    """A pull without a docker command: dockerd alone is enough."""
    path = engine_api.pull_request(words)
    if path is None:
        raise HostError("there is no docker command on PATH, and without one only `pull IMAGE` works.")
    for line in engine_api.pull(box.endpoint, path):
        say(line)
    return ExitCode.DONE


def _trusted(at: Surroundings) -> bytes:
    pems = trust.system_bundle(at.tree)
    for registry in trust.registries(at.tree, at.layout):
        pems += registry.authorities
    return trust.bundle(pems)


def _use(at: Surroundings, proxy: str, certificate: str, words: list[str], driver: str | None) -> int:
    with host_sandbox.sandbox(proxy, certificate, certs_d=at.tree.at(at.layout.certs_d), driver=driver) as box:
        if words[:1] == ["docker"]:
            words = words[1:]
        if not words:
            typer.echo(f"export DOCKER_HOST={box.host}")
            typer.echo("Use docker with this in another terminal. Ctrl-C ends the sandbox.")
            try:
                box.process.wait()
            except KeyboardInterrupt:
                return ExitCode.DONE
            raise HostError("the sandbox's dockerd ended by itself")
        docker = shutil.which("docker")
        if docker is None:
            return _ask_the_daemon(box, words)
        done = subprocess.run([docker, *words], env=box.environment(), check=False)  # noqa: S603  # what the user asked to run
        return done.returncode if done.returncode >= 0 else 128 - done.returncode
