"""`pullscope demo`: one pull, seen, with only Python: no docker, no network, no root."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pullscope.cli import options
from pullscope.cli.exits import Complaint, lines_of, say, speaking, typed, unknown
from pullscope.cli.options import Color, EveryHop
from pullscope.oci.known_registries import login_command
from pullscope.render.layout import screen_width, wants_color, wrap_advice

if TYPE_CHECKING:
    from pullscope.worlds.hub.faults.fault import Fault
    from pullscope.worlds.registries.row import Registry

DEFAULT_CLIENT = "docker-containerd"
_SPOKEN = {"docker-containerd": "docker 29", "docker-classic": "docker 28"}
"""Clients by the names that their users know."""


@speaking
def demo(
    client: Annotated[
        str | None,
        typer.Option(
            "--client",
            metavar="CLIENT",
            help="docker-containerd (29), docker-classic (to 28), skopeo and others.",
            autocompletion=options.complete_client,
        ),
    ] = None,
    registry: Annotated[
        str,
        typer.Option(
            "--registry",
            metavar="NAME",
            help="The registry to play: docker-hub, ghcr, ecr and others.",
            autocompletion=options.complete_registry,
        ),
    ] = "docker-hub",
    vanity: Annotated[
        bool, typer.Option("--vanity", help="Pull through docker.example.com, which answers 302 to the registry.")
    ] = False,
    fault: Annotated[
        str | None,
        typer.Option(
            "--fault",
            metavar="CODE",
            help="Play a fault, named by its finding's code.",
            autocompletion=options.complete_fault,
        ),
    ] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="List the faults and exit.")] = False,
    list_registries: Annotated[bool, typer.Option("--list-registries", help="List the registries and exit.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Explain each step; on a terminal, wait for Enter after each.")
    ] = False,
    verbose: EveryHop = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Record what was seen to FILE (.jsonl).")
    ] = None,
    color: Color = None,
) -> None:
    """Show one pull: a sample registry, a real mitmproxy and a client, all on 127.0.0.1.

    pullscope demo
    pullscope demo --client docker-classic
    pullscope demo --vanity
    pullscope demo --explain
    pullscope demo --fault rate-limited
    pullscope demo --registry ghcr
    """
    from pullscope.worlds.clients.client_catalog import CLIENTS
    from pullscope.worlds.hub.scenario import faults_at, start_of
    from pullscope.worlds.registries.table import REGISTRIES

    row = REGISTRIES.get(registry)
    if row is None:
        raise unknown("registry", registry, REGISTRIES, "pullscope demo --list-registries lists them.")
    faults = faults_at(row)
    if list_registries or list_faults:
        rows = {row.id: ", ".join(dict.fromkeys((row.name, row.host))) for row in REGISTRIES.values()}
        if not list_registries:
            by = {one.code: "" if one.client == DEFAULT_CLIENT else f"; by {one.client}" for one in faults.values()}
            rows = {one.code: f"{one.title}{by[one.code]}" for one in faults.values()}
        for name, words in rows.items():
            for line in lines_of(f"{name:<{max(map(len, rows))}}  ", words):
                _write(line)
        return
    own, asked = DEFAULT_CLIENT, _asked(client, registry, fault, vanity=vanity)
    chosen = faults.get(fault) if fault is not None else None
    if chosen is not None:
        vanity = vanity or chosen.vanity
        own = chosen.client
    elif fault is not None:
        where = "" if registry == "docker-hub" else f" --registry {registry}"
        raise unknown(f"{row.name} fault", fault, faults, f"pullscope demo{where} --list-faults lists them.")
    if client is not None and client not in CLIENTS:
        raise unknown("client", client, CLIENTS)
    client = client or own
    login = (row.needs_login or (chosen is not None and chosen.login)) and not (chosen is not None and chosen.private)
    start_of(client, login=login)  # a ValueError where there is none

    from pullscope.cli.proxy_words import check_recording
    from pullscope.mitm.demo import run_demo
    from pullscope.mitm.watch import Watch
    from pullscope.render.labels import label
    from pullscope.render.views import make_view

    words = _introduction(client, row, chosen, vanity=vanity, login=login, explain=explain)
    watch = Watch(make_view=lambda name, write, **_: make_view(name, write, verbose=verbose, color=color), labels=label)
    check_recording(out)
    settings = [f"pullscope_out={out}"] if out is not None else []
    if explain:
        settings.append("pullscope_view=none")
    try:
        shown = run_demo(
            client=client,
            registry=row,
            vanity=vanity,
            fault=fault,
            watch_addon=watch,
            settings=settings,
            on_ready=lambda _: _write(f"{words}\n"),
        )
    except RuntimeError as error:
        raise Complaint(str(error)) from None
    for logged in shown.errors:
        say(f"note: {logged}")
    if explain and watch.trace.pulls:
        from pullscope.cli.explain import tell

        on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        tell(watch.trace.pulls[0], expert=False, color=wants_color(color), pause=on_terminal)
    if not shown.outcome.pulled:
        _write("")
        _write(_filled(f"What {_SPOKEN.get(client, client)} itself says: {shown.outcome.told}", indent="  "))
    _write("")
    for line in _next_lines(client, asked, vanity=vanity, explain=explain, registry=row):
        _write(line)


def _write(line: str) -> None:
    print(line, flush=True)


def _introduction(client: str, row: Registry, fault: Fault | None, *, vanity: bool, login: bool, explain: bool) -> str:
    what = "sample registry" if row.id == "docker-hub" else f"sample registry that plays {row.name}"
    model = f"a client that speaks like {_SPOKEN.get(client, client)}"
    said = [f"A {what}, mitmproxy (a recording proxy) and {model}, all on 127.0.0.1."]
    if explain:
        said.append(
            'The commands under "By hand" ask the real registry, which has other digests than this sample: put those in that '
            "it answers."
        )
    else:
        said.append(_of_the_401(row))
    if login:
        said.append(_of_the_login(row))
    if fault is not None:
        said.append(f"What goes wrong here: {fault.title}.")
    elif vanity:
        said.append(
            "docker.example.com is a vanity domain that does not exist: it answers every request with a redirect (302) to the "
            "registry. Watch where the bytes come from."
        )
    return "\n".join(_filled(sentence) for sentence in (" ".join(said[:2]), *said[2:]))


def _of_the_401(row: Registry) -> str:
    if row.asks is None:
        return "This registry asks for no token and no login."
    how = "how to log in" if row.tokens is None else "where to get a token"
    return f"Each 401 is normal: it tells the client {how}."


def _of_the_login(row: Registry) -> str:
    """What a user would have typed, and how to see the pull without the lesson."""
    command = login_command(row.host)
    logged_in = "The client is logged in" + (f", as after: {command}." if command else ".")
    without = next((own.value.code for own in row.faults if own.value.private), None)
    if not row.needs_login:
        return logged_in
    shown = f" `--registry {row.id} --fault {without}` shows the pull without a login." if without else ""
    return f"{row.name} requires a login. {logged_in}{shown}"


def _filled(sentence: str, indent: str = "") -> str:
    """Lines of whole words, whose commands can be pasted."""
    return f"\n{indent}".join(wrap_advice(sentence, screen_width() - len(indent)))


def _asked(client: str | None, registry: str, fault: str | None, *, vanity: bool) -> str:
    """The words that chose this pull."""
    words = [
        (f"--registry {registry}", registry != "docker-hub"),
        ("--vanity", vanity),
        (f"--fault {fault}", fault),
        (f"--client {client}", client),
    ]
    return "".join(f" {word}" for word, chosen in words if chosen)


def _next_lines(client: str, asked: str, *, vanity: bool, explain: bool, registry: Registry | None = None) -> list[str]:
    from pullscope.worlds.registries.row import Anonymous

    here, where = typed(), "" if registry is None or registry.id == "docker-hub" else f" --registry {registry.id}"
    other = "docker-classic" if client != "docker-classic" else "docker-containerd"
    rows = [
        (f"{here} demo{asked} --explain", "the same as a lesson"),
        (f"{here} demo{where} --client {other}", f"a pull by {_SPOKEN[other]}"),
        (f"{here} demo{where} --vanity", "with a vanity domain"),
        (f"{here} trace", "for real pulls"),
    ]
    if explain:
        rows[0] = (f"{here} explain FILE", "a pull of your own")
    open_or_private = registry is not None and registry.anonymous.value is not Anonymous.TOKEN
    if (vanity and client == "skopeo") or open_or_private:
        # Who can follow a redirect depends on the token; without one there is nothing to show.
        rows[2] = (f"{here} demo{where} --list-faults", "what can go wrong")
    elif vanity:
        rows[2] = (f"{here} demo{where} --vanity --client skopeo", "who cannot follow")
    width = max(len(command) for command, _ in rows)
    lines = [f"{command:<{width}}  {why}" for command, why in rows]
    if max(map(len, lines)) > screen_width() - 6:  # a long path before the command: the words go below it
        lines = [line for command, why in rows for line in (command, f"  {why}")]
    return [f"{'' if number else 'Next':<6}{line}" for number, line in enumerate(lines)]
