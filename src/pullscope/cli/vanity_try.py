"""`pullscope vanity try`: the modelled clients against a rule file, or against the rules before and after a move.

Parses words, calls one function, says who can pull. Every verdict is known before the first line is printed.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from pullscope.cli.client_table import Told, chosen_clients, client_lines, clients_json, ended
from pullscope.cli.exits import end_with, speaking, typed
from pullscope.cli.options import AsJson
from pullscope.cli.vanity_words import Env, File, PlatformOption, domain_of, host_named, image_named, rules_of
from pullscope.judge import IN_SHORT, judged
from pullscope.oci import verdicts
from pullscope.oci.amounts import count
from pullscope.oci.plain import plain
from pullscope.oci.reference import Reference, registry_name
from pullscope.oci.verdicts import ClientOutcome, ExitCode, Problem, Severity
from pullscope.render.layout import Line, screen_width, shell_lines
from pullscope.render.matrix import count_of, wrapped
from pullscope.worlds.vanity.following import follow, repositories
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.platform import Design
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.rehearse import EVERYONE, Rehearsal, as_proxy, rehearse
from pullscope.worlds.vanity.rules import RuleFile


@speaking
def try_command(
    file: File,
    new: Annotated[Path | None, typer.Argument(help="The rules after a move, to compare.")] = None,
    host: Annotated[str, typer.Option("--host", help="The domain, if --ref does not name it.")] = "",
    ref: Annotated[str, typer.Option("--ref", help="The image to pull: docker.example.com/org/img.")] = "",
    platform: PlatformOption = None,
    env: Env = None,
    clients: Annotated[
        str, typer.Option("--clients", metavar="ID,ID", help="Try only these clients; exit 3 if one of them fails.")
    ] = "",
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Treat what is not supported as an error; exit 3 for a client without a verdict."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run models of the clients against a rule file and a sample registry, in memory.

    pullscope vanity try netlify.toml --ref docker.example.com/org/img
    pullscope vanity try netlify.toml Caddyfile --ref docker.example.com/org/img
    """
    chosen = chosen_clients(clients, [client.id for client in EVERYONE])
    if not ref and new is not None and "/" in str(new) and not new.exists():
        raise ValueError(f"there is no file {new}; if it is the image to pull, name it so: --ref {new}")
    if not host and not ref:
        raise ValueError("name the image to pull: --ref docker.example.com/org/img")
    host = host_named(host) if host else domain_of(ref)
    image = image_named(ref, host) if ref else None
    rules = rules_of(file, platform, env)
    image = image or _any_image(rules, host)
    tried = rehearse(rules, host, image, chosen)
    if new is not None:
        after = rehearse(rules_of(new, platform, env), host, image, chosen)
        _end_move(_Move(tried, after, file, new), named=bool(clients), strict=strict, as_json=as_json)
    problems = lint(rules, host, image.repository, strict=strict)
    told = _told(tried)
    code = max(ended(told, named=bool(clients), strict=strict), verdicts.exit_code(problems))
    if as_json:
        document = verdicts.as_json("vanity try", problems, clients_json(told), ended=code, **_facts(tried))
        end_with(document, code)
    end_with(_lines(tried, problems, host, file), code)


def _any_image(rules: RuleFile, host: str) -> Reference:
    """An image that the rules are about."""
    names = repositories(rules) or ("org/app",)
    led = next((name for name in names if follow(rules, host, f"/v2/{name}/manifests/latest").url), names[0])
    return Reference.parse(f"{host}/{led}")


def _told(tried: Rehearsal) -> list[Told]:
    """Each client's verdict; a 404 of the file itself is a path without a rule, not a tag that some registry lacks."""
    told = judged(tried.tried)
    landing, name, code = tried.landing, tried.reference.repository, "path-not-redirected"
    if landing.not_played is not None or (landing.url is not None and not landing.strips):
        return told
    fix = f"add a rule for /v2/{name}/* if you serve this name; otherwise the answer is right"
    fix = PLATFORMS[tried.rules.platform].path_fix if landing.strips else fix
    own = {
        one.id: replace(said, finding=code, reason=IN_SHORT[code], fix=fix)
        for one, said in told
        if said.finding in {"manifest-unknown", code} or (landing.strips and said.finding is not None)
    }
    return [(one, own.get(one.id, said)) for one, said in told]


