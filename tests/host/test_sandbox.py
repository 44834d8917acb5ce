"""A sandbox that was killed: its daemon and its directories go with the next start, and no other process does."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.host.fake_machine import AUTHORITY
from tests.host.test_scratch_folder import killed

from pullscope.host import sandbox

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0,
    reason="needs root and mount namespaces",
)
UNSHARED = ("unshare", "--mount", "--propagation", "private")


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that would stay."""
    started = subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE)
    try:
        assert started.stdout is not None
        started.stdout.readline()  # it is up
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a sandbox that was killed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("tests.host.test_scratch_folder.PREFIX", sandbox.PREFIX)
    return killed()


STAYS = "import sys, signal; {}print(flush=True); signal.pause()"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); "


@pytest.mark.parametrize("deaf", ["", DEAF], ids=["willing", "deaf"])
def test_a_daemon_that_stayed_is_stopped(left: Path, monkeypatch: pytest.MonkeyPatch, deaf: str) -> None:
    """In a mount namespace of its own, started with a path below the directory: asked to end, then made to."""
    monkeypatch.setattr(sandbox, "ENDING", ((signal.SIGTERM, 0.2 if deaf else 20), (signal.SIGKILL, 20)))
    with process(*UNSHARED, sys.executable, "-c", STAYS.format(deaf), f"{left}/daemon.json") as daemon:
        assert sandbox.clear_killed_sandboxes() == [left]
        assert daemon.wait(10) == -(signal.SIGKILL if deaf else signal.SIGTERM)
    assert not left.exists()


def test_no_other_process_is_stopped(left: Path) -> None:
    """One that looks at the directory in our namespace, and a sandbox's of another directory."""
    python = (sys.executable, "-c", STAYS.format(""))
    with process(*python, f"{left}/log") as looks, process(*UNSHARED, *python, f"{left}-2/daemon.json") as other:
        assert sandbox.clear_killed_sandboxes() == [left]
        assert (looks.poll(), other.poll()) == (None, None)


@pytest.mark.real
@pytest.mark.skipif(shutil.which("dockerd") is None, reason="needs dockerd")
def test_a_real_daemon_ends_with_a_sandbox_that_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL to the owner: dockerd and its containerd end by themselves, and the next start removes the directory."""
    with tempfile.TemporaryDirectory(prefix="ps-") as short:  # a socket's path has 107 bytes
        monkeypatch.setattr(tempfile, "tempdir", short)
        hears, says = os.pipe()
        owner = os.fork()
        if owner == 0:
            try:
                with sandbox.sandbox("http://127.0.0.1:9", AUTHORITY, certs_d=Path("/none"), driver="vfs") as box:
                    os.write(says, f"{box.process.pid}\n".encode())
                    signal.pause()
            finally:
                os._exit(1)
        os.close(says)
        daemon = os.pidfd_open(int(os.read(hears, 100)))
        os.close(hears)
        os.kill(owner, signal.SIGKILL)
        os.waitpid(owner, 0)
        assert select.select([daemon], [], [], 30)[0], "dockerd is still there"
        os.close(daemon)
        (folder,) = Path(short).iterdir()
        assert sandbox.clear_killed_sandboxes() == [folder]
        assert not [pid for pid in sandbox._processes() if sandbox._of_sandbox(pid, folder) is not None]
        assert list(Path(short).iterdir()) == []
