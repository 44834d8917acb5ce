"""`pullscope run` and `pullscope env`: one command behind a tracing proxy, nothing changed on the machine.

docker and oras draw their progress by moving the cursor up, and what was printed meanwhile is overwritten. So on a terminal
the story is kept until the client has ended. It is told as it happens where it cannot be overwritten: in a file or a pipe,
or beside a shell, which may never end.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Annotated

import typer

from pullscope.cli.docker_context import Surroundings, authority, confdir_words, for_clients
from pullscope.cli.exits import complain, say, speaking
from pullscope.cli.live_page import Web, live_page
from pullscope.cli.options import PROXY, Confdir
from pullscope.cli.proxy_words import Addons, Blobs, BlobsHow, Out, Settings, Vanity, Verbose, proxy_words, recording_in
from pullscope.host import HostError, child_environment, trust
from pullscope.host.command import beside_python, this_command
from pullscope.host.proxy_child import forget_terminal, proxy_child
from pullscope.mitm import addon_path
from pullscope.oci.verdicts import ExitCode

SHELLS = frozenset({"ash", "bash", "dash", "fish", "ksh", "sh", "zsh"})
STDERR = 2


def is_held(command: Sequence[str]) -> bool:
    """Whether the story of this command waits for its end; an empty command runs in another terminal."""
    if not command or not os.isatty(STDERR):
        return False
    interactive = PurePath(command[0]).name in SHELLS and all(word in ("-i", "-l", "--login") for word in command[1:])
    return not interactive


def colors(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a proxy whose story comes to our stderr in the end, with the colours and columns of that terminal."""
    if not os.isatty(STDERR):
        return dict(environment)
    columns = os.get_terminal_size(STDERR).columns  # 0 where the terminal does not know
    seen = {**({"COLUMNS": str(columns)} if columns else {}), **environment}
    plain = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return seen if plain else {**seen, "FORCE_COLOR": "1"}


@contextlib.contextmanager
def story(command: Sequence[str]) -> Iterator[int]:
    """The descriptor that a proxy tells its story to; it must have ended when the block does."""
    if not is_held(command):
        yield STDERR
        return
    with tempfile.TemporaryFile() as kept:
        try:
            yield kept.fileno()
        finally:
            # The proxy wrote through the same open file, whose place is at the end of it.
            if kept.seek(0, os.SEEK_END):
                kept.seek(0)
                with contextlib.suppress(OSError), open(STDERR, "wb", closefd=False) as screen:
                    screen.write(b"\n")  # a client may have ended in the middle of a line
                    shutil.copyfileobj(kept, screen)


CONTEXT = {"allow_interspersed_args": False}
"""What follows the command's first word is its own."""

UNDO = "pullscope_off"
"""The function of the shell that undoes `env`."""


@speaking
def run(
    command: Annotated[list[str], typer.Argument(help="The command with its arguments, after --.", metavar="COMMAND")],
    confdir: Confdir = None,
    verbose: Verbose = False,
    out: Out = None,
    vanity: Vanity = None,
    blobs: Blobs = BlobsHow.VERIFY,
    addon: Addons = None,
    setting: Settings = None,
    web: Web = False,
) -> None:
    """Run a registry client behind a tracing proxy: its own output untouched, the story on stderr.

    pullscope run -- skopeo copy docker://alpine dir:alpine

    On a terminal the story follows when the command has ended, so that its progress bars do not overwrite it. To read it
    meanwhile: 2> story.txt
    """
    asked = child_environment.only_asks_a_daemon(command)
    if asked is not None:
        words = shlex.join(this_command())
        theirs = shlex.join(child_environment.for_a_daemon(command) or ("pull", "IMAGE"))
        say(
            f"error: `{asked}` only asks a daemon, which does not see this command's environment.\n"
            "A separate daemon, removed afterwards:\n"
            f"  sudo {words} docker sandbox -- {theirs}\n"
            "Your own daemon, until Ctrl-C:\n"
            f"  sudo {words} docker trace"
        )
        raise typer.Exit(ExitCode.USAGE)
    if shutil.which(command[0]) is None:
        raise _cannot_run(command[0])
    at = for_clients(confdir)
    more = proxy_words(at, out=out, addons=addon, settings=setting, vanity=vanity, blobs=blobs, verbose=verbose)
    with live_page(web, more) as recorded:
        code = _run(at, command, recorded)
    raise typer.Exit(code)


