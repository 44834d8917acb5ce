"""The tracing proxy as a systemd service: two plain files, with a journal of their own.

A service runs as a user that can read neither a home directory nor root's, and with a /tmp of its own, so programs that
lie there are refused. `install` is done when the proxy listens: systemd calls a service started before that.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pullscope.host import HostError, carry_out, systemd
from pullscope.host.carry_out import Parts
from pullscope.host.change import Tell
from pullscope.host.command import Run, spelled
from pullscope.host.journal import Recorded
from pullscope.host.layout import SYSTEM
from pullscope.host.listener import command_of, listens
from pullscope.host.systemd import PROXY_VARIABLES, read_unit, running_environment, show
from pullscope.host.tree import Tree

UNIT = "pullscope.service"
STATE = "/var/lib/pullscope-service"
CONFDIR = "/var/lib/pullscope-proxy/mitmproxy"
DIRECTORY = "/var/lib/pullscope-proxy"
RECORDING = f"{DIRECTORY}/trace.jsonl"
HIDDEN = ("/tmp", "/var/tmp")  # noqa: S108  # read, never written: what PrivateTmp= in the unit hides from the service
STARTS_WITHIN = 60
"""Seconds that mitmdump may take to listen: it makes a CA at its first start, on a slow machine with little entropy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What the service does."""

    mirror: tuple[str, ...] = ()
    """The registries that it is a mirror of; none for a proxy."""
    otlp: str = ""
    """The collector that is sent finished pulls."""
    out: str = RECORDING
    """What it records to, which can only be in its own directory."""

    def __post_init__(self) -> None:
        if self.otlp and not re.fullmatch(r"https?://[!-~]+", self.otlp):
            raise ValueError(
                f"{self.otlp[:100]!r} is not an address of a collector; write it like http://localhost:4318"
            )

    @property
    def words(self) -> list[str]:
        """Words of mitmdump that the template has not."""
        settings = [f"pullscope_mirror={','.join(self.mirror)}"] if self.mirror else []
        settings += [f"pullscope_otlp={self.otlp}"] if self.otlp else []
        return [word for setting in settings for word in ("--set", setting)]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServicePaths:
    """What the unit file has to name."""

    mitmdump: str
    addon: str
    rotation: str
    port: int = 8080
    work: Work = Work()
    libraries: tuple[str, ...] = ()
    """Files that the program reads beside these: Python's own, and those of its packages."""


def installed(tree: Tree) -> tuple[int, Work] | None:
    """The port of the service that is installed and what it does, None where none is."""
    options = Recorded.read(tree, STATE).options
    if not isinstance(options.get("port"), int):
        return None
    work = Work(
        mirror=tuple(options.get("mirror") or ()), otlp=options.get("otlp") or "", out=options.get("out") or RECORDING
    )
    return options["port"], work


def installed_port(tree: Tree) -> int | None:
    """The port of the proxy that is installed; None where none is, or it is a mirror."""
    found = installed(tree)
    return found[0] if found is not None and not found[1].mirror else None


def recording(name: str) -> str:
    """The path of a recording that the service can write; ValueError for what it cannot."""
    path = PurePosixPath(DIRECTORY, name)
    if path.parent != PurePosixPath(DIRECTORY) or not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", path.name):
        raise ValueError(
            f"{name[:100]!r}: the service writes to {DIRECTORY} only; name a file there, such as pulls.jsonl"
        )
    return str(path)


def needed_by_docker(tree: Tree, run: Run, port: int) -> str | None:
    """Why docker needs a proxy on `port` of this machine, as a sentence; None where it does not, as far as can be seen."""
    ours = {f"http://{host}:{port}" for host in ("127.0.0.1", "localhost")}
    unit = read_unit(tree, SYSTEM)
    if ours & {unit.environment().get(name) for name in PROXY_VARIABLES}:
        return f"docker is set to ask for everything through port {port}"
    shown = show(run, SYSTEM)
    running = running_environment(tree, shown.pid) if shown else None
    if running and ours & {running.get(name) for name in PROXY_VARIABLES}:
        return f"the running docker sends all its requests through port {port} until it is restarted"
    return None


def unit_text(paths: ServicePaths) -> str:
    """The unit file with the real paths in it."""
    text = (systemd.units() / UNIT).read_text(encoding="utf-8")
    for old, new in (
        ("/opt/pullscope/bin/mitmdump", paths.mitmdump),
        ("/opt/pullscope/addons/registry_trace.py", paths.addon),
        ("/opt/pullscope/rotation.py", paths.rotation),
        (f"+{RECORDING}", f"+{paths.work.out}"),
        ("--listen-port 8080", f"--listen-port {paths.port}"),
        ("--listen-host", " ".join([*paths.work.words, "--listen-host"])),
    ):
        if any(character in new for character in "\"'\\%$\t\n") or (" " in new and new[0] == "/"):
            raise ValueError(f"{new} has a character that a unit file cannot hold")
        text = text.replace(old, new)
    return text


def needed(paths: ServicePaths) -> list[str]:
    """Every file that the service's user must be able to read, each also where its links lead: the interpreter of
    mitmdump's first line is one.
    """
    found = [paths.mitmdump, paths.addon, paths.rotation, *paths.libraries]
    interpreter = _interpreter(paths.mitmdump)
    if interpreter:
        found.append(interpreter)
    return list(dict.fromkeys(path for one in found for path in (*_links(one), os.path.realpath(one))))


