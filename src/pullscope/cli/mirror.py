"""`pullscope mirror on|off|status`: our mirror in front of containerd, docker, podman and the like, and all of it taken back.

Parses words, calls host/mirror, prints one line for each thing that was done.
"""

from __future__ import annotations

import os
import shlex
from typing import Annotated

import typer

from pullscope.cli import options
from pullscope.cli.docker_context import print_problems, tell_change
from pullscope.cli.doctor import node_of
from pullscope.cli.exits import Complaint, end_with, speaking, tell
from pullscope.cli.options import AsJson, DryRun, Root
from pullscope.cli.proxy_words import MirrorOf
from pullscope.host import HostError, carry_out, plan_words
from pullscope.host.command import spelled, this_command
from pullscope.host.mirror import runtimes, switch
from pullscope.host.mirror.configs import Wish
from pullscope.host.mirror.runtimes import Runtime
from pullscope.host.routes.route import Node
from pullscope.oci import verdicts
from pullscope.oci.mirrored import PORT
from pullscope.oci.verdicts import ExitCode, Problem

app = typer.Typer(
    no_args_is_help=True,
    help="Use the tracer as a registry mirror: no CA, no restart, and pulls work without it.\n\n"
    "sudo pullscope mirror on\npullscope trace --mirror\nsudo pullscope mirror off",
)

_CLIENTS = ", ".join(runtimes.RUNTIMES)
For = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="CLIENT",
        autocompletion=options.complete_runtime,
        help=f"{_CLIENTS}; repeatable. [default: all that are installed]",
    ),
]
ForOrTime = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="CLIENT|TIME",
        autocompletion=options.complete_runtime,
        help=f"{_CLIENTS}, or a time such as 30m after which everything is undone; repeatable. "
        "[default: all that are installed]",
    ),
]


@app.command("on")
@speaking
def on(
    for_: ForOrTime = None,
    host: MirrorOf = None,
    port: Annotated[int, typer.Option(help="The port on which the mirror listens.", min=1, max=65535)] = PORT,
    root: Root = "/",
    dry_run: DryRun = False,
) -> None:
    """Put the tracing mirror first in the client's configuration, before existing mirrors.

    sudo pullscope mirror on --for containerd --for 30m
    sudo pullscope mirror on --host docker.io --host ghcr.io
    """
    node = node_of(root)
    spans = [word for word in for_ or () if word[:1].isdigit()]
    if len(spans) > 1:
        raise ValueError(f"--for has two times, {spans[0]} and {spans[1]}")
    until = carry_out.instant(spans[0]) if spans else None
    chosen = _chosen(node, [word for word in for_ or () if word not in spans])
    if not dry_run:
        _need_rights(node)
    planned = []
    for runtime in chosen:
        off_words = (*this_command(), "mirror", "off", "--for", runtime.id, *node.tree.words)
        wish = Wish(
            hosts=tuple(dict.fromkeys(host or ("docker.io",))),
            url=f"http://127.0.0.1:{port}",
            until=until,
            off_command=off_words,
        )
        planned.append(switch.plan(node, runtime, wish))
    if dry_run:
        for item in planned:
            typer.echo(plan_words.diff(node.tree, item.changes, item.stale), nl=False)
            for argv in item.commands:
                tell(f"run: {spelled(argv)}")
        return
    if node.tree.live:
        switch.refuse_stranger(planned[0].wish.address)
    for item in planned:
        _turn_on(node, item)
    _prove(node, planned[0].wish)


def _turn_on(node: Node, planned: switch.Plan) -> None:
    runtime = planned.runtime
    switch.on(node, planned, tell_change)
    for note in planned.notes:
        tell(note)
    tell(f"on    {runtime.name}: requests for {', '.join(planned.wish.hosts)} go to {planned.wish.url} first")
    print_problems(runtime.examine(node) if runtime.examine else ())
    restart = switch.restart(runtime, node.sudo)
    if restart and node.tree.live:
        tell(f"then  {restart}  (it reads its file only when it starts)")
    off = node.sudo + shlex.join(planned.wish.off_command)
    tell(f"undo  {off}" + (f" (by itself at {planned.wish.until})" if planned.wish.until else ""))


