"""`pullscope vanity …`: a registry domain of one's own, tried before it exists.

Parses words, calls one function, says one sentence. What is said about rules comes from `worlds.vanity`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pullscope.cli import vanity_hosts, vanity_static
from pullscope.cli.exits import Complaint, speaking
from pullscope.oci import verdicts
from pullscope.oci.reference import Reference
from pullscope.oci.verdicts import ClientOutcome, ExitCode, Problem, Severity
from pullscope.worlds.vanity.decide import NETLIFY_PROXY
from pullscope.worlds.vanity.following import follow, repositories
from pullscope.worlds.vanity.lint import explain, lint
from pullscope.worlds.vanity.reading import read_rules
from pullscope.worlds.vanity.rehearse import ROWS, Rehearsal, Tried, as_proxy, rehearse
from pullscope.worlds.vanity.rules import LABELS, Platform, RuleFile
from pullscope.worlds.vanity.starters import STARTERS, Wanted, starter

app = typer.Typer(no_args_is_help=True, help="Try a registry domain of your own before it exists.")
app.add_typer(vanity_hosts.app, name="hosts")
app.command("static")(vanity_static.static)

WIDTH = 80

File = Annotated[
    Path, typer.Argument(help="netlify.toml, _redirects, vercel.json, Caddyfile, nginx .conf or [\\[rewrite]] .toml.")
]
Host = Annotated[str, typer.Option("--host", help="The domain, such as docker.example.com.")]
PlatformOption = Annotated[
    Platform | None, typer.Option("--platform", help="Whose rules these are, where the file's name does not tell.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def one_sentence() -> Iterator[None]:
    """What went wrong with a file or a word, as a sentence on stderr and exit code 1."""
    try:
        yield
    except ValueError as error:
        raise Complaint(printable(str(error))) from error
    except OSError as error:
        raise Complaint(f"{error.filename or 'a file'}: {error.strerror or error}") from error


@app.command("lint")
@speaking
def lint_command(
    file: File,
    host: Host,
    ref: Annotated[str | None, typer.Option("--ref", help="An image that must be reachable.")] = None,
    path: Annotated[str | None, typer.Option("--path", help="Also say which rule answers this path, and why.")] = None,
    platform: PlatformOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="What is not supported is an error.")] = False,
    as_json: Json = False,
) -> None:
    """Say what is wrong or dangerous with a rule file, without any network."""
    with one_sentence():
        host = _host(host)
        rules = read_rules(file, platform)
        repository = _reference(ref, host).repository if ref else None
        problems = lint(rules, host, repository, strict=strict)
        reasons = explain(rules, host, path if path.startswith("/") else f"/{path}") if path else ()
    if as_json:
        more: dict[str, Any] = {
            "file": rules.name,
            "host": host,
            "platform": str(rules.platform),
            "rules": len(rules.rules),
        }
        _print_json(verdicts.as_json("vanity lint", problems, **more, explain=list(reasons)))
    else:
        for reason in reasons:
            typer.echo(f"  {reason}")
        for problem in problems:
            print_problem(problem)
        typer.echo(f"{rules.name}: {_count(rules)}, {_verdict(problems)}.")
    raise typer.Exit(verdicts.exit_code(problems))


@app.command("try")
@speaking
def try_command(
    file: File,
    new: Annotated[Path | None, typer.Argument(help="The rules after a move: who would notice?")] = None,
    host: Host = "",
    ref: Annotated[str, typer.Option("--ref", help="The image to pull: HOST/org/img.")] = "",
    platform: PlatformOption = None,
    clients: Annotated[
        str, typer.Option("--clients", metavar="ID,ID", help="Only these clients; 3 if one of them fails.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Run the modelled clients against a rule file and a sample registry, in memory."""
    chosen = _chosen(clients)
    with one_sentence():
        if not host and not ref:
            raise ValueError("name the image to pull: --ref docker.example.com/org/img")
        host = _host(host or ref.partition("/")[0])
        rules = read_rules(file, platform)
        reference = _reference(ref, host) if ref else _any_reference(rules, host)
        rehearsal = rehearse(rules, host, reference, chosen)
        problems = lint(rules, host, reference.repository)
        after = rehearse(read_rules(new, platform), host, reference, chosen) if new else None
    failed = any(one.verdict.verdict is ClientOutcome.FAILS for one in rehearsal.tried)
    # Without a choice a table with failures is an answer; whoever is named has to work.
    ended = ExitCode.PROBLEMS if clients and failed else verdicts.exit_code(problems)
    if after is not None:
        _tell_move(rehearsal, after, as_json=as_json)
        raise typer.Exit(ExitCode.PROBLEMS if _losers(rehearsal, after) else ExitCode.DONE)
    if as_json:
        unique = {one.verdict.id: one.verdict for one in rehearsal.tried}
        _print_json(verdicts.as_json("vanity try", problems, unique.values(), **_facts(rehearsal)))
        raise typer.Exit(ended)
    typer.echo(f"{rules.name}: {_count(rules)}, {_verdict(problems, short=True)}. Tried in memory: no DNS, no network.")
    for line in _upstream_words(rehearsal):
        typer.echo(line)
    for tried in rehearsal.tried:
        typer.echo(row(tried))
    typer.echo("  run: compared with the real client; read: from its source")
    if failed:
        for line in _proxy_words(rehearsal, host):
            typer.echo(line)
    if any(problem.severity is Severity.ERROR for problem in problems):
        typer.echo(f"vanity lint {rules.name} --host {host} says what to change.")
    raise typer.Exit(ended)


