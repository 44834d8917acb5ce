"""`pullscope docker …`: point a docker daemon at the tracing proxy, and take it all back.
One file, because its subcommands share their options.

Parses words, calls the host room, prints one line for each thing that was done.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pullscope.cli import run, tracing
from pullscope.cli.docker_context import (
    Surroundings,
    authority,
    authority_to_be,
    print_problems,
    surroundings,
    tell_change,
)
from pullscope.cli.exits import end_with, reader_may_leave, speaking, tell
from pullscope.cli.options import AsJson, Confdir, DryRun, InsecureRegistry, NoProxy, NoRestart, Root, Rootless, Yes
from pullscope.cli.plain_words import HELP, PlainWords
from pullscope.cli.proxy_words import ForTime, NoProxyStorage, Port, ProxyHost
from pullscope.host import HostError, carry_out, command, doctor, plan, plan_words, proxy_service, switch, trust
from pullscope.host import status as host_status
from pullscope.host.carry_out import Undone
from pullscope.host.command import beside_python
from pullscope.host.doctor import Examination
from pullscope.host.machine import Machine
from pullscope.host.plan import Plan
from pullscope.host.requested import Wish
from pullscope.oci import verdicts
from pullscope.oci.amounts import count
from pullscope.oci.verdicts import ExitCode, Severity

app = typer.Typer(
    cls=PlainWords,
    context_settings=HELP,
    no_args_is_help=True,
    help="Point a docker daemon at the tracing proxy, and undo it.\n\n"
    "sudo pullscope docker sandbox -- pull alpine\nsudo pullscope docker on --for 30m\nsudo pullscope docker off",
)
app.command("sandbox", context_settings=run.CONTEXT)(tracing.sandbox)
app.command("trace", epilog="sudo pullscope docker trace")(tracing.trace)


class Mode(StrEnum):
    """How the daemon reaches the proxy."""

    PROXY = "proxy"
    HOSTS = "hosts"


class Trust(StrEnum):
    """How the daemon trusts the proxy's CA."""

    ENV = "env"
    CERTS_D = "certs.d"


