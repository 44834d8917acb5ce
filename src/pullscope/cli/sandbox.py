"""`pullscope docker sandbox`: a real docker daemon behind the tracing proxy, and nothing left of it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import Annotated

import typer

from pullscope.cli.docker_context import Surroundings, addon_path, authority, surroundings
from pullscope.cli.exits import Complaint, say, speaking
from pullscope.cli.live_page import Web, live_page
from pullscope.cli.options import Confdir
from pullscope.cli.proxy_words import Addons, Blobs, BlobsHow, Out, Settings, Vanity, Verbose, proxy_words
from pullscope.cli.story import colors, story
from pullscope.host import HostError, child_environment, engine_api, trust
from pullscope.host import sandbox as host_sandbox
from pullscope.host.invoker import beside_python, this_command
from pullscope.host.proxy_child import forget_terminal, proxy_child
from pullscope.oci.verdicts import ExitCode

CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}


@speaking
def sandbox(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND", help="A docker command for it, after --: pull IMAGE. Without one: until Ctrl-C."
        ),
    ] = None,
    proxy: Annotated[str | None, typer.Option(help="A running tracing proxy, such as http://127.0.0.1:8080.")] = None,
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

    \b
    pullscope docker sandbox -- pull alpine
    pullscope docker sandbox --vanity docker.example.com=netlify.toml -- pull docker.example.com/org/img
    """
    if proxy is not None and (out or vanity or addon or setting or verbose):
        raise Complaint("--proxy names a running proxy; give the other options to that one.", ExitCode.USAGE)
    at = surroundings("/", False, confdir)
    if os.geteuid() != 0:
        raise HostError(f"a docker daemon needs root. Run: sudo {shlex.join((*this_command(), *sys.argv[1:]))}")
    for folder in host_sandbox.clear_killed_sandboxes():
        say(f"cleared {folder}, left by a sandbox that was killed")
    certificate = authority(at)
    forget_terminal()
    if proxy is not None:
        if web:
            raise Complaint(
                "--web needs the proxy of the sandbox; give it to the proxy that runs: pullscope trace --web.",
                ExitCode.USAGE,
            )
        code = _use(at, proxy, certificate, words or [], storage_driver)
    else:
        more = proxy_words(at, out=out, addons=addon, settings=setting, vanity=vanity, blobs=blobs, verbose=verbose)
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
        raise HostError("there is no docker command on PATH, and without one only `pull IMAGE` works")
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