def _interpreter(program: str) -> str | None:
    """The interpreter that a script names in its first line (execve(2)); None where it is not a script."""
    try:
        with Path(program).open("rb") as file:
            first = file.readline(256)
    except OSError:
        return None
    words = first.removeprefix(b"#!").split()
    return os.fsdecode(words[0]) if first.startswith(b"#!") and words else None


def _links(path: str) -> list[str]:
    """A path, and each to which its last part is a link in turn."""
    found = [path]
    with contextlib.suppress(OSError):
        while Path(found[-1]).is_symlink() and len(found) < 40:
            found.append(os.path.normpath(Path(found[-1]).parent / Path(found[-1]).readlink()))
    return found


def unreadable(path: str) -> str | None:
    """The first part of `path` that the service's user may not read, None where it may."""
    place = Path(path)
    for hidden in HIDDEN:
        if place.is_relative_to(hidden):
            return hidden
    for part in (place, *place.parents):
        try:
            mode = part.stat().st_mode
        except OSError:
            return str(part)
        needed = stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
        if not mode & needed:
            return str(part)
    return None


def install(tree: Tree, run: Run, paths: ServicePaths, tell: Tell) -> None:
    """Write the files, start the service; where it does not start, everything is as it was, an older service included."""
    for path in needed(paths) if tree.live else ():
        hidden = unreadable(path)
        if hidden:
            raise HostError(
                f"the service's user cannot read {hidden}, which {paths.mitmdump} needs; install it where all users can read it: "
                f"python3 -m venv /opt/pullscope && /opt/pullscope/bin/pip install pullscope. Nothing changed."
            )
    known = Recorded.read(tree, STATE)
    ours = known.record is not None and known.record.options.get("port") == paths.port
    if tree.live and not ours and listens("127.0.0.1", paths.port):
        taker = (command_of(paths.port) or ["another program"])[0]
        raise HostError(f"{taker} listens on port {paths.port}; choose another with --port. Nothing changed.")
    older = installed(tree)
    port = installed_port(tree)
    why = needed_by_docker(tree, run, port) if port and (port != paths.port or paths.work.mirror) else None
    if why:
        raise HostError(f"{why}, so every pull would fail. First: pullscope docker off. Nothing changed.")
    parts = Parts(known)
    parts.lines(f"{SYSTEM.unit_paths[0]}/{UNIT}", unit_text(paths))
    parts.lines(f"{SYSTEM.unit_paths[0]}/multi-user.target.d/pullscope.conf", f"[Unit]\nWants={UNIT}\n")
    options = {"port": paths.port, "mirror": [*paths.work.mirror], "otlp": paths.work.otlp, "out": paths.work.out}
    record = carry_out.put_in_place(known, options, parts.changes, parts.stale, tell)
    why = _start(run, paths.port, tell) if tree.live else None
    if why:
        run(("systemctl", "stop", UNIT))
        put_back = carry_out.put_back(known, record)
        run(("systemctl", "daemon-reload"))
        if older is not None:
            run(("systemctl", "reset-failed", UNIT))  # what failed has used up the starts that systemd allows
            _start(run, older[0], lambda _: None)
        raise HostError(f"{why}. {put_back}")


def _start(run: Run, port: int, tell: Tell) -> str | None:
    """Start the service, and wait until it listens; why it does not, None where it does."""
    for argv in (("systemctl", "daemon-reload"), ("systemctl", "restart", UNIT)):
        done = run(argv)
        if not done.ok:
            return f"{spelled(argv)}: {_said(run, done.last_words)}"
        tell(f"{spelled(argv)}  done")
    why = _does_not_listen(run, port)
    return f"the service does not listen on port {port}: {why}" if why else None


def _does_not_listen(run: Run, port: int) -> str | None:
    """Wait until the proxy listens; why it does not, None where it does."""
    end = time.monotonic() + STARTS_WITHIN
    while not listens("127.0.0.1", port):
        restarts = run(("systemctl", "show", "--value", "-p", "NRestarts", UNIT))
        if restarts.out.strip() not in {"", "0"}:
            return _said(run, "it ended right after its start")
        if time.monotonic() > end:
            return f"it took more than {STARTS_WITHIN} s"
        time.sleep(0.1)
    return None


def _said(run: Run, otherwise: str) -> str:
    """The cause as the journal has it: the service's own last words, else what systemd says of starting it."""
    # By _SYSTEMD_UNIT only the service itself is heard; a program that cannot be executed says nothing, and systemd does.
    for match, telling in ((f"_SYSTEMD_UNIT={UNIT}", ""), (f"UNIT={UNIT}", "Failed ")):
        done = run(("journalctl", match, "-b", "-n", "20", "-o", "cat", "--no-pager"))
        lines = [line.strip() for line in done.out.splitlines() if line.strip() and telling in line]
        lines = [line for line in lines if not line.startswith(("-- ", "Failed to start"))]
        if done.ok and lines:
            return lines[-1]
    return otherwise


def remove(tree: Tree, run: Run, tell: Tell) -> bool:
    """Stop the service and take its files back; recordings stay. False where it was not installed."""
    known = Recorded.read(tree, STATE)
    if known.record is not None:
        run(("systemctl", "stop", UNIT))
    undone = carry_out.take_back(known, run, SYSTEM, tell)
    if undone.left:
        raise HostError(undone.words)
    return undone.was_on