@app.command("on")
@speaking
def on(
    mode: Annotated[
        Mode, typer.Option(help="proxy: the daemon's proxy setting; hosts: /etc/hosts, no restart.")
    ] = Mode.PROXY,
    host: Annotated[
        list[str] | None, typer.Option(help="A registry host, for --mode hosts and --trust certs.d; repeatable.")
    ] = None,
    insecure_registry: InsecureRegistry = None,
    trust: Annotated[
        Trust, typer.Option(help="env: the daemon trusts the CA; certs.d: for the named hosts only.")
    ] = Trust.ENV,
    no_proxy: NoProxy = None,
    no_proxy_storage: NoProxyStorage = False,
    for_: ForTime = None,
    proxy_host: ProxyHost = "127.0.0.1",
    proxy_port: Port = 8080,
    root: Root = "/",
    rootless: Rootless = False,
    confdir: Confdir = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Point the docker daemon at the tracing proxy, and restart it (--mode hosts needs no restart).

    sudo pullscope docker on --for 30m
    sudo pullscope docker on --mode hosts --host registry.example.com --trust certs.d
    """
    at = surroundings(root, rootless, confdir)
    wish = Wish(
        mode=mode.value,
        proxy_host=proxy_host,
        proxy_port=proxy_port,
        trust=trust.value,
        hosts=tuple(host or ()),
        insecure=tuple(insecure_registry or ()),
        no_proxy=no_proxy,
        proxy_storage=not no_proxy_storage,
    )
    point(at, wish, for_, yes=yes, dry_run=dry_run)


def point(at: Surroundings, wish: Wish, for_: str | None, *, yes: bool, dry_run: bool) -> None:
    """Add this machine's CA and how to undo it to the request, and turn it on."""
    if not dry_run:
        at.need_rights()
    by_service = (
        wish.mode == Mode.PROXY
        and proxy_service.installed_port(at.tree) == wish.proxy_port
        and wish.proxy_host == "127.0.0.1"
    )
    if by_service and not at.confdir_named:
        at = replace(at, confdir=Path(proxy_service.CONFDIR))
    whole = replace(
        wish,
        authority=authority_to_be(at) if dry_run else authority(at),
        until=carry_out.instant(for_) if for_ is not None else None,
        confdir=str(at.confdir),
        off_command=(*at.off_words, "--yes"),
    )
    turn_on(at, whole, yes=yes, dry_run=dry_run, by_service=by_service)


def turn_on(
    at: Surroundings,
    wish: Wish,
    *,
    yes: bool,
    dry_run: bool = False,
    proxy_runs: bool = False,
    by_service: bool = False,
) -> Plan:
    """Check, print the changes, make them, check again, and print how to undo them."""
    found = at.look()
    if found.flavour is not None and found.tree.live and wish.mode == "proxy":
        raise HostError(f"this is {found.flavour.name}: {found.flavour.instead}. Nothing changed.")
    planned = plan.plan(found, wish)
    if dry_run:
        typer.echo(plan_words.diff(found.tree, planned.changes, planned.stale), nl=False)
        for argv in plan_words.commands(found, planned, of_a_tree=not found.tree.live):
            tell(f"run: {command.spelled(argv)}")
        return planned
    carry_out.check_writable(found.recorded, planned.changes)
    switch.validate(found, planned)
    why = _why_no_restart(found, "use the proxy", yes=yes) if planned.restart else None
    if why:
        raise HostError(f"{why}. Nothing changed.")
    switch.on(found, planned, tell_change)
    for line in plan_words.covers(found, wish):
        tell(line)
    for host in planned.passed_by:
        tell(f"not seen: {host}, which the proxy relays undecrypted so that it keeps working")
    again = at.look()
    # That the proxy does not listen yet is not a fault here: how to start it is said below.
    problems = tuple(item for item in doctor.examine(_examination(at, again)) if item.code != "proxy-not-listening")
    print_problems(problems if at.tree.live else ())
    tell(f"on    {_what(again, planned)}")
    if proxy_runs:
        return planned
    if by_service:
        tell(f"proxy {proxy_service.UNIT} on port {wish.proxy_port}; {found.layout.name} trusts its CA")
    else:
        words = plan_words.proxy_command(at.program(), planned)
        sudo = at.sudo if wish.mode == "hosts" else ""
        tell(f"proxy {sudo}{command.spelled(words)}")
    if planned.upstream_login:
        tell(
            f"      {planned.upstream} wants a login: put `upstream_auth: USER:PASSWORD` of the daemon's old proxy "
            f"setting into {at.confdir}/config.yaml (mode 0600)"
        )
    tell(f"undo  {at.off}" + (f" (by itself at {wish.until})" if wish.until else ""))
    return planned


def _what(again: Machine, planned: Plan) -> str:
    wish = planned.wish
    if wish.mode == "hosts":
        return f"the proxy on {wish.proxy_host} answers for {', '.join(wish.hosts)}; docker was not restarted."
    if not again.tree.live:
        return f"Written below {again.tree.directory}; no command was run."
    if not again.active:
        return f"{again.layout.unit} does not run; it will use {wish.proxy} when it starts."
    return f"{again.layout.name} sends all its requests through {wish.proxy}."


@app.command("off", epilog="sudo pullscope docker off")
@speaking
def off(
    root: Root = "/",
    rootless: Rootless = False,
    yes: Yes = False,
    no_restart: NoRestart = False,
    dry_run: DryRun = False,
) -> None:
    """Undo `on`."""
    at = surroundings(root, rootless, None)
    turn_off(at, yes=yes, no_restart=no_restart, dry_run=dry_run)


def turn_off(at: Surroundings, *, yes: bool, no_restart: bool = False, dry_run: bool = False) -> None:
    """Undo the files, then ask to restart the daemon."""
    if not dry_run:
        at.need_rights()
    found = at.look()
    if dry_run:
        for line in plan_words.undo(found):
            typer.echo(line)
        return
    undone = switch.off(found, tell_change)
    again, was_on = at.look(), undone.was_on
    if again.daemon_has_ours and not undone.keeps(again.layout.drop_in):
        if no_restart or _why_no_restart(again, "stop using the proxy", yes=yes):
            tell(
                f"The files are restored, but the running {again.layout.name} needs the proxy: keep it running, or pulls fail."
            )
            tell(f"later {at.off}")
            _complain(at, undone)
            return
        done = switch.restart(again, tell_change)
        if not done.ok:
            raise HostError(f"the files are restored, but {again.layout.name} did not restart: {done.last_words}")
        was_on = True
    _complain(at, undone)
    _finish(at.of_record(found), was_on)


def _complain(at: Surroundings, undone: Undone) -> None:
    if undone.left:
        raise HostError(f"{undone.words}. When the cause is gone: {at.off}")


def _finish(at: Surroundings, was_on: bool) -> None:
    what = "The docker daemon" if at.layout.is_docker else at.layout.unit
    tell(f"off   {what} does not use pullscope." if was_on else "off   Nothing was on.")
    if was_on and at.confdir.exists():
        tell(f"kept  {at.confdir} (its CA is no longer trusted here)")


def _why_no_restart(found: Machine, purpose: str, *, yes: bool) -> str | None:
    """Why the daemon is not to be restarted; None where nothing stops, or the user agrees."""
    stopped = switch.stopped_by_restart(found)
    if yes or not stopped:
        return None
    tell(f"{found.layout.name} must restart to {purpose}. {stopped}")
    if not sys.stdin.isatty():
        return "there is no terminal to ask on; add --yes"
    return None if typer.confirm("Restart now?", default=False) else "not restarted"


@app.command("status", epilog="pullscope docker status")
@speaking
def status(root: Root = "/", rootless: Rootless = False, as_json: AsJson = False) -> None:
    """Show the proxy settings in force: on disk, in systemd and in the daemon."""
    print_status(surroundings(root, rootless, None), "docker status", as_json=as_json)


def print_status(at: Surroundings, name: str, *, as_json: bool) -> None:
    """The settings in force."""
    found = host_status.status(at.look(), at.again)
    if as_json:
        end_with(verdicts.as_json(name, found.problems, **found.facts), ExitCode.DONE)
    for label, text in found.lines:
        tell(f"{label:<9} {text}")
    print_problems(found.problems)


@app.command("doctor", epilog="sudo pullscope docker doctor")
@speaking
def doctor_(root: Root = "/", rootless: Rootless = False, confdir: Confdir = None, as_json: AsJson = False) -> None:
    """Find out why nothing is seen, or why pulls fail, and print a command that fixes each problem."""
    print_doctor(surroundings(root, rootless, confdir), "docker doctor", as_json=as_json)


def print_doctor(at: Surroundings, name: str, *, as_json: bool) -> None:
    """Print every problem; the exit code."""
    found = at.look()
    problems = doctor.examine(_examination(at.of_record(found), found))
    state = host_status.status(found, at.again).state
    code = verdicts.exit_code(problems)
    if as_json:
        end_with(verdicts.as_json(name, problems, state=state), code)
    with reader_may_leave():
        print_problems(problems)
        tell(_verdict(found, state, len([item for item in problems if item.severity is not Severity.INFO])))
    raise typer.Exit(code)


def _verdict(found: Machine, state: str, problems: int) -> str:
    if problems:
        return count(problems, "problem")
    if state == "off":
        return f"healthy: pullscope is off; {found.layout.name} is not using the proxy"
    where = found.layout.unit if found.record is None else found.record.options.get("mode", "proxy")
    return f"healthy: {state}, mode {where}" if found.record else f"healthy: {state}"


def _examination(at: Surroundings, found: Machine) -> Examination:
    certificate, trouble = None, ""
    try:
        certificate = trust.authority(at.confdir)
    except HostError as error:
        # What only root may read is not a fault.
        trouble = "" if isinstance(error.__cause__, PermissionError) else str(error)
    options = found.recorded.options
    words: tuple[str, ...]
    try:
        planned = plan.plan(found, Wish.of(options))
        words = plan_words.proxy_command(at.program(), planned)
    except (HostError, ValueError):
        words = (at.program().mitmdump, "-s", at.program().addon)
    sudo = at.sudo if options.get("mode") == "hosts" else ""
    return Examination(
        machine=found,
        command=at.again,
        confdir=str(at.confdir),
        authority=certificate,
        authority_trouble=trouble,
        proxy_command=sudo + command.spelled(words),
        sudo=at.sudo,
        program=beside_python("pullscope"),
    )