def _chosen(clients: str) -> frozenset[str]:
    """The ids that were named; without any, all that the table has."""
    known = dict.fromkeys(one.id for one in ROWS)
    named = [name.strip() for name in clients.split(",")] if clients else list(known)
    for name in named:
        if name not in known:
            raise Complaint(f"there is no client {name!r} to try; there are {', '.join(known)}.", ExitCode.USAGE)
    return frozenset(named)


@app.command("init")
@speaking
def init(
    host: Annotated[str, typer.Argument(help="The domain, such as docker.example.com.")],
    namespace: Annotated[str, typer.Option("--namespace", help="Your organisation at the registry.")],
    upstream: Annotated[str, typer.Option("--upstream", help="The registry that holds the images.")] = "docker.io",
    platform: Annotated[str, typer.Option("--platform", help=f"One of {', '.join(STARTERS)}.")] = "netlify",
    out: Annotated[Path | None, typer.Option("--out", help="The folder to write. [default: HOST]")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Write a small project: the rules, a page for visitors, and what to do for DNS and the certificate."""
    with one_sentence():
        wanted = Wanted(host=_host(host), namespace=namespace, upstream=upstream, platform=platform)
        files = starter(wanted)
        folder = out or Path(wanted.host)
        there = [name for name in files if (folder / name).exists()]
        if there and not force:
            raise ValueError(f"{folder / there[0]} is there already; say --force to overwrite it. Nothing was written")
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            typer.echo(f"  {path}")
    rules = next(name for name in files if name == STARTERS[platform])
    image = f"{wanted.host}/{wanted.namespace}/image"
    words = f"Next  pullscope vanity try {folder / rules}", f"--ref {image}"
    typer.echo(" ".join(words) if len(" ".join(words)) < WIDTH else " \\\n        ".join(words))


# The words.


def print_problem(problem: Problem) -> None:
    """`error  ping-slash-lost  netlify.toml:3`, then the reason and the fix, indented."""
    typer.echo(f" {problem.severity!s:<8}{problem.code}  {problem.where or ''}".rstrip())
    for line in wrapped(problem.message):
        typer.echo(f"        {line}")
    if problem.fix:
        first, *rest = wrapped(problem.fix)
        typer.echo(f"  fix   {first}")
        for line in rest:
            typer.echo(f"        {line}")


def wrapped(text: str, width: int = WIDTH - 8) -> list[str]:
    """Lines of whole words; a word that is longer stays whole, so that it can be pasted."""
    lines: list[str] = []
    for word in printable(text).split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def printable(text: str) -> str:
    """Text from a rule file is data: nothing in it reaches the terminal as a control code."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


_WORDS = {ClientOutcome.WORKS: "pulls", ClientOutcome.FAILS: "FAILS"}


def row(tried: Tried) -> str:
    """One client: name, what happens, why, and what that rests on."""
    label = f"  {tried.row.label}" if tried.row.inset else tried.row.label
    reason = printable(tried.verdict.reason or "")
    if tried.verdict.verdict is ClientOutcome.UNKNOWN:
        return f"  {label:<26} {reason}".rstrip()
    word = _WORDS[tried.verdict.verdict]
    return f"  {label:<26} {word}  {reason[:37]:<37}  {tried.row.evidence}"


def _count(rules: RuleFile) -> str:
    return f"{len(rules.rules)} rule{'' if len(rules.rules) == 1 else 's'}"


def _verdict(problems: Iterable[Problem], *, short: bool = False) -> str:
    counted = {severity: sum(1 for one in problems if one.severity is severity) for severity in Severity}
    words = [
        f"{count or 'no'} {name}{'' if count == 1 else 's'}"
        for name, count in (("error", counted[Severity.ERROR]), ("warning", counted[Severity.WARNING]))
        if name == "error" or count
    ]
    if not short and counted[Severity.INFO]:
        words.append(f"{counted[Severity.INFO]} note{'' if counted[Severity.INFO] == 1 else 's'}")
    return ", ".join(words)


def _upstream_words(rehearsal: Rehearsal) -> list[str]:
    known = rehearsal.upstream
    if known is None:
        return [f"No rule leads {rehearsal.reference} to a registry."]
    if known.tokens is False:
        return [f"Registry: {known.label}, which needs no token."]
    how = "lenient: leaves out what it does not know" if not known.strict else "strict: refuses what it does not know"
    guess = " (not known, taken as that)" if known.strict is None else ""
    return [f"Token server of {known.label}, {how}{guess}."]


def _proxy_words(rehearsal: Rehearsal, host: str) -> list[str]:
    if not rehearsal.redirects or rehearsal.upstream is None:
        return []
    before = {one.verdict.id: one.verdict.verdict for one in rehearsal.tried}
    again = rehearse(as_proxy(rehearsal.rules), host, rehearsal.reference)
    saved = dict.fromkeys(
        one.row.label
        for one in again.tried
        if one.verdict.verdict is ClientOutcome.WORKS and before[one.verdict.id] is ClientOutcome.FAILS
        if "+" not in one.verdict.id  # a login is no client
    )
    if not saved:
        return []
    platform = rehearsal.rules.platform
    *most, last = (name.split(",")[0] for name in saved)
    names = f"{', '.join(most)} and {last}" if most else last
    sentence = f"As a proxy (status = 200) {names} pull too, but {rehearsal.upstream.label} then counts every anonymous pull on"
    sentence += f" {LABELS[platform]}'s address." if platform is not Platform.REWRITE else " the proxy's address."
    if platform is Platform.NETLIFY:
        sentence += f" Unproven: {NETLIFY_PROXY}."
    if platform is Platform.CLOUDFLARE:
        sentence = f"A proxy would serve {names} too; _redirects cannot proxy to another host, a Worker can."
    return wrapped(sentence, WIDTH)


def _facts(rehearsal: Rehearsal) -> dict[str, Any]:
    known = rehearsal.upstream
    return {
        "file": rehearsal.rules.name,
        "reference": str(rehearsal.reference),
        "upstream": None
        if known is None
        else {"host": known.host, "label": known.label, "tokens": known.tokens, "strict": known.strict},
    }


def _losers(old: Rehearsal, new: Rehearsal) -> list[tuple[Tried, Tried]]:
    """Who could pull before and cannot after."""
    pairs = zip(old.tried, new.tried, strict=True)
    return [
        (before, after)
        for before, after in pairs
        if before.verdict.verdict is ClientOutcome.WORKS and after.verdict.verdict is not ClientOutcome.WORKS
    ]


def _tell_move(old: Rehearsal, new: Rehearsal, *, as_json: bool) -> None:
    notes = _notes_of_move(old, new)
    if as_json:
        clients = {after.verdict.id: after.verdict for after in new.tried}
        earlier = [{"id": one.verdict.id, "verdict": str(one.verdict.verdict)} for one in _unique(old.tried)]
        problems = [
            Problem(
                code=after.verdict.finding or "client-lost",
                message=f"{after.row.label} can pull before the move and not after.",
                fix=after.verdict.fix,
                where=new.rules.name,
            )
            for _, after in _losers(old, new)
        ]
        document = verdicts.as_json(
            "vanity try", problems, clients.values(), before=earlier, notes=notes, **_facts(new)
        )
        _print_json(document)
        return
    where = [one.upstream.label if one.upstream else "nowhere" for one in (old, new)]
    typer.echo(f"{old.rules.name} leads to {where[0]}, {new.rules.name} to {where[1]}. Tried in memory: no network.")
    for before, after in zip(old.tried, new.tried, strict=True):
        words = [_WORDS.get(one.verdict.verdict, "not known yet") for one in (before, after)]
        change = words[0] if words[0] == words[1] else f"{words[0]} -> {words[1]}"
        label = f"  {after.row.label}" if after.row.inset else after.row.label
        reason = printable(after.verdict.reason or "")[:34] if words[1] == "FAILS" else ""
        typer.echo(f"  {label:<26} {change:<15}  {reason}".rstrip())
    lost = _losers(old, new)
    typer.echo("Nobody who can pull now would notice." if not lost else f"{len(lost)} of these clients would notice.")
    for note in notes:
        for line in wrapped(f"- {note}", WIDTH):
            typer.echo(line)


def _unique(tried: Iterable[Tried]) -> list[Tried]:
    return list({one.verdict.id: one for one in tried}.values())


def _notes_of_move(old: Rehearsal, new: Rehearsal) -> list[str]:
    notes = []
    rule = old.landing.rule
    if rule is not None and rule.status in {301, 308}:
        notes.append(f"{rule.where} is permanent ({rule.status}): who has kept it goes on to the old registry.")
    if old.landing.host != new.landing.host and new.upstream is not None:
        notes.append(f"Logins made for {old.landing.host} do not hold for {new.landing.host}.")
        notes.append(
            "Copy tags and digests unchanged (skopeo sync, crane copy): pulls by digest break where one differs."
        )
    if old.landing.repository != new.landing.repository:
        notes.append(f"The image is named {new.landing.repository} there; docker's classic store needs the same name.")
    return notes


def _print_json(document: dict[str, object]) -> None:
    typer.echo(json.dumps(document, indent=2))


def _host(text: str) -> str:
    host = text.strip().lower().rstrip(".")
    if not host or "/" in host or "@" in host or any(char.isspace() or not char.isprintable() for char in host):
        raise ValueError(f"{text[:100]!r} is no host: write a name such as docker.example.com")
    return host


def _reference(text: str, host: str) -> Reference:
    reference = Reference.parse(text)
    if reference.registry != host:
        # People may leave out the host; then the name is one of the vanity host's.
        reference = Reference.parse(f"{host}/{text}")
    return reference


def _any_reference(rules: RuleFile, host: str) -> Reference:
    names = repositories(rules) or ("org/app",)
    led = next((name for name in names if follow(rules, host, f"/v2/{name}/manifests/latest").url), names[0])
    return Reference.parse(f"{host}/{led}")
