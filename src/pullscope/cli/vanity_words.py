"""The words that the vanity commands share: a rule file, a domain, an image below it; and what is said where one is wrong.

A wrong word of the command line is a ValueError, which ends the command with 2; a file that cannot be used ends it with 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pullscope.cli.exits import Complaint
from pullscope.oci.plain import plain
from pullscope.oci.reference import DOCKER_HUB, Reference
from pullscope.oci.verdicts import ExitCode
from pullscope.worlds.vanity.platforms import FILES, PLATFORMS
from pullscope.worlds.vanity.reading import read_rules
from pullscope.worlds.vanity.rules import RuleFile

File = Annotated[Path, typer.Argument(help=f"{FILES}.")]
Host = Annotated[str, typer.Option("--host", help="The domain, such as docker.example.com.")]
PlatformOption = Annotated[
    str | None,
    typer.Option(
        "--platform", help=f"The platform of the rules, if the file's name does not tell: {', '.join(PLATFORMS)}."
    ),
]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="NAME=VALUE", help="A variable of a Caddyfile or a compose file; repeatable."),
]


@contextmanager
def file_trouble() -> Iterator[None]:
    """What is wrong with a file, as a sentence on stderr and exit code 1."""
    try:
        yield
    except ValueError as error:
        raise Complaint(plain(str(error), None)) from error
    except OSError as error:
        raise Complaint(f"{error.filename or 'a file'}: {error.strerror or error}") from error


def rules_of(file: Path, platform: str | None, env: Iterable[str] | None = None) -> RuleFile:
    """The rules in a file; a complaint if none can be read, or `env` is not NAME=VALUE."""
    pairs = [one.partition("=") for one in env or ()]
    for name, mark, _ in pairs:
        if not name or not mark:
            raise Complaint(f"--env {plain(name, None)[:100]}: write NAME=VALUE", ExitCode.USAGE)
    if platform and platform not in PLATFORMS:
        raise Complaint(f"'--platform' is {platform!r}; it can be {', '.join(PLATFORMS)}.", ExitCode.USAGE)
    with file_trouble():
        return read_rules(file, platform, {name: value for name, _, value in pairs})


def host_named(text: str) -> str:
    """A host in lower case; ValueError for anything else."""
    host = text.strip().lower().rstrip(".")
    if not host or "/" in host or "@" in host or any(char.isspace() or not char.isprintable() for char in host):
        raise ValueError(f"{text[:100]!r} is not a host: write a name such as docker.example.com")
    return host


def image_named(text: str, host: str) -> Reference:
    """The image that `text` means below `host`, which it may leave out; ValueError where it names another registry."""
    reference = Reference.parse(text)
    named = names_registry(text)
    if named and reference.registry.lower() != host:
        raise ValueError(
            f"the image is at {reference.registry} and the domain is {host}: write {host}/{reference.repository}"
        )
    return reference if named else Reference.parse(f"{host}/{text}")


def domain_of(text: str) -> str:
    """The domain in front of an image; ValueError for an image without one, which to docker is one of Docker Hub's."""
    reference = Reference.parse(text)
    if not names_registry(text):
        raise ValueError(f"{text} names no domain: write docker.example.com/{text}, or add --host")
    if reference.registry == DOCKER_HUB:
        raise ValueError(
            f"docker.io is Docker Hub, not a domain of your own: write docker.example.com/{reference.repository}"
        )
    return reference.registry.lower()


def names_registry(text: str) -> bool:
    """Whether a reference says its registry; `alpine` and `org/img` do not, and mean Docker Hub's."""
    return Reference.parse(text).registry != DOCKER_HUB or text.partition("/")[0] in {DOCKER_HUB, "index.docker.io"}
