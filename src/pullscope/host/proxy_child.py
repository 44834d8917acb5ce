"""A tracing proxy of our own: mitmdump as a child with its own confdir, gone when we are.

Its confdir is a private copy (CA and nothing else), so what the user's mitmproxy is configured to do does not interfere,
and the login of an upstream proxy can be handed over in a file instead of a command line that every user can list.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from pullscope.host import HostError
from pullscope.host.listener import free_port, listens
from pullscope.host.scratch_folder import clear_killed, scratch_folder
from pullscope.host.trust import authority, copy_ca

PREFIX = "pullscope-proxy-"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProxyChild:
    """A proxy that runs. `authority` is the PEM of its CA."""

    process: subprocess.Popen[bytes]
    port: int
    authority: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def proxy_child(
    mitmdump: str,
    addon: Path,
    confdir: Path,
    *,
    story: IO[str] | int,
    port: int | None = None,
    trust: bytes = b"",
    upstream: str | None = None,
    more: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[ProxyChild]:
    """Start mitmdump with `addon`, wait until it listens, stop it at the end. Its story goes to `story`.

    `environment` is the proxy's, else ours.
    """
    chosen = port or free_port()
    clear_killed(PREFIX)
    with scratch_folder(PREFIX) as scratch:
        home = scratch.path
        copy_ca(confdir, home)
        words = [mitmdump, "-q", "-s", str(addon), "--set", f"confdir={home}", "--listen-host", "127.0.0.1"]
        words += ["--listen-port", str(chosen), *more]
        if trust:
            (home / "trust.pem").write_bytes(trust)
            words += ["--set", f"ssl_verify_upstream_trusted_ca={home / 'trust.pem'}"]
        if upstream:
            words += ["--mode", _way_out(home, upstream)]
        log = home / "log"
        with log.open("wb") as messages:
            try:
                process = subprocess.Popen(  # noqa: S603  # the words are ours
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=story,
                    stderr=messages,
                    env=environment,
                    start_new_session=True,  # Ctrl-C is for us first: the proxy must outlive what it serves
                    preexec_fn=end_with_parent,  # one thread only, and one system call
                )
            except OSError as error:
                raise HostError(f"{mitmdump} does not start: {error.strerror}") from error
        try:
            _wait(process, chosen, log)
            certificate = authority(home)
            if certificate is None:
                raise HostError("mitmproxy made no CA certificate; see what it says: mitmdump")
            yield ProxyChild(process=process, port=chosen, authority=certificate)
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes], patience: float = 10) -> None:
    """Ask a child to end, then make it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, patience: float = 30) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if process.poll() is not None:
            said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
            raise HostError(
                f"the proxy ended right after its start: {said[-1] if said else f'exit code {process.returncode}'}"
            )
        if listens("127.0.0.1", port, timeout=0.2):
            return
        time.sleep(0.05)
    raise HostError(f"the proxy does not listen on port {port} after {patience:g} s")


def _way_out(home: Path, upstream: str) -> str:
    parts = urlsplit(upstream if "://" in upstream else f"http://{upstream}")
    login, _, address = parts.netloc.rpartition("@")
    if login:
        user, _, password = login.partition(":")
        text = f"{unquote(user)}:{unquote(password)}".replace("'", "''")
        config = home / "config.yaml"
        config.touch(mode=0o600)
        config.write_text(f"upstream_auth: '{text}'\n", encoding="utf-8")
    return f"upstream:{parts.scheme}://{address}"


def end_with_parent() -> None:
    """PR_SET_PDEATHSIG (prctl(2)): a child that we start must not stay behind where we are killed."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)


def forget_terminal() -> None:
    """Turn loss of the terminal and `kill` into KeyboardInterrupt, so that everything is taken back."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGHUP, signal.SIGTERM):
        with contextlib.suppress(ValueError, OSError):
            signal.signal(number, interrupt)


def silence() -> None:
    """Send what is printed from now on nowhere: the terminal is gone, and words must not stop the taking back."""
    with contextlib.suppress(OSError):
        handle = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):
            os.dup2(handle, number)


def reader_is_gone() -> bool:
    """Whether the terminal or the pipe behind stdout is gone."""
    probe = select.poll()
    probe.register(1, 0)
    return any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in probe.poll(0))
