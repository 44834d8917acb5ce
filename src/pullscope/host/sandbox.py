"""A docker daemon of its own: own data, socket and run directory in one temporary place, gone afterwards.

It runs in a mount namespace of its own (unshare(1)) where the system's containerd and /etc/docker are out of sight, so it
neither uses nor changes anything of the user's, and every mount that it makes dies with it. Its containers have no
network, and it touches no bridge, no iptables rule and no sysctl. Only certs.d is shown to it as it is.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pullscope.host import HostError
from pullscope.host.child_environment import PROXY_NAMES
from pullscope.host.proxy_child import end_with_parent
from pullscope.host.scratch_folder import clear_killed, scratch_folder

PREFIX = "pullscope-sandbox-"
ENDING = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))
"""What a daemon is sent whose owner is gone, and how many seconds it has after that."""

# A copy of certs.d stands in for /etc/docker, where dockerd 20.10 writes a key.json; an empty directory hides the system's
# containerd, whose content store a daemon would otherwise share.
_START = """
set -e
mount --bind "$1/etc" /etc/docker
test ! -d /run/containerd || mount --bind "$1/empty" /run/containerd
test ! -d /var/lib/docker || mount --bind "$1/empty" /var/lib/docker
shift
exec "$@"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sandbox:
    """A daemon that runs and answers at `host`."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        return f"unix://{self.endpoint}"

    @property
    def endpoint(self) -> Path:
        return self.folder / "docker.sock"

    def environment(self) -> dict[str, str]:
        """What makes a docker command talk with this daemon."""
        kept = {
            name: value for name, value in os.environ.items() if name not in {"DOCKER_CONTEXT", "DOCKER_TLS_VERIFY"}
        }
        return kept | {"DOCKER_HOST": self.host}


@contextlib.contextmanager
def sandbox(
    proxy: str, authority: str, *, certs_d: Path, dockerd: str | None = None, driver: str | None = None
) -> Iterator[Sandbox]:
    """Start a daemon behind `proxy` that trusts `authority`, and leave nothing of it."""
    program = dockerd or shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise HostError("there is no dockerd on PATH; install docker (Debian: apt-get install docker.io)")
    process: subprocess.Popen[bytes] | None = None
    with scratch_folder(PREFIX) as scratch:
        folder = scratch.path
        try:
            _furnish(folder, authority, certs_d)
            if not Path("/etc/docker").exists():
                # A mount needs a place; it goes with the directory.
                scratch.made(Path("/etc/docker"))
                Path("/etc/docker").mkdir()
            process = _start(folder, program, proxy, driver)
            _wait(process, folder)
            yield Sandbox(folder=folder, process=process)
        finally:
            if process is not None:
                _stop(process)


def clear_killed_sandboxes() -> list[Path]:
    """Stop the daemons of sandboxes that were killed and remove their directories; returns those."""
    return clear_killed(PREFIX, _stop_left)


def _stop_left(folder: Path) -> None:
    """Stop every process of a sandbox whose owner is gone, the daemon first: it stops its containers."""
    for number, patience in ENDING:
        found = [handle for pid in _processes() if (handle := _of_sandbox(pid, folder)) is not None]
        for handle in found:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
        end = time.monotonic() + patience
        for handle in found:
            waiting = select.poll()
            waiting.register(handle, select.POLLIN)
            waiting.poll(max(0.0, end - time.monotonic()) * 1000)
            os.close(handle)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isascii() and entry.name.isdigit()]


def _of_sandbox(pid: int, folder: Path) -> int | None:
    """A handle on a process of the sandbox in `folder`; None for any other.

    It belongs to this user, lives in a mount namespace that is not ours, and was started with a path in that directory:
    dockerd, its containerd and their shims. A command that only looks at the directory is in our namespace.
    """
    place = Path("/proc") / str(pid)
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    try:
        words = (place / "cmdline").read_bytes().split(b"\0")
        mine = place.stat().st_uid == os.geteuid()
        elsewhere = (place / "ns" / "mnt").readlink() != Path("/proc/self/ns/mnt").readlink()
        if mine and elsewhere and any(word.startswith(os.fsencode(folder) + b"/") for word in words):
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


def _furnish(folder: Path, authority: str, certs_d: Path) -> None:
    for name in ("etc", "empty", "ca", "data", "run", "scratch"):
        (folder / name).mkdir(mode=0o700)
    (folder / "ca" / "mitmproxy.crt").write_text(authority, encoding="ascii")
    (folder / "daemon.json").write_text("{}\n", encoding="ascii")
    if certs_d.is_dir():
        shutil.copytree(certs_d, folder / "etc" / "certs.d")


def _start(folder: Path, program: str, proxy: str, driver: str | None) -> subprocess.Popen[bytes]:
    words = [program, "--config-file", f"{folder}/daemon.json", "--data-root", f"{folder}/data"]
    words += ["--exec-root", f"{folder}/run", "-H", f"unix://{folder}/docker.sock", "-p", f"{folder}/docker.pid"]
    words += ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none"]
    if driver:
        words += ["--storage-driver", driver]
    environment: dict[str, str] = {
        **{name: value for name, value in os.environ.items() if name.lower() not in {"no_proxy", "all_proxy"}},
        **dict.fromkeys(PROXY_NAMES, proxy),
        "SSL_CERT_DIR": f"/etc/ssl/certs:/etc/pki/tls/certs:{folder}/ca",
        "DOCKER_TMPDIR": f"{folder}/scratch",
        "TMPDIR": f"{folder}/scratch",
        "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
    }
    namespace = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", _START, "sandbox", str(folder)]
    with (folder / "log").open("wb") as log:
        try:
            return subprocess.Popen(  # noqa: S603  # the words are ours
                [*namespace, *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,  # one thread only, and one system call
            )
        except FileNotFoundError as error:
            raise HostError("unshare (package util-linux) is needed for the sandbox") from error


def _wait(process: subprocess.Popen[bytes], folder: Path, patience: float = 60) -> None:
    end = time.monotonic() + patience
    socket = folder / "docker.sock"
    while time.monotonic() < end:
        if process.poll() is not None:
            raise HostError(f"dockerd ended right after its start: {_last_words(folder)}")
        if socket.exists() and "API listen on" in (folder / "log").read_text(errors="replace"):
            return
        time.sleep(0.1)
    raise HostError(f"dockerd did not start within {patience:g} s: {_last_words(folder)}")


def _last_words(folder: Path) -> str:
    lines = [line for line in (folder / "log").read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "level=fatal" in line or "failed" in line or "mount:" in line]
    return (telling or lines or ["it said nothing"])[-1]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the daemon, then whatever of its session is still there (its containerd)."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
    for _ in range(50):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            break
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
