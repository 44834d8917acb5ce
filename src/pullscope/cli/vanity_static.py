"""`pullscope vanity static`: an image as plain files that any web server can serve as a read-only registry."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pullscope.cli.exits import speaking
from pullscope.cli.vanity_words import file_trouble
from pullscope.oci.reference import Reference
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
            said = done.stderr.strip().splitlines()[-1:] or ["it says nothing"]
            raise ValueError(f"skopeo could not fetch {reference}: {said[0]}")
        yield Path(temporary) / "layout", reference


def _name(name: str, reference: Reference | None) -> tuple[str, str | None]:
    if name:
        repository, colon, tag = name.partition(":")
        return repository, tag if colon else None
    if reference is None:
        raise ValueError("name it as it will be pulled: --name org/image:tag")
    return reference.repository, reference.tag or "latest"
