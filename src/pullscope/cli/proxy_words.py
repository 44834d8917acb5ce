"""Options that mean the same in every command that starts a proxy or leads something to one, and what they add to mitmdump's
words. They are checked before one is started: it would end with a traceback above the same sentence.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pullscope.cli.docker_context import Surroundings
from pullscope.cli.exits import Complaint, unknown
from pullscope.host import HostError, untrusted_file
from pullscope.oci.mirrored import PORT, Home, read_homes
from pullscope.oci.reference import DOCKER_HUB
from pullscope.oci.verdicts import ExitCode

Port = Annotated[
    int, typer.Option("--port", "-p", min=1, max=65535, envvar="PULLSCOPE_PORT", help="The port of the tracing proxy.")
]
ProxyHost = Annotated[str, typer.Option(help="Where the proxy listens.")]
NoProxyStorage = Annotated[
    bool, typer.Option("--no-proxy-storage", help="Fetch blobs of known storage hosts without the proxy.")
]
ForTime = Annotated[
    str | None, typer.Option("--for", metavar="TIME", help="Undo everything after this time, such as 30m.")
]
AsMirror = Annotated[
    bool, typer.Option("--mirror", help="Be a mirror in plain http, not a proxy; needs no CA and no restart.")
]
MirrorOf = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="HOST", help="The registry to mirror; repeatable. [default: docker.io]"),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Record to FILE (.jsonl, without secrets); +FILE adds to one."),
]
Addons = Annotated[
    list[Path] | None, typer.Option("--addon", help="Another mitmproxy script, such as one that answers; repeatable.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="OPTION=VALUE", help="A mitmproxy option for the proxy; repeatable."),
]
Vanity = Annotated[
    list[str] | None,
    typer.Option("--vanity", metavar="HOST=FILE", help="Answer for HOST from this rule file; repeatable."),
]


def mirrored(mirror: bool, hosts: list[str] | None) -> dict[str, Home]:
    """The registries that `--mirror --host …` names; none without `--mirror`."""
    if hosts and not mirror:
        raise Complaint("--host names the registry to mirror: add --mirror.", ExitCode.USAGE)
    try:
        return read_homes(hosts or [DOCKER_HUB]) if mirror else {}
    except ValueError as error:
        raise Complaint(f"--host: {error}", ExitCode.USAGE) from None


def mirror_on(homes: Iterable[str], port: int | str) -> tuple[str, ...]:
    """The words behind `pullscope` that lead clients to such a mirror."""
    names = [*homes]
    hosts = [word for name in names if names != [DOCKER_HUB] for word in ("--host", name)]
    return ("mirror", "on", *hosts, *(("--port", str(port)) if port != PORT else ()))


class BlobsHow(StrEnum):
    """What becomes of blobs that a storage sends."""

    VERIFY = "verify"
    RELAY = "relay"


Blobs = Annotated[
    BlobsHow, typer.Option("--blobs", help="Blobs from a storage host: decrypt and verify them, or relay them unread.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every hop of each step.")]

OUT = "pullscope_out="


def proxy_words(
    at: Surroundings,
    *,
    out: Path | None = None,
    addons: Iterable[Path] | None = None,
    settings: Iterable[str] | None = None,
    vanity: Iterable[str] | None = None,
    blobs: BlobsHow = BlobsHow.VERIFY,
    verbose: bool = False,
) -> tuple[str, ...]:
    """What these options say; a complaint, before anything is started, where one of them cannot be."""
    settings = list(settings or ())
    if out is not None and any(item.startswith(OUT) for item in settings):
        raise Complaint("--out and --set pullscope_out are the same: use one of them.", ExitCode.USAGE)
    check_recording(out)
    check_settings(settings, addons)
    words = [word for path in addons or () for word in ("-s", _to_run(at, path))]
    words += ["--set", "pullscope_verbose=true"] if verbose else []
    words += ["--set", f"pullscope_blobs={blobs}"] if blobs is not BlobsHow.VERIFY else []
    words += ["--set", f"{OUT}{out}"] if out is not None else []
    words += [word for item in settings for word in ("--set", item)]
    return (*words, *words_for(vanity))


def recording_in(words: Iterable[str]) -> str | None:
    """The recording that these words name."""
    return next((word.removeprefix(OUT) for word in words if word.startswith(OUT)), None)


def _to_run(at: Surroundings, addon: Path) -> str:
    """The absolute path of a script; HostError where root would run a file that another user can write."""
    if not addon.is_file():
        raise HostError(f"--addon {addon}: there is no such file")
    why = untrusted_file.why_not_run(addon, at.invoker.uid) if os.geteuid() == 0 else None
    if why:
        raise HostError(f"--addon {addon}: {why}, and root would run it. Copy it to a directory of your own")
    return str(addon.absolute())


def check_recording(out: Path | None) -> None:
    """A complaint where nothing can be recorded to `out`."""
    if out is None:
        return
    from pullscope.mitm.recorder import check_path

    try:
        check_path(str(out))
    except ValueError as error:
        raise Complaint(str(error)) from None


def check_settings(settings: Iterable[str], addons: Iterable[Path] | None) -> None:
    """A complaint where one sets an option that there is not: mitmproxy keeps it, in case that a script declares it later."""
    for name in [item.partition("=")[0] for item in settings]:
        from pullscope.mitm.run import option_names

        known = option_names()
        missing = unknown("mitmproxy option", name, known, "`mitmdump --options` lists them.")
        if name not in known and ("Did you mean" in str(missing) or not addons):  # a script's own may be any other
            raise missing


def check_hosts(option: str, hosts: Iterable[str] | None) -> None:
    """A complaint where one of them is not a host."""
    from pullscope.mitm.settings import check_host

    for host in hosts or ():
        try:
            check_host(host)
        except ValueError as error:
            raise Complaint(f"{option}: {error}", ExitCode.USAGE) from None


def words_for(pairs: Iterable[str] | None) -> list[str]:
    """`-s …/vanity_registry.py --set pullscope_vanity=HOST=FILE`; empty without a pair. HostError for a file that cannot be used.

    The tracer comes first in the command, so that it sees each request as the client asked it.
    """
    if not pairs:
        return []
    from pullscope.mitm import addon_path
    from pullscope.mitm.vanity import parse_pair
    from pullscope.worlds.vanity.reading import MAX_BYTES, read_rules

    words: list[str] = []
    named = [parse_pair("--vanity", pair) for pair in pairs]
    try:
        for host, file in named:
            path = Path(file).expanduser().absolute()
            untrusted_file.read(path, MAX_BYTES)  # as root no link of a user is followed
            read_rules(path)
            words += ["--set", f"pullscope_vanity={host}={path}"]
    except OSError as error:
        raise HostError(f"--vanity: {error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise HostError(str(error)) from None
    return ["-s", str(addon_path("vanity_registry")), *words]