def _run(at: Surroundings, command: list[str], more: tuple[str, ...]) -> int:
    authority(at)
    forget_terminal()
    with tempfile.TemporaryDirectory(prefix="pullscope-run-") as name, tempfile.TemporaryDirectory() as aside:
        recording = recording_in(more)
        if recording is None:
            recording = f"{aside}/out.jsonl"
            more = (*more, "--set", f"pullscope_out={recording}")
        before = _events(recording)
        with story(command) as descriptor:
            code = _behind(at, command, Path(name), descriptor, more)
        if before is not None and _events(recording) == before:
            say("pullscope: no request to a registry came through the proxy.")
            say(child_environment.why_nothing(command))
    return code


FRAME = (b'{"event": "recording"', b'{"event": "end"')
"""How the first and the last line of a recording begin."""


def _events(recording: str) -> int | None:
    """How many there are in a recording; None where that cannot be asked, as of a pipe."""
    path = Path(recording.removeprefix("+")).expanduser()
    try:
        if not path.exists():
            return 0
        if not path.is_file():
            return None
        with path.open("rb") as lines:
            return sum(1 for line in lines if line.strip() and not line.startswith(FRAME))
    except OSError:
        return None


def _behind(at: Surroundings, command: list[str], folder: Path, descriptor: int, more: tuple[str, ...]) -> int:
    with proxy_child(
        beside_python("mitmdump"),
        addon_path(),
        at.confdir,
        story=descriptor,
        environment=colors(os.environ),
        trust=trust.bundle(trust.system_bundle(at.tree, dict(os.environ))),
        upstream=child_environment.upstream_of(os.environ),
        more=more,
    ) as proxy:
        bundle = folder / "bundle.pem"
        bundle.write_bytes(_bundle(at, proxy.authority))
        # A rootless podman or buildah reads it as a mapped user.
        folder.chmod(0o755)
        environment = {**os.environ, **child_environment.variables(proxy.url, str(bundle))}
        try:
            child = subprocess.Popen(command, env=environment)  # noqa: S603  # what the user asked to run
        except OSError as error:
            raise HostError(f"{command[0]} cannot be run: {error.strerror}") from error
        return _wait(child)


def _cannot_run(name: str) -> typer.Exit:
    """With the exit code that a shell has for it (POSIX, XCU 2.8.2)."""
    there = "/" in name and Path(name).exists()
    complain(f"{name}: {'it cannot be executed' if there else 'command not found'}")
    return typer.Exit(126 if there else 127)


def _wait(child: subprocess.Popen[bytes]) -> int:
    """The child's exit code, as a shell would pass it on. Ctrl-C is the child's to handle: it has the same terminal."""
    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
            continue
        return code if code >= 0 else 128 - code


def _bundle(at: Surroundings, certificate: str) -> bytes:
    """What the child trusted, and the proxy's CA."""
    pems = trust.system_bundle(at.tree, dict(os.environ))
    return trust.bundle([*pems, *trust.certificates(certificate)])


@speaking
def env(proxy: Annotated[str, PROXY] = "http://127.0.0.1:8080", confdir: Confdir = None) -> None:
    """Print the environment that puts a shell's commands behind the proxy.

    eval "$(pullscope env)"

    It defines pullscope_off, which gives every variable its old value back.
    """
    at = for_clients(confdir)
    certificate = authority(at)
    bundle = at.confdir / "pullscope-bundle.pem"
    _put(bundle, _bundle(at, certificate))
    variables = child_environment.variables(proxy, str(bundle))
    # Where it was said before, that has the values to go back to.
    typer.echo(f"type {UNDO} >/dev/null 2>&1 || {UNDO}() {{ {_undo(variables)}unset -f {UNDO}; }}")
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    typer.echo(f"# The proxy: {shlex.join((beside_python('mitmdump'), '-s', str(addon_path()), *confdir_words(at)))}")
    if not sys.stdout.isatty():
        say(f"pullscope: this shell's commands go through {proxy} now. To undo that: {UNDO}")


def _undo(variables: dict[str, str]) -> str:
    """What gives these variables the values that they have now."""
    before = {name: os.environ[name] for name in variables if name in os.environ}
    back = "".join(f"export {name}={shlex.quote(value)}; " for name, value in before.items())
    gone = " ".join(name for name in variables if name not in before)
    return back + (f"unset {gone}; " if gone else "")


def _put(bundle: Path, content: bytes) -> None:
    """World-readable and owned by the directory's owner; an existing file of that name is never written into, nor followed."""
    handle, name = tempfile.mkstemp(dir=bundle.parent, prefix=f".{bundle.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(handle, 0o644)
            if os.geteuid() == 0:
                owner = bundle.parent.stat()
                os.fchown(handle, owner.st_uid, owner.st_gid)
        Path(name).replace(bundle)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
