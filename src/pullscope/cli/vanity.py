"""`pullscope vanity …`: a registry domain of one's own, tried before it exists.

Parses words, calls one function, says one sentence. What is said about rules comes from `worlds.vanity`.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pullscope.cli import vanity_hosts, vanity_try
from pullscope.cli.exits import Complaint, end_with, speaking, typed
from pullscope.cli.options import AsJson
from pullscope.cli.plain_words import HELP, PlainWords
from pullscope.cli.vanity_words import Env, File, Host, PlatformOption, file_trouble, host_named, image_named, rules_of
from pullscope.oci import verdicts
from pullscope.oci.amounts import count
from pullscope.oci.plain import plain
from pullscope.oci.reference import Reference
from pullscope.render.layout import Line, screen_width, shell_lines
from pullscope.render.matrix import count_of, problem_lines, wrapped
from pullscope.worlds.vanity.lint import explain, lint
from pullscope.worlds.vanity.platform import Design
from pullscope.worlds.vanity.starters import STARTERS, Wanted, starter
from pullscope.worlds.vanity.static_registry import total_size, write_static


@speaking
def static(
    image: Annotated[
        str, typer.Argument(help="A folder with an OCI layout, or a reference.", metavar="REF|OCI-LAYOUT")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder to publish.")],
    name: Annotated[str, typer.Option("--name", help="org/image[:tag], as it will be pulled. [default: REF's]")] = "",
) -> None:
    """Write an image as a static registry: plain files and the headers they need.

    A reference is fetched with skopeo, all platforms of it; a folder is read as it is.

    pullscope vanity static docker.io/library/alpine --out site
    pullscope vanity static layout --out site --name org/img:latest
    """
    with file_trouble(), _layout(image) as (folder, reference):
        repository, tag = _name(name, reference)
        size = total_size(folder, tag)
        hidden = not sys.stderr.isatty()
        with typer.progressbar(length=size, label=repository, file=sys.stderr, hidden=hidden) as bar:
            done = write_static(folder, out, repository, tag, bar.update)
    kept = f", {done.already} were there already" if done.already else ""
    typer.echo(f"{out / 'v2' / repository}: {done.copied} written ({done.bytes} bytes){kept}, every digest verified")
    for warning in done.warnings:
        typer.echo(warning)
    typer.echo(
        f"Next  publish {out}; the types are in _headers (Netlify, Cloudflare), nginx.conf, headers.caddy, apache.conf"
    )


@contextmanager
def _layout(image: str) -> Iterator[tuple[Path, Reference | None]]:
    """The folder with the image, and its name if it had to be fetched."""
    folder = Path(image)
    if folder.is_dir():
        yield folder, None
        return
    reference = Reference.parse(image)
    skopeo = shutil.which("skopeo")
    if skopeo is None:
        raise ValueError(
            f"{image} is not a folder, and fetching an image needs skopeo: install it, or use an OCI layout of the image"
        )
    with tempfile.TemporaryDirectory(prefix="pullscope-static-") as temporary:
        tag = reference.tag or "latest"
        # skopeo takes a tag or a digest, not both.
        at = f"@{reference.digest}" if reference.digest else f":{tag}"
        source = f"docker://{reference.registry}/{reference.repository}{at}"
        command = [skopeo, "copy", "--all", "--quiet", source, f"oci:{temporary}/layout:{tag}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a reference that was parsed
        if done.returncode != 0:
            said = "".join(done.stderr.strip().splitlines()[-1:]) or "it says nothing"
            said = said.partition(" msg=")[2].strip('"').replace('\\"', '"') or said
            raise ValueError(f"skopeo could not fetch {reference}: {said}")
        yield Path(temporary) / "layout", reference


def _name(name: str, reference: Reference | None) -> tuple[str, str | None]:
    if name:
        repository, colon, tag = name.partition(":")
        return repository, tag if colon else None
    if reference is None:
        raise ValueError("name the image as it will be pulled: --name org/image:tag")
    return reference.repository, reference.tag or "latest"


app = typer.Typer(
    cls=PlainWords,
    context_settings=HELP,
    no_args_is_help=True,
    help="Try a registry domain of your own before it exists.\n\n"
    "pullscope vanity init docker.example.com --namespace org\n"
    "pullscope vanity try netlify.toml --ref docker.example.com/org/img",
)
app.command("try")(vanity_try.try_command)


@app.command("lint")
@speaking
def lint_command(
    file: File,
    host: Host,
    ref: Annotated[str | None, typer.Option("--ref", help="An image that the rules must serve.")] = None,
    path: Annotated[str | None, typer.Option("--path", help="Also show which rule answers this path, and why.")] = None,
    platform: PlatformOption = None,
    env: Env = None,
    strict: Annotated[bool, typer.Option("--strict", help="Treat what is not supported as an error.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a rule file for errors and risks, without any network.

    pullscope vanity lint netlify.toml --host docker.example.com
    pullscope vanity lint netlify.toml --host docker.example.com --path /v2/org/img/manifests/latest
    """
    host = host_named(host)
    repository = image_named(ref, host).repository if ref else None
    with file_trouble():
        rules = rules_of(file, platform, env)
        problems = lint(rules, host, repository, strict=strict)
        reasons = explain(rules, host, path if path.startswith("/") else f"/{path}") if path else ()
    ended = verdicts.exit_code(problems)
    if as_json:
        document = verdicts.as_json(
            "vanity lint",
            problems,
            ended=ended,
            file=rules.name,
            host=host,
            platform=str(rules.platform),
            rules=len(rules.rules),
            explain=list(reasons),
        )
        end_with(document, ended)
    lines: list[str | Line] = [
        *(line for reason in reasons for line in _reason_lines(*reason.rpartition("  "))),
        *problem_lines(problems, screen_width()),
    ]
    end_with(
        [*lines, f"{plain(rules.name, None)}: {count(len(rules.rules), 'rule')}, {count_of(problems, notes=True)}."],
        ended,
    )