def _facts(tried: Rehearsal) -> dict[str, Any]:
    known = tried.upstream
    return {
        "file": tried.rules.name,
        "reference": str(tried.reference),
        "login_assumed": tried.login,
        "upstream": None
        if known is None
        else {"host": known.host, "label": known.label, "tokens": known.tokens, "strict": known.strict},
    }


# One rule file.


def _lines(tried: Rehearsal, problems: tuple[Problem, ...], host: str, file: Path) -> Iterator[str | Line]:
    rules = count(len(tried.rules.rules), "rule")
    head = f"{tried.rules.name}: {rules}, {count_of(problems)}. Tried in memory: no DNS, no network."
    yield from wrapped("", head, screen_width(), margin=0)
    for words in _upstream_words(tried):
        yield from wrapped("", words, screen_width(), margin=0)
    login = any(one.client.login for one in tried.tried)
    note = "logged in: with an image that only this account may pull" if login else ""
    yield from client_lines(_told(tried), note=note)
    yield from _proxy_words(tried, host)
    if any(problem.severity is Severity.ERROR for problem in problems):
        yield "To see what to change:"
        command = [f"{typed()} vanity lint {shlex.quote(plain(str(file), None))}", f"--host {host}"]
        yield from shell_lines("  ", command, screen_width())


def _login_words(tried: Rehearsal, name: str = "") -> Iterator[str]:
    """That a login is assumed, because the host itself or the registry behind it asks for one."""
    if tried.login is not None:
        file, colon, line = tried.login.rpartition(":")
        yield f"Login assumed: {plain(f'{name or file}{colon}{line}' if colon else line, None)} asks for one."


def _upstream_words(tried: Rehearsal) -> Iterator[str]:
    yield from _login_words(tried)
    known = tried.upstream
    if tried.login is None or known is None or (known.row is not None and tried.login != known.label):
        yield _registry_words(tried)


def _registry_words(tried: Rehearsal) -> str:
    known = tried.upstream
    if known is None and tried.landing.not_played is not None:
        return f"Where {tried.reference} leads is not known."
    if known is None:
        return f"No rule leads {tried.reference} to a registry."
    if known.tokens is False:
        return f"Registry: {known.label}, which needs no token."
    if known.row is not None and known.row.needs_login:
        return f"Registry: {known.label}, which requires a login."
    how = "strict: refuses unknown scopes" if known.strict else "lenient: ignores unknown scopes"
    guess = " (not known, taken as that)" if known.strict is None else ""
    return f"Token server of {plain(known.label, None)}, {how}{guess}."


def _proxy_words(tried: Rehearsal, host: str) -> list[Line]:
    """Which clients could pull if the rules proxied instead of redirecting, and at what price."""
    failing = [one.client for one in tried.tried if one.outcome is ClientOutcome.FAILS]
    if not failing or not tried.redirects or tried.upstream is None:
        return []
    again = rehearse(as_proxy(tried.rules), host, tried.reference, failing)
    # A login is not a client.
    saved = [one.label for one in failing if again.outcomes[one.id] is ClientOutcome.WORKS and "+" not in one.id]
    if not saved:
        return []
    kind = PLATFORMS[tried.rules.platform]
    *most, last = saved
    names = f"{', '.join(most)} and {last} can pull" if most else f"{last} can pull"
    sentence = f"Through a proxy {names} too, but {tried.upstream.label} then counts all anonymous pulls on "
    sentence += f"{kind.address}."
    if kind.unproven_proxy:
        sentence += f" Not tested with status = 200: {kind.unproven_proxy}."
    lines = wrapped("", sentence, screen_width(), margin=0)
    if Design.PROXY in kind.projects:
        namespace = tried.reference.repository.partition("/")[0]
        domain = host.partition(":")[0]
        words = [f"{typed()} vanity init {domain}", f"--namespace {namespace}", f"--platform {kind.id} --design proxy"]
        lines.append([("To write the proxy rules:", None)])
        lines += [[(line, None)] for line in shell_lines("  ", (plain(word, None) for word in words), screen_width())]
    return lines


