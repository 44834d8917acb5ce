"""The one pull of each client: by its own daemon or command, as it is set up here, and nothing left of it afterwards."""

from __future__ import annotations

import os
import re
import shutil
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from pullscope.host import HostError, command, engine_api, listener
from pullscope.host.command import invoker
from pullscope.host.layout import SYSTEM
from pullscope.host.routes.route import Node
from pullscope.host.systemd import show
from pullscope.host.watched import conversations, cri
from pullscope.host.watched.conversations import Asked, Conversations, Pulled, endpoint
from pullscope.host.watched.packets import Packets
from pullscope.oci.reference import Reference

CONTAINERD = ("/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock")


def containerd(_: Node, text: str) -> Pulled:
    """By CRI, as the kubelet pulls, without a pull secret. An image that was not here is removed again."""
    _need_root()
    reference = Reference.parse(text)
    path = next((Path(path) for path in CONTAINERD if Path(path).exists()), None)
    if path is None:
        raise HostError(f"containerd does not run: there is no {CONTAINERD[0]}. Nothing was pulled")
    before = cri.ids(path)
    with _watched(_peer(path), reference) as watched:
        made, error = "", ""
        try:
            made = cri.pull_image(path, str(reference))
        except cri.CriError as refused:
            error = str(refused)
    left = ""
    if made and made not in before:
        cri.remove(path, made)
    elif made:
        left = f"the image was here before; {reference} names it now, if it did not"
    return watched("containerd", error, left)


def docker(node: Node, text: str) -> Pulled:
    """By the daemon's API, without a login. An image that was not here is removed again."""
    _need_root()
    reference = Reference.parse(text)
    path = Path(SYSTEM.socket)
    if not path.exists():
        raise HostError(f"dockerd does not run: there is no {path}. Nothing was pulled")
    pid = _peer(path)
    if pid <= 1:  # systemd made the socket
        shown = show(node.run, SYSTEM)
        pid = shown.pid if shown else 0
    name = f"{reference.registry}/{reference.repository}{'@' if reference.digest else ':'}{reference.digest or reference.tag}"
    image = f"/images/{quote(name, safe='/:@')}"
    there = engine_api.ask(path, "GET", f"{image}/json") == 200
    with _watched(pid, reference) as watched:
        error = ""
        try:
            for _ in engine_api.pull(path, engine_api.pull_request(["pull", str(reference)]) or ""):
                pass
        except HostError as refused:
            error = str(refused)
    if not there and not error:
        engine_api.ask(path, "DELETE", image)
    return watched("dockerd", error, "the image was here before, and is up to date now" if there and not error else "")


def podman(_: Node, text: str) -> Pulled:
    """By the command of this user, into a storage of its own that is removed afterwards; its debug log is what is read."""
    who = invoker()
    program = next((name for name in ("podman", "skopeo") if shutil.which(name)), None)
    if program is None:
        raise HostError("neither podman nor skopeo is installed. Nothing was pulled")
    as_user = ["setpriv", f"--reuid={who.uid}", f"--regid={who.gid}", "--init-groups", f"HOME={who.home}"]
    own = [] if os.geteuid() == who.uid else [*as_user[:-1], "env", as_user[-1], f"XDG_RUNTIME_DIR=/run/user/{who.uid}"]
    with tempfile.TemporaryDirectory(prefix="pullscope-", ignore_cleanup_errors=True) as folder:
        if own:
            os.chown(folder, who.uid, who.gid)
        storage = ["--root", f"{folder}/storage", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]
        words = [program, *storage, "--log-level", "debug", "pull", text]
        if program == "skopeo":
            words = [program, "--debug", "copy", f"docker://{text}", f"dir:{folder}/image"]
        done = command.run([*own, *words], timeout=cri.WITHIN)
        if program == "podman" and who.uid != 0:  # files of mapped users, which only podman may remove
            command.run([*own, "podman", "unshare", "rm", "-rf", f"{folder}/storage", f"{folder}/run"])
    lines = f"{done.out}\n{done.err}".splitlines()
    error = "" if done.ok else next((line for line in reversed(lines) if line.startswith("Error")), done.last_words)
    return Pulled(by=program, asked=conversations.asked_in_log(lines), error=error.removeprefix("Error: "))


def _need_root() -> None:
    if os.geteuid() != 0:
        raise HostError("only root may watch a daemon's connections: run it with sudo. Nothing was pulled")


Watched = Callable[[str, str, str], Pulled]


@contextmanager
def _watched(pid: int, reference: Reference) -> Iterator[Watched]:
    """Watch a daemon's connections; what is yielded says afterwards what was asked."""
    if pid <= 1:
        raise HostError("the daemon's process is not known, so its connections cannot be watched. Nothing was pulled")
    if not Path(f"/proc/{pid}/ns/net").samefile("/proc/self/ns/net"):
        raise HostError(
            "the daemon has its own network namespace, which cannot be watched from here. Nothing was pulled"
        )
    asked: list[Asked] = []

    def result(by: str, error: str, left: str) -> Pulled:
        named = [item for item in _named_in(error, reference.repository) if _host(item) not in map(_host, asked)]
        return Pulled(
            by=by, asked=(*asked, *named), error=error, left=left, started=_started(pid), missed=packets.missed
        )

    with ThreadPoolExecutor(1) as beside:
        talk = Conversations(lambda place: listener.owns(pid, place[1]), later=beside.submit)
        packets = Packets(talk.feed)
        with packets:
            yield result
    asked += talk.asked(reference.repository)


def _named_in(error: str, repository: str) -> list[Asked]:
    """What Go's net/http says of a request that came to no connection: its address, and why."""
    found = re.search(r'\b(?:Get|Head) "(https?://[^"\s]{1,500})": (.*)', error)
    url = endpoint(found[1], repository) if found else None
    return [Asked(url=url, came=found[2])] if found and url else []


def _host(asked: Asked) -> str:
    return asked.url.split("/")[2]


def _peer(path: Path) -> int:
    """The process that made a socket (SO_PEERCRED, unix(7)); 0 where nothing listens on it."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
            found: tuple[int, int, int] = struct.unpack(
                "3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            )
        except OSError as error:
            raise HostError(f"{path}: {error.strerror}. Nothing was pulled") from error
    return found[0]


def _started(pid: int) -> float:
    """When a process was started (proc(5), stat: the 22nd field, in ticks since boot)."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0