def _reason_lines(where: str, gap: str, why: str) -> list[Line]:
    head = f"  {plain(where, None)}{gap}"
    return wrapped(head, why, screen_width(), margin=len(head))


@app.command("init")
@speaking
def init(
    host: Annotated[str, typer.Argument(help="The domain, such as docker.example.com.")],
    namespace: Annotated[str, typer.Option("--namespace", help="Your organisation at the registry.")],
    upstream: Annotated[str, typer.Option("--upstream", help="The registry that holds the images.")] = "docker.io",
    platform: Annotated[str, typer.Option("--platform", help=f"One of {', '.join(STARTERS)}.")] = "netlify",
    design: Annotated[
        Design, typer.Option("--design", help="Redirect to the registry, proxy it, or serve the images as files.")
    ] = Design.REDIRECT,
    out: Annotated[Path | None, typer.Option("--out", help="The folder to write. [default: HOST]")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Write a small project: the rules, a page for visitors, and the steps for DNS and the certificate.

    pullscope vanity init docker.example.com --namespace org
    pullscope vanity init docker.example.com --namespace org --upstream ghcr.io --platform caddy --design proxy
    """
    wanted = Wanted(host=host_named(host), namespace=namespace, upstream=upstream, platform=platform, design=design)
    files = starter(wanted)
    folder = out or Path(wanted.host)
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        raise Complaint(f"{folder / there[0]} exists; use --force to overwrite it. Nothing was written.")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        typer.echo(f"  {path}")
    if design is Design.STATIC:
        site = shlex.quote(str(folder / wanted.project.site))
        words = [
            f"{typed()} vanity static {wanted.source}/IMAGE:latest",
            f"--out {site}",
            f"--name {wanted.namespace}/IMAGE:latest",
        ]
    else:
        rules = shlex.quote(str(folder / wanted.project.rules))
        words = [f"{typed()} vanity try {rules}", *wanted.platform_words]
        words.append(f"--ref {wanted.host}/{wanted.namespace}/image")
    typer.echo("\n".join(shell_lines("Next  ", words, screen_width())))


app.command("static")(static)
app.add_typer(vanity_hosts.app, name="hosts")