# A move.


class _Move:
    """The rules before and after, each under a name that tells them apart."""

    def __init__(self, old: Rehearsal, new: Rehearsal, old_file: Path, new_file: Path) -> None:
        self.old, self.new = old, new
        alike = old_file.name == new_file.name
        self.names = tuple(plain(str(file) if alike else file.name, None) for file in (old_file, new_file))

    @property
    def told(self) -> list[Told]:
        return _told(self.new)

    @property
    def losers(self) -> list[Told]:
        """Who could pull before and cannot after."""
        before = self.old.outcomes
        return [
            (client, verdict)
            for client, verdict in self.told
            if before[client.id] is ClientOutcome.WORKS and verdict.verdict is ClientOutcome.FAILS
        ]

    @property
    def notes(self) -> list[str]:
        notes = []
        was, will = self.old.landing, self.new.landing
        if was.rule is not None and was.rule.status in {301, 308}:
            notes.append(
                f"{was.rule.where} is permanent ({was.rule.status}): a client that has stored it keeps asking the old registry."
            )
        if was.host and will.host and was.host != will.host:
            notes.append(f"Logins for {registry_name(was.host)} do not work for {registry_name(will.host)}.")
            notes.append(
                "Copy tags and digests unchanged (skopeo sync --all, crane copy): pulls by digest break where one differs."
            )
        if will.repository and was.repository and was.repository != will.repository:
            notes.append(f"The image is named {will.repository} there; docker's classic store needs the same name.")
        return notes


def _end_move(move: _Move, *, named: bool, strict: bool, as_json: bool) -> None:
    told, losers = move.told, move.losers
    code = max(ended(told, named=named, strict=strict), ExitCode.PROBLEMS if losers else ExitCode.DONE)
    if as_json:
        problems = [
            Problem(
                verdict.finding or "client-lost",
                f"{client.label} can pull before the move and not after.",
                verdict.fix,
                move.names[1],
            )
            for client, verdict in losers
        ]
        before = [{"id": name, "verdict": str(outcome)} for name, outcome in move.old.outcomes.items()]
        document = verdicts.as_json(
            "vanity try",
            problems,
            clients_json(told),
            ended=code,
            before=before,
            notes=move.notes,
            **{**_facts(move.new), "file": move.names[1]},
        )
        end_with(document, code)
    end_with(_move_lines(move), code)


def _move_lines(move: _Move) -> Iterator[str | Line]:
    where = [plain(one.upstream.label, None) if one.upstream else "no registry" for one in (move.old, move.new)]
    sentence = f"{move.names[0]} leads to {where[0]}, {move.names[1]} to {where[1]}. Tried in memory: no network."
    yield from wrapped("", sentence, screen_width(), margin=0)
    for name, one in zip(move.names, (move.old, move.new), strict=True):
        yield from _login_words(one, name)
    before = move.old.outcomes
    yield from client_lines(move.told, before)
    lost, after = len(move.losers), list(move.new.outcomes.values())
    unknown = after.count(ClientOutcome.UNKNOWN)
    if lost:
        yield f"{lost} of these clients can no longer pull."
    elif ClientOutcome.WORKS not in before.values():
        yield f"No client of these can pull today; {after.count(ClientOutcome.WORKS) or 'none'} can after the move."
    elif not unknown:
        yield "No client that works today breaks."
    if unknown:
        yield f"There is no verdict on {unknown} of them after the move."
    for note in move.notes:
        yield from wrapped("- ", note, screen_width(), margin=2)