def _prove(node: Node, wish: Wish) -> None:
    if not node.tree.live:
        tell(f"Written below {node.tree.directory}; no command was run.")
        return
    start = _start(wish)
    problems: dict[str, Problem] = {}
    for host in wish.hosts:
        found = switch.prove(wish.address, host, start)
        if isinstance(found, Problem):
            problems[found.code] = found
        else:
            tell(f"proof {found}")
    print_problems(problems.values())


def _start(wish: Wish) -> str:
    """What starts the mirror for these registries."""
    words = [*this_command(), "trace", "--mirror"]
    words += [word for host in wish.hosts for word in ("--host", host)]
    return shlex.join(
        words + (["--port", wish.address.rpartition(":")[2]] if not wish.url.endswith(f":{PORT}") else [])
    )


@app.command("off", epilog="sudo pullscope mirror off")
@speaking
def off(for_: For = None, root: Root = "/", dry_run: DryRun = False) -> None:
    """Undo `on`."""
    node = node_of(root)
    chosen = [runtimes.named(word) for word in for_ or ()] or [*runtimes.RUNTIMES.values()]
    if dry_run:
        lines = [line for runtime in chosen for line in plan_words.taken_back(switch.recorded(node, runtime))]
        for line in lines or ["Nothing is on."]:
            typer.echo(line)
        return
    _need_rights(node)
    done: list[Runtime] = []
    left: list[str] = []
    for runtime in reversed(chosen):
        undone = switch.off(node, runtime, tell_change)
        if undone.left:
            left.append(undone.words)
        if undone.was_on:
            done.append(runtime)
            restart = switch.restart(runtime, node.sudo)
            if restart and node.tree.live:
                tell(f"then  {restart}  (until then it asks the tracing mirror and goes on without it)")
    tell(
        f"off   {', '.join(runtime.name for runtime in done)}: the tracing mirror was removed"
        if done
        else "off   Nothing was on."
    )
    if left:
        raise HostError("; ".join(left))


@app.command("status", epilog="pullscope mirror status")
@speaking
def status(for_: For = None, root: Root = "/", as_json: AsJson = False) -> None:
    """Show for which clients the tracing mirror is on, and whether it answers."""
    node = node_of(root)
    chosen = [runtimes.named(word) for word in for_ or ()] or [*runtimes.RUNTIMES.values()]
    again = node.sudo + shlex.join((*this_command(), "mirror", "on", *node.tree.words))
    found = [switch.status(node, runtime, f"{again} --for {runtime.id}") for runtime in chosen]
    shown = [item for item in found if item.on or for_ or item.runtime.here(node)]
    problems = [problem for item in found for problem in item.problems]
    words: list[str] = []
    for item in (item for item in found if item.on and node.tree.live):
        wish = Wish(hosts=item.hosts, url=item.url)
        for host in item.hosts:
            proved = switch.prove(wish.address, host, _start(wish))
            if isinstance(proved, Problem):
                problems += [proved] if proved not in problems else []
            elif proved not in words:
                words.append(proved)
    if as_json:
        listed = [item.as_json() for item in shown]
        end_with(verdicts.as_json("mirror status", problems, runtimes=listed, proof=words), ExitCode.DONE)
    for item in shown:
        until = f", until {item.until}" if item.until else ""
        state = f"on: {', '.join(item.hosts)} at {item.url} first{until}" if item.on else "off"
        tell(f"{item.runtime.id:<11} {state}")
        for path in item.files:
            tell(f"{'':<11} {path}")
    for line in words:
        tell(f"{'proof':<11} {line}")
    if not shown:
        tell("no client that supports a mirror was found here")
    print_problems(problems)


def _chosen(node: Node, names: list[str]) -> list[Runtime]:
    chosen = [runtimes.named(name) for name in dict.fromkeys(names)] or runtimes.here(node)
    if not chosen:
        raise Complaint(f"no client that supports a mirror was found here. Name one with --for: {_CLIENTS}")
    return chosen


def _need_rights(node: Node) -> None:
    if node.tree.live and os.geteuid() != 0:
        raise HostError(
            "these files belong to root, and this user's podman reads them too: run it with sudo. Without root, by hand: "
            "docs/nodes.md, Without root. Nothing changed."
        )
